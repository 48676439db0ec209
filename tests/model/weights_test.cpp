#include "model/weights.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "model/hf_folder.h"
#include "tests/model/torch_file.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

std::vector<TensorToSave> some_tensors() {
  return {tensor_to_save("layer.weight", at::arange(6, at::kFloat).view({2, 3})),
          tensor_to_save("layer.bias", at::arange(3, at::kBFloat16)),
          tensor_to_save("half", at::arange(5, at::kHalf)),
          tensor_to_save("double", at::arange(2, at::kDouble)),
          tensor_to_save("long", at::arange(4, at::kLong)),
          tensor_to_save("byte", at::arange(3, at::kByte)),
          tensor_to_save("bool", at::tensor({1, 0, 1}).to(at::kBool)),
          tensor_to_save("scalar", at::scalar_tensor(2.5)),
          tensor_to_save("empty", at::empty({0, 4}))};
}

template <typename Call>
ErrorParts parts_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.parts();
  }
  return {.what = "no error"};
}

TEST(Weights, ReadBackWhatWasSaved) {
  const TemporaryFolder folder;
  DiskFileSystem files;
  const auto tensors = some_tensors();
  save_hf_folder(files, folder / "model", {{"model_type", "llava"}}, tensors);
  const Weights weights = Weights::open(folder / "model");
  EXPECT_EQ(weights.names().size(), tensors.size());
  for (const TensorToSave& tensor : tensors) {
    const at::Tensor read = weights.get(tensor.name, tensor.shape);
    EXPECT_EQ(read.scalar_type(), tensor.dtype) << tensor.name;
    EXPECT_EQ(weights.dtype(tensor.name), tensor.dtype) << tensor.name;
    EXPECT_EQ(weights.shape(tensor.name), tensor.shape) << tensor.name;
    EXPECT_TRUE(at::equal(read, tensor.make())) << tensor.name;
  }
  EXPECT_EQ(read_json_file(folder / "model/config.json").at("model_type"), "llava");
}

TEST(Weights, TensorsAreViewsThatOutliveTheWeights) {
  const TemporaryFolder folder;
  DiskFileSystem files;
  save_safetensors(files, folder / "m.safetensors", some_tensors());
  at::Tensor tensor, again;
  {
    const Weights weights = Weights::open_file(folder / "m.safetensors");
    tensor = weights.get("layer.weight");
    again = weights.get("layer.weight");
  }
  EXPECT_EQ(tensor.data_ptr(), again.data_ptr());  // no copy was made
  EXPECT_EQ(tensor.sum().item<float>(), 15);
}

TEST(Weights, CopiesATensorThatIsNotAligned) {
  const TemporaryFolder folder;
  // 61 bytes of header put the data at byte 69.
  const std::string header =
      R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})" + std::string(7, ' ');
  std::string file(8, '\0');
  file[0] = static_cast<char>(header.size());
  file += header + testing::float_bytes({1.5F, -2});
  folder.write("m.safetensors", file);
  const at::Tensor tensor = Weights::open_file(folder / "m.safetensors").get("w");
  EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.data_ptr()) % sizeof(float), 0u);
  EXPECT_TRUE(at::equal(tensor, at::tensor({1.5F, -2.0F})));
}

TEST(Weights, MakesATransposedPickledTensorRowMajor) {
  const TemporaryFolder folder;
  const std::string pickle = testing::pickle_state_dict(
      {{.name = "w", .storage_elements = 6, .shape = {3, 2}, .strides = {1, 3}}});
  folder.write("pytorch_model.bin",
               testing::torch_file(pickle, {{"0", testing::float_bytes({0, 1, 2, 3, 4, 5})}}));
  const at::Tensor tensor = Weights::open(folder.path()).get("w", {3, 2});
  EXPECT_TRUE(tensor.is_contiguous());
  EXPECT_TRUE(at::equal(tensor, at::arange(6, at::kFloat).view({2, 3}).t()));
}

TEST(Weights, PreferSafetensors) {
  const TemporaryFolder folder;
  DiskFileSystem files;
  folder.write("pytorch_model.bin", "not even a zip file");
  save_safetensors(files, folder / "model.safetensors", some_tensors());
  EXPECT_THAT(Weights::open(folder.path()).files(), ElementsAre(folder / "model.safetensors"));
}

TEST(Weights, NameTheTensorThatIsMissingAndTheNearest) {
  const TemporaryFolder folder;
  DiskFileSystem files;
  save_safetensors(files, folder / "m.safetensors", some_tensors());
  const Weights weights = Weights::open_file(folder / "m.safetensors");
  const ErrorParts missing = parts_of([&] { weights.get("layer.weights"); });
  EXPECT_EQ(missing.what, "tensor 'layer.weights' is missing");
  EXPECT_EQ(missing.cause, "the nearest name in it is 'layer.weight'");
  const ErrorParts shape = parts_of([&] { weights.get("layer.weight", {3, 2}); });
  EXPECT_EQ(shape.what, "tensor 'layer.weight' has the shape [2, 3], the model needs [3, 2]");
  EXPECT_THAT(shape.where, HasSubstr("m.safetensors"));
}

TEST(Weights, RefuseABoolThatIsNone) {
  const TemporaryFolder folder;
  const std::string header = R"({"w":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}})";
  std::string file(8, '\0');
  file[0] = static_cast<char>(header.size());
  folder.write("m.safetensors", file + header + "\x07");
  const Weights weights = Weights::open_file(folder / "m.safetensors");
  EXPECT_EQ(parts_of([&] { weights.get("w"); }).what,
            "tensor 'w' is BOOL and holds bytes other than 0 and 1");
}

TEST(Weights, ExplainFoldersThatHoldNone) {
  const TemporaryFolder folder;
  EXPECT_EQ(parts_of([&] { Weights::open(folder.path()); }).what, "the folder holds no weights");
  EXPECT_EQ(parts_of([&] { Weights::open(folder / "nowhere"); }).what, "no such file");
}

TEST(Weights, ExplainABrokenIndex) {
  const TemporaryFolder folder;
  DiskFileSystem files;
  save_safetensors(files, folder / "one.safetensors", some_tensors());
  const auto failure = [&](const std::string& map) {
    folder.write("model.safetensors.index.json", R"({"weight_map":)" + map + "}");
    return parts_of([&] { Weights::open(folder.path()); }).what;
  };
  EXPECT_EQ(failure(R"({"half":"one.safetensors"})"), "no error");
  EXPECT_EQ(failure(R"({"half":"two.safetensors"})"), "the shard 'two.safetensors' is missing");
  EXPECT_EQ(failure(R"({"quarter":"one.safetensors"})"),
            "weight_map promises tensor 'quarter' in one.safetensors, which does not hold it");
  EXPECT_EQ(failure(R"({"half":"../one.safetensors"})"),
            "weight_map names the file '../one.safetensors', which is not a plain file name");
  EXPECT_EQ(failure(R"({"half":3})"), "key 'half' must be a string, found a number 3");
  EXPECT_EQ(failure("[]"), "expected an object, found a list");
}

TEST(HfFolder, SplitsIntoShardsWithAnIndex) {
  const TemporaryFolder folder;
  DiskFileSystem files;
  const auto tensors = some_tensors();
  const auto tokenizer = folder.write("from/tokenizer.model", "pieces");
  save_hf_folder(files, folder / "model/", Json::object(), tensors,
                 {.max_shard_bytes = 24, .copies = {tokenizer}});
  const Json index = read_json_file(folder / "model/model.safetensors.index.json");
  const Weights weights = Weights::open(folder / "model");
  EXPECT_GT(weights.files().size(), 2u);
  EXPECT_EQ(weights.total_bytes(), index.at("metadata").at("total_size").get<uint64_t>());
  EXPECT_EQ(index.at("weight_map").size(), tensors.size());
  for (const TensorToSave& tensor : tensors) {
    EXPECT_TRUE(at::equal(weights.get(tensor.name), tensor.make())) << tensor.name;
  }
  EXPECT_EQ(read_file(folder / "model/tokenizer.model"), "pieces");
  EXPECT_FALSE(fs::exists(folder / "model.tmp"));
}

TEST(HfFolder, ReplacesAFolderOnlyWhenAsked) {
  const TemporaryFolder folder;
  DiskFileSystem files;
  const std::vector<TensorToSave> first{tensor_to_save("w", at::zeros({2}))};
  const std::vector<TensorToSave> second{tensor_to_save("w", at::ones({2}), at::kHalf)};
  save_hf_folder(files, folder / "model", Json::object(), first);
  EXPECT_EQ(parts_of([&] { save_hf_folder(files, folder / "model", Json::object(), second); }).what,
            "the folder exists already");
  EXPECT_EQ(Weights::open(folder / "model").dtype("w"), at::kFloat);
  save_hf_folder(files, folder / "model", Json::object(), second, {.replace = true});
  EXPECT_EQ(Weights::open(folder / "model").dtype("w"), at::kHalf);
  EXPECT_FALSE(fs::exists(folder / "model.tmp"));
}

}  // namespace
}  // namespace vigor
