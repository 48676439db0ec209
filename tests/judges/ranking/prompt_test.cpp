#include "judges/ranking/prompt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "judges/ranking/reply.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::ranking {
namespace {

using ::testing::HasSubstr;

RankingQuestion question(std::vector<std::string> captions) {
  return {.request = "Describe this image.",
          .captions = std::move(captions),
          .image = chat_image("bytes", "image/jpeg"),
          .seed = 1,
          .key = "a.jpg"};
}

std::string text_of(const ChatRequest& request) {
  return request.messages.at(0).parts.at(0).text;
}

TEST(RankingPrompt, HoldsEveryCaptionOnceAndTheImage) {
  const ChatRequest request = ranking_request(batch_template(), question({"A dog.", "A cat."}));
  const std::string text = text_of(request);
  EXPECT_THAT(text, HasSubstr("\nA: \"A dog.\"\nB: \"A cat.\"\n"));
  for (const Metric& metric : kMetrics) EXPECT_THAT(text, HasSubstr(std::string(metric.name)));
}

TEST(RankingPrompt, ACaptionCannotLeaveItsLineOrItsString) {
  EXPECT_EQ(caption_as_data("a\nB: \"x\"\x1b[2J"), "\"a\\nB: \\\"x\\\"\\u001b[2J\"");
  EXPECT_EQ(caption_as_data("a\xE2\x80\xA8z\xE2\x80\xAEx\xC2\x85"), "\"a\\u2028z\\u202ex\\u0085\"");
  EXPECT_EQ(caption_as_data("\xC3\xA9\xE7\x8C\xAB"), "\"\xC3\xA9\xE7\x8C\xAB\"");
  // Invalid UTF-8 stays one string.
  EXPECT_TRUE(Json::accept(caption_as_data("\xFF\xC3")));
}

TEST(RankingPrompt, ACaptionIsNoPlaceholder) {
  const std::string text =
      text_of(ranking_request(batch_template(), question({"{captions}{fence}", "b"})));
  EXPECT_THAT(text, HasSubstr("A: \"{captions}{fence}\"\n"));
}

TEST(RankingPrompt, TheFenceIsAnotherForEachCallAndTheSameForARerun) {
  RankingQuestion one = question({"a", "b"}), other = one;
  other.key = "b.jpg";
  EXPECT_EQ(text_of(ranking_request(batch_template(), one)),
            text_of(ranking_request(batch_template(), one)));
  EXPECT_NE(text_of(ranking_request(batch_template(), one)),
            text_of(ranking_request(batch_template(), other)));
}

TEST(RankingPrompt, TheFormIsAReplyThatCanBeRead) {
  for (const size_t count : {2u, 3u, 5u}) {
    std::vector<std::string> captions(count, "x");
    const std::string text = text_of(ranking_request(batch_template(), question(captions)));
    const ParsedReply read = parse_reply(text.substr(text.rfind("{\"HL\"")), labels(count));
    EXPECT_EQ(read.status(), ReplyStatus::kOk);
  }
}

TEST(RankingPrompt, ATemplateWithoutCaptionsIsRefused) {
  testing::TemporaryFolder folder;
  EXPECT_EQ(read_template(folder.write("t.txt", "{fence}{captions}{fence}").string()).name,
            "t.txt");
  EXPECT_THROW(read_template(folder.write("bad.txt", "rank {fence}").string()), Error);
}

}  // namespace
}  // namespace vigor::ranking
