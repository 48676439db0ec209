#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <png.h>
#include <webp/encode.h>

#include "base/error.h"
#include "base/files.h"
#include "image/image.h"
#include "tests/image/goldens.h"
#include "tests/image/png_files.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::make_picture;
using testing::PngFile;
using testing::write_png;

Image decoded(const std::string& bytes, const DecodeLimits& limits = {}) {
  return decode_image(std::as_bytes(std::span(bytes)), "a picture", limits);
}

std::string decode_error(const std::string& bytes, const DecodeLimits& limits = {}) {
  try {
    decoded(bytes, limits);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(DecodePng, OneBitGreyIsBlackAndWhite) {
  const Image image = decoded(write_png({.height = 1,
                                         .width = 3,
                                         .colour_type = PNG_COLOR_TYPE_GRAY,
                                         .bit_depth = 1,
                                         .data = {0xA0}}));
  EXPECT_THAT(image.rgb, ElementsAre(255, 255, 255, 0, 0, 0, 255, 255, 255));
}

TEST(DecodePng, FourBitGreyIsScaled) {
  const Image image = decoded(write_png({.height = 1,
                                         .width = 2,
                                         .colour_type = PNG_COLOR_TYPE_GRAY,
                                         .bit_depth = 4,
                                         .data = {0x1F}}));
  EXPECT_THAT(image.rgb, ElementsAre(17, 17, 17, 255, 255, 255));
}

TEST(DecodePng, SixteenBitGreyIsClippedAndNotScaled) {
  const Image image = decoded(write_png({.height = 1,
                                         .width = 3,
                                         .colour_type = PNG_COLOR_TYPE_GRAY,
                                         .bit_depth = 16,
                                         .data = {0, 200, 1, 0, 255, 255}}));
  EXPECT_THAT(image.rgb, ElementsAre(200, 200, 200, 255, 255, 255, 255, 255, 255));
}

TEST(DecodePng, SixteenBitColourKeepsTheHighByte) {
  const Image image = decoded(write_png({.height = 1,
                                         .width = 1,
                                         .colour_type = PNG_COLOR_TYPE_RGB,
                                         .bit_depth = 16,
                                         .data = {10, 255, 20, 128, 30, 0}}));
  EXPECT_THAT(image.rgb, ElementsAre(10, 20, 30));
}

TEST(DecodePng, GreyWithAlphaDropsTheAlpha) {
  const Image image = decoded(write_png({.height = 1,
                                         .width = 2,
                                         .colour_type = PNG_COLOR_TYPE_GRAY_ALPHA,
                                         .bit_depth = 8,
                                         .data = {9, 0, 7, 255}}));
  EXPECT_THAT(image.rgb, ElementsAre(9, 9, 9, 7, 7, 7));
}

TEST(DecodePng, TransparentGreyStaysWhatItIs) {
  const Image image = decoded(write_png({.height = 1,
                                         .width = 2,
                                         .colour_type = PNG_COLOR_TYPE_GRAY,
                                         .bit_depth = 8,
                                         .data = {9, 7},
                                         .transparent_grey = 9}));
  EXPECT_THAT(image.rgb, ElementsAre(9, 9, 9, 7, 7, 7));
}

TEST(DecodePng, PaletteWithTransparencyIsLookedUp) {
  const Image image = decoded(write_png({.height = 1,
                                         .width = 4,
                                         .colour_type = PNG_COLOR_TYPE_PALETTE,
                                         .bit_depth = 2,
                                         .data = {0b00011011},
                                         .palette = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
                                         .alpha = {255, 0}}));
  EXPECT_THAT(image.rgb, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
}

TEST(DecodePng, InterlacedIsTheSame) {
  const Image image = make_picture(13, 11, 1);
  const Image read = decoded(write_png({.height = 13,
                                        .width = 11,
                                        .colour_type = PNG_COLOR_TYPE_RGB,
                                        .bit_depth = 8,
                                        .interlaced = true,
                                        .data = image.rgb}));
  EXPECT_EQ(read.rgb, image.rgb);
}

TEST(DecodePng, MissingEndAfterTheLastRowIsForgiven) {
  const Image image = make_picture(5, 4, 1);
  std::string bytes = encode_png(image);
  bytes.resize(bytes.size() - 12);  // IEND
  EXPECT_EQ(decoded(bytes).rgb, image.rgb);
}

TEST(DecodeWebp, LosslessWithAlphaKeepsTheColours) {
  const Image image = make_picture(6, 5, 2);
  std::vector<uint8_t> rgba;
  for (size_t i = 0; i < image.rgb.size(); ++i) {
    rgba.push_back(image.rgb[i]);
    if (i % 3 == 2) rgba.push_back(static_cast<uint8_t>(1 + i % 255));
  }
  uint8_t* out = nullptr;
  const size_t size = WebPEncodeLosslessRGBA(rgba.data(), 5, 6, 5 * 4, &out);
  const std::string bytes(reinterpret_cast<char*>(out), size);
  WebPFree(out);
  EXPECT_EQ(decoded(bytes).rgb, image.rgb);
  EXPECT_THAT(decode_error(bytes.substr(0, size / 2)),
              HasSubstr("the WebP picture cannot be decoded"));
}

// CMYK, grey, progressive, arithmetic and restart JPEG, all kinds of PNG, WebP with and without
// loss.
TEST(Decode, EveryKindOfFile) {
  const auto folder = testing::source_dir() / "tests/fuzz/corpus/image";
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    SCOPED_TRACE(entry.path().filename());
    check_image(load_image(entry.path()), "corpus");
    ++count;
  }
  EXPECT_GE(count, 10u);
}

TEST(Decode, TruncatedProgressiveJpegIsAnError) {
  const auto file = testing::source_dir() / "tests/fuzz/corpus/image/progressive.jpg";
  const std::string bytes = read_file(file);
  for (size_t size = 0; size < bytes.size(); size += 5) {
    EXPECT_NE(decode_error(bytes.substr(0, size)), "no error") << size;
  }
}

TEST(Decode, CodecVersionsAreKnown) {
  EXPECT_EQ(codec_versions().size(), 3u);
  for (const auto& [library, version] : codec_versions()) EXPECT_FALSE(version.empty()) << library;
}

TEST(DecodeError, EmptyFile) {
  EXPECT_THAT(decode_error(""), AllOf(HasSubstr("a picture: "), HasSubstr("is empty")));
}

TEST(DecodeError, ForeignFormatIsNamed) {
  EXPECT_THAT(decode_error("GIF89a......"), HasSubstr("a GIF file"));
  EXPECT_THAT(decode_error("<html>404 Not Found"), HasSubstr("a web page file"));
  EXPECT_THAT(decode_error(std::string("II*\0....", 8)), HasSubstr("a TIFF file"));
  EXPECT_THAT(decode_error("plain text"), HasSubstr("neither JPEG nor PNG nor WebP"));
}

TEST(DecodeError, MissingFileIsNamed) {
  const testing::TemporaryFolder folder;
  try {
    load_image(folder / "none.jpg");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("none.jpg"));
  }
}

// Every prefix of a file is an error or (PNG without its end) the whole picture: never a part of
// it.
TEST(DecodeError, NoTruncatedFileGivesAPartOfAPicture) {
  const Image image = make_picture(24, 20, 3);
  for (const std::string& bytes : {encode_jpeg(image, 90), encode_png(image)}) {
    const Image whole = decoded(bytes);
    for (size_t size = 0; size + 12 < bytes.size(); size += 7) {
      EXPECT_NE(decode_error(bytes.substr(0, size)), "no error") << size << " of " << bytes.size();
    }
    for (size_t size = bytes.size() - 12; size < bytes.size(); ++size) {
      try {
        EXPECT_EQ(decoded(bytes.substr(0, size)).rgb, whole.rgb) << size;
      } catch (const Error&) {
      }
    }
  }
}

TEST(DecodeError, TruncatedJpegSaysSo) {
  const std::string bytes = encode_jpeg(make_picture(64, 64, 4), 90);
  EXPECT_THAT(decode_error(bytes.substr(0, bytes.size() / 2)),
              AllOf(HasSubstr("the JPEG picture cannot be decoded: the file ends early"),
                    HasSubstr("fetch the file again")));
}

TEST(DecodeError, JpegDataThatEndEarlyAreNotFilledWithGrey) {
  std::string bytes = encode_jpeg(make_picture(64, 64, 4), 90);
  bytes.resize(bytes.size() / 2);
  bytes += "\xff\xd9";
  EXPECT_THAT(decode_error(bytes), HasSubstr("premature end of data"));
}

TEST(DecodeError, DamagedPngChecksum) {
  std::string bytes = encode_png(make_picture(16, 16, 5));
  bytes[bytes.size() - 20] ^= 1;
  EXPECT_THAT(decode_error(bytes), HasSubstr("the PNG picture cannot be decoded"));
}

TEST(DecodeError, TooManyPixelsBeforeAnyIsAllocated) {
  const Image image = make_picture(8, 8, 6);
  for (const std::string& bytes : {encode_jpeg(image, 90), encode_png(image)}) {
    EXPECT_THAT(decode_error(bytes, {.max_pixels = 63}), HasSubstr("8x8 is more than 63 pixels"));
    EXPECT_EQ(decode_error(bytes, {.max_pixels = 64}), "no error");
  }
}

TEST(DecodeError, HugeJpegHeaderIsRefusedByDefault) {
  std::string bytes = encode_jpeg(make_picture(8, 8, 6), 90);
  const size_t frame = bytes.find("\xff\xc0");  // marker, length (2), precision, height, width
  ASSERT_NE(frame, std::string::npos);
  bytes.replace(frame + 5, 4, "\xff\xdc\xff\xdc");
  EXPECT_THAT(decode_error(bytes), HasSubstr("65500x65500 is more than"));
}

}  // namespace
}  // namespace vigor
