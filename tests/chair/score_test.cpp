#include "benchmarks/chair/score.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/testing/english.h"

namespace vigor::chair {
namespace {

const char* const kCaptions =
    "{\"image_id\": 1, \"caption\": \"A dog and a cat.\"}\n"
    "{\"image\": \"2.jpg\", \"caption\": \"A cat, a cat.\"}\r\n";
const char* const kObjects =
    "{\"image\": \"1.jpg\", \"objects\": [\"dog\", \"owl\"]}\n"
    "{\"image\": \"2.jpg\", \"objects\": [\"cat\"]}\n";

ChairResult score(const std::string& captions, const std::string& objects,
                  const ScoreOptions& options = {}) {
  const ImageObjectTable table = ImageObjectTable::parse(objects, "objects.jsonl");
  return score_captions(parse_captions(captions, "captions.jsonl"), table,
                        Vocabulary(table.kinds()), testing::english(), options);
}

TEST(ChairScore, CountsCaptionsMentionsAndKinds) {
  const ChairResult result = score(kCaptions, kObjects);
  EXPECT_EQ(result.metrics["chair_s"], 0.5);      // the first caption's cat
  EXPECT_EQ(result.metrics["chair_i"], 0.25);     // of four mentions
  EXPECT_EQ(result.metrics["recall"], 2.0 / 3);   // dog and cat of dog, owl, cat
  EXPECT_EQ(result.metrics["length"], 0.01 * 6);  // "a dog and a cat ." and "a cat , a cat ."
  EXPECT_EQ(result.rows[0]["hallucinated"][0]["object"], "cat");
  EXPECT_EQ(result.rows[0]["key"], "1/1");
  EXPECT_TRUE(result.metrics["ci95"]["chair_i"].is_array());
}

TEST(ChairScore, ATableOfListsIsTheSame) {
  EXPECT_EQ(score(kCaptions, R"({"1": ["dog", "owl"],
                                 "COCO_val2014_000000000002.jpg": ["cat"]})")
                .metrics,
            score(kCaptions, kObjects).metrics);
}

TEST(ChairScore, NamesWithOneNumberAreToldApart) {
  const auto table =
      ImageObjectTable::parse(R"({"park_1.jpg": ["dog"], "street_1.jpg": ["cat"]})", "o");
  EXPECT_EQ(table.find("street_1.jpg")->at(0), "cat");
  EXPECT_EQ(table.find("1"), nullptr);
}

TEST(ChairScore, FailedCaptionsWithholdTheScores) {
  const std::string captions = std::string(kCaptions) + "{\"image_id\": 1, \"caption\": null}\n";
  const ChairResult result = score(captions, kObjects);
  EXPECT_TRUE(result.metrics["chair_s"].is_null());
  EXPECT_EQ(result.metrics["reason"], "1 of 3 captions failed, 0 may (--max-failures)");
  EXPECT_EQ(result.rows[2]["status"], "failed");
  EXPECT_EQ(score(captions, kObjects, {.max_failures = 1}).metrics["chair_s"], 0.5);
}

TEST(ChairScore, NothingMentionedIsNoShare) {
  const Json metrics = score("{\"image\":\"1.jpg\",\"caption\":\"Nothing.\"}\n", kObjects).metrics;
  EXPECT_TRUE(metrics["chair_i"].is_null());
  EXPECT_EQ(metrics["reason"], "chair_i: no caption mentions an object");
  EXPECT_EQ(metrics["chair_s"], 0.0);
}

TEST(ChairScore, MistakesAreNamed) {
  EXPECT_THROW(score("{\"image\":\"9.jpg\",\"caption\":\"A dog.\"}\n", kObjects), Error);
  EXPECT_THROW(score("{\"image\":\"1.jpg\"}\n", kObjects), Error);
  EXPECT_THROW(score("", kObjects), Error);
  EXPECT_THROW(score(kCaptions, R"({"1": "dog"})"), Error);
  EXPECT_THROW(
      score_captions(parse_captions(kCaptions, "c"), ImageObjectTable::parse(kObjects, "o"),
                     Vocabulary({{"dog"}, {"cat"}}), testing::english()),
      Error);  // owl is not in the vocabulary
}

}  // namespace
}  // namespace vigor::chair
