// POPE on a model: what is asked, what is written, and that a stopped run is finished.
#include "benchmarks/pope/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "benchmarks/pope/score.h"
#include "tests/run/failing_file_system.h"
#include "tests/testing/counting_lvlm.h"
#include "tests/testing/evaluated_run.h"

namespace vigor::pope {
namespace {

using testing::FailingFileSystem;
using testing::Fault;
using ::testing::HasSubstr;
using testing::Killed;

Answer pope_reply(const std::string& key, const std::string& question, size_t place) {
  const bool yes = (question.size() + key.size()) % 2 == 0;
  Answer answer;
  answer.text = yes ? "Yes" : "No";
  answer.yes_margin = (yes ? 1.0 : -1.0) / static_cast<double>(3 + place);
  return answer;
}

class CountingLvlm : public testing::CountingLvlm {
 public:
  CountingLvlm() : testing::CountingLvlm(pope_reply) {}
};

class BatchingLvlm : public testing::BatchingLvlm {
 public:
  BatchingLvlm() : testing::BatchingLvlm(pope_reply) {}
};

QuestionSplit split(const std::string& name, const std::vector<std::string>& images,
                    const std::vector<std::string>& things) {
  QuestionSplit split;
  split.name = name;
  split.content_hash = "hash of " + name;
  int64_t id = 0;
  for (const std::string& image : images) {
    for (const std::string& thing : things) {
      split.questions.push_back(
          {++id, image, "Is there a " + thing + " in the image?", id % 2 == 0 ? "no" : "yes"});
    }
  }
  return split;
}

class PopeEvaluate : public testing::EvaluatedRun {
 protected:
  PopeEvaluate() {
    splits_ = {split("random", {"a.jpg", "b.jpg", "c.jpg"}, {"dog", "zebra"}),
               split("popular", {"b.jpg", "c.jpg", "a.jpg"}, {"dog", "person", "car"})};
    options_.images = folder_.path();
  }
  EvaluateResult run(Lvlm& model, FileSystem& files, std::stop_token stop = {}) {
    return evaluated(files, run_settings(splits_, options_, model.identity()),
                     uncompared_settings(), [&](RunFolder& folder, Progress& progress) {
                       return evaluate(model, folder, splits_, options_, progress, stop);
                     });
  }

  std::vector<QuestionSplit> splits_;
  EvaluateOptions options_;
};

TEST_F(PopeEvaluate, AQuestionOfSeveralSplitsIsAskedOnce) {
  CountingLvlm model;
  const EvaluateResult result = run(model, files_);
  EXPECT_EQ(result.rows, 15);
  EXPECT_EQ(result.asked, 12);  // the three about dogs are in both splits
  EXPECT_EQ(model.asked.size(), 12u);
  for (const auto& [question, count] : model.asked) EXPECT_EQ(count, 1) << question.second;
  EXPECT_EQ(samples().size(), 15u);
  EXPECT_EQ(result.metrics["splits"]["random"]["questions"], 6);
  EXPECT_EQ(result.metrics["complete"], true);
}

TEST_F(PopeEvaluate, ACompleteRunAsksNothing) {
  CountingLvlm model;
  run(model, files_);
  const std::string before = metrics();
  CountingLvlm again;
  again.place = "moved";  // the hash is the same
  const EvaluateResult result = run(again, files_);
  EXPECT_TRUE(again.asked.empty());
  EXPECT_EQ(result.rows, 0);
  EXPECT_EQ(metrics(), before);
}

TEST_F(PopeEvaluate, TheSuffixFollowsOnANewLine) {
  options_.prompt_suffix = "One word.";
  CountingLvlm model;
  run(model, files_);
  EXPECT_EQ(model.asked.count({"a.jpg", "Is there a dog in the image?\nOne word."}), 1u);
  EXPECT_EQ(samples()["random/1"]["question"], "Is there a dog in the image?");
}

TEST_F(PopeEvaluate, AnInterruptedRunGoesOn) {
  CountingLvlm whole;
  run(whole, files_);
  const std::string expected = metrics();
  std::filesystem::remove_all(folder_ / "run");

  CountingLvlm first;
  first.stop_after = 1;
  const EvaluateResult stopped = run(first, files_, first.source.get_token());
  EXPECT_TRUE(stopped.interrupted);
  EXPECT_EQ(stopped.asked, 4);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run/metrics.json"));
  CountingLvlm second;
  const EvaluateResult rest = run(second, files_);
  EXPECT_EQ(rest.asked, 8);
  EXPECT_EQ(metrics(), expected);
  EXPECT_EQ(samples().size(), 15u);
}

TEST_F(PopeEvaluate, ARunThatWasCutAnywhereHasTheFiguresOfAnUndisturbedOne) {
  splits_.push_back(split("adversarial", {"e.jpg", "d.jpg", "a.jpg"}, {"cat", "dog", "bus"}));
  BatchingLvlm whole;
  run(whole, files_);
  const std::string expected = metrics();
  const std::map<std::string, Json> rows = samples();
  const std::string file = read_file(folder_ / "run/samples.jsonl");
  for (size_t cut = file.find('\n'); cut != std::string::npos; cut = file.find('\n', cut + 1)) {
    SCOPED_TRACE(cut);
    std::filesystem::remove(folder_ / "run/metrics.json");
    folder_.write("run/samples.jsonl", file.substr(0, cut + 1));
    BatchingLvlm rest;
    run(rest, files_);
    EXPECT_EQ(metrics(), expected);
    EXPECT_EQ(samples(), rows);
    // No more than the batch that was cut is computed again.
    const size_t kept = static_cast<size_t>(
        std::count(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(cut) + 1, '\n'));
    EXPECT_LE(rest.asked.size(), rows.size() - kept + 14);
    for (const auto& [question, count] : rest.asked) EXPECT_EQ(count, 1) << question.second;
  }
}

TEST_F(PopeEvaluate, ABrokenPictureFailsItsSamplesAndTheScoresAreWithheld) {
  splits_.push_back(split("adversarial", {"broken.jpg"}, {"dog", "cat"}));
  CountingLvlm model;
  const EvaluateResult result = run(model, files_);
  EXPECT_TRUE(scores_withheld(result.metrics));
  EXPECT_TRUE(result.metrics["splits"]["random"]["accuracy"].is_null());
  EXPECT_EQ(result.metrics["counts"]["failed"], 2);
  EXPECT_EQ(samples()["adversarial/1"]["status"], "failed");
  EXPECT_EQ(samples()["adversarial/1"]["error"], "image: cannot be decoded");

  // Accepting them is free but for the failed ones, which are tried again.
  options_.max_failures = 2;
  CountingLvlm again;
  EXPECT_FALSE(scores_withheld(run(again, files_).metrics));
  EXPECT_EQ(again.asked.size(), 2u);
  // Mended, they are scored.
  CountingLvlm mended;
  mended.mended = true;
  EXPECT_EQ(run(mended, files_).metrics["counts"]["failed"], 0);
  EXPECT_EQ(mended.asked.size(), 2u);
  EXPECT_EQ(samples().size(), 17u);
}

TEST_F(PopeEvaluate, ALimitKeepsWholePicturesAndMarksTheResult) {
  options_.limit_images = 1;
  splits_ = limited(splits_, options_);
  CountingLvlm model;
  const EvaluateResult result = run(model, files_);
  EXPECT_EQ(result.rows, 5);
  EXPECT_EQ(result.metrics["complete"], false);
  EXPECT_THAT(result.metrics["warnings"].dump(), HasSubstr("limited to the first 1 images"));
}

TEST_F(PopeEvaluate, ANameThatLeavesTheFolderIsRefusedBeforeAnythingIsAsked) {
  splits_[1].questions[4].image = "../secret.jpg";
  try {
    limited(splits_, options_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("split popular, question 5: the image path ../secret.jpg leaves"));
  }
}

std::string fault_name(Fault fault) {
  static const std::array<const char*, 4> kNames = {"NoSpace", "DiskFull", "KillBefore",
                                                    "KillAfter"};
  return kNames[static_cast<size_t>(fault)];
}

class FaultPopeEvaluate : public PopeEvaluate, public ::testing::WithParamInterface<Fault> {};

TEST_P(FaultPopeEvaluate, StoppedAtEveryOperationTheSameFiguresComeOut) {
  CountingLvlm whole;
  FailingFileSystem never(-1, GetParam());
  run(whole, never);
  const std::string expected = metrics();
  for (int fail_at = 0; fail_at < never.operations(); ++fail_at) {
    SCOPED_TRACE("operation " + std::to_string(fail_at));
    std::filesystem::remove_all(folder_ / "run");
    CountingLvlm first;
    FailingFileSystem files(fail_at, GetParam());
    EXPECT_ANY_THROW(run(first, files));
    const size_t kept = std::filesystem::exists(folder_ / "run/samples.jsonl")
                            ? RunFolder::open(files_, folder_ / "run",
                                              run_settings(splits_, options_, first.identity()),
                                              {.uncompared = uncompared_settings()})
                                  .samples()
                                  .size()
                            : 0;
    CountingLvlm second;
    const EvaluateResult result = run(second, files_);
    EXPECT_EQ(metrics(), expected);
    EXPECT_EQ(samples().size(), 15u);
    EXPECT_EQ(result.rows, static_cast<int64_t>(15 - kept));
    for (const auto& [question, count] : second.asked) EXPECT_EQ(count, 1) << question.second;
  }
}

INSTANTIATE_TEST_SUITE_P(Fault, FaultPopeEvaluate,
                         ::testing::Values(Fault::kNoSpace, Fault::kDiskFull, Fault::kKillBefore,
                                           Fault::kKillAfter),
                         [](const auto& tested) { return fault_name(tested.param); });

}  // namespace
}  // namespace vigor::pope
