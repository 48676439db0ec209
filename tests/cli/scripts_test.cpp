// The scripts a user types, with the program that is built already and an apt-get that only writes
// down what it is asked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>

#include "base/files.h"
#include "base/json.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/spawn.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::spawn;
using testing::SpawnResult;

fs::path script(const char* name) {
  return testing::source_dir() / "scripts" / name;
}

size_t lines(const fs::path& file) {
  if (!fs::exists(file)) return 0;
  const std::string text = read_file(file);
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

// scripts/install.sh on a machine where dpkg-query knows `installed` and apt-get is a fake.
class EndToEndInstall : public ::testing::Test {
 protected:
  void fake(const std::string& name, const std::string& body) {
    fs::permissions(folder_.write("bin/" + name, "#!/bin/sh\n" + body + "\n"),
                    fs::perms::owner_all);
  }
  SpawnResult install(const std::string& installed, const std::string& apt = "exit 0") {
    folder_.write("installed", installed);
    fake("dpkg-query", "cat '" + (folder_ / "installed").string() + "'");
    fake("apt-get", "echo \"$@\" >> '" + (folder_ / "asked").string() +
                        "'\ncase \"$*\" in *update*) ;; *) " + apt + " ;; esac");
    fake("sudo", "exec \"$@\"");
    // These two count for the packages that are named for them.
    fake("node", "exit 1");
    fake("npm", "exit 1");
    return spawn("/usr/bin/env", {"PATH=" + (folder_ / "bin").string() + ":/usr/bin:/bin",
                                  script("install.sh").string(), "tests"});
  }
  std::string asked() { return fs::exists(folder_ / "asked") ? read_file(folder_ / "asked") : ""; }

  testing::TemporaryFolder folder_;
};

constexpr const char* kAllOfTests =
    "chromium installed\nlibgmock-dev installed\nlibgtest-dev installed\nnghttp2-proxy installed\n";

TEST_F(EndToEndInstall, NothingIsAskedOfAptWhenAllIsThere) {
  const SpawnResult result = install(kAllOfTests);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("all 4 packages are there"));
  EXPECT_EQ(asked(), "");
}

TEST_F(EndToEndInstall, OnlyWhatIsMissingIsInstalled) {
  // A package that was removed but left its configuration is missing.
  const SpawnResult result = install(
      "libgmock-dev installed\nlibgtest-dev installed\nnghttp2-proxy installed\nchromium "
      "config-files\n");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(asked(), HasSubstr("install -y --no-install-recommends chromium\n"));
  EXPECT_THAT(asked(), Not(HasSubstr("libgtest-dev")));
}

TEST_F(EndToEndInstall, AMirrorOutOfReachIsOneClearError) {
  const SpawnResult result = install("", "echo 'E: Unable to fetch'; exit 100");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("E: Unable to fetch"));
  EXPECT_THAT(result.err, HasSubstr("check that this machine reaches a Debian mirror"));
}

TEST(EndToEndScripts, AnUnknownSectionNamesTheKnownOnes) {
  const SpawnResult result = spawn(script("install.sh"), {"test"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("the sections are: build tests checks"));
}

// What ctest writes for each way in which a test can end.
TEST(EndToEndScripts, ATestThatCouldNotRunHasFailed) {
  const testing::TemporaryFolder folder;
  const auto row = [](const char* status, const std::string& inner) {
    return "\t<testcase name=\"t\" classname=\"t\" time=\"0\" status=\"" + std::string(status) +
           "\">\n" + inner + "\t\t<system-out>&lt;testcase status=\"run\"</system-out>\n" +
           "\t</testcase>\n";
  };
  const fs::path file = folder.write(
      "ctest.xml",
      "<testsuite>\n" + row("run", "") + row("run", "") +
          row("fail", "\t\t<failure message=\"\"/>\n") + row("disabled", "") +
          row("notrun", "\t\t<skipped message=\"SKIP_REGULAR_EXPRESSION_MATCHED\"/>\n") +
          row("notrun", "\t\t<skipped message=\"Unable to find executable\"/>\n") +
          row("notrun", "") + "</testsuite>\n");
  EXPECT_EQ(spawn(script("totals.sh"), {file.string()}).out, "2 3 2\n");
  EXPECT_EQ(spawn(script("totals.sh"), {(folder / "none.xml").string()}).exit_code, 1);
}

class EndToEndDemo : public ::testing::Test {
 protected:
  static fs::path model() {
    const fs::path bundled = testing::source_dir() / "data/demo";
    return fs::exists(bundled / "config.json") ? bundled
                                               : testing::shared("reference/llava-hf-tiny");
  }
  void SetUp() override {
    if (!fs::exists(model() / "config.json")) {
      GTEST_SKIP() << "neither data/demo nor the reference checkpoint is there (set VIGOR_SHARED)";
    }
  }
  SpawnResult demo(std::vector<std::string> more = {}, const testing::SpawnOptions& options = {}) {
    std::vector<std::string> arguments = {
        "--program", VIGOR_PROGRAM,    "--count", "4",
        "--model",   model().string(), "--out",   (folder_ / "out").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return spawn(script("demo.sh"), arguments, options);
  }

  testing::TemporaryFolder folder_;
};

TEST_F(EndToEndDemo, ASecondStartAsksNothing) {
  const SpawnResult first = demo({}, {.folder = folder_.path()});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("adversarial"));
  EXPECT_THAT(first.out, HasSubstr((folder_ / "out/run/report.html").string()));
  EXPECT_TRUE(fs::exists(folder_ / "out/run/report.html"));
  const SpawnResult second = demo();
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_THAT(second.err, HasSubstr("nothing is asked again"));
}

TEST_F(EndToEndDemo, OtherPicturesNeedAgain) {
  ASSERT_EQ(demo().exit_code, 0);
  const SpawnResult refused = demo({"--count", "5"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("--again starts a new one"));
  EXPECT_EQ(demo({"--count", "5", "--again"}).exit_code, 0);
}

// A real checkpoint, killed in the middle of a run: the same figures as an undisturbed one.
TEST_F(EndToEndDemo, AKilledRunEndsWithTheSameFigures) {
  ASSERT_EQ(demo({"--count", "8"}).exit_code, 0);
  const fs::path scenes = folder_ / "out/scenes-4711-8";
  const fs::path run = folder_ / "killed";
  const std::vector<std::string> command = {"pope",
                                            "--model",
                                            model().string(),
                                            "--images",
                                            scenes / "images",
                                            "--batch-images",
                                            "1",
                                            "--out",
                                            run,
                                            "--questions",
                                            scenes / "scenes_pope_random.json",
                                            scenes / "scenes_pope_popular.json",
                                            scenes / "scenes_pope_adversarial.json"};
  bool sent = false;
  const SpawnResult killed = spawn(VIGOR_PROGRAM, command, {.meanwhile = [&](pid_t process) {
                                     if (!sent && lines(run / "samples.jsonl") > 0) {
                                       ::kill(process, SIGKILL);
                                       sent = true;
                                     }
                                   }});
  const size_t kept = lines(run / "samples.jsonl");
  const SpawnResult again = spawn(VIGOR_PROGRAM, command);
  ASSERT_EQ(again.exit_code, 0) << again.err;
  const Json whole = read_json_file(folder_ / "out/run/metrics.json");
  const Json resumed = read_json_file(run / "metrics.json");
  for (const char* key : {"tp", "fp", "tn", "fn", "accuracy", "f1"}) {
    EXPECT_EQ(resumed["splits"]["adversarial"][key], whole["splits"]["adversarial"][key]) << key;
  }
  EXPECT_EQ(lines(run / "samples.jsonl"), lines(folder_ / "out/run/samples.jsonl"));
  // On a very fast machine the run may have ended before the signal came.
  if (killed.signal == SIGKILL) {
    EXPECT_THAT(again.err, HasSubstr("going on with a run that has"));
  }
  EXPECT_GT(kept, 0u);
}

TEST(EndToEndScripts, WhatTheDemoCannotDoIsSaid) {
  const SpawnResult option = spawn(script("demo.sh"), {"--fast"});
  EXPECT_EQ(option.exit_code, 2);
  EXPECT_THAT(option.err, HasSubstr("unknown option --fast"));
  const SpawnResult model = spawn(script("demo.sh"), {"--model", "/nowhere"});
  EXPECT_EQ(model.exit_code, 1);
  EXPECT_EQ(model.err, "error: no checkpoint in /nowhere\n  what to do: give one with --model\n");
}

}  // namespace
}  // namespace vigor
