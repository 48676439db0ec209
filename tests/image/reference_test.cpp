// The image room against the reference tensors of the preprocess folder.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/json.h"
#include "image/clip_preprocess.h"
#include "image/detector_preprocess.h"
#include "image/image.h"
#include "image/resize.h"
#include "tests/image/goldens.h"
#include "tests/testing/shared_data.h"

namespace vigor {
namespace {

using testing::Golden;

const char kFolder[] = "reference/preprocess";

std::filesystem::path in_folder(const std::string& below) {
  return testing::shared(kFolder) / below;
}

// "a.b.name.png" with two parts before the name -> {"a", "b", "name.png"}.
std::vector<std::string> split_name(const std::string& name, size_t parts) {
  std::vector<std::string> out;
  size_t begin = 0;
  while (out.size() < parts) {
    const size_t dot = name.find('.', begin);
    out.push_back(name.substr(begin, dot - begin));
    begin = dot + 1;
  }
  out.push_back(name.substr(begin));
  return out;
}

Image golden_picture(const std::string& file) {
  static const auto goldens = testing::read_goldens(in_folder("decoded.safetensors"));
  return goldens.at("decoded." + file).image();
}

Size size_of(const Json& pair) {
  return {pair.at(0).get<int>(), pair.at(1).get<int>()};
}

// The number of values that differ, so that a failure prints one line and not a picture.
template <typename T>
size_t differences(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return std::max(a.size(), b.size());
  size_t count = 0;
  for (size_t i = 0; i < a.size(); ++i) count += a[i] != b[i];
  return count;
}

float largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return INFINITY;
  float largest = 0;
  for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

TEST(ReferencePreprocess, DecodedPicturesAreExact) {
  VIGOR_REQUIRE_SHARED(kFolder);
  for (const auto& [name, golden] : testing::read_goldens(in_folder("decoded.safetensors"))) {
    const std::string file = split_name(name, 1).back();
    const Image image = load_image(in_folder("images/" + file));
    const Image expected = golden.image();
    EXPECT_EQ(image.height, expected.height) << file;
    EXPECT_EQ(image.width, expected.width) << file;
    EXPECT_EQ(differences(image.rgb, expected.rgb), 0u) << file;
  }
}

TEST(ReferencePreprocess, ResizedPicturesAreExact) {
  VIGOR_REQUIRE_SHARED(kFolder);
  for (const auto& [name, golden] : testing::read_goldens(in_folder("resize.safetensors"))) {
    const auto parts = split_name(name, 3);
    const Filter filter = parts[1] == "bicubic" ? Filter::kBicubic : Filter::kBilinear;
    const Image expected = golden.image();
    const Image image = resize(golden_picture(parts[3]), expected.height, expected.width, filter);
    EXPECT_EQ(differences(image.rgb, expected.rgb), 0u) << name;
  }
}

TEST(ReferencePreprocess, ClipTensors) {
  VIGOR_REQUIRE_SHARED(kFolder);
  float largest = 0;
  for (const auto& [name, golden] : testing::read_goldens(in_folder("clip.safetensors"))) {
    const auto parts = split_name(name, 2);  // kind, mode_size, file
    const size_t line = parts[1].find('_');
    ClipPreprocess options;
    options.aspect = parts[1].substr(0, line) == "pad" ? Aspect::kPad : Aspect::kCrop;
    options.shortest_edge = std::stoi(parts[1].substr(line + 1));
    options.crop_height = options.crop_width = options.shortest_edge;
    const Image image = golden_picture(parts[2]);
    if (parts[0] == "resized_u8") {
      const std::vector<uint8_t> expected(golden.u8(), golden.u8() + golden.bytes.size());
      EXPECT_EQ(differences(testing::planes(clip_resize_crop(image, options)), expected), 0u)
          << name;
    } else {
      std::vector<float> values(options.values());
      preprocess_clip(image, options, values.data());
      const float difference = largest_difference(values, golden.f32());
      EXPECT_LE(difference, 1e-5f) << name;
      largest = std::max(largest, difference);
    }
  }
  RecordProperty("largest_difference", std::to_string(largest));
}

TEST(ReferencePreprocess, ClipResizeSizes) {
  VIGOR_REQUIRE_SHARED(kFolder);
  const Json golden = read_json_file(in_folder("golden.json"));
  for (const Json& row : golden.at("clip").at("resize_sizes")) {
    for (const auto& [key, value] : row.items()) {
      if (!key.starts_with("shortest_")) continue;
      EXPECT_EQ(clip_resize_size(size_of(row.at("in_hw")), std::stoi(key.substr(9))),
                size_of(value))
          << row;
    }
  }
}

TEST(ReferencePreprocess, DetectorSizes) {
  VIGOR_REQUIRE_SHARED(kFolder);
  const Json golden = read_json_file(in_folder("golden.json"));
  for (const Json& row : golden.at("grounding_dino").at("output_sizes")) {
    for (const auto& [key, value] : row.items()) {
      if (!key.starts_with("out_hw_")) continue;
      const size_t line = key.find('_', 7);
      EXPECT_EQ(detector_resize_size(size_of(row.at("in_hw")), std::stoi(key.substr(7, line - 7)),
                                     std::stoi(key.substr(line + 1))),
                size_of(value))
          << row;
    }
  }
}

// Every `stride`-th value of the last two dimensions of `planes` [height, width] tensors.
template <typename T>
std::vector<T> strided(const std::vector<T>& values, size_t planes, size_t height, size_t width,
                       size_t stride) {
  std::vector<T> out;
  for (size_t p = 0; p < planes; ++p) {
    for (size_t y = 0; y < height; y += stride) {
      for (size_t x = 0; x < width; x += stride)
        out.push_back(values[(p * height + y) * width + x]);
    }
  }
  return out;
}

TEST(ReferencePreprocess, DetectorBatches) {
  VIGOR_REQUIRE_SHARED(kFolder);
  const Json cases = read_json_file(in_folder("golden.json")).at("grounding_dino");
  const auto goldens = testing::read_goldens(in_folder("grounding_dino.safetensors"));
  size_t compared = 0;
  for (const auto& [name, golden] : goldens) {
    const std::string which = name.substr(0, name.find('.'));
    const Json& entry = cases.at(which);
    DetectorPreprocess options;
    if (entry.contains("size")) {
      options.shortest_edge = entry.at("size").at("shortest_edge");
      options.longest_edge = entry.at("size").at("longest_edge");
    }
    std::vector<Image> images;
    if (entry.contains("image")) images.push_back(golden_picture(entry.at("image")));
    for (const Json& file : entry.value("images", Json::array()))
      images.push_back(golden_picture(file));
    const DetectorBatch batch = preprocess_detector(images, options);
    const size_t stride = entry.value("stride", 1);
    if (golden.dtype == "F32") {
      EXPECT_LE(largest_difference(strided(batch.pixel_values, size_t{3} * batch.batch,
                                           batch.height, batch.width, stride),
                                   golden.f32()),
                1e-5f)
          << name;
    } else {
      EXPECT_EQ(
          differences(strided(batch.pixel_mask, batch.batch, batch.height, batch.width, stride),
                      golden.i64()),
          0u)
          << name;
    }
    if (entry.contains("full_shape")) {
      const auto shape = entry.at("full_shape").get<std::vector<int>>();
      EXPECT_EQ(batch.height, shape[shape.size() - 2]) << name;
      EXPECT_EQ(batch.width, shape.back()) << name;
    }
    ++compared;
  }
  EXPECT_GT(compared, 0u);
}

// The checkpoints' own pictures through their own preprocessor_config.json, end to end.
void expect_checkpoint_pixels(const std::filesystem::path& folder,
                              const std::filesystem::path& config, Aspect aspect) {
  const Json golden = read_json_file(folder / "golden.json");
  const auto tensors = testing::read_goldens(folder / "golden.safetensors");
  const std::vector<float> expected = tensors.at("pixel_values").f32();
  ClipPreprocess options = load_clip_preprocess(config);
  options.aspect = aspect;
  std::vector<std::string> files;
  for (const Json& prompt : golden.at("prompts")) files.push_back(prompt.at("image"));
  ASSERT_EQ(expected.size(), files.size() * options.values());
  for (size_t i = 0; i < files.size(); ++i) {
    std::vector<float> values(options.values());
    preprocess_clip(load_image(folder / files[i]), options, values.data());
    const auto begin = expected.begin() + i * options.values();
    EXPECT_LE(largest_difference(values, {begin, begin + options.values()}), 1e-5f) << files[i];
  }
}

TEST(ReferencePreprocess, LlavaHfCheckpointPixels) {
  VIGOR_REQUIRE_SHARED("reference/llava-hf-tiny");
  const auto folder = testing::shared("reference/llava-hf-tiny");
  expect_checkpoint_pixels(folder, folder / "preprocessor_config.json", Aspect::kCrop);
}

TEST(ReferencePreprocess, OriginalLlavaCheckpointPixels) {
  VIGOR_REQUIRE_SHARED("reference/llava-v1-tiny");
  const auto folder = testing::shared("reference/llava-v1-tiny");
  const Json config = read_json_file(folder / "config.json");
  const bool pad = config.value("image_aspect_ratio", "square") == "pad";
  expect_checkpoint_pixels(
      folder, folder / config.at("mm_vision_tower").get<std::string>() / "preprocessor_config.json",
      pad ? Aspect::kPad : Aspect::kCrop);
}

TEST(ReferencePreprocess, GroundingDinoCheckpointPixels) {
  VIGOR_REQUIRE_SHARED("reference/grounding-dino-tiny");
  const auto folder = testing::shared("reference/grounding-dino-tiny");
  const auto tensors = testing::read_goldens(folder / "golden.safetensors");
  const DetectorPreprocess options = load_detector_preprocess(folder / "preprocessor_config.json");
  std::set<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "images")) {
    files.insert(entry.path());
  }
  std::vector<Image> images;
  for (const auto& file : files) images.push_back(load_image(file));
  const DetectorBatch batch = preprocess_detector(images, options);
  EXPECT_LE(largest_difference(batch.pixel_values, tensors.at("batch.pixel_values").f32()), 1e-5f);
  EXPECT_EQ(differences(batch.pixel_mask, tensors.at("batch.pixel_mask").i64()), 0u);
}

}  // namespace
}  // namespace vigor
