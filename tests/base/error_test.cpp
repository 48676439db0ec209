#include "base/error.h"

#include <gtest/gtest.h>

namespace vigor {
namespace {

TEST(NearestName, SlipsOfTheFingerAreFound) {
  const std::vector<std::string> names = {"model", "out", "learning_rate", "seed"};
  EXPECT_EQ(nearest_name("modle", names), "model");  // two letters swapped
  EXPECT_EQ(nearest_name("mdoel", names), "model");
  EXPECT_EQ(nearest_name("omdel", names), "model");
  EXPECT_EQ(nearest_name("modell", names), "model");  // one too many
  EXPECT_EQ(nearest_name("sed", names), "seed");      // one too few
  EXPECT_EQ(nearest_name("our", names), "out");       // another one
  EXPECT_EQ(nearest_name("lerning_raet", names), "learning_rate");
}

TEST(NearestName, WhatIsFarIsNotSuggested) {
  EXPECT_EQ(nearest_name("pictures", {"model", "out"}), "");
  EXPECT_EQ(nearest_name("tuo", {"out"}), "");  // a swap across another letter is two slips
  EXPECT_EQ(nearest_name("", {"seed"}), "");
  EXPECT_EQ(nearest_name("seed", {}), "");
}

TEST(NearestName, TheNearestOfSeveralWins) {
  EXPECT_EQ(nearest_name("images", {"image", "imagines"}), "image");
  EXPECT_EQ(nearest_name("pope", {"mope", "pope"}), "pope");
}

}  // namespace
}  // namespace vigor
