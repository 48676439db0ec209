#include "run/run_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Json kSettings = {{"benchmark", "pope"}, {"dialect", "official"}, {"seed", 0}};

Json sample(const std::string& key, const std::string& status = "scored") {
  return {{"key", key}, {"status", status}};
}

class RunFolderTest : public ::testing::Test {
 protected:
  RunFolder open(const Json& settings = kSettings) {
    return RunFolder::open(files_, folder_ / "run", settings);
  }
  std::string message(const Json& settings = kSettings) {
    try {
      open(settings);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
  std::string samples() { return read_file(folder_ / "run/samples.jsonl"); }
  void append(const std::string& key) {
    const Json one = sample(key);
    open().append({&one, 1});
  }

  testing::TemporaryFolder folder_;
  DiskFileSystem files_;
};

TEST_F(RunFolderTest, ANewRunSaysWhatItIsBeforeAnythingIsAsked) {
  const RunFolder run = open();
  EXPECT_FALSE(run.resumed());
  EXPECT_FALSE(run.complete());
  EXPECT_EQ(read_json_file(folder_ / "run/run.json")["settings"], kSettings);
}

TEST_F(RunFolderTest, AStoppedRunGoesOnWithWhatItHas) {
  append("random/1");
  RunFolder run = open();
  EXPECT_TRUE(run.resumed());
  EXPECT_TRUE(run.holds("random/1"));
  ASSERT_EQ(run.samples().size(), 1u);
  const Json next[] = {sample("random/2"), sample("random/3")};
  run.append(next);
  EXPECT_EQ(run.samples().size(), 3u);
  run.write_metrics({{"accuracy", 1.0}});
  EXPECT_TRUE(run.complete());
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run/metrics.json.tmp"));
}

TEST_F(RunFolderTest, ACompleteRunIsKnown) {
  {
    RunFolder run = open();
    run.write_metrics({});
  }
  EXPECT_TRUE(open().complete());
}

TEST_F(RunFolderTest, ATornLastLineIsDropped) {
  append("a");
  const std::string whole = samples();
  folder_.write("run/samples.jsonl", whole + R"({"key":"b","sta)");
  const RunFolder run = open();
  EXPECT_EQ(run.samples().size(), 1u);
  EXPECT_THAT(run.notes(), ElementsAre("dropped a torn last line of samples.jsonl (15 bytes)"));
  EXPECT_EQ(samples(), whole);
}

TEST_F(RunFolderTest, ALastLineThatLacksOnlyItsEndIsKept) {
  append("a");
  folder_.write("run/samples.jsonl", samples() + R"({"key":"b"})");
  EXPECT_TRUE(open().holds("b"));
  EXPECT_EQ(samples().back(), '\n');
  EXPECT_TRUE(open().notes().empty());
}

TEST_F(RunFolderTest, FailedSamplesAreAskedAgain) {
  append("a");
  {
    RunFolder run = open();
    const Json failed = sample("b", "failed");
    run.append({&failed, 1});
    run.write_metrics({});
  }
  const RunFolder run = open();
  EXPECT_FALSE(run.complete());
  EXPECT_TRUE(run.holds("a"));
  EXPECT_FALSE(run.holds("b"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run/metrics.json"));
  EXPECT_EQ(samples(), dump_json(sample("a")) + "\n");
}

// Lines of any order and of three sessions, the first of which left failed and torn ones.
TEST_F(RunFolderTest, SamplesThatAreNotKeptAreReadFromTheDisk) {
  const auto open_unkept = [&] {
    return RunFolder::open(files_, folder_ / "run", kSettings, {.keep_samples = false});
  };
  {
    RunFolder run = open_unkept();
    const Json first[] = {sample("a"), sample("b", "failed"), sample("c, longer")};
    run.append(first);
  }
  folder_.write("run/samples.jsonl", samples() + "\n" + R"({"key":"torn)");
  {
    RunFolder run = open_unkept();
    EXPECT_FALSE(run.holds("b"));
    EXPECT_EQ(run.count(), 2u);
    const Json more[] = {sample("d"), sample("b")};
    run.append(more);
  }
  RunFolder run = open_unkept();
  const Json last = sample("e");
  run.append({&last, 1});
  EXPECT_TRUE(run.samples().empty());
  std::vector<std::string> lines;
  const std::vector<std::string> keys = {"e", "b", "a", "c, longer", "d"};
  run.for_each_line(keys, [&](std::string_view line) { lines.emplace_back(line); });
  ASSERT_EQ(lines.size(), keys.size());
  for (size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(lines[i], dump_json(sample(keys[i])));
}

TEST_F(RunFolderTest, OtherSettingsAreRefusedByName) {
  append("a");
  Json other = kSettings;
  other["dialect"] = "lmms";
  other["seed"] = 1;
  EXPECT_EQ(message(other),
            (folder_ / "run/run.json").string() +
                ": the folder holds a run made with other settings: dialect: was \"official\", "
                "now \"lmms\"; seed: was 0, now 1\n"
                "  likely cause: results under different settings cannot be mixed in one run\n"
                "  what to do: choose another folder with --out, or use the settings of that run");
}

TEST_F(RunFolderTest, SettingsThatNoAnswerDependsOnMayChange) {
  append("a");
  Json moved = kSettings;
  moved["images"] = "elsewhere";
  const RunFolder run = RunFolder::open(files_, folder_ / "run", moved, {.uncompared = {"images"}});
  EXPECT_TRUE(run.holds("a"));
  EXPECT_EQ(read_json_file(folder_ / "run/run.json")["settings"]["images"], "elsewhere");
}

TEST_F(RunFolderTest, AFolderWithOtherFilesIsRefused) {
  folder_.write("run/thesis.tex", "");
  EXPECT_THAT(message(), HasSubstr("the folder is not empty and holds no run\n  likely cause: it "
                                   "has thesis.tex but no run.json"));
}

TEST_F(RunFolderTest, TwoProcessesDoNotWriteOneFolder) {
  const RunFolder first = open();
  EXPECT_THAT(message(), HasSubstr("another process is writing this run"));
}

TEST_F(RunFolderTest, AWrongLineInTheMiddleIsNamed) {
  append("a");
  folder_.write("run/samples.jsonl", samples() + "{oops\n" + R"({"key":"b"})" + "\n");
  EXPECT_THAT(message(), HasSubstr("samples.jsonl:2"));
}

TEST_F(RunFolderTest, ASecondSampleWithAKeyIsRefused) {
  append("a");
  RunFolder run = open();
  const Json again = sample("a");
  EXPECT_THROW(run.append({&again, 1}), Error);
  EXPECT_EQ(samples(), dump_json(sample("a")) + "\n");
}

TEST_F(RunFolderTest, AFileInThePlaceOfTheFolderIsAnError) {
  folder_.write("run", "");
  EXPECT_THAT(message(), HasSubstr("cannot be made"));
}

TEST_F(RunFolderTest, AFolderThatCannotBeWrittenIsAnError) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  std::filesystem::create_directories(folder_ / "run");
  ::chmod((folder_ / "run").c_str(), 0500);
  EXPECT_THAT(message(), HasSubstr("choose a folder that can be written"));
}

}  // namespace
}  // namespace vigor
