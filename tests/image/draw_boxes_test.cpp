#include "image/draw_boxes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"

namespace vigor {
namespace {

Image grey(int height, int width) {
  return {height, width, std::vector<uint8_t>(static_cast<size_t>(height) * width * 3, 128)};
}

bool changed(const Image& image, int x, int y) {
  return image.rgb[(static_cast<size_t>(y) * image.width + x) * 3] != 128;
}

TEST(DrawBoxesTest, LinesGoAroundAndLeaveTheInside) {
  Image image = grey(60, 80);
  const LabelledBox box{{10, 20, 70, 50}, "a dog."};
  draw_boxes(image, {&box, 1});
  EXPECT_TRUE(changed(image, 40, 20));
  EXPECT_TRUE(changed(image, 40, 49));
  EXPECT_TRUE(changed(image, 10, 35));
  EXPECT_TRUE(changed(image, 69, 35));
  EXPECT_FALSE(changed(image, 40, 35));
  EXPECT_FALSE(changed(image, 75, 55));
  EXPECT_TRUE(changed(image, 11, 15)) << "the label stands above the box";
}

TEST(DrawBoxesTest, WhatLiesOutsideIsCut) {
  for (const float far : {-1e30f, 1e30f, std::numeric_limits<float>::infinity(), std::nanf("")}) {
    Image image = grey(20, 20);
    const LabelledBox box{{far, -50, 500, far}, "a label that is wider than the picture, \xC3\xA9"};
    draw_boxes(image, {&box, 1});
    EXPECT_EQ(image.rgb.size(), 20u * 20 * 3);
  }
}

TEST(DrawBoxesTest, APictureWithoutPixelsIsRefused) {
  Image empty;
  EXPECT_THROW(draw_boxes(empty, {}), Error);
}

}  // namespace
}  // namespace vigor
