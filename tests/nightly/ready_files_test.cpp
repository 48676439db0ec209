// The files of configs/nightly as they stand: what cron, systemd and a workflow would run is run,
// with the places that a user changes put elsewhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "base/files.h"
#include "base/json.h"
#include "tests/reports/synthetic_runs.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/spawn.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::spawn;
using testing::SpawnResult;
using ::testing::StartsWith;

class EndToEndReadyFiles : public ::testing::Test {
 protected:
  EndToEndReadyFiles() {
    put(0);
    folder_.write(
        "nightly.json",
        R"({"folder": "nights", "gate": {"rules": [{"metric": "average.accuracy", "allowed_drop": 0.05}]},
                      "benchmarks": [{"command": ["pope", "--answers", "answers.jsonl", "--questions",
                                                  "coco_pope_random.json", "--no-report"]}]})");
    fs::create_directories(folder_ / "bin");
    fs::create_symlink(VIGOR_PROGRAM, folder_ / "bin/vigor-eval");
  }
  void put(double drop) { testing::write_synthetic_answers(folder_.path(), {.drop = drop}); }
  static std::vector<std::string> lines_of(const char* name) {
    std::istringstream text(read_file(testing::source_dir() / "configs/nightly" / name));
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }
  // With /srv/vigor and the installed program at their places of this test.
  std::string here(std::string text) const {
    const std::pair<std::string, std::string> places[] = {
        {"/usr/local/bin/vigor-eval", (folder_ / "bin/vigor-eval").string()},
        {"/srv/vigor", folder_.path().string()}};
    for (const auto& [from, to] : places) {
      for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
        text.replace(at, from.size(), to);
      }
    }
    return text;
  }
  testing::TemporaryFolder folder_;
};

TEST_F(EndToEndReadyFiles, CronIsSilentUntilANightDoesNotPass) {
  const std::string line = lines_of("crontab").back();
  ASSERT_THAT(line, StartsWith("0 2 * * * "));
  EXPECT_EQ(line.find('%'), std::string::npos);  // which cron takes for the end of the line
  const std::string command = here(line.substr(10));
  const SpawnResult first = spawn("/bin/sh", {"-c", command});
  EXPECT_EQ(first.out + first.err, "");
  put(0.2);
  const SpawnResult worse = spawn("/bin/sh", {"-c", command});
  EXPECT_THAT(worse.out, HasSubstr(": regression\n"));
}

TEST_F(EndToEndReadyFiles, TheServiceEndsWithTheOutcome) {
  std::string start;
  for (const std::string& line : lines_of("vigor-eval-nightly.service")) {
    if (line.starts_with("ExecStart=")) start = here(line.substr(10));
  }
  // systemd splits at blanks, without a shell.
  std::istringstream words(start);
  std::vector<std::string> arguments;
  for (std::string word; words >> word;) arguments.push_back(word);
  ASSERT_EQ(arguments.size(), 3u);
  const fs::path program = arguments.front();
  arguments.erase(arguments.begin());
  EXPECT_EQ(spawn(program, arguments, {.folder = folder_.path()}).exit_code, 0);
  put(0.2);
  EXPECT_EQ(spawn(program, arguments, {.folder = folder_.path()}).exit_code, 3);
}

// The script of a step of the workflow.
std::string step(const std::vector<std::string>& lines, const std::string& name) {
  std::string script;
  size_t at = 0;
  while (at < lines.size() && lines[at] != "      - name: " + name) ++at;
  while (at < lines.size() && lines[at] != "        run: |") ++at;
  for (++at; at < lines.size() && lines[at].starts_with("          "); ++at) {
    script += lines[at].substr(10) + "\n";
  }
  return script;
}

TEST_F(EndToEndReadyFiles, TheWorkflowShowsTheNightThatEnded) {
  const auto lines = lines_of("github-actions.yml");
  const auto run = [&](const std::string& name, const std::string& runner) {
    const std::string script = here(step(lines, name));
    EXPECT_NE(script, "") << name;
    fs::create_directories(folder_ / runner);
    return spawn("/usr/bin/env",
                 {"PATH=" + (folder_ / "bin").string() + ":/usr/bin:/bin",
                  "RUNNER_TEMP=" + (folder_ / runner).string(),
                  "GITHUB_STEP_SUMMARY=" + (folder_ / runner / "summary").string(),
                  "GITHUB_ENV=" + (folder_ / runner / "env").string(), "bash", "-e", "-c", script},
                 {.folder = folder_.path()});
  };
  EXPECT_EQ(run("Evaluate, compare and gate", "one").exit_code, 0);
  EXPECT_EQ(run("Summary", "one").exit_code, 0);
  EXPECT_THAT(read_file(folder_ / "one/summary"), HasSubstr(": pass (the first"));
  std::string night = read_file(folder_ / "one/env");
  ASSERT_THAT(night, StartsWith("NIGHT=20"));
  night = night.substr(6, night.size() - 7);
  EXPECT_TRUE(fs::exists(folder_ / "nights" / night / "report/report.html")) << night;

  put(0.2);
  EXPECT_EQ(run("Evaluate, compare and gate", "two").exit_code, 3);
  EXPECT_EQ(run("Summary", "two").exit_code, 0);
  EXPECT_THAT(read_file(folder_ / "two/summary"), HasSubstr(": regression\n"));

  // A job that fails before its end has no night, and does not show yesterday's.
  folder_.write("nightly.json", "{");
  EXPECT_EQ(run("Evaluate, compare and gate", "three").exit_code, 1);
  EXPECT_EQ(run("Summary", "three").exit_code, 0);
  EXPECT_THAT(read_file(folder_ / "three/summary"), HasSubstr("did not end"));
  EXPECT_FALSE(fs::exists(folder_ / "three/env"));
}

}  // namespace
}  // namespace vigor
