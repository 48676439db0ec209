#include "reports/run_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "benchmarks/chair/score.h"
#include "benchmarks/mme/score.h"
#include "benchmarks/mmhal/score.h"
#include "tests/reports/synthetic_runs.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::reports {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::synthetic_answers;
using testing::TemporaryFolder;
using testing::write_pope_run;
using testing::write_text;

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// Every figure with a value must be the sum of its terms: that is what open_runs checks.
void expect_taken_apart(const RunView& view) {
  for (const RunMetric& metric : view.metrics) {
    if (!metric.value) continue;
    ASSERT_FALSE(metric.terms.empty()) << metric.key << ": " << metric.no_terms;
    const auto again = statistics::sum_estimate(metric.terms);
    EXPECT_NEAR(again->value, *metric.value, 1e-9) << metric.key;
    EXPECT_EQ(metric.terms.front().clusters.size(), view.clusters.size()) << metric.key;
  }
}

class PopeDialects : public ::testing::TestWithParam<pope::Dialect> {};
INSTANTIATE_TEST_SUITE_P(RunView, PopeDialects,
                         ::testing::Values(pope::Dialect::kOfficial, pope::Dialect::kLmms,
                                           pope::Dialect::kVlmeval, pope::Dialect::kStrict));

TEST_P(PopeDialects, FiguresComeApartByImageInEveryDialect) {
  const TemporaryFolder folder;
  auto answers = synthetic_answers({.images = 12}, {});
  answers[3].answer = "I cannot tell.";
  answers[40].answer = "A cat sits there.";
  answers[50].answer.clear();
  answers[50].error = "the picture does not decode";
  write_pope_run(folder / "run", answers, {.dialect = GetParam(), .max_failures = 1});
  const RunView view = open_run((folder / "run").string());
  EXPECT_EQ(view.benchmark, "pope");
  EXPECT_EQ(view.clusters.size(), 12u);
  EXPECT_EQ(view.samples.size(), 12u * 6 * 3);
  // Five figures of each split and the average, AUROC of all four, calibration of the splits.
  EXPECT_EQ(view.metrics.size(), 20u + 4 + 3);
  EXPECT_EQ(view.metrics.front().key, "average.accuracy");
  EXPECT_TRUE(view.metric("average.auroc")->value);
  EXPECT_TRUE(view.metric("random.ece")->of_margin);
  EXPECT_EQ(view.failed, 1);
  expect_taken_apart(view);
}

class MmeDialects : public ::testing::TestWithParam<mme::Dialect> {};
INSTANTIATE_TEST_SUITE_P(RunView, MmeDialects,
                         ::testing::Values(mme::Dialect::kOfficial, mme::Dialect::kLmms,
                                           mme::Dialect::kVlmeval, mme::Dialect::kStrict));

TEST_P(MmeDialects, FiguresComeApartByImageInEveryDialect) {
  const TemporaryFolder folder;
  std::vector<mme::SampleOutcome> samples;
  std::string lines;
  const char* answers[] = {"Yes", "No", "no", "Perhaps", "yes", "yes", "No", "Yes."};
  int number = 0;
  for (const std::string task : {"existence", "count", "OCR", "code_reasoning"}) {
    for (int picture = 0; picture < 7; ++picture) {
      for (int q = 0; q < 2; ++q, ++number) {
        mme::SampleOutcome sample;
        sample.task = task;
        const std::string name = std::to_string(picture);
        sample.question.key = task + "/" + name + "/" + std::to_string(q + 1);
        // Two tasks share their pictures.
        sample.question.image = (task == "count" ? "existence" : task) + "/" + name + ".jpg";
        sample.question.text = "Is it?";
        sample.question.label = q == 0 ? "yes" : "no";
        sample.question.pair = picture + 1;
        sample.answer = answers[(number * 5 + number / 3) % 8];
        if (number % 6 != 4) sample.margin = 0.25 * ((number * 11) % 17 - (q == 0 ? 6 : 10));
        if (number == 9) sample.error = "the picture does not decode";
        lines += dump_json(mme::sample_row(sample, GetParam())) + "\n";
        samples.push_back(std::move(sample));
      }
    }
  }
  write_text(folder / "run/samples.jsonl", lines);
  write_text(folder / "run/run.json", "{}");
  write_text(folder / "run/metrics.json",
             dump_json(mme::score_tasks(samples, GetParam(), {.max_failures = 1})));
  const RunView view = open_run((folder / "run").string());
  EXPECT_EQ(view.clusters.size(), 21u);
  // With margins AUROC of everything and of each task, and the calibration of everything.
  EXPECT_EQ(view.metrics.size(), 3u + 4 * 3 + 1 + 4 + 1);
  EXPECT_TRUE(view.metric("all_tasks.ece")->value);
  EXPECT_FALSE(view.metric("perception")->value);
  EXPECT_TRUE(view.metric("all_tasks.score")->headline);
  expect_taken_apart(view);
}

TEST(RunView, AFolderWithoutAnyFigureIsRefused) {
  const TemporaryFolder folder;
  write_text(folder / "run/run.json", "{}");
  write_text(folder / "run/samples.jsonl", "");
  write_text(folder / "run/metrics.json", R"({"benchmark": "pope", "dialect": "official"})");
  EXPECT_THAT(message_of([&] { open_run((folder / "run").string()); }),
              HasSubstr("there is no figure in it"));
}

TEST(RunView, MarginsThatDoNotGiveTheirFigureAgainLoseTheirTerms) {
  const TemporaryFolder folder;
  write_pope_run(folder / "run", synthetic_answers({.images = 6}, {}));
  Json metrics = read_json_file(folder / "run/metrics.json");
  metrics["splits"]["random"]["auroc"] = 0.125;
  metrics["splits"]["popular"]["calibration"] = nullptr;
  metrics["splits"]["popular"]["reason"] = "lost";
  metrics["average"].erase("auroc");  // as older versions wrote it
  write_text(folder / "run/metrics.json", dump_json(metrics));
  const RunView view = open_run((folder / "run").string());
  EXPECT_THAT(view.metric("random.auroc")->no_terms, HasSubstr("metrics.json says 0.125"));
  EXPECT_FALSE(view.metric("popular.ece")->value);
  EXPECT_EQ(view.metric("popular.ece")->reason, "lost");
  EXPECT_EQ(view.metric("average.auroc"), nullptr);
  EXPECT_FALSE(view.metric("adversarial.auroc")->terms.empty());
}

TEST(RunView, TheCommittedRunOpens) {
  const RunView view = open_run((testing::source_dir() / "tests/reports/data/pope-run").string());
  EXPECT_EQ(view.samples.size(), 24u);
  const RunMetric* accuracy = view.metric("random.accuracy");
  ASSERT_NE(accuracy, nullptr);
  EXPECT_DOUBLE_EQ(*accuracy->value, 0.6363636363636364);
  EXPECT_EQ(view.metric("random.speed"), nullptr);
  EXPECT_EQ(view.samples[0].id, "random/1");
  EXPECT_EQ(view.samples[0].cluster, "scene_0000.jpg");
}

TEST(RunView, AFigureThatItsSamplesDoNotGiveIsNotTakenApart) {
  const TemporaryFolder folder;
  write_pope_run(folder / "run", synthetic_answers({.images = 5}, {}));
  Json metrics = read_json_file(folder / "run/metrics.json");
  metrics["splits"]["random"]["accuracy"] = 0.123;
  write_text(folder / "run/metrics.json", dump_json(metrics));
  const RunView view = open_run((folder / "run").string());
  const RunMetric* accuracy = view.metric("random.accuracy");
  EXPECT_DOUBLE_EQ(*accuracy->value, 0.123);
  EXPECT_TRUE(accuracy->terms.empty());
  EXPECT_THAT(accuracy->no_terms, HasSubstr("metrics.json says 0.123"));
  EXPECT_FALSE(view.metric("random.recall")->terms.empty());
}

TEST(RunView, WithheldScoresAreNoFigures) {
  const TemporaryFolder folder;
  auto answers = synthetic_answers({.images = 5}, {});
  answers[0].error = "no answer";
  write_pope_run(folder / "run", answers);
  const RunView view = open_run((folder / "run").string());
  EXPECT_THAT(view.withheld, HasSubstr("1 of 90 samples failed"));
  for (const RunMetric& metric : view.metrics) {
    EXPECT_FALSE(metric.value);
    EXPECT_THAT(metric.reason, HasSubstr("failed"));
    EXPECT_TRUE(metric.terms.empty());
  }
}

TEST(RunView, TheDatasetsHashDoesNotDependOnTheOrderOfLines) {
  const TemporaryFolder folder;
  auto answers = synthetic_answers({.images = 5}, {});
  write_pope_run(folder / "a", answers);
  std::reverse(answers.begin(), answers.end());
  write_pope_run(folder / "b", answers);
  answers[0].question.text += "?";
  write_pope_run(folder / "c", answers);
  const std::string a = open_run((folder / "a").string()).dataset_hash;
  EXPECT_EQ(a, open_run((folder / "b").string()).dataset_hash);
  EXPECT_NE(a, open_run((folder / "c").string()).dataset_hash);
}

TEST(RunView, WhatIsNoFinishedRunIsNamed) {
  const TemporaryFolder folder;
  EXPECT_THAT(message_of([&] { open_run((folder / "none").string()); }),
              HasSubstr("no such run folder"));
  fs::create_directories(folder / "stopped");
  EXPECT_THAT(message_of([&] { open_run((folder / "stopped").string()); }),
              HasSubstr("metrics.json is not there"));
  write_text(folder / "new/metrics.json", R"({"benchmark": "poppe"})");
  write_text(folder / "new/run.json", "{}");
  write_text(folder / "new/samples.jsonl", "");
  EXPECT_THAT(message_of([&] { open_run((folder / "new").string()); }),
              HasSubstr("unknown benchmark 'poppe'"));
  write_pope_run(folder / "one", synthetic_answers({.images = 2}, {}));
  EXPECT_THAT(message_of([&] { open_run((folder / "one#a").string()); }),
              HasSubstr("no candidate to name"));
}

TEST(RunView, MmhalAveragesTheRepeatsOfARecord) {
  const TemporaryFolder folder;
  std::vector<mmhal::Outcome> outcomes;
  std::string lines;
  const int ratings[][2] = {{6, 4}, {0, 1}, {3, 3}, {5, 6}, {2, 2}, {4, 4}, {1, 0}, {6, 6}, {5, 5}};
  for (size_t record = 0; record < std::size(ratings); ++record) {
    for (int repeat = 0; repeat < 2; ++repeat) {
      mmhal::Outcome outcome;
      outcome.record = record;
      outcome.repeat = repeat;
      outcome.image = "image" + std::to_string(record / 2);
      outcome.reply = "Rating: " + std::to_string(ratings[record][repeat]);
      outcomes.push_back(outcome);
      lines += dump_json({{"key", std::to_string(record) + (repeat > 0 ? "#1" : "")},
                          {"record", record},
                          {"repeat", repeat},
                          {"image", outcome.image},
                          {"status", "scored"},
                          {"rating", ratings[record][repeat]}}) +
               "\n";
    }
  }
  write_text(folder / "run/samples.jsonl", lines);
  write_text(folder / "run/run.json", "{}");
  write_text(folder / "run/metrics.json",
             dump_json(mmhal::score_outcomes(outcomes, mmhal::Dialect::kStrict, {.repeats = 2})));
  const RunView view = open_run((folder / "run").string());
  EXPECT_EQ(view.samples.size(), 9u);
  EXPECT_EQ(view.clusters.size(), 5u);
  EXPECT_EQ(*view.samples[0].score, 5);
  EXPECT_EQ(view.samples[8].group, "attribute");
  EXPECT_EQ(view.metric("hallucination_rate")->better, Better::kLower);
  expect_taken_apart(view);
}

TEST(RunView, ChairComesApartByImage) {
  const TemporaryFolder folder;
  std::vector<chair::ScoredCaption> captions;
  for (int i = 0; i < 6; ++i) {
    chair::ScoredCaption one;
    one.caption.image = std::to_string(i / 2) + ".jpg";
    one.caption.text = "A caption.";
    one.present = {"dog", "cup"};
    one.found.words = 2;
    const char* second = i % 3 == 0 ? "car" : "cup";
    one.found.mentions = {{"dog", "dog", 0}, {second, second, 1}};
    captions.push_back(one);
  }
  const chair::ChairResult result = chair::score_found(captions);
  std::string lines;
  for (const Json& row : result.rows) lines += dump_json(row) + "\n";
  write_text(folder / "run/samples.jsonl", lines);
  write_text(folder / "run/run.json", "{}");
  write_text(folder / "run/metrics.json", dump_json(result.metrics));
  const RunView view = open_run((folder / "run").string());
  EXPECT_EQ(view.samples[1].id, "0.jpg#2");
  EXPECT_EQ(*view.samples[0].score, -1);
  EXPECT_DOUBLE_EQ(*view.metric("chair_s")->value, 2.0 / 6);
  expect_taken_apart(view);
}

std::string ranking_row(int image, const char* best, const char* worst) {
  Json rankings = Json::object();
  for (const char* code : {"HL", "CA", "AA", "RA", "RL", "RS", "DL"}) {
    rankings[code] = Json::array({Json::array({best}), Json::array({worst})});
  }
  const std::string name = "i" + std::to_string(image) + ".jpg";
  return dump_json({{"key", name + "/0"},
                    {"image", name},
                    {"order", 0},
                    {"repeat", 0},
                    {"shown", {"a", "b"}},
                    {"status", "scored"},
                    {"rankings", rankings}}) +
         "\n";
}

void write_ranking(const fs::path& folder, int images) {
  std::string lines;
  for (int i = 0; i < images; ++i) {
    lines += i % 4 == 0 ? ranking_row(i, "a", "b") : ranking_row(i, "b", "a");
  }
  Json a = {{"average", 1.75}}, b = {{"average", 1.25}};
  for (const char* code : {"HL", "CA", "AA", "RA", "RL", "RS", "DL"}) {
    a[code] = 1.75;
    b[code] = 1.25;
  }
  write_text(folder / "samples.jsonl", lines);
  write_text(
      folder / "run.json",
      R"({"settings": {"judge": {"model": "j", "url": "http://a"}, "prompt": "Describe."}})");
  write_text(folder / "metrics.json", dump_json({{"benchmark", "ranking"},
                                                 {"mode", "batch"},
                                                 {"candidates", {"a", "b"}},
                                                 {"models", {{"a", a}, {"b", b}}}}));
}

TEST(RunView, ARankingIsOneViewForEachCandidate) {
  const TemporaryFolder folder;
  write_ranking(folder / "run", 8);
  const std::vector<RunView> views = open_runs(folder / "run");
  ASSERT_EQ(views.size(), 2u);
  EXPECT_EQ(views[1].candidate, "b");
  EXPECT_EQ(views[1].judge, R"({"model":"j"})");
  EXPECT_EQ(views[0].metrics.front().key, "average");
  EXPECT_EQ(views[0].samples[0].outcome, "mean rank 1.00 of 2");
  expect_taken_apart(views[0]);
  EXPECT_EQ(open_run((folder / "run").string() + "#b").candidate, "b");
  EXPECT_THAT(message_of([&] { open_run((folder / "run").string()); }),
              HasSubstr("this run has a, b"));
}

TEST(RunView, FiguresAreWrittenInTheirUnit) {
  RunMetric share, points;
  points.unit = Unit::kPoints;
  EXPECT_EQ(metric_text(share, 0.8464), "84.64 %");
  EXPECT_EQ(metric_text(share, std::nullopt), "-");
  EXPECT_EQ(difference_text(share, -0.0131), "-1.31 pt");
  EXPECT_EQ(difference_text(share, -1e-9), "0.00 pt");
  EXPECT_EQ(difference_text(points, 12.34), "+12.3");
  EXPECT_EQ(interval_text(share, statistics::Interval{0.831, 0.86}), "83.10 to 86.00 %");
}

}  // namespace
}  // namespace vigor::reports
