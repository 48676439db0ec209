// The stage that has captions judged by a reward model: what is asked once, resuming, failures.
#include "vigor/model_scoring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "tests/testing/counting_lvlm.h"
#include "tests/testing/english.h"
#include "tests/testing/temporary_folder.h"
#include "vigor/reward_truth.h"

namespace vigor {
namespace {

using testing::BatchingLvlm;
using testing::CountingLvlm;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A sentence is wrong when the last one of what is to be judged names a cat.
Answer no_cats(const std::string&, const std::string& question, size_t) {
  const size_t last = question.rfind(". ");
  const bool cat = question.find("cat", last == std::string::npos ? 0 : last) != std::string::npos;
  Answer answer;
  answer.text = cat ? "No: object." : "Yes.";
  answer.yes_margin = cat ? -std::log(3.0) : std::log(3.0);
  return answer;
}

ModelScoringOptions read_as(RewardReading reading, bool holistic = false) {
  ModelScoringOptions options;
  options.reward.reading = reading;
  options.reward.holistic = holistic;
  return options;
}

class ModelScoring : public ::testing::Test {
 protected:
  std::vector<PictureCaptions> captions() const {
    return parse_picture_captions(
        R"({"image":"b.jpg","sample":0,"caption":"A dog. It runs."}
{"image":"b.jpg","sample":1,"caption":"A dog. It sees a cat."}
{"image":"b.jpg","sample":2,"caption":null,"error":"timed out"}
{"image":"a.jpg","sample":0,"caption":"A cat."}
{"image":"c.jpg","sample":0,"caption":" "}
)",
        "captions.jsonl");
  }
  RunFolder open(const char* name = "run") {
    return RunFolder::open(files_, folder_ / name, {{"what", "score"}});
  }
  ScoringResult score(RunFolder& folder, Lvlm& model, const std::vector<PictureCaptions>& pictures,
                      const ModelScoringOptions& options = {}, std::stop_token stop = {}) {
    Progress progress(nullptr, {}, [] { return 0.0; });
    return score_with_model(pictures, testing::english().sentences, model, folder, options,
                            progress, stop);
  }
  static std::vector<std::string> sums(const RunFolder& folder) {
    std::vector<std::string> rows;
    for (const Json& row : folder.samples()) {
      std::string text = row["key"].get<std::string>() + " " + row["status"].get<std::string>();
      if (row["status"] == "scored") text += " " + dump_json(row["negative"]);
      rows.push_back(text);
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  }
  static int times_asked(const CountingLvlm& model) {
    int times = 0;
    for (const auto& [question, count] : model.asked) times += count;
    return times;
  }

  static Json figures(const RunFolder& folder, int64_t max_failures) {
    const auto figures = model_reward_figures();
    for (const Json& row : folder.samples()) figures->add(row);
    return figures->figures(max_failures);
  }

  testing::TemporaryFolder folder_;
  DiskFileSystem files_;
};

TEST_F(ModelScoring, EveryBeginningOfACaptionIsJudgedOnce) {
  CountingLvlm model(no_cats);
  RunFolder folder = open();
  const ScoringResult result = score(folder, model, captions(), read_as(RewardReading::kHard));
  EXPECT_FALSE(result.interrupted);
  EXPECT_EQ(result.pictures, 2);
  EXPECT_EQ(model.asked.size(), 4u) << "'A dog.' is the beginning of two captions";
  EXPECT_EQ(times_asked(model), 4);
  EXPECT_THAT(sums(folder),
              ElementsAre("a.jpg#0 scored -1.0", "b.jpg#0 scored 0.0", "b.jpg#1 scored -1.0",
                          "b.jpg#2 failed", "c.jpg#0 unjudged"));
  const Json metrics = figures(folder, 1);
  EXPECT_EQ(metrics["judged"], 5);
  EXPECT_EQ(metrics["wrong"], 2);
  EXPECT_EQ(metrics["no_verdicts"], 0);
  EXPECT_EQ(metrics["errors"], Json({{"object", 2}}));
  EXPECT_EQ(metrics["wrong_share"], 0.4);
  EXPECT_EQ(metrics["counts"],
            Json({{"scored", 3}, {"unparsed", 0}, {"failed", 1}, {"unjudged", 1}}));
  EXPECT_TRUE(figures(folder, 0)["wrong_share"].is_null()) << "withheld";
}

TEST_F(ModelScoring, AModelThatWasNotTaughtToJudgeIsNoticed) {
  CountingLvlm model([](const std::string&, const std::string&, size_t) {
    Answer answer;
    answer.text = "The";
    answer.yes_margin = 2;
    return answer;
  });
  RunFolder folder = open();
  score(folder, model, captions());
  EXPECT_EQ(figures(folder, 1)["no_verdicts"], 5);
}

TEST_F(ModelScoring, HolisticAsksOnceACaption) {
  CountingLvlm model(no_cats);
  RunFolder folder = open();
  score(folder, model, captions(), read_as(RewardReading::kProbability, true));
  EXPECT_EQ(model.asked.size(), 3u);
  const Json metrics = figures(folder, 1);
  EXPECT_EQ(metrics["judged"], 3);
  EXPECT_EQ(metrics["wrong"], 2);
}

TEST_F(ModelScoring, AStoppedRunGoesOnAndAsksNothingTwice) {
  CountingLvlm model(no_cats);
  model.stop_after = 1;
  {
    RunFolder folder = open();
    EXPECT_TRUE(score(folder, model, captions(), {}, model.source.get_token()).interrupted);
  }
  {
    RunFolder folder = open();
    EXPECT_FALSE(score(folder, model, captions()).interrupted);
  }
  EXPECT_EQ(times_asked(model), 4);
  CountingLvlm undisturbed(no_cats);
  RunFolder whole = open("whole"), folder = open();
  score(whole, undisturbed, captions());
  score(folder, model, captions());
  EXPECT_EQ(sums(folder), sums(whole));
  EXPECT_EQ(times_asked(model), 4) << "a caption that is missing is no reason to ask";
}

TEST_F(ModelScoring, ABatchThatWasCutIsComputedAgainWhole) {
  std::string text;
  for (int i = 0; i < 5; ++i) {
    text += "{\"image\":\"" + std::to_string(i) + ".jpg\",\"caption\":\"A dog. It runs.\"}\n";
  }
  const auto pictures = parse_picture_captions(text, "captions.jsonl");
  BatchingLvlm model(no_cats);
  RunFolder whole = open("whole");
  score(whole, model, pictures);
  for (size_t cut = 1; cut < pictures.size(); ++cut) {
    const std::string name = "cut" + std::to_string(cut);
    RunFolder folder = open(name.c_str());
    folder.append(std::span(whole.samples()).first(cut));
    score(folder, model, pictures);
    EXPECT_EQ(sums(folder), sums(whole)) << "cut after " << cut;
  }
}

TEST_F(ModelScoring, APictureThatCannotBeReadFailsItsCaptionsAndIsAskedAgain) {
  const auto pictures = parse_picture_captions(
      "{\"image\":\"broken.jpg\",\"caption\":\"A dog.\"}\n"
      "{\"image\":\"a.jpg\",\"caption\":\"A dog.\"}\n",
      "captions.jsonl");
  CountingLvlm model(no_cats);
  const ModelScoringOptions hard = read_as(RewardReading::kHard);
  {
    RunFolder folder = open();
    score(folder, model, pictures, hard);
    EXPECT_THAT(sums(folder), ElementsAre("a.jpg#0 scored 0.0", "broken.jpg#0 failed"));
  }
  model.mended = true;
  RunFolder folder = open();
  score(folder, model, pictures, hard);
  EXPECT_THAT(sums(folder), ElementsAre("a.jpg#0 scored 0.0", "broken.jpg#0 scored 0.0"));
  EXPECT_EQ(times_asked(model), 3);
}

TEST_F(ModelScoring, APictureOutsideOfTheFolderEndsTheRun) {
  CountingLvlm model(no_cats);
  RunFolder folder = open();
  const auto pictures =
      parse_picture_captions("{\"image\":\"../a.jpg\",\"caption\":\"A dog.\"}\n", "captions.jsonl");
  EXPECT_THROW(score(folder, model, pictures, {.images = folder_.path(), .reward = {}}), Error);
  EXPECT_TRUE(folder.samples().empty());
}

TEST(ModelScoringOptions, TheFirstTokenIsEnoughWhereTheMarginIsRead) {
  EXPECT_EQ(answer_tokens(read_as(RewardReading::kProbability)), 1);
  EXPECT_EQ(answer_tokens(read_as(RewardReading::kText)), kTextAnswerTokens);
  ModelScoringOptions written_out = read_as(RewardReading::kHard);
  written_out.max_new_tokens = 7;
  EXPECT_EQ(answer_tokens(written_out), 7);
}

}  // namespace
}  // namespace vigor
