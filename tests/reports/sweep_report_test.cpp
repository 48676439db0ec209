#include "reports/sweep_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/files.h"
#include "tests/reports/synthetic_runs.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::reports {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class SweepReportTest : public ::testing::Test {
 protected:
  SweepReportTest() {
    input_.title = "A <sweep>";
    input_.variants = {{"base", false}, {"AT", true}};
    input_.seeds = {0, 1, 2};
    for (const uint64_t seed : input_.seeds) {
      add(0, seed, "pope", pope("base", {.drop = 0.2}));
      add(1, seed, "pope", pope("at" + std::to_string(seed), {.own = 0.1, .seed = seed + 1}));
    }
  }
  std::string pope(const std::string& name, const testing::SyntheticModel& model) {
    testing::write_pope_run(folder_ / name, testing::synthetic_answers({.images = 40}, model),
                            {.name = name});
    return (folder_ / name).string();
  }
  void add(size_t variant, uint64_t seed, const std::string& benchmark, const std::string& run,
           const std::string& reason = "") {
    input_.runs.push_back({variant, seed, benchmark, run, reason});
  }
  static const SweepTable& table(const SweepReport& report, const std::string& id) {
    return *std::find_if(report.tables.begin(), report.tables.end(),
                         [&](const SweepTable& one) { return one.id == id; });
  }
  static const SweepCell& cell(const SweepTable& table, const std::string& row,
                               const std::string& key) {
    size_t c = 0;
    while (table.columns.at(c).key != key) ++c;
    for (const SweepRow& one : table.rows) {
      if (!one.published && one.name == row) return one.cells.at(c);
    }
    throw std::runtime_error("no row " + row);
  }
  testing::TemporaryFolder folder_;
  SweepInput input_;
};

TEST_F(SweepReportTest, FiguresAreMeansOverSeedsWithImagesAndSeedsAsSourcesOfError) {
  const SweepReport report = gather_sweep(input_);
  const SweepTable& pope = table(report, "3");
  double sum = 0;
  for (const char* name : {"at0", "at1", "at2"}) {
    sum += read_json_file(folder_ / name / "metrics.json")["average"]["accuracy"].get<double>();
  }
  const SweepCell& tuned = cell(pope, "AT", "average.accuracy");
  ASSERT_TRUE(tuned.value);
  EXPECT_NEAR(*tuned.value, sum / 3, 1e-12);
  EXPECT_EQ(tuned.by_seed.size(), 3u);
  ASSERT_TRUE(tuned.interval);
  EXPECT_LT(tuned.interval->low, *tuned.value);
  const SweepCell& base = cell(pope, "base", "average.accuracy");
  EXPECT_EQ(base.by_seed.size(), 1u) << "one checkpoint, evaluated once";
  const Json own = read_json_file(folder_ / "base/metrics.json")["average"];
  EXPECT_EQ(*base.value, own["accuracy"].get<double>());
  EXPECT_EQ(base.interval->low, own["ci95"]["accuracy"][0].get<double>());
  ASSERT_TRUE(tuned.change);
  EXPECT_NEAR(tuned.change->difference.value, *tuned.value - *base.value, 1e-12);
  EXPECT_TRUE(tuned.change->seeds_counted);
  EXPECT_LT(*tuned.p_holm, 0.05);
  EXPECT_GE(*tuned.p_holm, tuned.change->difference.p);
}

TEST_F(SweepReportTest, AurocStandsBesideAccuracy) {
  const SweepCell one = cell(table(gather_sweep(input_), "3"), "base", "average.auroc");
  ASSERT_TRUE(one.value) << one.reason;
  EXPECT_GT(*one.value, 0.5);
  EXPECT_LE(*one.value, 1);
  EXPECT_TRUE(one.interval);
}

TEST_F(SweepReportTest, ThePapersRowsStandBesideAndAreMarked) {
  const SweepReport report = gather_sweep(input_);
  const std::string text = sweep_markdown(report);
  EXPECT_THAT(text, HasSubstr("| ViGoR, 7B"));
  EXPECT_THAT(text, HasSubstr("(published)"));
  EXPECT_EQ(sweep_json(report)["tables"][0]["rows"].size(), 2u) << "measured ones alone";
}

TEST_F(SweepReportTest, AMissingRunIsNoFigureAndSaysWhy) {
  input_.runs.back() = {1, 2, "pope", "", "not started: 'sft: AT (seed 2)' failed"};
  input_.failures = {"sft: AT (seed 2): out of memory"};
  const SweepReport report = gather_sweep(input_);
  const SweepCell& one = cell(table(report, "3"), "AT", "average.accuracy");
  EXPECT_FALSE(one.value) << "two of three seeds are no mean of three";
  EXPECT_EQ(one.reason, "seed 2: not started: 'sft: AT (seed 2)' failed");
  EXPECT_TRUE(one.by_seed[0]);
  EXPECT_FALSE(one.by_seed[2]);
  EXPECT_FALSE(one.change);
  EXPECT_TRUE(cell(table(report, "3"), "base", "average.accuracy").value);
  EXPECT_THAT(sweep_markdown(report), HasSubstr("out of memory"));
  EXPECT_THAT(sweep_html(report), HasSubstr("out of memory"));
  EXPECT_THAT(sweep_text(report), HasSubstr("-: AT: seed 2: not started"));
}

size_t times(const std::string& text, const std::string& what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

TEST_F(SweepReportTest, AReasonIsPrintedOnceBelowItsTable) {
  input_.runs.back() = {1, 2, "pope", "", "not <started>"};
  const SweepReport report = gather_sweep(input_);
  const std::string html = sweep_html(report), markdown = sweep_markdown(report);
  EXPECT_GT(times(html, ">note 1</small>"), 3u) << "every figure of the variant points to it";
  EXPECT_EQ(times(html, "<br>Note 1: <bdi>seed 2: not &lt;started&gt;</bdi>"), 1u);
  EXPECT_GT(times(markdown, "<sub>note 1</sub>"), 3u);
  EXPECT_EQ(times(markdown, "not <started>"), 1u);
  EXPECT_THAT(markdown, HasSubstr("Note 1: `seed 2: not <started>`"));
  EXPECT_THAT(html, Not(HasSubstr("What training changed"))) << "no difference can be told";
}

TEST_F(SweepReportTest, DifferencesAreDrawnWithTheirNumbers) {
  const SweepReport report = gather_sweep(input_);
  const SweepCell& tuned = cell(table(report, "3"), "AT", "average.accuracy");
  const std::string html = sweep_html(report);
  EXPECT_THAT(html, HasSubstr("<h2>What training changed</h2>"));
  EXPECT_THAT(html, HasSubstr("POPE, accuracy on average"));
  EXPECT_THAT(html, HasSubstr("Differences to base with 95 % intervals, "));
  EXPECT_THAT(html,
              HasSubstr(sweep_number(Unit::kShare, tuned.change->difference.value, true) + " (" +
                        sweep_number(Unit::kShare, tuned.change->difference.interval.low, true)));
  SweepColumn column;
  EXPECT_EQ(sweep_verdict(column, tuned), Verdict::kBetter) << "higher is better";
  EXPECT_EQ(sweep_verdict(column, cell(table(report, "3"), "base", "average.accuracy")),
            Verdict::kNoDifference);
  column.better = Better::kLower;
  EXPECT_EQ(sweep_verdict(column, tuned), Verdict::kWorse);
  column.better = Better::kNeither;
  EXPECT_EQ(sweep_verdict(column, tuned), Verdict::kNoDifference);
  EXPECT_EQ(times(html, "class=\"drawing forest"), 1u) << "one unit, one drawing";
}

TEST_F(SweepReportTest, ARunThatCannotBeReadIsMissing) {
  testing::write_text(folder_ / "base/metrics.json", "{");
  const SweepReport report = gather_sweep(input_);
  EXPECT_FALSE(cell(table(report, "3"), "base", "average.accuracy").value);
  EXPECT_FALSE(cell(table(report, "3"), "base", "average.accuracy").reason.empty());
  EXPECT_TRUE(cell(table(report, "3"), "AT", "average.accuracy").value);
  EXPECT_FALSE(cell(table(report, "3"), "AT", "average.accuracy").change);
}

TEST_F(SweepReportTest, SentencesByTheTruth) {
  testing::write_text(folder_ / "s.jsonl",
                      R"({"image":"a","sentences":[{"label":"correct"},{"label":"wrong"}]}
{"image":"b","sentences":[{"label":"wrong"},{"label":"unjudged"},{"label":"correct"}]}
{"image":"c","sentences":[]}
)");
  input_.runs.clear();
  add(0, 0, "sentences", (folder_ / "s.jsonl").string());
  const SweepReport report = gather_sweep(input_);
  const SweepTable& captions = table(report, "captions");
  EXPECT_DOUBLE_EQ(*cell(captions, "base", "wrong_share").value, 0.5);
  EXPECT_NEAR(*cell(captions, "base", "sentences").value, 5.0 / 3, 1e-12);
  EXPECT_EQ(cell(captions, "AT", "wrong_share").reason, "not evaluated");
}

// A file of judge-check with two annotators.
std::string check_file(double auroc) {
  const auto block = [&](double value) {
    return Json{{"judged", 40},
                {"share_wrong", 0.5},
                {"auroc", value},
                {"classes",
                 {{"wrong",
                   {{"precision", 0.75},
                    {"recall", nullptr},
                    {"reason", {{"recall", "there is no such sentence"}}},
                    {"ci95", {{"precision", {0.6, 0.85}}, {"recall", nullptr}}}}}}},
                {"calibration", {{"ece", 0.1}, {"ci95", {{"ece", {0.05, 0.2}}}}}},
                {"ci95", {{"auroc", {value - 0.1, value + 0.1}}}}};
  };
  return dump_json({{"all", block(auroc)},
                    {"annotators", {{"ann", block(auroc)}, {"<bob>", block(auroc - 0.2)}}}});
}

TEST_F(SweepReportTest, RewardModelsHaveATableOfTheirOwn) {
  const auto file = [&](const char* name, const std::string& text) {
    testing::write_text(folder_ / name, text);
    return (folder_ / name).string();
  };
  input_.runs.clear();
  input_.checks = {{"fine-grained", "people", 0, file("a.json", check_file(0.8)), ""},
                   {"fine-grained", "people", 1, file("b.json", check_file(0.7)), ""},
                   {"fine-grained", "people", 2, file("c.json", check_file(0.9)), ""},
                   {"holistic", "truth", 0, file("d.json", "{"), ""},
                   {"holistic", "truth", 1, "", "not started: 'sft' failed"}};
  const SweepReport report = gather_sweep(input_);
  const SweepTable& models = table(report, "reward-models");
  ASSERT_EQ(models.rows.size(), 4u);
  EXPECT_EQ(models.rows[1].name, "fine-grained, by <bob>");
  const SweepCell& auroc = cell(models, "fine-grained, by people", "auroc");
  EXPECT_NEAR(*auroc.value, 0.8, 1e-12);
  EXPECT_EQ(auroc.by_seed.size(), 3u);
  // t(2) = 4.303, standard deviation 0.1: 0.8 +- 0.248, and no AUROC is above 1.
  EXPECT_NEAR(auroc.interval->low, 0.8 - 4.3027 * 0.1 / std::sqrt(3.0), 1e-4);
  EXPECT_EQ(auroc.interval->high, 1);
  EXPECT_EQ(cell(models, "fine-grained, by people", "recall").reason,
            "seed 0: there is no such sentence");
  EXPECT_FALSE(cell(models, "holistic, by the scenes' truth", "auroc").value);
  EXPECT_THAT(sweep_markdown(report), HasSubstr("## Reward models on sentences"));
  EXPECT_THAT(sweep_html(report), Not(HasSubstr("<bob>")));
  EXPECT_EQ(sweep_json(report)["tables"][0]["rows"][0]["cells"][1]["value"], 0.75);

  input_.checks.resize(1);
  const SweepReport one = gather_sweep(input_);
  EXPECT_DOUBLE_EQ(
      cell(table(one, "reward-models"), "fine-grained, by people", "ece").interval->high, 0.2)
      << "of one seed the interval is the file's";
}

TEST_F(SweepReportTest, TheReportIsWrittenInThreeFormatsAndIsSafe) {
  input_.variants[1].name = "<b>AT</b>";
  const SweepReport report = gather_sweep(input_);
  DiskFileSystem files;
  EXPECT_EQ(write_sweep_report(files, report, folder_ / "out").size(), 3u);
  const std::string html = read_file(folder_ / "out/report.html");
  EXPECT_THAT(html, Not(HasSubstr("<b>AT")));
  EXPECT_THAT(html, Not(HasSubstr("A <sweep>")));
  EXPECT_EQ(read_json_file(folder_ / "out/report.json")["title"], "A <sweep>");
  EXPECT_THAT(sweep_text(report), HasSubstr("Table 3: POPE"));
}

TEST_F(SweepReportTest, NothingEvaluatedIsNoTable) {
  input_.runs.clear();
  EXPECT_TRUE(gather_sweep(input_).tables.empty());
  EXPECT_EQ(sweep_text(gather_sweep(input_)), "");
}

}  // namespace
}  // namespace vigor::reports
