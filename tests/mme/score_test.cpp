#include "benchmarks/mme/score.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/mme/task.h"

namespace vigor::mme {
namespace {

using ::testing::HasSubstr;

// Two questions about picture `pair` of a task, the first of which wants yes.
void add_pair(std::vector<SampleOutcome>* samples, const std::string& task, int64_t pair,
              const std::string& first, const std::string& second) {
  for (const std::string& answer : {first, second}) {
    const bool yes = samples->size() % 2 == 0;
    SampleOutcome sample;
    sample.task = task;
    sample.question.key = task + "/" + std::to_string(pair) + (yes ? "/1" : "/2");
    sample.question.image = task + "/" + std::to_string(pair) + ".jpg";
    sample.question.label = yes ? "yes" : "no";
    sample.question.pair = pair;
    sample.answer = answer;
    if (answer == "broken") sample.error = "image: cannot be decoded";
    samples->push_back(sample);
  }
}

TEST(MmeScore, AccAccPlusAndScore) {
  std::vector<SampleOutcome> samples;
  add_pair(&samples, "count", 1, "Yes", "No");
  add_pair(&samples, "count", 2, "Yes", "Yes");
  add_pair(&samples, "count", 3, "Perhaps", "No");
  const Json metrics = score_tasks(samples, Dialect::kOfficial);
  const Json& count = metrics["tasks"]["count"];
  EXPECT_EQ(count["acc"], 4.0 / 6);
  EXPECT_EQ(count["acc_plus"], 1.0 / 3);
  EXPECT_EQ(count["score"], 4.0 / 6 * 100 + 1.0 / 3 * 100);
  EXPECT_EQ(count["other"], 1);
  EXPECT_EQ(count["tp"], 2);
  EXPECT_EQ(count["fn"], 0);
  EXPECT_EQ(count["tn"], 2);
  EXPECT_EQ(count["fp"], 1);
  EXPECT_EQ(count["images"], 3);
  EXPECT_EQ(count["group"], "perception");
  EXPECT_EQ(metrics["counts"],
            (Json{{"scored", 5}, {"unparsed", 1}, {"failed", 0}, {"unjudged", 0}}));
}

TEST(MmeScore, StrictMakesNoNumberOfWhatItCannotRead) {
  std::vector<SampleOutcome> samples;
  add_pair(&samples, "count", 1, "Yes", "No");
  add_pair(&samples, "count", 2, "Perhaps", "Yes");
  const Json count = score_tasks(samples, Dialect::kStrict)["tasks"]["count"];
  EXPECT_EQ(count["acc"], 2.0 / 3);
  EXPECT_EQ(count["acc_plus"], 1.0);  // the second picture has one answer that could be read
  EXPECT_EQ(count["other"], 1);
}

// The same six pictures as each tool scores them: decisions and figures by the rules of
// calculation.py, of lmms-eval's tasks/mme/utils.py and of VLMEvalKit's dataset/utils/yorn.py, made
// by hand.
TEST(MmeScore, EachDialectGivesItsToolsFigures) {
  const std::vector<std::pair<std::string, std::string>> answers = {
      {"Yes", "No"},
      {"The answer is yes", "No."},                  // vlmeval finds the word
      {"y", "   no"},                                // lmms trims, and knows the letter
      {"Yes, there is no other.", "Nothing there"},  // two words for vlmeval, "noth" for the others
      {"Know it: yes", "yes and no"},
      {"YES!", "n."}};
  std::vector<SampleOutcome> samples;
  for (size_t i = 0; i < answers.size(); ++i) {
    add_pair(&samples, "existence", static_cast<int64_t>(i + 1), answers[i].first,
             answers[i].second);
  }
  struct Expected {
    Dialect dialect;
    int other;
    double acc, acc_plus, score;
  };
  for (const Expected& expected :
       {Expected{Dialect::kOfficial, 4, 6.0 / 12, 2.0 / 6, 83.33333333333333},
        Expected{Dialect::kLmms, 1, 9.0 / 12, 4.0 / 6, 141.66666666666666},
        Expected{Dialect::kVlmeval, 5, 7.0 / 12, 2.0 / 6, 91.66666666666666},
        Expected{Dialect::kStrict, 6, 6.0 / 6, 1.0 / 1, 200}}) {
    const Json task = score_tasks(samples, expected.dialect)["tasks"]["existence"];
    EXPECT_EQ(task["other"], expected.other) << dialect_name(expected.dialect);
    EXPECT_EQ(task["acc"], expected.acc) << dialect_name(expected.dialect);
    EXPECT_EQ(task["acc_plus"], expected.acc_plus) << dialect_name(expected.dialect);
    EXPECT_EQ(task["score"], expected.score) << dialect_name(expected.dialect);
  }
}

// One answer of six right: the script multiplies the share by 100, lmms-eval divides 50 by 3.
TEST(MmeScore, ScoresThatAreReadAlikeDifferInTheLastDigit) {
  std::vector<SampleOutcome> samples;
  add_pair(&samples, "count", 1, "Yes", "Yes");
  add_pair(&samples, "count", 2, "No", "Yes");
  add_pair(&samples, "count", 3, "No", "Yes");
  const auto score = [&](Dialect dialect) {
    return score_tasks(samples, dialect)["tasks"]["count"]["score"].get<double>();
  };
  EXPECT_EQ(score(Dialect::kOfficial), 16.666666666666664);
  EXPECT_EQ(score(Dialect::kVlmeval), 16.666666666666664);
  EXPECT_EQ(score(Dialect::kLmms), 16.666666666666668);
}

TEST(MmeScore, ATotalNeedsItsTasks) {
  std::vector<SampleOutcome> samples;
  int64_t pair = 0;
  for (const TaskInfo& task : kTasks) {
    if (task.group == Group::kCognition) add_pair(&samples, task.name, ++pair, "Yes", "No");
  }
  add_pair(&samples, "OCR", 1, "Yes", "Yes");
  const Json metrics = score_tasks(samples, Dialect::kOfficial);
  EXPECT_EQ(metrics["cognition"], 800.0);
  EXPECT_TRUE(metrics["perception"].is_null());
  EXPECT_THAT(metrics["reason"].get<std::string>(),
              HasSubstr("perception: no questions of existence, count,"));
  EXPECT_EQ(metrics["all_tasks"]["score"], 850.0);
  EXPECT_EQ(metrics["all_tasks"]["maximum"], 1000.0);
  EXPECT_EQ(metrics["task_order"][0], "OCR");
}

TEST(MmeScore, FailuresAreWithheldOrLeftOut) {
  std::vector<SampleOutcome> samples;
  add_pair(&samples, "count", 1, "Yes", "Yes");
  add_pair(&samples, "count", 2, "Yes", "No");
  add_pair(&samples, "count", 3, "broken", "No");
  const Json withheld = score_tasks(samples, Dialect::kOfficial);
  EXPECT_EQ(withheld["withheld"], true);
  for (const char* key : {"acc", "acc_plus", "score", "precision", "recall"}) {
    EXPECT_TRUE(withheld["tasks"]["count"][key].is_null()) << key;
  }
  EXPECT_TRUE(withheld["tasks"]["count"]["ci95"]["score"].is_null());
  EXPECT_TRUE(withheld["all_tasks"]["score"].is_null());
  EXPECT_EQ(withheld["reason"], "1 of 6 samples failed, 0 may (--max-failures)");

  const Json accepted = score_tasks(samples, Dialect::kOfficial, {.max_failures = 1});
  EXPECT_EQ(accepted["withheld"], false);
  EXPECT_EQ(accepted["complete"], false);
  EXPECT_EQ(accepted["tasks"]["count"]["acc"], 4.0 / 5);
  EXPECT_EQ(accepted["tasks"]["count"]["acc_plus"], 1.0 / 2);
  // lmms-eval's sum over pictures is not possible with half a picture.
  EXPECT_EQ(score_tasks(samples, Dialect::kLmms, {.max_failures = 1})["tasks"]["count"]["score"],
            accepted["tasks"]["count"]["score"]);
}

TEST(MmeScore, IntervalsAreClusteredByImage) {
  // The two answers of a picture agree in being right: half as much is known as from 40 coins.
  std::vector<SampleOutcome> together, apart;
  for (int64_t pair = 1; pair <= 20; ++pair) {
    const bool good = pair % 2 == 0;
    add_pair(&together, "count", pair, good ? "Yes" : "No", good ? "No" : "Yes");
    add_pair(&apart, "count", pair, "Yes", "Yes");
  }
  const auto width = [](const std::vector<SampleOutcome>& samples) {
    const Json ci = score_tasks(samples, Dialect::kOfficial)["tasks"]["count"]["ci95"]["acc"];
    return ci[1].get<double>() - ci[0].get<double>();
  };
  EXPECT_GT(width(together), 0.35);  // 20 clusters of one coin each
  const Json score = score_tasks(together, Dialect::kOfficial)["tasks"]["count"];
  EXPECT_LT(score["ci95"]["score"][0].get<double>(), score["score"].get<double>());
  EXPECT_GT(score["ci95"]["score"][1].get<double>(), score["score"].get<double>());
  EXPECT_LE(score["ci95"]["score"][1].get<double>(), 200);
}

TEST(MmeScore, MarginsGiveAuroc) {
  std::vector<SampleOutcome> samples;
  for (int64_t pair = 1; pair <= 4; ++pair) {
    add_pair(&samples, "count", pair, "Yes", "Yes");
    samples[samples.size() - 2].margin = 2.0;
    samples.back().margin = 1.0;
  }
  const Json metrics = score_tasks(samples, Dialect::kOfficial);
  EXPECT_EQ(metrics["tasks"]["count"]["auroc"], 1.0);
  EXPECT_EQ(metrics["all_tasks"]["margins"], 8);
  EXPECT_TRUE(metrics["all_tasks"]["calibration"].contains("ece"));
}

TEST(MmeScore, ARowIsItsOutcome) {
  std::vector<SampleOutcome> samples;
  add_pair(&samples, "count", 1, "Yes.", "Perhaps");
  samples[0].margin = 1.5;
  samples[0].question.text = "Is it?";
  const Json row = sample_row(samples[0], Dialect::kOfficial);
  EXPECT_EQ(row["status"], "scored");
  EXPECT_EQ(row["decision"], "yes");
  EXPECT_EQ(row["correct"], true);
  EXPECT_EQ(sample_row(samples[1], Dialect::kOfficial)["status"], "unparsed");
  const SampleOutcome again = sample_of_row(row, "samples.jsonl");
  EXPECT_EQ(sample_row(again, Dialect::kOfficial), row);
}

}  // namespace
}  // namespace vigor::mme
