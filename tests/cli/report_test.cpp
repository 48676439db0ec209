// vigor-eval report through the built program: its files, messages and exit codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/json.h"
#include "tests/reports/synthetic_runs.h"
#include "tests/testing/spawn.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::spawn;
using testing::SpawnResult;
using testing::synthetic_answers;
using testing::write_pope_run;

class EndToEndReport : public ::testing::Test {
 protected:
  EndToEndReport() {
    write_pope_run(folder_ / "base", synthetic_answers({}, {}), {.name = "base"});
    write_pope_run(folder_ / "worse", synthetic_answers({}, {.drop = 0.2, .seed = 1}),
                   {.name = "worse"});
  }
  SpawnResult run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "report");
    return spawn(VIGOR_PROGRAM, arguments, {.folder = folder_.path()});
  }
  testing::TemporaryFolder folder_;
};

TEST_F(EndToEndReport, WritesEveryFormatAndSaysTheHeadline) {
  const SpawnResult result =
      run({"--formats", "html,md,json,csv,latex,junit", "base", "worse", "--out", "out"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("B is worse than A"), HasSubstr("report: out/report.html")));
  for (const char* file :
       {"report.html", "report.md", "report.json", "report.csv", "report.tex", "junit.xml"}) {
    EXPECT_TRUE(fs::exists(folder_ / "out" / file)) << file;
  }
}

TEST_F(EndToEndReport, JsonOnStandardOutputIsTheDocumentAlone) {
  const SpawnResult result = run({"base", "worse", "--out", "out", "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const Json document = parse_json(result.out, "standard output");
  EXPECT_EQ(document["benchmarks"][0]["runs"].size(), 2u);
  EXPECT_EQ(parse_json(read_file(folder_ / "out/report.json"), "report.json"), document);
}

TEST_F(EndToEndReport, WhatIsMissingIsNamed) {
  EXPECT_EQ(run({"--out", "out"}).exit_code, 2);
  EXPECT_EQ(run({"base"}).exit_code, 2);
  const SpawnResult format = run({"base", "--out", "out", "--formats", "pdf"});
  EXPECT_EQ(format.exit_code, 2);
  EXPECT_THAT(format.err, HasSubstr("unknown format 'pdf'"));
  const SpawnResult nowhere = run({"base", "nowhere", "--out", "out"});
  EXPECT_EQ(nowhere.exit_code, 1);
  EXPECT_THAT(nowhere.err, AllOf(HasSubstr("no such run folder"), HasSubstr("nowhere")));
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(EndToEndReport, AnUnfinishedRunIsRefused) {
  fs::remove(folder_ / "worse/metrics.json");
  const SpawnResult result = run({"base", "worse", "--out", "out"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("not a finished run"));
}

}  // namespace
}  // namespace vigor
