#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.h"
#include "image/image.h"
#include "tests/image/goldens.h"

namespace vigor {
namespace {

using testing::make_picture;

Image decode(const std::string& bytes) {
  return decode_image(std::as_bytes(std::span(bytes)), "encoded");
}

TEST(Encode, PngIsLossless) {
  const Image image = make_picture(17, 23, 1);
  const Image read = decode(encode_png(image));
  EXPECT_EQ(read.height, 17);
  EXPECT_EQ(read.width, 23);
  EXPECT_EQ(read.rgb, image.rgb);
}

TEST(Encode, JpegIsNearAndSmallerWithLessQuality) {
  Image image{64, 48, std::vector<uint8_t>(64 * 48 * 3)};
  for (size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = static_cast<uint8_t>(i / 144 * 3);
  const std::string fine = encode_jpeg(image, 95), coarse = encode_jpeg(image, 20);
  EXPECT_LT(coarse.size(), fine.size());
  const Image read = decode(fine);
  ASSERT_EQ(read.rgb.size(), image.rgb.size());
  int largest = 0;
  for (size_t i = 0; i < image.rgb.size(); ++i) {
    largest = std::max(largest, std::abs(read.rgb[i] - image.rgb[i]));
  }
  EXPECT_LE(largest, 4);
}

TEST(Encode, SameBytesEveryTime) {
  const Image image = make_picture(40, 30, 2);
  EXPECT_EQ(encode_jpeg(image, 80), encode_jpeg(image, 80));
  EXPECT_EQ(encode_png(image), encode_png(image));
}

TEST(Encode, RefusesWhatIsNotAPicture) {
  EXPECT_THROW(encode_png(Image{}), Error);
  EXPECT_THROW(encode_jpeg(Image{2, 2, std::vector<uint8_t>(11)}, 90), Error);
  EXPECT_THROW(encode_jpeg(make_picture(2, 2, 1), 0), Error);
  EXPECT_THROW(encode_jpeg(make_picture(2, 2, 1), 101), Error);
  // JPEG's own limit is 65,500 pixels a side.
  EXPECT_THROW(encode_jpeg(make_picture(1, 65536, 1), 90), Error);
}

TEST(Shrink, KeepsProportionsAndNeverEnlarges) {
  const Image image = make_picture(60, 120, 3);
  const Image small = shrink(image, 30);
  EXPECT_EQ(small.height, 15);
  EXPECT_EQ(small.width, 30);
  EXPECT_EQ(shrink(image, 120).rgb, image.rgb);
  EXPECT_EQ(shrink(make_picture(1, 500, 4), 10).height, 1);
}

}  // namespace
}  // namespace vigor
