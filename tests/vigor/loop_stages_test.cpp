#include "vigor/loop_stages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "tests/testing/temporary_folder.h"
#include "vigor/annotations.h"

namespace vigor {
namespace {

using ::testing::HasSubstr;

// Two pictures with two captions each, scored by a detector and by a reward model.
class LoopStages : public ::testing::Test {
 protected:
  void SetUp() override {
    captions_ = write(
        "captions.jsonl",
        R"({"image":"a.jpg","sample":0,"prompt":"Describe it.","caption":"A dog. It runs. A cup."}
{"image":"a.jpg","sample":1,"prompt":"Describe it.","caption":"A cat."}
{"image":"b.jpg","sample":0,"prompt":"What is there?","caption":"A car."}
{"image":"b.jpg","sample":1,"prompt":"What is there?","caption":"A bus. A tree."}
)");
    automatic_ = write(
        "automatic.jsonl",
        R"({"image":"a.jpg","sample":0,"caption":"A dog. It runs. A cup.","status":"scored","positive":1,"negative":-1,"sentences":[{"span":[0,6]},{"span":[7,15]},{"span":[16,22]}],"nouns":[{"span":[2,5],"verdict":"missing"},{"span":[18,21],"verdict":"found"}]}
{"image":"a.jpg","sample":1,"caption":"A cat.","status":"scored","positive":0,"negative":-3,"sentences":[{"span":[0,6]}],"nouns":[{"span":[2,5],"verdict":"missing"}]}
{"image":"b.jpg","sample":0,"caption":"A car.","status":"scored","positive":0,"negative":-1,"sentences":[{"span":[0,6]}],"nouns":[{"span":[2,5],"verdict":"missing"}]}
{"image":"b.jpg","sample":1,"caption":"A bus. A tree.","status":"scored","positive":2,"negative":-1,"sentences":[{"span":[0,6]},{"span":[7,14]}],"nouns":[{"span":[2,5],"verdict":"found"},{"span":[9,13],"verdict":"missing"}]}
)");
    reward_ = write(
        "reward.jsonl",
        R"({"image":"a.jpg","sample":0,"caption":"A dog. It runs. A cup.","status":"scored","positive":2,"negative":-1,"sentences":[{"span":[0,6]},{"span":[7,15]},{"span":[16,22]}]}
{"image":"a.jpg","sample":1,"caption":"A cat.","status":"scored","positive":0,"negative":-1,"sentences":[{"span":[0,6]}]}
{"image":"b.jpg","sample":0,"caption":"A car.","status":"scored","positive":1,"negative":0,"sentences":[{"span":[0,6]}]}
{"image":"b.jpg","sample":1,"caption":"A bus. A tree.","status":"failed"}
)");
  }

  static std::string replace(std::string text, const std::string& from, const std::string& to) {
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
      text.replace(at, from.size(), to);
    }
    return text;
  }
  std::string write(const std::string& name, const std::string& text) {
    write_atomic(files_, folder_.path() / name, text);
    return (folder_.path() / name).string();
  }
  std::string at(const std::string& name) const { return (folder_.path() / name).string(); }

  Json select_config() const {
    return {{"rewards", {{"automatic", automatic_}}}, {"out", at("selected.jsonl")}};
  }
  Json refine_config() const {
    return {{"selected", at("selected.jsonl")},
            {"nouns", automatic_},
            {"captions", captions_},
            {"out", at("refined.json")}};
  }
  std::string refusal(const Json& config) {
    try {
      select_stage(files_, config, "c.json");
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  testing::TemporaryFolder folder_;
  DiskFileSystem files_;
  std::string captions_, automatic_, reward_;
};

TEST_F(LoopStages, SelectThenRefineGivesConversations) {
  const StageResult selected = select_stage(files_, select_config(), "c.json");
  EXPECT_TRUE(selected.ran);
  EXPECT_EQ(selected.summary["images"], 2);
  EXPECT_EQ(selected.summary["decided_by"], Json({{"penalty", 1}, {"credit", 1}}));
  // Negatives 1 3 1 1: mean 1.5, variance 0.75.
  EXPECT_EQ(selected.summary["scales"]["automatic"]["negative"], 0.75);
  const StageResult refined = refine_stage(files_, refine_config(), "c.json");
  const Json rows = read_json_file(at("refined.json"));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0]["conversations"][0]["value"], "<image>\nDescribe it.");
  EXPECT_EQ(rows[0]["conversations"][1]["value"], "It runs. A cup.");
  EXPECT_EQ(rows[1]["id"], "b.jpg#1");
  EXPECT_EQ(rows[1]["conversations"][1]["value"], "A bus.");
  EXPECT_EQ(refined.summary["sentences_removed"], 2);
  EXPECT_EQ(refined.summary["dangling"], 1);
  EXPECT_DOUBLE_EQ(refined.summary["dangling_rate"].get<double>(), 1.0 / 3);
}

TEST_F(LoopStages, WhenNothingIsLeftTheNextBestOrNoPictureIsTaken) {
  Json config = select_config();
  config["rewards"] = {{"automatic", automatic_}, {"reward_model", reward_}};
  config["weights"] = {{"automatic", 0.5}};
  const StageResult selected = select_stage(files_, config, "c.json");
  EXPECT_EQ(selected.summary["captions_left_out"], 1);
  // Of b.jpg only the first caption has both scores, and its one sentence names what is absent.
  Json refine = refine_config();
  const StageResult out = refine_stage(files_, refine, "c.json");
  EXPECT_EQ(out.summary["images_dropped"], Json::array({"b.jpg"}));
  EXPECT_EQ(out.summary["images"], 1);

  // By the detector alone and the other order of b.jpg's captions the next one is taken.
  write("selected.jsonl", "{\"image\":\"b.jpg\",\"sample\":0,\"order\":[0,1]}\n");
  EXPECT_EQ(refine_stage(files_, refine, "c.json").summary["next_best_taken"], 1);
  write("selected.jsonl",
        "{\"image\":\"b.jpg\",\"sample\":0,\"order\":[0,1]}\n"
        "{\"image\":\"a.jpg\",\"sample\":0,\"order\":[0,1]}\n");
  refine["when_empty"] = "drop";
  EXPECT_EQ(refine_stage(files_, refine, "c.json").summary["images_dropped"],
            Json::array({"b.jpg"}));
}

TEST_F(LoopStages, LengthFairSelectionSaysHowOftenThingsAreWrong) {
  Json config = select_config();
  config["length_fair"] = true;
  config["normalise"] = "std";
  const StageResult selected = select_stage(files_, config, "c.json");
  // Wrong of judged: a 1 of 2, 3 of 3; b 1 of 1, 1 of 3.
  EXPECT_DOUBLE_EQ(selected.summary["scales"]["automatic"]["share_negative"].get<double>(),
                   6.0 / 9);
  EXPECT_EQ(selected.summary["decided_by"], Json({{"penalty", 2}}));
  config["per_sentence"] = true;
  EXPECT_THAT(refusal(config), HasSubstr("length-fair"));
}

TEST_F(LoopStages, AStageRunsAgainOnlyWhenSomethingChanged) {
  EXPECT_TRUE(select_stage(files_, select_config(), "c.json").ran);
  const std::string first = read_file(at("selected.jsonl"));
  const StageResult again = select_stage(files_, select_config(), "c.json");
  EXPECT_FALSE(again.ran);
  EXPECT_EQ(again.summary["images"], 2);
  Json other = select_config();
  other["normalise"] = "rank";
  EXPECT_TRUE(select_stage(files_, other, "c.json").ran);
  EXPECT_TRUE(select_stage(files_, select_config(), "c.json").ran);
  EXPECT_EQ(read_file(at("selected.jsonl")), first);
  // An input that changed, an output that was touched, a record that was torn.
  write("automatic.jsonl", replace(read_file(automatic_), "\"negative\":-3", "\"negative\":-2"));
  EXPECT_TRUE(select_stage(files_, select_config(), "c.json").ran);
  write("selected.jsonl", first + " ");
  EXPECT_TRUE(select_stage(files_, select_config(), "c.json").ran);
  write("selected.jsonl.stage.json", "{\"stage\": \"sel");
  EXPECT_TRUE(select_stage(files_, select_config(), "c.json").ran);
}

TEST_F(LoopStages, MistakesAreNamed) {
  Json config = select_config();
  config["weights"] = {{"reward", 1}};
  EXPECT_THAT(refusal(config), HasSubstr("'weights' has 'reward', 'rewards' has not"));
  config = select_config();
  config["normalize"] = "std";
  EXPECT_THAT(refusal(config), HasSubstr("normalise"));
  config = select_config();
  config["rewards"]["other"] = at("none.jsonl");
  EXPECT_THAT(refusal(config), HasSubstr("none.jsonl"));
  write("other.jsonl", replace(read_file(reward_), "A cat.", "A cap."));
  config["rewards"]["other"] = at("other.jsonl");
  EXPECT_THAT(refusal(config), HasSubstr("is another caption than in the other rewards"));
  write("other.jsonl",
        R"({"image":"a","sample":0,"caption":"x","status":"scored","positive":0,"negative":1})");
  EXPECT_THAT(refusal(config), HasSubstr("negative at most 0"));
  write(
      "other.jsonl",
      R"({"image":"a","sample":0,"caption":"x","status":"scored","positive":0,"negative":-1,"sentences":[{"span":[0,2]}]})");
  EXPECT_THAT(refusal(config), HasSubstr("no part of the caption of 1 bytes"));
}

TEST_F(LoopStages, AnnotateCountsAndJoins) {
  const auto line = [](const char* annotator, const char* label) {
    return std::string(R"({"image":"a.jpg","annotator":")") + annotator +
           R"(","caption":"A dog.","sentences":[{"start":0,"end":6,"label":")" + label + "\"}]}\n";
  };
  const std::string file =
      write("judged.jsonl", line("1", "wrong") + line("2", "wrong") + line("3", "correct"));
  Json config = {{"file", file}, {"majority", true}, {"out", at("joined.jsonl")}};
  const StageResult out = annotate_stage(files_, config, "c.json", nullptr);
  EXPECT_EQ(out.summary["captions"], 1);
  EXPECT_EQ(out.summary["sentences"], Json({{"wrong", 1}}));
  config["majority"] = false;
  EXPECT_EQ(annotate_stage(files_, config, "c.json", nullptr).summary["sentences"],
            Json({{"correct", 1}, {"wrong", 2}}));
  config["format"] = "vqa";
  EXPECT_THROW(annotate_stage(files_, config, "c.json", nullptr), Error);
  config["format"] = "m-haldetect";
  EXPECT_THROW(annotate_stage(files_, config, "c.json", nullptr), Error);  // nothing understood
}

TEST_F(LoopStages, RewardDataIsWrittenWithWhatIsHeldOut) {
  std::string text;
  for (int i = 0; i < 40; ++i) {
    text += R"({"image":"i)" + std::to_string(i) +
            R"(","caption":"A dog.","sentences":[{"start":0,"end":6,"label":"wrong"}]})" + "\n";
  }
  const Json config = {{"annotations", write("judged.jsonl", text)},
                       {"held_out", 0.5},
                       {"questions", {{"sentence", "S?"}}},
                       {"out", at("reward.json")}};
  const StageResult out = reward_data_stage(files_, config, "c.json");
  const size_t training = read_json_file(at("reward.json")).size();
  EXPECT_EQ(out.summary["training"]["sentence"]["No"], training);
  EXPECT_EQ(training + read_json_file(at("reward.held-out.json")).size(), 40u);
  EXPECT_FALSE(reward_data_stage(files_, config, "c.json").ran);
  std::filesystem::remove(at("reward.held-out.json"));
  EXPECT_TRUE(reward_data_stage(files_, config, "c.json").ran);
  Json wrong = config;
  wrong["questions"]["sentense"] = "?";
  EXPECT_THROW(reward_data_stage(files_, wrong, "c.json"), Error);
}

TEST_F(LoopStages, AnnotationsOfViGoRBecomeOursAndSayWhatWasNotUnderstood) {
  const std::string file =
      write("annotations.json", R"([{"image": "a.jpg", "caption": "A dog. It runs.",
    "sentences": [{"text": "A dog.", "correct": true}, {"text": "It runs.", "errors": ["count"]}], "odd": 1},
    {"image": "b.jpg", "correctness": 0.5, "caption": "A car."}])");
  const Json config = {{"file", file}, {"format", "vigor"}, {"out", at("people.jsonl")}};
  const StageResult result = annotate_stage(files_, config, "c.json", nullptr);
  EXPECT_EQ(result.summary["captions"], 1);
  EXPECT_EQ(result.summary["errors"], Json({{"count", 1}}));
  EXPECT_EQ(result.summary["left_out"].size(), 3u) << dump_json(result.summary);
  EXPECT_EQ(read_annotations(at("people.jsonl")).size(), 1u);
  EXPECT_FALSE(annotate_stage(files_, config, "c.json", nullptr).ran);
}

}  // namespace
}  // namespace vigor
