#include "benchmarks/mmhal/rating.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace vigor::mmhal {
namespace {

using ::testing::HasSubstr;

std::optional<int> strict(const std::string& reply) {
  return read_rating(reply, Dialect::kStrict).score;
}
std::string reason(const std::string& reply) {
  return read_rating(reply, Dialect::kStrict).reason;
}

TEST(StrictRating, ReadsEveryUsualSpelling) {
  for (const char* reply : {"Rating: 4",
                            "RATING:4",
                            "- Rating: 4, somewhat informative, no hallucination",
                            "**Rating:** 4",
                            "Rating: **4**",
                            "Rating :4",
                            "Rating 4",
                            "Rating:\n4",
                            "Overall rating: 4",
                            "### Final Rating\n\nRating: 4",
                            "The rating is 4.",
                            "I give a rating of 4 out of 6.",
                            "Rating: 4/6",
                            "Rating: 4.0",
                            "Rating = 4",
                            "Rating: four",
                            "Rating - 4",
                            "Score: 4",
                            "4",
                            " 4.\n",
                            "4/6",
                            "\xE8\xA9\x95\xE4\xBE\xA1 Rating: 4",
                            "\xEF\xBC\xB2"
                            "ating\xEF\xBC\x9A \xEF\xBC\x94",
                            "{\"explanation\": \"rating: 2 is too low\", \"rating\": 4}",
                            "```json\n{\"rating\": 4}\n```",
                            "{\"rating\": \"4\"}",
                            "Rating: 4\nRating: 4",
                            "Rating: 4 - somewhat informative"}) {
    EXPECT_EQ(strict(reply), 4) << reply << ": " << reason(reply);
  }
}

TEST(StrictRating, ALineOfItsOwnDecides) {
  EXPECT_EQ(
      strict(
          "One could think of a rating: 2 here, but it is right.\n\n- Rating: 5, very informative"),
      5);
}

TEST(StrictRating, TheRestHasNoRatingAndAReason) {
  EXPECT_EQ(reason(""), "the reply is empty");
  EXPECT_EQ(reason("The LMM response is missing, so I cannot evaluate its quality."),
            "no rating in the reply");
  EXPECT_EQ(reason("I'm sorry, but I can't assist with that."), "the judge refused");
  EXPECT_EQ(reason("I\xE2\x80\x99m sorry, I can't."), "the judge refused");
  EXPECT_EQ(reason("Rating: 7"), "the rating 7 is not a whole number from 0 to 6");
  EXPECT_EQ(reason("Rating: 10"), "the rating 10 is not a whole number from 0 to 6");
  EXPECT_EQ(reason("Rating: -1"), "the rating -1 is not a whole number from 0 to 6");
  EXPECT_EQ(reason("Rating: 4.5"), "the rating 4.5 is not a whole number from 0 to 6");
  EXPECT_EQ(reason("{\"rating\": 9}"), "the rating 9 is not a whole number from 0 to 6");
  EXPECT_EQ(reason("Rating: 3 or Rating: 4"), "several ratings: 3, 4");
  EXPECT_EQ(reason("Rating: 6, very informative\nRating: 5, informative"), "several ratings: 5, 6");
  EXPECT_EQ(reason("I would not give rating: 2; Rating: 3"), "several ratings: 2, 3");
  EXPECT_EQ(reason("Rating: 3-4"), "the rating is a range or a choice");
  EXPECT_EQ(reason("Rating: 3 or 4"), "the rating is a range or a choice");
  EXPECT_EQ(reason("Rating: 4/10"), "the rating is on another scale than 0 to 6");
  EXPECT_EQ(reason("Rating: 4 out of 5"), "the rating is on another scale than 0 to 6");
  EXPECT_EQ(reason("Rating: 5%"), "the rating is a percentage");
  EXPECT_EQ(reason("Rating: 3rd"), "the rating is not a number alone");
  EXPECT_EQ(reason("The rating is one of the best."), "no rating in the reply");
  EXPECT_EQ(reason("Operating: 4"), "no rating in the reply");
  EXPECT_EQ(reason(std::string("\xFF\xFE rating\x00 4", 12)), "no rating in the reply");
}

TEST(StrictRating, LongRepliesTakeLinearTime) {
  std::string text;
  for (int i = 0; i < 200000; ++i) text += "rating ";
  EXPECT_EQ(reason(text), "no rating in the reply");
}

TEST(OfficialRating, SaysWhyItTookZero) {
  EXPECT_EQ(read_rating("nothing", Dialect::kOfficial).score, 0);
  EXPECT_THAT(read_rating("nothing", Dialect::kOfficial).reason, HasSubstr("taken as 0"));
  EXPECT_EQ(read_rating("Rating: 10", Dialect::kOfficial).score, 1);
  EXPECT_EQ(read_rating("Rating: 10", Dialect::kOfficial).reason, "");
}

TEST(MmhalDialect, AMisspeltNameSuggestsTheNearest) {
  EXPECT_EQ(parse_dialect("strict"), Dialect::kStrict);
  EXPECT_EQ(parse_dialect("official"), Dialect::kOfficial);
  try {
    parse_dialect("oficial");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.parts().fix, "did you mean official?");
    EXPECT_EQ(error.parts().exit_code, ExitCode::kUsage);
  }
}

TEST(Informativeness, IsThatOfRlhfV) {
  const int expected[] = {0, 1, 2, 0, 1, 2, 3};
  for (int score = 0; score <= 6; ++score) EXPECT_EQ(informativeness(score), expected[score]);
}

}  // namespace
}  // namespace vigor::mmhal
