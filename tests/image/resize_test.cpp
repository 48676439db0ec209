#include "image/resize.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "image/resize_passes.h"
#include "tests/image/goldens.h"

namespace vigor {
namespace {

using testing::make_picture;

TEST(Resize, SameSizeIsTheSamePicture) {
  const Image image = make_picture(9, 7, 1);
  EXPECT_EQ(resize(image, 9, 7, Filter::kBicubic).rgb, image.rgb);
}

TEST(Resize, FlatColourStaysFlat) {
  const Image image{50, 70, std::vector<uint8_t>(50 * 70 * 3, 201)};
  for (const Filter filter : {Filter::kBicubic, Filter::kBilinear}) {
    for (const auto& [height, width] : {std::pair{11, 13}, {50, 9}, {200, 70}, {1, 1}}) {
      for (const uint8_t value : resize(image, height, width, filter).rgb) ASSERT_EQ(value, 201);
    }
  }
}

TEST(Resize, HalvingByBilinearWithAntialiasWeighsFourNeighbours) {
  // Support 2 around the centre 1 of the first output: weights 3/4, 3/4, 1/4 of inputs 0, 1, 2
  // (the one at -1 is cut off), so (0 * 3 + 0 * 3 + 70 * 1) / 7 = 10.
  const Image image{1, 4, {0, 0, 0, 0, 0, 0, 70, 70, 70, 0, 0, 0}};
  EXPECT_EQ(resize(image, 1, 2, Filter::kBilinear).rgb[0], 10);
}

TEST(Resize, WindowIsTheSameAsCutting) {
  const Image image = make_picture(41, 53, 2);
  for (const auto& [height, width] : {std::pair{29, 31}, {41, 20}, {90, 53}, {41, 53}}) {
    const Image whole = resize(image, height, width, Filter::kBicubic);
    const Window window{5, 3, 17, 12};
    const Image part = resize_window(image, height, width, Filter::kBicubic, window);
    ASSERT_EQ(part.height, 17);
    ASSERT_EQ(part.width, 12);
    for (int y = 0; y < 17; ++y) {
      for (int x = 0; x < 12 * 3; ++x) {
        ASSERT_EQ(part.rgb[y * 36 + x], whole.rgb[((y + 5) * width + 3) * 3 + x]);
      }
    }
  }
}

TEST(Resize, VectorPassesEqualThePortableOnes) {
  for (const int wide : {1, 2, 3, 5, 16, 33, 250}) {
    for (const int out : {1, 4, 7, 40, 99}) {
      for (const Filter filter : {Filter::kBicubic, Filter::kBilinear}) {
        const Image image = make_picture(wide, wide, 7);
        std::vector<uint8_t> row(image.rgb.begin(), image.rgb.begin() + wide * 3);
        row.push_back(0);
        const auto taps = resize_passes::make_taps(wide, out, filter, 0, out);
        std::vector<uint8_t> fast(out * 3), slow(out * 3);
        resize_passes::horizontal(row.data(), taps, fast.data());
        resize_passes::horizontal_portable(row.data(), taps, slow.data());
        ASSERT_EQ(fast, slow) << wide << " to " << out;
        for (size_t i = 0; i < taps.first.size(); ++i) {
          const size_t bytes = row.size() - 1;
          std::vector<uint8_t> fast_row(bytes), slow_row(bytes);
          resize_passes::vertical(image.rgb.data(), bytes, taps, i, bytes, fast_row.data());
          resize_passes::vertical_portable(image.rgb.data(), bytes, taps, i, bytes,
                                           slow_row.data());
          ASSERT_EQ(fast_row, slow_row) << wide << " to " << out;
        }
      }
    }
  }
}

// Thousands of taps: the vector sums of the low halves wrap around, the result must not.
TEST(Resize, VeryLongRowsDoNotOverflow) {
  const Image image{1, 40000, std::vector<uint8_t>(40000 * 3, 255)};
  EXPECT_EQ(resize(image, 1, 1, Filter::kBicubic).rgb, (std::vector<uint8_t>{255, 255, 255}));
}

TEST(Resize, RefusesImpossibleSizes) {
  const Image image = make_picture(4, 4, 1);
  EXPECT_THROW(resize(image, 0, 4, Filter::kBicubic), Error);
  EXPECT_THROW(resize(image, 4, -1, Filter::kBicubic), Error);
  EXPECT_THROW(resize(Image{}, 4, 4, Filter::kBicubic), Error);
  EXPECT_THROW(resize_window(image, 8, 8, Filter::kBicubic, {4, 0, 5, 8}), Error);
  EXPECT_THROW(resize_window(image, 8, 8, Filter::kBicubic, {-1, 0, 5, 8}), Error);
  EXPECT_THROW(filter_from_pillow(1, "x"), Error);
}

}  // namespace
}  // namespace vigor
