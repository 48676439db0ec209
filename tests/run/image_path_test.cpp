#include "run/image_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class ImagePath : public ::testing::Test {
 protected:
  ImagePath() {
    folder_.write("images/a.jpg", "");
    folder_.write("secret.jpg", "");
    fs::create_symlink("a.jpg", folder_ / "images/same.jpg");
    fs::create_symlink("../secret.jpg", folder_ / "images/out.jpg");
    fs::create_symlink("..", folder_ / "images/up");
    fs::create_symlink("images", folder_ / "linked");
  }
  std::string message(const std::string& name) {
    try {
      image_path(folder_ / "images", name, "q.json:3");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  testing::TemporaryFolder folder_;
};

TEST_F(ImagePath, NamesInsideAreFine) {
  EXPECT_EQ(message("a.jpg"), "");
  EXPECT_EQ(message("same.jpg"), "");
  EXPECT_EQ(message("missing.jpg"), "");
  EXPECT_EQ(message("sub/missing.jpg"), "");
  EXPECT_EQ(message("..jpg"), "");
  EXPECT_NO_THROW(image_path(folder_ / "linked", "a.jpg", ""));
  EXPECT_NO_THROW(image_path((folder_ / "images").string() + "/", "a.jpg", ""));
  EXPECT_NO_THROW(image_path(folder_ / "nowhere", "a.jpg", ""));
}

TEST_F(ImagePath, NamesThatLeaveAreRefused) {
  EXPECT_THAT(message("../secret.jpg"),
              HasSubstr("q.json:3: the image path ../secret.jpg leaves the folder"));
  EXPECT_THAT(message("x/../../secret.jpg"), HasSubstr("it has \"..\""));
  EXPECT_THAT(message("/etc/passwd"), HasSubstr("it is absolute"));
  EXPECT_THAT(message("out.jpg"), HasSubstr("a symbolic link leads out"));
  EXPECT_THAT(message("up/secret.jpg"), HasSubstr("a symbolic link leads out"));
  EXPECT_THAT(message(""), HasSubstr("empty"));
}

}  // namespace
}  // namespace vigor
