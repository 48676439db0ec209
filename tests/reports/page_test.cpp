#include "reports/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigor::reports {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Page, TextIsNeverMarkup) {
  EXPECT_EQ(html_text("<b a='1' c=\"2\">&"), "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;");
}

TEST(Page, ControlsAndDirectionOverridesAreShown) {
  EXPECT_EQ(html_text("a\x1b[31m"), "a\\x1b[31m");
  EXPECT_EQ(html_text("\xE2\x80\xAE"), "\\xe2\\x80\\xae");
}

TEST(Page, JsonBlockCannotEndItsElement) {
  const std::string block = json_block({{"a", "</script><!-- &\xE2\x80\xA8\xE2\x80\xA9"}});
  EXPECT_EQ(block, R"({"a":"\u003c/script\u003e\u003c!-- \u0026\u2028\u2029"})");
  EXPECT_EQ(Json::parse(block)["a"], "</script><!-- &\xE2\x80\xA8\xE2\x80\xA9");
}

// openssl dgst -sha256 -binary | base64, of nothing.
TEST(Page, PolicyHashIsSha256) {
  EXPECT_EQ(csp_hash(""), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

TEST(Page, PolicyNamesExactlyTheTwoEmbeddedTexts) {
  const std::string page =
      render_page({.title = "t<", .body = "<p>x</p>", .data = Json::object()}, "p{}", "1;");
  EXPECT_THAT(page, HasSubstr("default-src 'none'; img-src data:; style-src '" + csp_hash("p{}") +
                              "'; script-src '" + csp_hash("1;") + "'"));
  EXPECT_THAT(page, HasSubstr("<style>p{}</style>"));
  EXPECT_THAT(page, HasSubstr("<script>1;</script>"));
  EXPECT_THAT(page, HasSubstr("<title>t&lt;</title>"));
  EXPECT_THAT(page, Not(HasSubstr("unsafe")));
}

}  // namespace
}  // namespace vigor::reports
