#include "reports/pope_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "reports/page.h"
#include "reports/pope_formats.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::reports {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

// A small run whose answers, names and questions try to be markup.
fs::path example() {
  return vigor::testing::source_dir() / "tests/reports/data/pope-run";
}

Json example_metrics() {
  return read_json_file(example() / "metrics.json");
}

std::string html_of(const std::vector<fs::path>& runs, ReportOptions options = {}) {
  vigor::testing::TemporaryFolder out;
  options.out_dir = out / "report";
  write_pope_report(runs, options);
  return read_file(out / "report/report.html");
}

std::string between(const std::string& text, const std::string& open, const std::string& close) {
  const size_t start = text.find(open);
  EXPECT_NE(start, std::string::npos) << open;
  return text.substr(start + open.size(), text.find(close, start) - start - open.size());
}

Json data_of(const std::string& html) {
  return Json::parse(between(html, "<script type=\"application/json\" id=\"data\">", "</script>"));
}

// A copy of the example with other metrics.
void copy_run(const vigor::testing::TemporaryFolder& folder, const std::string& name,
              const Json& metrics) {
  folder.write(name + "/run.json", read_file(example() / "run.json"));
  folder.write(name + "/samples.jsonl", read_file(example() / "samples.jsonl"));
  folder.write(name + "/metrics.json", dump_json(metrics, 1));
}

TEST(PopeReport, MarkdownIsTheCommittedOne) {
  vigor::testing::TemporaryFolder out;
  const std::vector<fs::path> runs = {example()};
  write_pope_report(runs, {.out_dir = out.path()});
  // Written anew with: write_report tests/reports/data tests/reports/data/pope-run
  EXPECT_EQ(read_file(out / "report.md"), read_file(example() / "expected.md"));
}

TEST(PopeReport, HtmlHoldsNoMarkupFromOutside) {
  std::string html = html_of({example()});
  const std::string data =
      between(html, "<script type=\"application/json\" id=\"data\">", "</script>");
  EXPECT_THAT(data, Not(HasSubstr("<")));
  html.erase(html.find(data), data.size());
  for (const char* hostile :
       {"<img id=", "<script id=", "<b id=", "<svg onload", "onerror=alert", "</title><script"}) {
    EXPECT_THAT(html, Not(HasSubstr(hostile)));
  }
  EXPECT_THAT(html, Not(HasSubstr("\xE2\x80\xAE"))) << "a direction override outside of the data";
}

TEST(PopeReport, PolicyHashesAreOfTheEmbeddedTexts) {
  const std::string html = html_of({example()});
  EXPECT_THAT(html,
              HasSubstr("style-src '" + csp_hash(between(html, "<style>", "</style>")) + "'"));
  EXPECT_THAT(html,
              HasSubstr("script-src '" + csp_hash(between(html, "<script>", "</script>")) + "'"));
  EXPECT_THAT(html, Not(HasSubstr(" style=")));
  EXPECT_THAT(html, Not(HasSubstr("http:")));
  EXPECT_THAT(html, Not(HasSubstr("https:")));
}

TEST(PopeReport, DataHoldsEveryAnswerAsItWasGiven) {
  const Json data = data_of(html_of({example()}));
  std::vector<Json> samples;
  for_each_jsonl(read_file(example() / "samples.jsonl"), "samples.jsonl",
                 [&](size_t, Json&& row) { samples.push_back(row); });
  ASSERT_THAT(data["rows"], SizeIs(samples.size()));
  for (size_t i = 0; i < samples.size(); ++i) {
    const Json& row = data["rows"][i];
    EXPECT_EQ(row[7], samples[i]["answer"]);
    EXPECT_EQ(data["images"][row[3].get<size_t>()], samples[i]["image"]);
    EXPECT_EQ(row[9], samples[i]["correct"]);
    EXPECT_EQ(row[10], samples[i]["margin"]);
  }
}

TEST(PopeReport, EachPictureIsEmbeddedOnce) {
  const Json data = data_of(html_of({example(), example()}));
  EXPECT_THAT(data["thumbnails"], SizeIs(2));
  for (const auto& [position, jpeg] : data["thumbnails"].items()) {
    EXPECT_THAT(jpeg.get<std::string>(), ::testing::StartsWith("/9j/"));
  }
}

TEST(PopeReport, PictureBudgetIsKeptAndSaid) {
  const std::string html = html_of({example()}, {.thumbnail_bytes = 0});
  EXPECT_THAT(data_of(html)["thumbnails"], SizeIs(0));
  EXPECT_THAT(html, HasSubstr("0 of 4 pictures are embedded (0.0 MB); 2 are left out"));
}

TEST(PopeReport, PictureOutsideOfTheFolderIsNotOpened) {
  vigor::testing::TemporaryFolder folder;
  copy_run(folder, "run", example_metrics());
  fs::create_directories(folder / "run/images");
  fs::copy_file(example() / "images/scene_0000.jpg", folder / "run/secret.jpg");
  fs::create_symlink(folder / "run/secret.jpg", folder / "run/images/link.jpg");
  std::string rows;
  for (const std::string& name : {std::string("../secret.jpg"),
                                  (folder / "run/secret.jpg").string(), std::string("link.jpg")}) {
    rows += dump_json({{"split", "random"},
                       {"question_id", 1},
                       {"image", name},
                       {"question", "q"},
                       {"label", "yes"},
                       {"status", "failed"}}) +
            "\n";
  }
  folder.write("run/samples.jsonl", rows);
  const Json data = data_of(html_of({folder / "run"}));
  EXPECT_THAT(data["rows"], SizeIs(3));
  EXPECT_THAT(data["thumbnails"], SizeIs(0));
}

TEST(PopeReport, AnswersMadeElsewhereAreNamedByTheRun) {
  vigor::testing::TemporaryFolder folder;
  copy_run(folder, "llava-greedy", example_metrics());
  folder.write("llava-greedy/run.json",
               R"({"model": {"kind": "answers", "name": "coco_pope_random"}})");
  const std::string html = html_of({folder / "llava-greedy"});
  EXPECT_THAT(html, HasSubstr("<title>POPE: llava-greedy</title>"));
  EXPECT_THAT(html, HasSubstr("No pictures: the run names no folder of pictures that is here."));
}

TEST(PopeReport, LongAnswersAreCutAtACharacter) {
  vigor::testing::TemporaryFolder folder;
  copy_run(folder, "run", example_metrics());
  std::string answer;
  for (int i = 0; i < 1000; ++i) answer += "\xC3\xA9";
  folder.write("run/samples.jsonl", dump_json({{"split", "random"},
                                               {"image", "a.jpg"},
                                               {"question", "q"},
                                               {"label", "yes"},
                                               {"status", "unparsed"},
                                               {"answer", answer}}) +
                                        "\n");
  const Json data = data_of(html_of({folder / "run"}, {.answer_bytes = 101}));
  EXPECT_THAT(data["rows"][0][7].get<std::string>(),
              AllOf(::testing::StartsWith(answer.substr(0, 100) + "\xE2\x80\xA6"),
                    HasSubstr("[1900 more bytes in samples.jsonl]")));
}

TEST(PopeReport, WithheldScoreIsAReasonAndNoNumber) {
  vigor::testing::TemporaryFolder folder;
  Json metrics = example_metrics();
  for (auto& [name, block] : metrics["splits"].items()) {
    for (const char* key : {"accuracy", "precision", "recall", "f1", "yes_ratio"})
      block[key] = nullptr;
    block.erase("ci95");
    block["reason"] = "1 answer failed";
  }
  metrics["average"] = {{"accuracy", nullptr}, {"reason", "1 answer failed"}};
  copy_run(folder, "run", metrics);
  const std::string html = html_of({folder / "run"});
  EXPECT_THAT(html, HasSubstr("<h1>No score for this run</h1>"));
  EXPECT_THAT(html, HasSubstr("1 answer failed"));
  EXPECT_THAT(pope_table_text(metrics), HasSubstr("not computed: random: 1 answer failed\n"));
}

// A run of one split with these counts.
PopeRun counted(int64_t tp, int64_t fp, int64_t tn, int64_t fn, int64_t unparsed = 0) {
  const auto share = [](int64_t part, int64_t whole) {
    return whole == 0 ? Json() : Json(static_cast<double>(part) / static_cast<double>(whole));
  };
  const int64_t all = tp + fp + tn + fn;
  const Json block = {{"tp", tp},
                      {"fp", fp},
                      {"tn", tn},
                      {"fn", fn},
                      {"questions", all + unparsed},
                      {"unparsed", unparsed},
                      {"accuracy", share(tp + tn, all)},
                      {"yes_ratio", share(tp + fp, all)},
                      {"reason", all == 0 ? "no answers" : ""}};
  PopeRun run;
  run.name = "m";
  run.metrics = {{"splits", {{"random", block}}}, {"average", block}};
  run.splits = {"random"};
  return run;
}

void expect_headline(const std::vector<PopeRun>& runs, const char* title, const char* lead) {
  const Headline headline = pope_headline(runs);
  EXPECT_EQ(headline.title, title);
  EXPECT_EQ(headline.lead, lead);
}

TEST(PopeHeadline, SaysWhatTheCountsSay) {
  expect_headline({counted(900, 300, 700, 100)},
                  "30 of 100 objects that are not in the picture are reported as seen",
                  "Right on 80.0 % of the questions (2,000 in 1 split). It says \"yes\" too often: "
                  "60.0 % of the time, where 50.0 % would be right.");
  expect_headline({counted(700, 100, 900, 300)},
                  "10 of 100 objects that are not in the picture are reported as seen",
                  "Right on 80.0 % of the questions (2,000 in 1 split). It says \"no\" too often: "
                  "60.0 % of the time, where 50.0 % would be right.");
  expect_headline(
      {counted(900, 100, 900, 100, 40)},
      "10 of 100 objects that are not in the picture are reported as seen",
      "Right on 90.0 % of the questions (2,000 that were read, of 2,040 in 1 split). Its "
      "share of \"yes\" answers is about right.");
}

TEST(PopeHeadline, RoundingMakesNoFewIntoNone) {
  const auto title = [](int64_t fp, int64_t tn) {
    return pope_headline({counted(500, fp, tn, 500)}).title;
  };
  const std::string rest = " of 100 objects that are not in the picture are reported as seen";
  EXPECT_EQ(title(0, 1000), "None" + rest);
  EXPECT_EQ(title(1, 999), "Fewer than 1" + rest);
  EXPECT_EQ(title(999, 1), "More than 99" + rest);
  EXPECT_EQ(title(1000, 0), "100" + rest);
}

TEST(PopeHeadline, WithoutAScoreThereIsAReason) {
  expect_headline({counted(0, 0, 0, 0)}, "No score for this run", "The reason: no answers.");
}

TEST(PopeHeadline, OfSeveralRunsItSaysEachOne) {
  expect_headline({counted(900, 300, 700, 100), counted(900, 100, 900, 100)},
                  "Right on 80.0 % (A) and 90.0 % (B) of the questions",
                  "A: 80.0 % right, 30.0 % of absent objects reported; B: 90.0 % right, 10.0 % of "
                  "absent objects reported.");
  expect_headline(
      {counted(900, 300, 700, 100), counted(0, 0, 0, 0), counted(900, 100, 900, 100)},
      "3 runs, right on 80.0 % to 90.0 % of the questions",
      "A: 80.0 % right, 30.0 % of absent objects reported; B: no score; C: 90.0 % right, "
      "10.0 % of absent objects reported.");
}

TEST(PopeReport, RunsThatCannotBeComparedSaySo) {
  vigor::testing::TemporaryFolder folder;
  Json metrics = example_metrics();
  metrics["dialect"] = "lmms";
  copy_run(folder, "other", metrics);
  EXPECT_THAT(
      html_of({example(), folder / "other"}),
      HasSubstr("Not comparable, settings differ \xE2\x80\x93 <bdi>dialect: official, lmms</bdi>"));
}

TEST(PopeReport, UnfinishedRunIsOneClearError) {
  vigor::testing::TemporaryFolder folder;
  folder.write("run/samples.jsonl", "");
  const std::vector<fs::path> runs = {folder / "run"};
  try {
    write_pope_report(runs, {.out_dir = folder / "out"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("not a finished run: metrics.json is not there"));
  }
  EXPECT_FALSE(fs::exists(folder / "out"));
}

TEST(PopeReport, BrokenSampleIsNamedByFileAndLine) {
  vigor::testing::TemporaryFolder folder;
  copy_run(folder, "run", example_metrics());
  folder.write("run/samples.jsonl",
               read_file(example() / "samples.jsonl") + "{\"split\":\"random\"}\n");
  const std::vector<fs::path> runs = {folder / "run"};
  try {
    write_pope_report(runs, {.out_dir = folder / "out"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("samples.jsonl:25"), HasSubstr("image")));
  }
}

TEST(PopeTable, IsAlignedAndSafeForATerminal) {
  Json metrics = {{"benchmark", "pope"},
                  {"splits",
                   {{"random",
                     {{"accuracy", 0.9},
                      {"precision", 1.0},
                      {"recall", 0.8},
                      {"f1", 0.888888},
                      {"yes_ratio", 0.4},
                      {"ci95", {{"accuracy", {0.85, 0.95}}}}}}}},
                  {"counts", {{"scored", 10}, {"unparsed", 0}, {"failed", 0}, {"unjudged", 0}}},
                  {"warnings", {"\x1b[2Jgone"}}};
  EXPECT_EQ(pope_table_text(metrics),
            "split            accuracy    precision       recall           F1    yes ratio\n"
            "random            90.00 %     100.00 %      80.00 %      88.89 %      40.00 %\n"
            "  95 %         85.0..95.0                                                    \n"
            "scored 10, unparsed 0, failed 0, unjudged 0\n"
            "warning: \\x1b[2Jgone\n");
}

}  // namespace
}  // namespace vigor::reports
