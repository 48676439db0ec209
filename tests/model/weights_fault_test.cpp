// A checkpoint is complete or not there, whatever operation fails while it is saved.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "model/hf_folder.h"
#include "model/weights.h"
#include "tests/run/failing_file_system.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;
using testing::FailingFileSystem;
using testing::Fault;

std::vector<TensorToSave> tensors() {
  return {tensor_to_save("a", at::arange(10, at::kFloat)),
          tensor_to_save("b", at::arange(20, at::kFloat))};
}

void save(FileSystem& files, const fs::path& folder) {
  save_hf_folder(files, folder, Json::object(), tensors(), {.max_shard_bytes = 50});
}

void expect_complete(const fs::path& folder) {
  const Weights weights = Weights::open(folder);
  EXPECT_TRUE(at::equal(weights.get("a"), at::arange(10, at::kFloat)));
  EXPECT_TRUE(at::equal(weights.get("b"), at::arange(20, at::kFloat)));
  EXPECT_TRUE(fs::exists(folder / "config.json"));
}

class HfFolderFault : public ::testing::TestWithParam<Fault> {};

TEST_P(HfFolderFault, FolderIsCompleteOrNotThere) {
  FailingFileSystem counting(-1, GetParam());
  {
    const testing::TemporaryFolder folder;
    save(counting, folder / "model");
  }
  ASSERT_GT(counting.operations(), 8);
  // In one place, so that every attempt meets what the one before it left behind.
  const testing::TemporaryFolder folder;
  for (int at = 0; at < counting.operations(); ++at) {
    FailingFileSystem failing(at, GetParam());
    try {
      save(failing, folder / "model");
    } catch (const Error&) {
    } catch (const testing::Killed&) {
    }
    if (!fs::exists(folder / "model")) continue;
    expect_complete(folder / "model");
    fs::remove_all(folder / "model");
  }
  DiskFileSystem disk;
  save(disk, folder / "model");
  expect_complete(folder / "model");
}

INSTANTIATE_TEST_SUITE_P(FaultAtEveryOperation, HfFolderFault,
                         ::testing::Values(Fault::kDiskFull, Fault::kKillAfter),
                         [](const auto& tested) {
                           return tested.param == Fault::kDiskFull ? "DiskFull" : "KillAfter";
                         });

}  // namespace
}  // namespace vigor
