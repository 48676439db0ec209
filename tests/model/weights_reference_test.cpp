// Every weight file of the reference data is read, and holds what the data's own list says.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/json.h"
#include "model/weights.h"
#include "tests/testing/shared_data.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> reference_files(const std::string& name_end) {
  std::vector<fs::path> found;
  for (const auto& item : fs::recursive_directory_iterator(testing::shared("reference"))) {
    if (item.path().filename().string().ends_with(name_end)) found.push_back(item.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string numpy_name(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return "float32";
    case at::kDouble:
      return "float64";
    case at::kHalf:
      return "float16";
    case at::kBFloat16:
      return "bfloat16";
    case at::kLong:
      return "int64";
    case at::kInt:
      return "int32";
    case at::kByte:
      return "uint8";
    case at::kBool:
      return "bool";
    default:
      return at::toString(type);
  }
}

// `listed` maps names to [dtype, shape].
void expect_listed(const Weights& weights, const Json& listed, const std::string& where) {
  EXPECT_EQ(weights.names().size(), listed.size()) << where;
  for (const auto& [name, row] : listed.items()) {
    ASSERT_TRUE(weights.has(name)) << where << " " << name;
    const auto shape = row.at(1).get<std::vector<int64_t>>();
    const at::Tensor tensor = weights.get(name, shape);
    EXPECT_EQ(numpy_name(tensor.scalar_type()), row.at(0).get<std::string>()) << where << name;
    EXPECT_EQ(tensor.sizes().vec(), shape) << where << " " << name;
  }
}

TEST(ReferenceWeights, GoldenFilesHoldTheTensorsTheyList) {
  VIGOR_REQUIRE_SHARED("reference");
  size_t files = 0;
  for (const fs::path& list : reference_files("golden.json")) {
    const Json golden = read_json_file(list);
    if (!golden.contains("tensors")) continue;
    // Either the tensors of golden.safetensors, or such a list for each of several files.
    for (const auto& [key, value] : golden["tensors"].items()) {
      if (!value.is_object()) break;
      const fs::path file = list.parent_path() / key;
      expect_listed(Weights::open_file(file), value, file.string());
      ++files;
    }
    const fs::path single = list.parent_path() / "golden.safetensors";
    if (fs::exists(single)) {
      expect_listed(Weights::open_file(single), golden["tensors"], single.string());
      ++files;
    }
  }
  EXPECT_GT(files, 0u);
}

TEST(ReferenceWeights, IndexedShardsHoldWhatTheirIndexPromises) {
  VIGOR_REQUIRE_SHARED("reference");
  for (const fs::path& path : reference_files(".index.json")) {
    const Json index = read_json_file(path);
    const Weights weights = Weights::open(path.parent_path());
    EXPECT_EQ(weights.names().size(), index["weight_map"].size()) << path;
    for (const auto& [name, shard] : index["weight_map"].items()) {
      EXPECT_TRUE(weights.get(name).defined()) << path << name;
    }
    if (index.contains("metadata") && index["metadata"].contains("total_size")) {
      EXPECT_EQ(weights.total_bytes(), index["metadata"]["total_size"].get<uint64_t>()) << path;
    }
  }
}

TEST(ReferenceWeights, EveryWeightFileHasFiniteTensors) {
  VIGOR_REQUIRE_SHARED("reference");
  std::vector<fs::path> files = reference_files(".bin");
  for (const fs::path& path : reference_files(".safetensors")) {
    if (path.filename().string().starts_with("model")) files.push_back(path);
  }
  for (const fs::path& file : files) {
    const Weights weights = Weights::open_file(file);
    EXPECT_FALSE(weights.names().empty()) << file;
    for (const std::string& name : weights.names()) {
      const at::Tensor tensor = weights.get(name);
      if (!tensor.is_floating_point()) continue;
      EXPECT_TRUE(at::isfinite(tensor).all().item<bool>()) << file << " " << name;
      EXPECT_LT(tensor.abs().max().item<double>(), 1e4) << file << " " << name;
    }
  }
}

}  // namespace
}  // namespace vigor
