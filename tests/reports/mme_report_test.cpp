#include "reports/mme_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "reports/mme_run.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::reports {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// One task, one wrong answer whose text would like to be markup.
class MmeReport : public ::testing::Test {
 protected:
  MmeReport() {
    metrics_ = {{"benchmark", "mme"},
                {"dialect", "official"},
                {"complete", true},
                {"tasks",
                 {{"count",
                   {{"group", "perception"},
                    {"questions", 2},
                    {"images", 1},
                    {"acc", 0.5},
                    {"acc_plus", 0.0},
                    {"score", 50.0},
                    {"other", 0},
                    {"tp", 1},
                    {"fn", 0},
                    {"tn", 0},
                    {"fp", 1},
                    {"yes_ratio", 1.0},
                    {"failed", 0},
                    {"ci95", {{"acc", {0.25, 0.75}}, {"score", {20.5, 90.25}}}}}}}},
                {"task_order", {"count"}},
                {"perception", nullptr},
                {"cognition", nullptr},
                {"reason", "perception: no questions of existence"},
                {"all_tasks", {{"tasks", 1}, {"score", 50.0}, {"maximum", 200.0}}},
                {"counts", {{"scored", 2}, {"unparsed", 0}, {"failed", 0}, {"unjudged", 0}}},
                {"warnings", {"<b>warned</b>"}}};
    write();
    folder_.write("run.json",
                  R"({"model": {"name": "a <model>"}, "settings": {"dialect": "official"}})");
    std::string samples;
    for (const int question : {1, 2}) {
      samples += dump_json({{"key", "count/1/" + std::to_string(question)},
                            {"task", "count"},
                            {"pair", 1},
                            {"image", "count/1.jpg"},
                            {"question", "Is it <i>two</i>?"},
                            {"label", question == 1 ? "yes" : "no"},
                            {"status", "scored"},
                            {"answer", "Yes </script><script>alert(1)</script> | `x` @someone"},
                            {"decision", "yes"},
                            {"correct", question == 1},
                            {"margin", 1.5},
                            {"finish", "stop"},
                            {"error", nullptr}}) +
                 "\n";
    }
    folder_.write("samples.jsonl", samples);
  }
  void write() { folder_.write("metrics.json", dump_json(metrics_)); }
  void report() { write_mme_report(disk_, folder_.path(), {.out_dir = folder_.path()}); }
  std::string html() { return read_file(folder_ / "report.html"); }
  std::string markdown() { return read_file(folder_ / "report.md"); }

  testing::TemporaryFolder folder_;
  DiskFileSystem disk_;
  Json metrics_;
};

TEST_F(MmeReport, SaysTheScoreInOneSentence) {
  report();
  EXPECT_THAT(html(), HasSubstr("<h1>50.0 of 200 points in 1 task</h1>"));
  EXPECT_THAT(markdown(), HasSubstr("### MME: 50.0 of 200 points in 1 task"));
  EXPECT_THAT(markdown(), HasSubstr("| `count` | 50.00 <sub>20.5 to 90.2</sub> | 50.00 % "
                                    "<sub>25.0 to 75.0 %</sub> | 0.00 % | 1 | 0 |"));
  metrics_["perception"] = 1531.25;
  metrics_["cognition"] = 295.5;
  write();
  report();
  EXPECT_THAT(html(), HasSubstr("<h1>Perception 1531.2 of 2000, cognition 295.5 of 800</h1>"));
}

TEST_F(MmeReport, NothingFromOutsideIsMarkup) {
  report();
  EXPECT_THAT(html(), Not(HasSubstr("<script>alert")));
  EXPECT_THAT(html(), Not(HasSubstr("<b>warned")));
  EXPECT_THAT(html(), Not(HasSubstr("<i>two")));
  EXPECT_THAT(html(), HasSubstr("a &lt;model&gt;"));
  EXPECT_THAT(markdown(), HasSubstr("said ``Yes </script>"));
}

TEST_F(MmeReport, AWithheldScoreIsSaidWithItsReason) {
  metrics_["tasks"]["count"]["score"] = nullptr;
  metrics_["all_tasks"]["score"] = nullptr;
  metrics_["all_tasks"]["reason"] = "1 of 2 samples failed";
  write();
  report();
  EXPECT_THAT(html(), HasSubstr("<h1>No score for this run</h1>"));
  EXPECT_THAT(html(), HasSubstr("1 of 2 samples failed"));
}

TEST_F(MmeReport, AnotherRunIsRefusedAndTheOldReportStays) {
  report();
  const std::string before = html();
  metrics_["benchmark"] = "pope";
  write();
  EXPECT_THROW(report(), Error);
  metrics_ = {{"benchmark", "mme"}, {"tasks", {1, 2}}};
  write();
  EXPECT_THROW(report(), Error);
  EXPECT_EQ(html(), before);
}

TEST_F(MmeReport, PicturesAreFoundInEitherLayout) {
  folder_.write("data/count/images/1.png", "x");
  folder_.write("run.json", dump_json({{"settings", {{"images", (folder_ / "data").string()}}}}));
  EXPECT_EQ(read_mme_run(folder_.path()).samples[0].image, "count/images/1.png");
  folder_.write("data/count/1.jpg", "x");
  EXPECT_EQ(read_mme_run(folder_.path()).samples[0].image, "count/1.jpg");
}

TEST_F(MmeReport, TheTerminalTableHasTasksSumsAndNotes) {
  const std::string table = mme_table_text(metrics_);
  EXPECT_THAT(table, HasSubstr("count                      50.00        20.5..90.2   50.00 %"));
  EXPECT_THAT(table, HasSubstr("1 task                     50.00                    of 200\n"));
  EXPECT_THAT(table, HasSubstr("note: Not computed: perception: no questions of existence\n"));
  EXPECT_THAT(table, HasSubstr("dialect official; scored 2, unparsed 0"));
}

}  // namespace
}  // namespace vigor::reports
