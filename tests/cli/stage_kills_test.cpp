// Every stage of the loop, killed at random moments through the built program: the same command
// then ends in the same bytes. VIGOR_KILLS=20 is the long form (VIGOR_KILLS counts the kills of
// each stage).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "base/files.h"
#include "base/json.h"
#include "base/random.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/spawn.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;
using testing::spawn;
using testing::SpawnResult;

struct KilledStage {
  const char* name;
  std::vector<std::string> command;
  Json config;                       // paths of inputs are below the fixture's folder
  const char* out;                   // --out, below a folder of its own
  std::vector<std::string> results;  // files and folders beside it that must be the same
  friend void PrintTo(const KilledStage& stage, std::ostream* out) { *out << stage.name; }
};

const std::vector<KilledStage>& killed_stages() {
  static const std::string model = (testing::source_dir() / "data/demo").string();
  static const Json network = {{"model", model}, {"images", "scenes/images"}, {"dtype", "float32"}};
  const auto with = [](Json base, const Json& more) {
    base.update(more);
    return base;
  };
  static const std::vector<KilledStage> kStages = {
      {"Sample",
       {"train", "sample"},
       with(network, {{"samples", 2}, {"temperature", 0.8}, {"max_new_tokens", 6}}),
       "captions.jsonl",
       {"captions.jsonl"}},
      {"ScoreAutomatic",
       {"train", "score"},
       {{"captions", "captions.jsonl"},
        {"images", "scenes/images"},
        {"detector", "scenes:scenes/truth.jsonl"}},
       "rewards.jsonl",
       {"rewards.jsonl", "rewards.jsonl.run/metrics.json"}},
      {"ScoreModel",
       {"train", "score"},
       with(network, {{"reward", "model"}, {"captions", "captions.jsonl"}}),
       "rewards.jsonl",
       {"rewards.jsonl", "rewards.jsonl.run/metrics.json"}},
      {"Annotate",
       {"train", "annotate"},
       {{"format", "scenes"},
        {"captions", "captions.jsonl"},
        {"truth", "scenes/truth.jsonl"},
        {"annotators", 2}},
       "annotations.jsonl",
       {"annotations.jsonl", "annotations.jsonl.stage.json"}},
      {"RewardData",
       {"train", "reward-data"},
       {{"annotations", "annotations.jsonl"}, {"held_out", 0.3}},
       "questions.json",
       {"questions.json", "questions.held-out.json"}},
      {"Select",
       {"train", "select"},
       {{"rewards", {{"automatic", "rewards.jsonl"}}}},
       "selected.jsonl",
       {"selected.jsonl", "selected.jsonl.stage.json"}},
      {"Refine",
       {"train", "refine"},
       {{"selected", "selected.jsonl"}, {"nouns", "rewards.jsonl"}, {"captions", "captions.jsonl"}},
       "conversations.json",
       {"conversations.json", "conversations.json.stage.json"}},
      {"Sft",
       {"train", "sft"},
       {{"model", model},
        {"data", "conversations.json"},
        {"images", "scenes/images"},
        {"train",
         {{"batch_size", 1}, {"max_steps", 2}, {"checkpoint_every", 1}, {"max_length", 200}}}},
       "sft",
       {"sft/model"}}};
  return kStages;
}

// Inputs of all stages, made by the program once.
class StageInputs {
 public:
  StageInputs() {
    run({"scenes", "--seed", "9", "--count", "4", "--out", "scenes", "--threads", "1"});
    std::string captions;
    for_each_jsonl(read_file(folder_ / "scenes/truth.jsonl"), "truth", [&](size_t, Json&& row) {
      const std::string kind = row["objects"][0]["kind"];
      for (const int sample : {0, 1}) {
        captions += dump_json({{"image", row["image"]},
                               {"sample", sample},
                               {"prompt", "Describe this image."},
                               {"caption", "There is a " + kind + "." +
                                               (sample == 0 ? " A boat is on the left."
                                                            : " There are nine objects.")}}) +
                    "\n";
      }
    });
    folder_.write("captions.jsonl", captions);
    for (const char* name : {"ScoreAutomatic", "Annotate", "Select", "Refine"}) {
      for (const KilledStage& stage : killed_stages()) {
        if (std::string(name) == stage.name) run(arguments(stage, "."));
      }
    }
  }
  std::vector<std::string> arguments(const KilledStage& stage, const std::string& folder) const {
    const std::string config = std::string(stage.name) + ".json";
    folder_.write(config, dump_json(stage.config));
    std::vector<std::string> out = stage.command;
    out.insert(out.end(), {"--config", config, "--out", folder + "/" + stage.out});
    return out;
  }
  SpawnResult start(const std::vector<std::string>& arguments,
                    const std::function<void(pid_t)>& meanwhile = {}) const {
    return spawn(VIGOR_PROGRAM, arguments, {.folder = folder_.path(), .meanwhile = meanwhile});
  }
  // What a stage made, by name below `folder`.
  std::map<std::string, std::string> results(const KilledStage& stage,
                                             const std::string& folder) const {
    std::map<std::string, std::string> found;
    const fs::path top = folder_ / folder;
    for (const std::string& name : stage.results) {
      if (!fs::is_directory(top / name)) {
        found[name] = read_file(top / name);
        continue;
      }
      for (const auto& entry : fs::recursive_directory_iterator(top / name)) {
        if (!entry.is_regular_file()) continue;
        found[entry.path().lexically_relative(top).string()] = read_file(entry.path());
      }
    }
    return found;
  }
  void forget(const std::string& folder) const { fs::remove_all(folder_ / folder); }
  const fs::path& path() const { return folder_.path(); }

 private:
  void run(const std::vector<std::string>& arguments) {
    const SpawnResult result = start(arguments);
    if (result.exit_code != 0) throw std::runtime_error(arguments[1] + ": " + result.err);
  }
  testing::TemporaryFolder folder_;
};

int kills_of(const KilledStage& stage) {
  if (const char* wanted = std::getenv("VIGOR_KILLS")) return std::max(std::atoi(wanted), 1);
  // Opening a checkpoint takes longer than everything that the others do.
  return stage.config.contains("model") ? 1 : 4;
}

class FaultStage : public ::testing::TestWithParam<KilledStage> {
 protected:
  static void SetUpTestSuite() { inputs_ = std::make_unique<StageInputs>(); }
  static void TearDownTestSuite() { inputs_.reset(); }
  static std::unique_ptr<StageInputs> inputs_;
};
std::unique_ptr<StageInputs> FaultStage::inputs_;

INSTANTIATE_TEST_SUITE_P(Killed, FaultStage, ::testing::ValuesIn(killed_stages()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(FaultStage, EndsInTheSameFiles) {
  const KilledStage& stage = GetParam();
  // How often the program is looked at while it runs undisturbed: about every 5 ms.
  uint32_t whole_run = 0;
  const SpawnResult whole =
      inputs_->start(inputs_->arguments(stage, "whole"), [&](pid_t) { ++whole_run; });
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  const auto expected = inputs_->results(stage, "whole");
  ASSERT_FALSE(expected.empty());
  const auto killed = inputs_->arguments(stage, "killed");
  CounterRandom random(17, stage.name);
  const int kills = kills_of(stage);
  for (int kill = 0; kill < kills; ++kill) {
    uint32_t looks = 1 + random.below(whole_run);
    inputs_->start(killed, [&](pid_t process) {
      if (looks > 0 && --looks == 0) ::kill(process, SIGKILL);
    });
    // Every other one is killed again before it goes on.
    if (kill % 2 == 0 && kill + 1 < kills) continue;
    const SpawnResult last = inputs_->start(killed);
    ASSERT_EQ(last.exit_code, 0) << "kill " << kill << ": " << last.err;
    EXPECT_EQ(inputs_->results(stage, "killed"), expected) << "kill " << kill;
    inputs_->forget("killed");
  }
  inputs_->forget("whole");
}

// What LLaVA's own loader asks of a row of training data (its README on custom data, and
// train.py's preprocessing for the vicuna_v1 template): a list of objects with an id, a picture
// below the image folder, and turns that alternate, the human first; one "<image>" in a row with a
// picture; and no separator of the template inside a turn, or the row is trained on nothing.
TEST(EndToEndTrainingData, IsInLlavasOwnFormat) {
  const StageInputs inputs;
  const KilledStage& reward_data = killed_stages()[4];
  ASSERT_STREQ(reward_data.name, "RewardData");
  ASSERT_EQ(inputs.start(inputs.arguments(reward_data, ".")).exit_code, 0);
  for (const char* file : {"conversations.json", "questions.json"}) {
    const Json rows = Json::parse(read_file(inputs.path() / file));
    ASSERT_TRUE(rows.is_array()) << "json.load, not JSON lines";
    ASSERT_FALSE(rows.empty());
    std::set<std::string> ids;
    for (const Json& row : rows) {
      EXPECT_TRUE(ids.insert(row.at("id").get<std::string>()).second) << row["id"];
      EXPECT_TRUE(fs::is_regular_file(inputs.path() / "scenes/images" /
                                      row.at("image").get<std::string>()));
      const Json& turns = row.at("conversations");
      ASSERT_GE(turns.size(), 2u);
      EXPECT_EQ(turns.size() % 2, 0u);
      size_t marks = 0;
      for (size_t t = 0; t < turns.size(); ++t) {
        EXPECT_EQ(turns[t].at("from"), t % 2 == 0 ? "human" : "gpt");
        const auto text = turns[t].at("value").get<std::string>();
        EXPECT_FALSE(text.empty());
        for (size_t at = text.find("<image>"); at != std::string::npos;
             at = text.find("<image>", at + 1)) {
          ++marks;
        }
        for (const char* separator : {"</s>", " ASSISTANT: ", "USER: "}) {
          EXPECT_EQ(text.find(separator), std::string::npos) << text;
        }
      }
      EXPECT_EQ(marks, 1u) << "one picture, one mark";
      EXPECT_TRUE(turns[0]["value"].get<std::string>().starts_with("<image>\n"))
          << "where the loader moves it to";
    }
  }
}

}  // namespace
}  // namespace vigor
