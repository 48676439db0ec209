#include "benchmarks/captions/candidates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"

namespace vigor::captions {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string message(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(CaptionCandidates, TheFirstSampleOfAnImageCounts) {
  const Candidate read = parse_candidate(
      R"({"image": "a.jpg", "sample": 0, "caption": "first", "prompt": "p", "tokens": 3})"
      "\n"
      R"({"image": "a.jpg", "sample": 1, "caption": "second", "prompt": "p"})",
      "f");
  EXPECT_EQ(read.captions.at("a.jpg"), "first");
  EXPECT_EQ(read.prompts.at("a.jpg"), "p");
}

TEST(CaptionCandidates, AFailedCaptionIsKeptAsFailed) {
  const Candidate read =
      parse_candidate(R"({"image": "a.jpg", "caption": null, "error": "no picture"})", "f");
  EXPECT_TRUE(read.captions.empty());
  EXPECT_EQ(read.failed.at("a.jpg"), "no picture");
}

TEST(CaptionCandidates, BrokenRowsAreNamedByLine) {
  EXPECT_THAT(message([] {
                parse_candidate("{\"image\": \"a\", \"caption\": \"x\"}\n{\"image\": \"b\"}", "f");
              }),
              HasSubstr("f:2"));
  EXPECT_THAT(
      message([] {
        parse_candidate(
            "{\"image\": \"a\", \"caption\": \"x\"}\n{\"image\": \"a\", \"caption\": \"y\"}", "f");
      }),
      HasSubstr("a second caption of the image a"));
}

TEST(CaptionCandidates, OnlyImagesThatAllHaveAreRanked) {
  std::vector<Candidate> two(2);
  two[0].prompts = {{"a", "p"}, {"b", "p"}};
  two[1].prompts = {{"b", "p"}, {"c", "p"}};
  size_t left_out = 0;
  EXPECT_THAT(common_images(two, left_out), ElementsAre("b"));
  EXPECT_EQ(left_out, 2u);
  two[1].prompts = {{"c", "p"}};
  EXPECT_THROW(common_images(two, left_out), Error);
}

TEST(CaptionCandidates, DifferentPromptsAreNotCompared) {
  std::vector<Candidate> two(2);
  two[0].prompts = {{"a", "describe"}};
  two[1].prompts = {{"a", "tell a story"}};
  EXPECT_THROW(common_prompt(two, "a"), Error);
}

TEST(CaptionCandidates, NamesAreNeededAndDiffer) {
  EXPECT_THROW(read_candidates({"a.jsonl", "b.jsonl"}, 25), Error);
  EXPECT_THROW(read_candidates({"A=a.jsonl"}, 25), Error);
}

}  // namespace
}  // namespace vigor::captions
