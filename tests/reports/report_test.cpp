// The report of several runs, on run folders that synthetic_runs.h makes up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/files.h"
#include "reports/pope_run.h"
#include "reports/report_formats.h"
#include "tests/reports/report_runs.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::reports {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using vigor::testing::make_mme_run;
using vigor::testing::make_pope_run;
using vigor::testing::ReportRun;
using vigor::testing::TemporaryFolder;

Report report_of(const std::vector<fs::path>& runs, bool force = false) {
  std::vector<RunView> views;
  for (const fs::path& run : runs) {
    for (RunView& view : open_runs(run)) views.push_back(std::move(view));
  }
  CompareOptions options;
  options.force = force;
  return gather_report(std::move(views), options);
}

// Two checkpoints on two benchmarks; the second is worse.
struct TwoByTwo {
  TemporaryFolder folder;
  std::vector<fs::path> runs;
  TwoByTwo() {
    const ReportRun base{.name = "base", .seed = 1, .images = 30};
    const ReportRun tuned{.name = "tuned", .drop = 0.2, .seed = 2, .images = 30};
    make_pope_run(folder / "pope-base", base);
    make_pope_run(folder / "pope-tuned", tuned);
    make_mme_run(folder / "mme-base", base);
    make_mme_run(folder / "mme-tuned", tuned);
    for (const char* name : {"pope-base", "pope-tuned", "mme-base", "mme-tuned"}) {
      runs.push_back(folder / name);
    }
  }
};

TEST(Report, ACheckpointKeepsItsLetterOverBenchmarks) {
  const TwoByTwo made;
  const Report report = report_of(made.runs);
  ASSERT_EQ(report.subjects.size(), 2u);
  EXPECT_EQ(report.subjects[1].letter, "B");
  EXPECT_EQ(report.subjects[1].name, "tuned");
  ASSERT_EQ(report.sections.size(), 2u);
  EXPECT_EQ(report.sections[0].title, "POPE");
  EXPECT_EQ(report.sections[1].title, "MME");
  for (const ReportSection& section : report.sections) {
    ASSERT_EQ(section.columns.size(), 2u);
    EXPECT_EQ(section.columns[1].subject, 1u);
    EXPECT_FALSE(section.columns[0].comparison);
    EXPECT_TRUE(section.columns[1].comparison);
  }
}

TEST(Report, SaysWhoIsWorseAndByHowMuch) {
  const TwoByTwo made;
  const ReportHeadline headline = report_headline(report_of(made.runs));
  EXPECT_EQ(headline.title, "B is worse than A");
  EXPECT_THAT(headline.lead, HasSubstr("B is worse: "));
}

TEST(Report, TheSameAnswersShowNoDifference) {
  TemporaryFolder folder;
  make_pope_run(folder / "one", {.name = "one"});
  make_pope_run(folder / "two", {.name = "two"});
  const Report report = report_of({folder / "one", folder / "two"});
  EXPECT_EQ(report_headline(report).title, "No difference between A and B is shown");
  EXPECT_THAT(report_html(report, {}), Not(HasSubstr("class=\"worse\"")));
}

TEST(Report, RunsOfOneNameAreToldApartByTheirFolders) {
  TemporaryFolder folder;
  make_pope_run(folder / "greedy", {.name = "llava"});
  make_pope_run(folder / "sampled", {.name = "llava", .seed = 2});
  const Report report = report_of({folder / "greedy", folder / "sampled"});
  ASSERT_EQ(report.subjects.size(), 2u);
  EXPECT_EQ(report.subjects[0].name, "llava (greedy)");
  EXPECT_EQ(report.subjects[1].name, "llava (sampled)");
}

TEST(Report, NothingIsComparedAcrossDialects) {
  TemporaryFolder folder;
  make_pope_run(folder / "one", {.name = "one"});
  make_pope_run(folder / "two", {.name = "two", .drop = 0.3, .seed = 2, .dialect = "strict"});
  const Report apart = report_of({folder / "one", folder / "two"});
  EXPECT_FALSE(apart.sections[0].columns[1].comparison);
  EXPECT_EQ(report_headline(apart).title, "A and B side by side");
  EXPECT_THAT(report_notes(apart),
              ::testing::Contains(HasSubstr("not compared, settings differ: dialect")));
  EXPECT_THAT(report_html(apart, {}), HasSubstr("not compared"));

  const Report forced = report_of({folder / "one", folder / "two"}, true);
  EXPECT_TRUE(forced.sections[0].columns[1].comparison);
  EXPECT_THAT(report_notes(forced).front(), HasSubstr("Forced"));
}

TEST(Report, OneRunNeedsNoBase) {
  TemporaryFolder folder;
  make_pope_run(folder / "one", {.name = "one"});
  const Report report = report_of({folder / "one"});
  EXPECT_THAT(report_headline(report).title, HasSubstr("POPE Accuracy"));
  const std::string html = report_html(report, {});
  EXPECT_THAT(html, Not(HasSubstr("data-filter=\"regressed\"")));
  EXPECT_THAT(html, Not(HasSubstr("Differences to")));
}

TEST(Report, FailedSamplesAreSaidBesideTheFigures) {
  TemporaryFolder folder;
  make_pope_run(folder / "one", {.name = "one", .failed = 3});
  const Report report = report_of({folder / "one"});
  EXPECT_THAT(report_notes(report), ::testing::Contains(HasSubstr("3 failed")));
}

TEST(Report, MeasuredRowsStandBelowThePublishedOnes) {
  const TwoByTwo made;
  const Report report = report_of(made.runs);
  const std::vector<PaperTable> pope = paper_tables(report, report.sections[0]);
  ASSERT_EQ(pope.size(), 1u);
  EXPECT_EQ(pope[0].id, "3");
  ASSERT_EQ(pope[0].rows.size(), 10u);
  EXPECT_FALSE(pope[0].rows[7].measured);
  EXPECT_EQ(pope[0].rows[7].method, "ViGoR");
  EXPECT_THAT(pope[0].rows[7].cells,
              ElementsAre("85.1", "89.0", "81.5", "83.0", "75.5", "73.8", "83.8"));
  EXPECT_EQ(pope[0].rows[1].cells[5], "62.45");
  EXPECT_TRUE(pope[0].rows[8].measured);
  const RunMetric* f1 = report.views[0].metric("average.f1");
  ASSERT_NE(f1, nullptr);
  EXPECT_EQ(pope[0].rows[8].cells[6] + " %", percent(f1->value));
  EXPECT_THAT(pope[0].notes, ElementsAre("Published rows: 500 COCO images.",
                                         HasSubstr("A, B; other question files")));

  const std::vector<PaperTable> mme = paper_tables(report, report.sections[1]);
  ASSERT_EQ(mme.size(), 2u);
  EXPECT_EQ(mme[0].rows.back().cells.size(), 11u);
  EXPECT_NE(mme[0].rows.back().cells[0], "-");
}

TEST(Report, PicturesAreSharedAndBounded) {
  TemporaryFolder folder;
  vigor::testing::make_pictures(folder / "pictures", 6, 320, 240);
  for (const char* name : {"one", "two"}) {
    make_pope_run(folder / name, {.name = name, .images = 6, .pictures = folder / "pictures"});
  }
  const Report report = report_of({folder / "one", folder / "two"});
  const RunsTable all = runs_table(report, {});
  EXPECT_EQ(all.pictures.size(), 6u);
  EXPECT_EQ(all.data["images"].size(), 6u);
  size_t bytes = 0;
  for (const auto& [position, text] : all.pictures.items()) bytes += text.get<std::string>().size();
  const RunsTable few = runs_table(report, {.thumbnail_bytes = bytes / 3});
  EXPECT_GT(few.pictures.size(), 0u);
  EXPECT_LT(few.pictures.size(), 6u);
  EXPECT_THAT(few.markup, HasSubstr("left out to keep the file small"));
  EXPECT_EQ(runs_table(report, {.thumbnail_bytes = 0}).pictures.size(), 0u);
}

TEST(Report, RowsLineUpOverRunsThatHaveDifferentSamples) {
  TemporaryFolder folder;
  make_pope_run(folder / "one", {.name = "one", .images = 3});
  make_pope_run(folder / "two", {.name = "two", .images = 5});
  const RunsTable table = runs_table(report_of({folder / "one", folder / "two"}), {});
  const Json& section = table.data["sections"][0];
  EXPECT_EQ(section["id"].size(), 5u * 18);
  const std::string state = section["answers"][0]["state"];
  EXPECT_EQ(std::count(state.begin(), state.end(), '-'), 2 * 18);
  EXPECT_EQ(section["answers"][1]["state"].get<std::string>().find('-'), std::string::npos);
}

TEST(Report, SpreadsheetsGetNoFormula) {
  TemporaryFolder folder;
  make_pope_run(folder / "one", {.name = "=HYPERLINK(\"http://evil.example\",\"x\")"});
  EXPECT_THAT(report_csv(report_of({folder / "one"})),
              HasSubstr(",\"'=HYPERLINK(\"\"http://evil.example\"\",\"\"x\"\")\","));
}

TEST(Report, LatexAndXmlAreEscaped) {
  TemporaryFolder folder;
  make_pope_run(folder / "one", {.name = "\\input{x} 5% & <a> \"b\""});
  const Report report = report_of({folder / "one"});
  EXPECT_THAT(report_latex(report),
              HasSubstr("\\textbackslash{}input\\{x\\} 5\\% \\& \\textless{}a"));
  EXPECT_THAT(report_junit(report), HasSubstr("\\input{x} 5% &amp; &lt;a&gt; &quot;b&quot;"));
}

// Each row ends in "\\\\", which takes a "*" or "[...]" after it for its own.
TEST(Report, LatexOfHostileNamesStaysBalancedAndRowsStayRows) {
  for (const char* name :
       {"[3cm] x", "*star", "}{", "\\end{tabular}", "a\nb", "%", "$x^2$ ~ #1 _", "\"\\", "{[}"}) {
    TemporaryFolder folder;
    make_pope_run(folder / "one", {.name = name});
    std::istringstream lines(report_latex(report_of({folder / "one"})));
    int rows = 0;
    for (std::string line; std::getline(lines, line);) {
      EXPECT_TRUE(line.empty() || (line.front() != '[' && line.front() != '*')) << name;
      int depth = 0;
      for (size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '\\') {
          ++i;
        } else if (line[i] == '{' || line[i] == '}') {
          depth += line[i] == '{' ? 1 : -1;
        }
        EXPECT_GE(depth, 0) << line;
      }
      EXPECT_EQ(depth, 0) << line;
      rows += line.ends_with("\\\\");
    }
    EXPECT_GT(rows, 1) << name;
  }
}

TEST(Report, MarkdownFitsACommentWhateverTheNumberOfRuns) {
  TemporaryFolder folder;
  std::vector<fs::path> runs;
  for (int i = 0; i < 12; ++i) {
    runs.push_back(folder / ("run" + std::to_string(i)));
    make_mme_run(runs.back(), {.name = std::string(200, 'n') + std::to_string(i),
                               .drop = 0.4 - 0.02 * i,
                               .seed = static_cast<uint64_t>(i),
                               .images = 8});
  }
  const std::string markdown = report_markdown(report_of(runs), {});
  EXPECT_LT(markdown.size(), 65536u);
  EXPECT_THAT(markdown, HasSubstr("### Compared with A: "));
}

TEST(Report, AnUnknownFormatSuggestsTheNearestAndWritesNothing) {
  TemporaryFolder folder;
  make_pope_run(folder / "one", {.name = "one"});
  DiskFileSystem disk;
  try {
    write_report(disk, report_of({folder / "one"}), folder / "out", {"html", "jsn"}, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("unknown format 'jsn', did you mean 'json'?"));
    EXPECT_EQ(error.parts().exit_code, ExitCode::kUsage);
  }
  EXPECT_FALSE(fs::exists(folder / "out"));
}

// --- golden files: set VIGOR_UPDATE_GOLDEN=1 to write them again, then read the difference -------

// The page without its style and scripts, which have tests of their own, and without the policy
// that names their hashes.
std::string bare_page(std::string page) {
  const auto drop = [&](const std::string& from, const std::string& to) {
    for (size_t at = page.find(from); at != std::string::npos; at = page.find(from, at)) {
      const size_t end = page.find(to, at);
      page.erase(at, end - at + to.size());
    }
  };
  drop("<style>", "</style>");
  drop("<script>", "</script>");
  drop("<meta http-equiv", ">\n");
  return page;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

TEST(Report, EveryFormatAsItsGoldenFile) {
  TemporaryFolder folder;
  const ReportRun base{.name = "base", .seed = 1, .images = 4};
  const ReportRun tuned{.name = "tuned <b>", .drop = 0.3, .seed = 2, .images = 4};
  make_pope_run(folder / "pope-base", base);
  make_pope_run(folder / "pope-tuned", tuned);
  make_mme_run(folder / "mme-base", base);
  make_mme_run(folder / "mme-tuned", tuned);
  Report report = report_of(
      {folder / "pope-base", folder / "pope-tuned", folder / "mme-base", folder / "mme-tuned"});
  report.title = "Golden";
  DiskFileSystem disk;
  std::vector<std::string> formats;
  for (const auto& [name, file] : report_formats()) formats.push_back(name);
  for (const fs::path& path : write_report(disk, report, folder / "out", formats, {})) {
    const fs::path golden =
        vigor::testing::source_dir() / "tests/reports/data/report" / path.filename();
    std::string text = read_file(path);
    if (path.extension() == ".html") text = bare_page(std::move(text));
    replace_all(text, folder.path().string(), "FOLDER");
    if (std::getenv("VIGOR_UPDATE_GOLDEN") != nullptr) {
      fs::create_directories(golden.parent_path());
      std::ofstream(golden, std::ios::binary) << text;
    }
    ASSERT_TRUE(fs::exists(golden)) << golden;
    EXPECT_EQ(text, read_file(golden)) << golden;
  }
}

TEST(Published, IsThePapersFiveTables) {
  std::vector<std::string> ids;
  for (const PublishedTable& table : published().tables) {
    ids.push_back(table.id);
    ASSERT_FALSE(table.rows.empty());
    for (const PublishedRow& row : table.rows) {
      EXPECT_EQ(row.described.size(), table.described_by.size()) << row.method;
      for (const auto& [key, value] : row.values) {
        EXPECT_TRUE(std::any_of(table.columns.begin(), table.columns.end(),
                                [&](const auto& column) { return column.key == key; }))
            << row.method << " " << key;
      }
    }
  }
  EXPECT_THAT(ids, ElementsAre("1", "2", "3", "4", "5"));
}

// The sums of the printed tasks are the printed totals up to rounding, but for the row that a note
// names.
TEST(Published, MmeRowsSumUpAsPrinted) {
  const PublishedTable& table = published().tables[3];
  for (const PublishedRow& row : table.rows) {
    double sum = 0;
    for (const auto& [key, value] : row.values) sum += key == "perception" ? 0 : value;
    if (row.method == "LLaVA") {
      EXPECT_NEAR(sum, 960.9, 1e-9);
      EXPECT_EQ(row.values.at("perception"), 960.1);
    } else {
      EXPECT_NEAR(sum, row.values.at("perception"), 0.5) << row.method;
    }
  }
}

TEST(Published, AMisspeltKeyIsNamed) {
  std::string text = read_file(vigor::testing::source_dir() / "data/published.json");
  replace_all(text, "\"rows\"", "\"row\"");
  try {
    parse_published(text, "published.json");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("published.json: table 1"), HasSubstr("rows")));
  }
}

}  // namespace
}  // namespace vigor::reports
