// vigor-eval compare through the built program: its exit codes, messages and files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/files.h"
#include "base/json.h"
#include "tests/reports/synthetic_runs.h"
#include "tests/testing/shared_data.h"
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

TEST_F(EndToEndCompare, TheMarginsAurocIsComparedAndGated) {
  folder_.write(
      "auroc.json",
      R"({"rules": [{"metric": "average.auroc", "allowed_drop": 0.02}, {"metric": "random.ece", "allowed_drop": 0.3}]})");
  const SpawnResult result =
      run({"base", "worse", "--gate", "auroc.json", "--out", "out", "--json"});
  EXPECT_EQ(result.exit_code, 3) << result.err << result.out;
  for (const char* file : {"compare.html", "compare.md", "compare.json"}) {
    EXPECT_THAT(read_file(folder_ / "out" / file), HasSubstr("AUROC of the yes margin")) << file;
  }
  EXPECT_THAT(read_file(folder_ / "out/junit.xml"), HasSubstr("average.auroc dropped by"));
  EXPECT_THAT(run({"base", "worse"}).out, HasSubstr("AUROC of the yes margin, random"));
  EXPECT_EQ(run({"base", "base", "--gate", "auroc.json"}).exit_code, 0);
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
  EXPECT_THAT(read_file(folder_ / "out/compared/compare.html"), HasSubstr("Gate: regression"));
  EXPECT_THAT(read_file(folder_ / "out/compared/junit.xml"), HasSubstr("failures=\"1\""));
}

// Two folders of real answers: one names its pictures x.jpg, the other x.txt, and lacks one.
class ReferenceCompareMme : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(results("llava-v1.5-7b")) ||
        !std::filesystem::exists(results("llava-v1.5-13b"))) {
      GTEST_SKIP() << "benchmarks/mme is not there (set VIGOR_SHARED)";
    }
  }
  static std::filesystem::path results(const std::string& name) {
    return testing::shared("benchmarks/mme") / name / "results";
  }
  void score(const std::string& name) {
    const SpawnResult made = spawn(VIGOR_PROGRAM, {"mme", "--answers", folder_ / name, "--out",
                                                   folder_ / ("run-" + name), "--no-report"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
  }
  testing::TemporaryFolder folder_;
};

TEST_F(ReferenceCompareMme, PicturesPairByTaskAndStem) {
  for (const std::string name : {"llava-v1.5-7b", "llava-v1.5-13b"}) {
    std::filesystem::create_directories(folder_ / name);
    for (const auto& entry : std::filesystem::directory_iterator(results(name))) {
      if (entry.path().extension() != ".txt") continue;
      // What both answered: a task whose pictures are not the same ones is left out.
      const auto other = results(name == "llava-v1.5-7b" ? "llava-v1.5-13b" : "llava-v1.5-7b") /
                         entry.path().filename();
      const auto lines = [](const std::string& text) {
        return std::count(text.begin(), text.end(), '\n');
      };
      if (lines(read_file(entry.path())) == lines(read_file(other))) {
        std::filesystem::copy(entry.path(), folder_ / name / entry.path().filename());
      }
    }
    score(name);
  }
  const SpawnResult compared = spawn(VIGOR_PROGRAM, {"compare", folder_ / "run-llava-v1.5-7b",
                                                     folder_ / "run-llava-v1.5-13b", "--json"});
  ASSERT_EQ(compared.exit_code, 0) << compared.err;
  const Json document = Json::parse(compared.out);
  EXPECT_EQ(document["forced"], false);
  EXPECT_GT(document["paired_samples"].get<int>(), 1000);
  // Both names of a picture are one cluster.
  EXPECT_LT(document["images"].get<int>(), document["paired_samples"].get<int>());
}

TEST_F(ReferenceCompareMme, AMissingPictureIsNamed) {
  for (const std::string name : {"llava-v1.5-7b", "llava-v1.5-13b"}) {
    std::filesystem::create_directory_symlink(results(name), folder_ / name);
    score(name);
  }
  const SpawnResult refused = spawn(
      VIGOR_PROGRAM, {"compare", folder_ / "run-llava-v1.5-7b", folder_ / "run-llava-v1.5-13b"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err,
              AllOf(HasSubstr("questions: 2 only in CANDIDATE (landmark/"), HasSubstr("--force")));
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
