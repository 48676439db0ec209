// The page in a real browser: skipped by name where chromium is not installed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "reports/pope_report.h"
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

}  // namespace
}  // namespace vigor::reports
