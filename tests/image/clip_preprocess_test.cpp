#include "image/clip_preprocess.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/image/goldens.h"

namespace vigor {
namespace {

using ::testing::HasSubstr;
using testing::make_picture;

ClipPreprocess parse_clip(const std::string& text) {
  return parse_clip_preprocess(parse_json(text, "p.json"), "p.json");
}

std::string error_of(const std::string& text) {
  try {
    parse_clip(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(ClipPreprocessConfig, BothFormsOfSizes) {
  const ClipPreprocess old = parse_clip(R"({"size": 70, "crop_size": 56})");
  EXPECT_EQ(old.shortest_edge, 70);
  EXPECT_EQ(old.crop_height, 56);
  EXPECT_EQ(old.crop_width, 56);
  const ClipPreprocess now =
      parse_clip(R"({"size": {"shortest_edge": 70}, "crop_size": {"height": 56, "width": 48}})");
  EXPECT_EQ(now.shortest_edge, 70);
  EXPECT_EQ(now.crop_height, 56);
  EXPECT_EQ(now.crop_width, 48);
  const ClipPreprocess both = parse_clip(R"({"size": {"height": 30, "width": 40}})");
  EXPECT_EQ(both.shortest_edge, 0);
  EXPECT_EQ(both.resize_height, 30);
  EXPECT_EQ(both.resize_width, 40);
}

TEST(ClipPreprocessConfig, AbsentKeysAreTheLibrarysDefaults) {
  const ClipPreprocess options = parse_clip("{}");
  EXPECT_EQ(options.shortest_edge, 224);
  EXPECT_EQ(options.values(), 3u * 224 * 224);
  EXPECT_EQ(options.filter, Filter::kBicubic);
  EXPECT_DOUBLE_EQ(options.mean[0], 0.48145466);
  EXPECT_EQ(options.aspect, Aspect::kCrop);
}

TEST(ClipPreprocessConfig, LlavaProcessorPads) {
  EXPECT_EQ(parse_clip(R"({"image_processor_type": "LlavaImageProcessor", "do_pad": true})").aspect,
            Aspect::kPad);
}

TEST(ClipPreprocessConfig, MistakesNameTheKey) {
  EXPECT_THAT(error_of(R"({"size": 0})"), HasSubstr("'size'"));
  EXPECT_THAT(error_of(R"({"size": {"height": 3}})"), HasSubstr("width"));
  EXPECT_THAT(error_of(R"({"crop_size": {"height": -3, "width": 3}})"), HasSubstr("'height'"));
  EXPECT_THAT(error_of(R"({"crop_size": 1e9})"), HasSubstr("'crop_size'"));
  EXPECT_THAT(error_of(R"({"image_mean": [0.5, 0.5]})"), HasSubstr("'image_mean'"));
  EXPECT_THAT(error_of(R"({"image_std": [0.5, 0, 0.5]})"), HasSubstr("'image_std'"));
  EXPECT_THAT(error_of(R"({"resample": 1})"), HasSubstr("resample 1"));
  EXPECT_THAT(error_of(R"({"do_resize": "yes"})"), HasSubstr("do_resize"));
  EXPECT_THAT(error_of("[]"), HasSubstr("p.json"));
}

TEST(ClipPreprocess, PadIsInTheMiddleWithTheMeanColour) {
  ClipPreprocess options;
  options.aspect = Aspect::kPad;
  options.shortest_edge = options.crop_height = options.crop_width = 5;
  const Image image{2, 5, std::vector<uint8_t>(30, 7)};
  const Image padded = clip_resize_crop(image, options);
  for (int y = 0; y < 5; ++y) {
    for (int x = 0; x < 5; ++x) {
      const uint8_t* pixel = &padded.rgb[(y * 5 + x) * 3];
      const bool inside = y == 1 || y == 2;  // offset (5 - 2) / 2 = 1
      EXPECT_EQ(pixel[0], inside ? 7 : 122);
      EXPECT_EQ(pixel[1], inside ? 7 : 116);
      EXPECT_EQ(pixel[2], inside ? 7 : 104);
    }
  }
}

TEST(ClipPreprocess, CropOfASmallerPictureIsBlackAround) {
  ClipPreprocess options;
  options.do_resize = false;
  options.crop_height = 4;
  options.crop_width = 2;
  const Image image{1, 3, {1, 1, 1, 2, 2, 2, 3, 3, 3}};
  const Image result = clip_resize_crop(image, options);
  // Down: floor((1 - 4) / 2) = -2, so the row is number 2. Across: (3 - 2) / 2 = 0.
  std::vector<uint8_t> expected(24, 0);
  for (int i = 0; i < 6; ++i) expected[12 + i] = i < 3 ? 1 : 2;
  EXPECT_EQ(result.rgb, expected);
}

TEST(ClipPreprocess, WithoutCropTheSizeMustFit) {
  ClipPreprocess options = parse_clip(R"({"do_center_crop": false, "size": 8})");
  EXPECT_EQ(clip_resize_crop(make_picture(20, 20, 1), options).height, 8);
  EXPECT_THROW(clip_resize_crop(make_picture(20, 30, 1), options), Error);
  options.aspect = Aspect::kPad;
  EXPECT_EQ(clip_resize_crop(make_picture(20, 30, 1), options).width, 8);
}

TEST(ClipPreprocess, WithoutNormalisationValuesAreRescaledOnly) {
  ClipPreprocess options = parse_clip(R"({"do_normalize": false, "size": 1, "crop_size": 1})");
  float values[3];
  preprocess_clip(Image{1, 1, {0, 51, 255}}, options, values);
  EXPECT_THAT(values, ::testing::ElementsAre(0.0f, 0.2f, 1.0f));
}

TEST(ClipPreprocess, ExtremeStripsAreAnErrorOrAPicture) {
  ClipPreprocess options;
  EXPECT_EQ(clip_resize_crop(make_picture(1, 30000, 1), options).width, 224);
  options.aspect = Aspect::kPad;
  EXPECT_THROW(clip_resize_crop(make_picture(1, 30000, 1), options), Error);
  EXPECT_THROW(clip_resize_size({1, 100'000'000}, 16384), Error);
}

}  // namespace
}  // namespace vigor
