// The page in a real browser: skipped by name where chromium is not installed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/json.h"
#include "reports/pope_report.h"
#include "reports/report_formats.h"
#include "tests/reports/report_runs.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::reports {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::string text;
  std::array<char, 4096> part;
  while (pipe != nullptr) {
    const size_t length = std::fread(part.data(), 1, part.size(), pipe.get());
    if (length == 0) break;
    text.append(part.data(), length);
  }
  return text;
}

// The document after the script has run, as markup.
std::string loaded(const fs::path& page, const fs::path& profile) {
  return output_of(
      "timeout 60 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
      "--disable-background-networking --disable-component-update --disable-sync "
      "--window-size=1280,1600 "
      "--user-data-dir='" +
      profile.string() + "' --dump-dom 'file://" + page.string() + "' 2>/dev/null");
}

class BrowserReport : public ::testing::Test {
 protected:
  void SetUp() override {
    if (output_of("command -v chromium").empty()) GTEST_SKIP() << "chromium is not installed";
  }
  vigor::testing::TemporaryFolder folder_;
};

TEST_F(BrowserReport, HostileAnswersNeitherRunNorBecomeElements) {
  const std::vector<fs::path> runs = {vigor::testing::source_dir() / "tests/reports/data/pope-run"};
  write_pope_report(runs, {.out_dir = folder_.path()});
  const std::string document = loaded(folder_ / "report.html", folder_ / "profile");
  // The script ran to its end, under its own policy.
  ASSERT_THAT(document, HasSubstr("data-ready=\"true\""));
  EXPECT_THAT(document, HasSubstr("24 of 24 answers"));
  // The hostile answer is there, as text.
  EXPECT_THAT(document, HasSubstr("&lt;img id=\"injected\" src=x onerror="));
  EXPECT_THAT(document, Not(HasSubstr("data-pwned=")));
  for (const char* element :
       {"<img id=\"injected\"", "<b id=\"injected\"", "<script id=\"injected\"", "<svg onload"}) {
    EXPECT_THAT(document, Not(HasSubstr(element)));
  }
  // Direction overrides are shown, not obeyed.
  EXPECT_THAT(document, HasSubstr("<span class=\"escape\">U+202E</span>"));
}

// Every attack of the corpus as answer, question, name of a picture and name of a checkpoint.
class BrowserRuns : public BrowserReport {
 protected:
  fs::path hostile_page() {
    std::vector<std::string> texts;
    const fs::path corpus = vigor::testing::source_dir() / "tests/reports/data/attacks.json";
    for (const JsonRow& row : read_json_rows(corpus)) texts.push_back(row.value.at("text"));
    std::vector<RunView> views;
    for (size_t i = 0; i < 6; ++i) {
      const fs::path folder = folder_ / ("run" + std::to_string(i));
      vigor::testing::make_pope_run(folder, {.name = texts[(i * 11) % texts.size()],
                                             .seed = i + 1,
                                             .images = 4,
                                             .suffix = "<b id=\"injected\">",
                                             .hostile = texts});
      views.push_back(open_runs(folder).front());
    }
    Report report = gather_report(std::move(views), {});
    report.title =
        "</title><script id=\"injected\">document.documentElement.dataset.pwned=1</script>";
    return written(report);
  }
  fs::path written(const Report& report) {
    DiskFileSystem disk;
    return write_report(disk, report, folder_ / "out", {"html"}, {}).front();
  }
  // Runs tests/browser/check.mjs; skips by name where its packages are not installed.
  void check(const std::string& what, const fs::path& page) {
    if (output_of("command -v node").empty()) GTEST_SKIP() << "node is not installed";
    const fs::path script = vigor::testing::source_dir() / "tests/browser/check.mjs";
    const std::string said =
        output_of("timeout 100 node '" + script.string() + "' " + what + " '" + page.string() +
                  "' \"$(command -v chromium)\" 2>&1; echo \"exit $?\"");
    if (said.find("exit 77") != std::string::npos) GTEST_SKIP() << said;
    EXPECT_THAT(said, HasSubstr("exit 0")) << what;
  }
};

TEST_F(BrowserRuns, AttacksNeitherRunNorBecomeElements) {
  const std::string document = loaded(hostile_page(), folder_ / "profile");
  ASSERT_THAT(document, HasSubstr("data-ready=\"true\""));
  EXPECT_THAT(document, HasSubstr("72 of 72 questions"));
  EXPECT_THAT(document, HasSubstr("&lt;script id=\"injected\"&gt;"));
  EXPECT_THAT(document, Not(HasSubstr("data-pwned=")));
  for (const char* element :
       {"<img id=\"injected\"", "<b id=\"injected\"", "<script id=\"injected\"",
        "<svg id=\"injected\"", "<iframe", "<base", "<form", "<object"}) {
    EXPECT_THAT(document, Not(HasSubstr(element))) << element;
  }
}

TEST_F(BrowserRuns, AttacksStayTextWhenEveryRowIsOpened) {
  check("attacks", hostile_page());
}

class BrowserRunsOfTwo : public BrowserRuns {
 protected:
  fs::path page() {
    vigor::testing::make_pictures(folder_ / "pictures", 6, 160, 120);
    std::vector<RunView> views;
    for (const auto& [name, drop] : {std::pair("base", 0.0), std::pair("tuned", 0.3)}) {
      vigor::testing::ReportRun run{
          .name = name, .drop = drop, .seed = views.size() + 1, .images = 6};
      run.pictures = folder_ / "pictures";
      vigor::testing::make_pope_run(folder_ / (std::string("pope-") + name), run);
      vigor::testing::make_mme_run(folder_ / (std::string("mme-") + name), run);
      for (const char* benchmark : {"pope-", "mme-"}) {
        views.push_back(open_runs(folder_ / (benchmark + std::string(name))).front());
      }
    }
    return written(gather_report(std::move(views), {}));
  }
};

TEST_F(BrowserRunsOfTwo, AxeFindsNoViolation) {
  check("axe", page());
}

TEST_F(BrowserRunsOfTwo, TheKeyboardDoesWhatAMouseDoes) {
  check("keys", page());
}

}  // namespace
}  // namespace vigor::reports
