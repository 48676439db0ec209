#include "image/detector_preprocess.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/image/goldens.h"

namespace vigor {
namespace {

using testing::make_picture;

DetectorPreprocess parse_detector(const std::string& text) {
  return parse_detector_preprocess(parse_json(text, "p.json"), "p.json");
}

TEST(DetectorPreprocess, ConfigWithDefaults) {
  EXPECT_EQ(parse_detector("{}").longest_edge, 1333);
  const auto options = parse_detector(R"({"size": {"shortest_edge": 96, "longest_edge": 160}})");
  EXPECT_EQ(options.shortest_edge, 96);
  EXPECT_EQ(options.longest_edge, 160);
  EXPECT_EQ(parse_detector(R"({"size": {"shortest_edge": 96}})").longest_edge, 0);
  EXPECT_THROW(parse_detector(R"({"size": {"shortest_edge": 0}})"), Error);
  EXPECT_THROW(parse_detector(R"({"size": {"longest_edge": 160}})"), Error);
  EXPECT_THROW(parse_detector(R"({"image_std": [1, 1]})"), Error);
}

TEST(DetectorPreprocess, TooNarrowIsAnError) {
  EXPECT_THROW(detector_resize_size({1, 100000}, 800, 1333), Error);
  EXPECT_THROW(detector_resize_size({0, 10}, 800, 1333), Error);
  EXPECT_EQ(detector_resize_size({100, 400}, 50, 0), (Size{50, 200}));
}

TEST(DetectorPreprocess, PaddingIsZeroAndMasked) {
  DetectorPreprocess options;
  options.do_resize = false;
  const std::vector<Image> images = {make_picture(2, 3, 1), make_picture(4, 1, 2)};
  const DetectorBatch batch = preprocess_detector(images, options);
  EXPECT_EQ(batch.height, 4);
  EXPECT_EQ(batch.width, 3);
  for (int i = 0; i < 2; ++i) {
    for (int y = 0; y < 4; ++y) {
      for (int x = 0; x < 3; ++x) {
        const bool inside = y < images[i].height && x < images[i].width;
        EXPECT_EQ(batch.pixel_mask[(i * 4 + y) * 3 + x], inside ? 1 : 0);
        if (inside) continue;
        EXPECT_EQ(batch.pixel_values[((i * 3 + 1) * 4 + y) * 3 + x], 0.0f);
      }
    }
  }
  EXPECT_THROW(preprocess_detector({}, options), Error);
}

}  // namespace
}  // namespace vigor
