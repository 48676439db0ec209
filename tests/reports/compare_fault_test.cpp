// A comparison whose writing is stopped at any write, flush or rename leaves whole files, and is
// written by the next start.
#include <gtest/gtest.h>

#include <array>
#include <map>

#include "base/files.h"
#include "reports/compare_formats.h"
#include "tests/reports/synthetic_runs.h"
#include "tests/run/failing_file_system.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::reports {
namespace {

using testing::FailingFileSystem;
using testing::Fault;
using testing::Killed;
using testing::TemporaryFolder;

constexpr std::array kFiles = {"compare.json", "compare.html", "compare.md", "junit.xml"};

Comparison small_comparison(double drop) {
  const TemporaryFolder folder;
  const testing::SyntheticWorld world{.images = 4, .splits = {"random"}};
  testing::write_pope_run(folder / "a", testing::synthetic_answers(world, {}));
  testing::write_pope_run(folder / "b", testing::synthetic_answers(world, {.drop = drop}));
  return compare_runs({open_run((folder / "a").string())}, {open_run((folder / "b").string())});
}

class FaultCompare : public ::testing::TestWithParam<Fault> {};
INSTANTIATE_TEST_SUITE_P(Fault, FaultCompare,
                         ::testing::Values(Fault::kNoSpace, Fault::kDiskFull, Fault::kKillBefore,
                                           Fault::kKillAfter));

TEST_P(FaultCompare, EveryFileIsTheOldOneOrTheNewOne) {
  DiskFileSystem disk;
  const Comparison before = small_comparison(0), after = small_comparison(0.5);
  const TemporaryFolder whole;
  std::map<std::string, std::string> old_text, new_text;
  write_comparison(disk, whole / "old", before, nullptr);
  FailingFileSystem counting(-1, GetParam());
  write_comparison(counting, whole / "new", after, nullptr);
  for (const std::string file : kFiles) {
    old_text[file] = read_file(whole / "old" / file);
    new_text[file] = read_file(whole / "new" / file);
  }
  ASSERT_NE(old_text["compare.html"], new_text["compare.html"]);
  ASSERT_GT(counting.operations(), 12);
  // To be killed before an operation is to be killed after the one before it.
  for (int fail_at = static_cast<int>(GetParam()) % 2; fail_at < counting.operations();
       fail_at += 2) {
    SCOPED_TRACE("operation " + std::to_string(fail_at));
    const TemporaryFolder folder;
    write_comparison(disk, folder / "out", before, nullptr);
    FailingFileSystem files(fail_at, GetParam());
    bool stopped = false;
    try {
      write_comparison(files, folder / "out", after, nullptr);
    } catch (const Killed&) {
      stopped = true;
    } catch (const Error& error) {
      stopped = true;
      EXPECT_EQ(error.parts().what, "no space left on the disk");
    }
    EXPECT_TRUE(stopped);
    for (const std::string file : kFiles) {
      const std::string text = read_file(folder / "out" / file);
      EXPECT_TRUE(text == old_text[file] || text == new_text[file]) << file;
    }
    write_comparison(disk, folder / "out", after, nullptr);
    for (const std::string file : kFiles) {
      EXPECT_EQ(read_file(folder / "out" / file), new_text[file]) << file;
    }
  }
}

}  // namespace
}  // namespace vigor::reports
