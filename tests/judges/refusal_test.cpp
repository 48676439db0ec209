#include "judges/chat/refusal.h"

#include <gtest/gtest.h>

namespace vigor {
namespace {

TEST(Refusal, BeginsAsModelsDecline) {
  for (const char* text : {"I'm sorry, but I can't assist with that.", "\n I\u2019m sorry.",
                           "I cannot help with this.", "Sorry, no.",
                           "I\u2018m unable to see people.", "As an AI, I do not judge."}) {
    EXPECT_TRUE(reads_as_refusal(text)) << text;
  }
  for (const char* text : {"", " \n", "The captions differ. I'm sorry to say that B is worst.",
                           "Sorrys are none.", "\xE2\x80", "I'm sure: A > B"}) {
    EXPECT_FALSE(reads_as_refusal(text)) << text;
  }
}

}  // namespace
}  // namespace vigor
