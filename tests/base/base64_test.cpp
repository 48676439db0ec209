#include "base/base64.h"

#include <gtest/gtest.h>

namespace vigor {
namespace {

// RFC 4648, section 10.
TEST(Base64, PadsAsTheRfc) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
}

TEST(Base64, BytesAreNotSigned) {
  EXPECT_EQ(base64("\xff\xfe\xfd"), "//79");
}

TEST(Base64, IsReadBack) {
  for (const std::string bytes : {"", "f", "fo", "foo", "foob", "\xff\xfe\xfd\xfc"}) {
    EXPECT_EQ(base64_decode(base64(bytes)), bytes);
  }
  for (const char* wrong :
       {"Zg", "Zg=", "Z===", "====", "Zm9v Zm9v", "Zh==", "Zm9=", "Z\ng=", "Zg==Zg=="}) {
    EXPECT_EQ(base64_decode(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace vigor
