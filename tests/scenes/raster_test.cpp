#include "scenes/raster.h"

#include <gtest/gtest.h>

#include <cmath>

namespace vigor::scenes {
namespace {

double covered(const Layer& layer) {
  double sum = 0;
  for (int y = 0; y < layer.height(); ++y) {
    for (int x = 0; x < layer.width(); ++x) sum += layer.at(x, y).a;
  }
  return sum;
}

Layer filled(const std::vector<std::vector<Point>>& contours) {
  Layer layer(0, 0, 32, 32, {0, -1}, 1);
  layer.fill(contours, Ink(Rgb{200, 100, 50}, 0, 0));
  return layer;
}

TEST(Raster, CoversExactlyTheAreaOfAPolygon) {
  EXPECT_NEAR(covered(filled({{{2.25f, 3.5f}, {12.75f, 3.5f}, {12.75f, 9.0f}, {2.25f, 9.0f}}})),
              10.5 * 5.5, 1e-2);
  EXPECT_NEAR(covered(filled({{{1.3f, 1.1f}, {29.7f, 6.2f}, {8.4f, 28.9f}}})),
              0.5 * std::fabs(28.4 * 27.8 - 7.1 * 5.1), 0.5);  // below 0.004 a pixel is left out
}

TEST(Raster, GivesHalfAPixelHalfItsCoverage) {
  const Layer layer = filled({{{4.0f, 4.0f}, {8.5f, 4.0f}, {8.5f, 8.0f}, {4.0f, 8.0f}}});
  EXPECT_FLOAT_EQ(layer.at(7, 5).a, 1.0f);
  EXPECT_FLOAT_EQ(layer.at(8, 5).a, 0.5f);
  EXPECT_FLOAT_EQ(layer.at(9, 5).a, 0.0f);
  EXPECT_FLOAT_EQ(layer.at(8, 5).r, 100.0f);  // premultiplied
}

TEST(Raster, UnitesContoursOfEitherOrientation) {
  const std::vector<Point> a = {{2, 2}, {10, 2}, {10, 10}, {2, 10}};
  const std::vector<Point> reversed = {{6, 14}, {14, 14}, {14, 6}, {6, 6}};
  EXPECT_NEAR(covered(filled({a, reversed})), 64 + 64 - 16, 1e-2);
}

TEST(Raster, CutsWhatLiesOutside) {
  EXPECT_NEAR(covered(filled({{{-20, -20}, {80, -20}, {80, 80}, {-20, 80}}})), 32 * 32, 1e-1);
  EXPECT_NEAR(covered(filled({{{40, 4}, {60, 4}, {60, 9}, {40, 9}}})), 0, 1e-3);
  EXPECT_NEAR(covered(filled({{{-9, 4}, {-2, 4}, {-2, 9}, {-9, 9}}})), 0, 1e-3);
}

TEST(Raster, DirectionIsTheUnitCircle) {
  for (int i = -40; i < 80; ++i) {
    const float turns = static_cast<float>(i) / 37.0f;
    EXPECT_NEAR(direction(turns).x, std::cos(turns * 2 * M_PI), 1e-5);
    EXPECT_NEAR(direction(turns).y, std::sin(turns * 2 * M_PI), 1e-5);
  }
}

}  // namespace
}  // namespace vigor::scenes
