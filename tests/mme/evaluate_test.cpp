// MME on a model: what is asked, what is written, and that a stopped run is finished.
#include "benchmarks/mme/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/error.h"
#include "base/files.h"
#include "tests/run/failing_file_system.h"
#include "tests/testing/counting_lvlm.h"
#include "tests/testing/evaluated_run.h"

namespace vigor::mme {
namespace {

using testing::FailingFileSystem;
using testing::Fault;
using testing::Killed;

class CountingLvlm : public testing::CountingLvlm {
 public:
  CountingLvlm()
      : testing::CountingLvlm([](const std::string&, const std::string& question, size_t) {
          Answer answer;
          answer.text = question.size() % 3 == 0 ? "No" : "Yes";
          answer.yes_margin = 1.0 / static_cast<double>(question.size());
          return answer;
        }) {}
};

class MmeEvaluate : public testing::EvaluatedRun {
 protected:
  MmeEvaluate() {
    add("existence", {"a.jpg", "b.jpg"}, "dog");
    add("count", {"b.jpg", "c.jpg"}, "dog");
    add("OCR", {"a.jpg"}, "word");
    finish_tasks(&tasks_, [](const Question&, const Question&) { return true; });
  }
  void add(const std::string& task, const std::vector<std::string>& names,
           const std::string& thing) {
    Task made;
    made.name = task;
    int64_t pair = 0;
    for (const std::string& name : names) {
      ++pair;
      for (const bool yes : {true, false}) {
        made.questions.push_back({.key = "",
                                  .image = "",
                                  .name = name,
                                  .text = std::string("Is there ") + (yes ? "a " : "no ") + thing +
                                          "? Please answer yes or no.",
                                  .label = yes ? "yes" : "no",
                                  .label_text = yes ? "Yes" : "No",
                                  .pair = pair,
                                  .picture = folder_ / task / name});
      }
    }
    tasks_.push_back(made);
  }
  EvaluateResult run(Lvlm& model, FileSystem& files, std::stop_token stop = {}) {
    return evaluated(files, run_settings(tasks_, options_, model.identity()), uncompared_settings(),
                     [&](RunFolder& folder, Progress& progress) {
                       return evaluate(model, folder, tasks_, options_, progress, stop);
                     });
  }

  std::vector<Task> tasks_;
  EvaluateOptions options_;
};

TEST_F(MmeEvaluate, APictureOfTwoTasksIsOneRequestAndItsQuestionsAreAskedOnce) {
  CountingLvlm model;
  const EvaluateResult result = run(model, files_);
  EXPECT_EQ(result.rows, 10);
  EXPECT_EQ(result.asked, 8);  // existence and count ask the same of b.jpg
  for (const auto& [question, count] : model.asked) EXPECT_EQ(count, 1) << question.second;
  EXPECT_EQ(model.asked.count({"count/b.jpg", tasks_[1].questions[0].text}), 0u);
  EXPECT_EQ(samples()["count/b/1"]["image"], "existence/b.jpg");
  EXPECT_EQ(samples()["OCR/a/1"]["image"], "OCR/a.jpg");
}

TEST_F(MmeEvaluate, TheSuffixStandsInPlaceOfTheInstruction) {
  options_.prompt_suffix = "One word.";
  CountingLvlm model;
  run(model, files_);
  EXPECT_EQ(model.asked.count({"existence/a.jpg", "Is there a dog?\nOne word."}), 1u);
  EXPECT_EQ(samples()["existence/a/1"]["question"], "Is there a dog? Please answer yes or no.");
  EXPECT_EQ(asked_text("Is it?  Please answer yes or no.", options_), "Is it?\nOne word.");
  EXPECT_EQ(asked_text("Is it?", options_), "Is it?\nOne word.");
  options_.prompt_suffix.clear();
  EXPECT_EQ(asked_text("Is it?  Please answer yes or no.", options_),
            "Is it?  Please answer yes or no.");
}

TEST_F(MmeEvaluate, AnInterruptedRunGoesOn) {
  CountingLvlm whole;
  run(whole, files_);
  const std::string expected = metrics();
  std::filesystem::remove_all(folder_ / "run");

  CountingLvlm model;
  model.stop_after = 2;
  EXPECT_TRUE(run(model, files_, model.source.get_token()).interrupted);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run/metrics.json"));
  const size_t before = model.asked.size();
  CountingLvlm again;
  EXPECT_FALSE(run(again, files_).interrupted);
  EXPECT_EQ(before + again.asked.size(), 8u);
  EXPECT_EQ(metrics(), expected);
}

TEST_F(MmeEvaluate, ABrokenPictureIsNoNumberAndIsAskedAgain) {
  add("scene", {"broken.jpg"}, "beach");
  finish_tasks(&tasks_, [](const Question&, const Question&) { return true; });
  CountingLvlm model;
  const EvaluateResult result = run(model, files_);
  EXPECT_EQ(result.metrics["withheld"], true);
  EXPECT_EQ(result.metrics["tasks"]["scene"]["failed"], 2);
  EXPECT_TRUE(result.metrics["all_tasks"]["score"].is_null());
  const Json row = samples()["scene/broken/1"];
  EXPECT_EQ(row["status"], "failed");
  EXPECT_TRUE(row["answer"].is_null());

  CountingLvlm mended;
  mended.mended = true;
  const EvaluateResult again = run(mended, files_);
  EXPECT_EQ(mended.asked.size(), 2u);
  EXPECT_EQ(again.metrics["withheld"], false);
  EXPECT_FALSE(again.metrics["tasks"]["scene"]["score"].is_null());
}

TEST_F(MmeEvaluate, LimitedTakesTheFirstPicturesOfEachTask) {
  options_.limit_images = 1;
  tasks_ = limited(tasks_, options_);
  CountingLvlm model;
  const EvaluateResult result = run(model, files_);
  EXPECT_EQ(result.rows, 6);
  EXPECT_EQ(result.metrics["complete"], false);
  EXPECT_EQ(result.metrics["warnings"].size(), 1u);
}

class FaultMmeEvaluate : public MmeEvaluate {};

TEST_F(FaultMmeEvaluate, KilledAtAnyWriteTheRerunGivesTheSameFigures) {
  CountingLvlm whole;
  run(whole, files_);
  const std::string expected = metrics();
  for (int operation = 0; operation < 200; ++operation) {
    std::filesystem::remove_all(folder_ / "run");
    FailingFileSystem failing(operation, Fault::kKillAfter);
    CountingLvlm model;
    bool killed = false;
    try {
      run(model, failing);
    } catch (const Killed&) {
      killed = true;
    }
    if (!killed) {
      EXPECT_GT(operation, 5);
      return;
    }
    CountingLvlm again;
    run(again, files_);
    ASSERT_EQ(metrics(), expected) << "killed at operation " << operation;
  }
  FAIL() << "the run never ended";
}

}  // namespace
}  // namespace vigor::mme
