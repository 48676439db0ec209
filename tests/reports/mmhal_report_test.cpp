#include "reports/mmhal_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::reports {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Two judged answers, one unjudged, with text from outside that would like to be markup.
class MmhalReport : public ::testing::Test {
 protected:
  MmhalReport() {
    const Json figures = {{"average", 3.5},
                          {"hallucination_rate", 0.5},
                          {"informativeness", 0.25},
                          {"scored", 2},
                          {"failed", 0},
                          {"unjudged", 1},
                          {"ci95", {{"average", {1.25, 5.5}}, {"hallucination_rate", {0.1, 0.9}}}}};
    metrics_ = figures;
    metrics_.update({{"benchmark", "mmhal"},
                     {"dialect", "strict"},
                     {"complete", false},
                     {"counts", {{"scored", 2}, {"failed", 0}, {"unjudged", 1}, {"unparsed", 0}}},
                     {"unjudged_reasons", {{"the judge refused", 1}}},
                     {"type_order", {"attribute"}},
                     {"type_figures", {{"attribute", figures}}},
                     {"histogram", {{"1", 1}, {"6", 1}}},
                     {"dialect_differences", {{"replies", 3}, {"differ", 1}}},
                     {"judge", {{"model", "judge-1"}}},
                     {"template", {{"name", "vigor-mmhal-1"}, {"sha256", "00"}}},
                     {"warnings", {"3 records: the published benchmark has 96"}}});
    samples_ = row(0, 6, "Fine.") + row(1, 1, "<script>alert(1)</script> | `x` @someone") +
               dump_json({{"key", "2"},
                          {"record", 2},
                          {"status", "unjudged"},
                          {"rating", nullptr},
                          {"reply", "I'm sorry"},
                          {"reason", "the judge refused"}}) +
               "\n";
    write();
  }
  static std::string row(int record, int rating, const std::string& answer) {
    return dump_json({{"key", std::to_string(record)},
                      {"record", record},
                      {"status", "scored"},
                      {"rating", rating},
                      {"hallucination", rating < 3},
                      {"type", "attribute"},
                      {"question", "What is <b>it</b>?"},
                      {"standard_answer", "A cat."},
                      {"answer", answer},
                      {"reply", "Rating: " + std::to_string(rating)}}) +
           "\n";
  }
  void write() {
    folder_.write("metrics.json", dump_json(metrics_));
    folder_.write("run.json",
                  R"({"model": {"name": "answers"}, "settings": {"dialect": "strict"}})");
    folder_.write("samples.jsonl", samples_);
  }
  void report() { write_mmhal_report(disk_, folder_.path(), folder_.path()); }

  testing::TemporaryFolder folder_;
  DiskFileSystem disk_;
  Json metrics_;
  std::string samples_;
};

TEST_F(MmhalReport, ThePageHasTheFiguresAndEveryAnswer) {
  report();
  const std::string html = read_file(folder_ / "report.html");
  for (const char* part :
       {"50 of 100 answers hallucinate", "Mean rating 3.50 of 6 over 2 judged answers", "judge-1",
        "vigor-mmhal-1", "1.25 to 5.50", "unjudged: 1 x the judge refused",
        "strict and official read 1 of 3 replies differently", "rated 6, no hallucination",
        "rated 1, hallucination", "record 2"}) {
    EXPECT_THAT(html, HasSubstr(part));
  }
  EXPECT_LT(html.find("record 2"), html.find("rated 1,"));
  EXPECT_LT(html.find("rated 1,"), html.find("rated 6,"));
}

TEST_F(MmhalReport, TextFromOutsideIsNeverMarkup) {
  report();
  const std::string html = read_file(folder_ / "report.html");
  EXPECT_THAT(html, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(html, Not(HasSubstr("<b>it</b>")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(1)"));
  EXPECT_THAT(html, Not(HasSubstr("style=\"")));
  const std::string markdown = read_file(folder_ / "report.md");
  EXPECT_THAT(markdown, HasSubstr("``<script>alert(1)</script> \xC2\xA6 `x` @someone``"));
  EXPECT_THAT(markdown, HasSubstr("rating 3.50 of 6, 50 of 100 answers hallucinate"));
}

TEST_F(MmhalReport, WithheldScoresSayWhy) {
  for (const char* key : {"average", "hallucination_rate", "informativeness"}) {
    metrics_[key] = nullptr;
    metrics_["type_figures"]["attribute"][key] = nullptr;
  }
  metrics_["ci95"] = Json::object();
  metrics_["reason"] = "the judge gave no reply to 1";
  write();
  report();
  EXPECT_THAT(read_file(folder_ / "report.html"), HasSubstr("No score for this run"));
  EXPECT_THAT(read_file(folder_ / "report.html"), HasSubstr("the judge gave no reply to 1"));
  EXPECT_THAT(read_file(folder_ / "report.md"), HasSubstr("no score for this run"));
  EXPECT_THAT(mmhal_table_text(metrics_), HasSubstr("not computed: the judge gave no reply to 1"));
}

TEST_F(MmhalReport, AnotherBenchmarksRunIsRefusedAndTheOlderReportStays) {
  report();
  const std::string before = read_file(folder_ / "report.html");
  metrics_["benchmark"] = "pope";
  write();
  EXPECT_THROW(report(), Error);
  EXPECT_EQ(read_file(folder_ / "report.html"), before);
}

TEST_F(MmhalReport, TheTableHasOneLineAType) {
  const std::string table = mmhal_table_text(metrics_);
  EXPECT_THAT(table,
              HasSubstr("attribute         3.50            50.0 %            25.0 %       2"));
  EXPECT_THAT(table, HasSubstr("1.25..5.50"));
  EXPECT_THAT(table, HasSubstr("note: 3 records: the published benchmark has 96"));
}

}  // namespace
}  // namespace vigor::reports
