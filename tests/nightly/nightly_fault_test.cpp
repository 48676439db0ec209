// The nightly job stopped at any write, flush or rename goes on when it is started again: nothing
// is evaluated twice, and every file is there in the end.
#include <gtest/gtest.h>

#include <array>

#include "base/files.h"
#include "nightly/nightly.h"
#include "tests/reports/synthetic_runs.h"
#include "tests/run/failing_file_system.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::nightly {
namespace {

namespace fs = std::filesystem;
using testing::FailingFileSystem;
using testing::Fault;
using testing::Killed;

constexpr int64_t kFirstNight = 1'795'392'000;  // 2026-11-23

// Two nights: the first is accepted, the second has other weights and is compared with it.
class TwoNights {
 public:
  TwoNights() {
    config_.folder = folder_ / "nights";
    config_.report = false;
    config_.gate = reports::parse_gate(
        {{"rules", {{{"metric", "average.accuracy"}, {"allowed_drop", 0.5}}}}}, "gate");
    config_.benchmarks.push_back(
        {"pope", {"pope", "--model", (folder_ / "weights").string()}, "", "", false});
  }
  void run(FileSystem& files) {
    for (int day = 0; day < 2; ++day) {
      testing::write_text(folder_ / "weights", "weights of day " + std::to_string(day));
      NightlyOptions options;
      options.now = kFirstNight + day * 86'400;
      options.program = "test";
      options.run = [&](const std::vector<std::string>& arguments, const fs::path&) {
        const fs::path out = arguments.back();
        if (fs::exists(out / "metrics.json")) return 0;  // as the program: nothing is asked again
        ++evaluated_;
        testing::write_pope_run(out, testing::synthetic_answers({.images = 2, .splits = {"random"}},
                                                                {.seed = evaluated_}));
        return 0;
      };
      run_night(files, config_, options);
    }
  }
  void expect_whole() const {
    EXPECT_EQ(evaluated_, 2u);
    const std::vector<Night> nights = read_nights(config_.folder);
    ASSERT_EQ(nights.size(), 2u);
    EXPECT_TRUE(nights[0].accepted);
    EXPECT_EQ(nights[1].reference, "2026-11-23");
    EXPECT_EQ(nights[1].jobs[0].rules.size(), 1u);
    for (const char* file : {"trend.html", "summary.md", "junit.xml", "vigor.db",
                             "2026-11-24/compared/pope-accepted/compare.html",
                             "2026-11-24/compared/pope-accepted/junit.xml"}) {
      EXPECT_TRUE(fs::exists(config_.folder / file)) << file;
    }
    EXPECT_NE(read_file(config_.folder / "trend.html").find("2026-11-24"), std::string::npos);
  }

 private:
  testing::TemporaryFolder folder_;
  Config config_;
  uint64_t evaluated_ = 0;
};

class FaultNightly : public ::testing::TestWithParam<Fault> {};
INSTANTIATE_TEST_SUITE_P(Fault, FaultNightly,
                         ::testing::Values(Fault::kNoSpace, Fault::kDiskFull, Fault::kKillBefore,
                                           Fault::kKillAfter));

TEST_P(FaultNightly, StoppedAtAnyOperationTheNextStartFinishes) {
  FailingFileSystem counting(-1, GetParam());
  TwoNights whole;
  whole.run(counting);
  whole.expect_whole();
  ASSERT_GT(counting.operations(), 30);
  // Every fifth operation (each syncs to the disk), others for each kind of fault.
  for (int fail_at = static_cast<int>(GetParam()); fail_at < counting.operations(); fail_at += 5) {
    SCOPED_TRACE("operation " + std::to_string(fail_at));
    TwoNights nights;
    FailingFileSystem files(fail_at, GetParam());
    bool stopped = false;
    try {
      nights.run(files);
    } catch (const Killed&) {
      stopped = true;
    } catch (const Error& error) {
      stopped = true;
      EXPECT_EQ(error.parts().what, "no space left on the disk");
    }
    EXPECT_TRUE(stopped);
    DiskFileSystem disk;
    nights.run(disk);
    nights.expect_whole();
  }
}

}  // namespace
}  // namespace vigor::nightly
