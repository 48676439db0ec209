// vigor-eval compare through the built program: its exit codes, messages and files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/json.h"
#include "tests/reports/synthetic_runs.h"
#include "tests/testing/spawn.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::spawn;
using testing::SpawnResult;
using testing::synthetic_answers;
using testing::write_pope_run;

class EndToEndCompare : public ::testing::Test {
 protected:
  EndToEndCompare() {
    write_pope_run(folder_ / "base", synthetic_answers({}, {}), {.name = "base"});
    write_pope_run(folder_ / "worse", synthetic_answers({}, {.drop = 0.1, .seed = 1}),
                   {.name = "worse"});
    write_pope_run(folder_ / "same", synthetic_answers({}, {.own = 0.02, .seed = 2}),
                   {.name = "same"});
    gate(0.05);
  }
  void gate(double allowed) {
    folder_.write(
        "gate.json",
        dump_json({{"rules", {{{"metric", "average.accuracy"}, {"allowed_drop", allowed}}}}}));
  }
  SpawnResult run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "compare");
    return spawn(VIGOR_PROGRAM, arguments, {.folder = folder_.path()});
  }
  testing::TemporaryFolder folder_;
};

TEST_F(EndToEndCompare, PrintsTheFiguresAndEndsWithZero) {
  const SpawnResult result = run({"base", "worse"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("Accuracy, average"), HasSubstr("worse"),
                                HasSubstr("McNemar, all questions"), HasSubstr("regressed")));
}

TEST_F(EndToEndCompare, TheGatesOutcomeIsTheExitCode) {
  EXPECT_EQ(run({"base", "same", "--gate", "gate.json"}).exit_code, 0);
  EXPECT_EQ(run({"base", "worse", "--gate", "gate.json"}).exit_code, 3);
  gate(0.0005);
  const SpawnResult result = run({"base", "same", "--gate", "gate.json"});
  EXPECT_EQ(result.exit_code, 4) << result.out;
  EXPECT_THAT(result.out, HasSubstr("gate: inconclusive"));
}

TEST_F(EndToEndCompare, RefusesWhatMustNotBeCompared) {
  write_pope_run(folder_ / "other", synthetic_answers({}, {}), {.suffix = "One word."});
  const SpawnResult refused = run({"base", "other"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("prompt:"), HasSubstr("--force")));
  EXPECT_EQ(refused.out, "");
  const SpawnResult forced = run({"base", "other", "--force"});
  EXPECT_EQ(forced.exit_code, 0);
  EXPECT_THAT(forced.out, HasSubstr("NOT COMPARABLE (--force)"));
}

TEST_F(EndToEndCompare, WritesItsFiles) {
  const SpawnResult result =
      run({"base", "worse", "--gate", "gate.json", "--out", "out/compared", "--json"});
  EXPECT_EQ(result.exit_code, 3) << result.err;
  const Json printed = Json::parse(result.out);
  EXPECT_EQ(printed["gate"]["outcome"], "regression");
  EXPECT_EQ(printed, read_json_file(folder_ / "out/compared/compare.json"));
  EXPECT_THAT(read_file(folder_ / "out/compared/compare.md"), HasSubstr("Gate: regression"));
  EXPECT_THAT(read_file(folder_ / "out/compared/junit.xml"), HasSubstr("failures=\"1\""));
}

TEST_F(EndToEndCompare, SaysWhatIsMissing) {
  EXPECT_EQ(run({}).exit_code, 2);
  EXPECT_EQ(run({"base"}).exit_code, 2);
  EXPECT_THAT(run({"base", "nowhere"}).err, HasSubstr("no such run folder"));
  EXPECT_EQ(run({"base", "nowhere"}).exit_code, 1);
  const SpawnResult gateless = run({"base", "worse", "--gate", "none.json"});
  EXPECT_EQ(gateless.exit_code, 1);
  EXPECT_THAT(gateless.err, HasSubstr("none.json"));
}

}  // namespace
}  // namespace vigor
