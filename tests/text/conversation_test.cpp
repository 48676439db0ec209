#include "text/conversation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace vigor {
namespace {

TEST(Conversation, AnUnknownNameSuggestsTheNearest) {
  try {
    Conversation("vicuna_v2");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.parts().exit_code, ExitCode::kUsage);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("vicuna_v1"));
  }
}

TEST(Conversation, TheSystemPromptCanBeReplacedAndLeftOut) {
  EXPECT_EQ(Conversation("vicuna_v1", "Be brief.").prompt("Hi"), "Be brief. USER: Hi ASSISTANT:");
  EXPECT_EQ(Conversation("vicuna_v1", "").prompt("Hi"), "USER: Hi ASSISTANT:");
  EXPECT_EQ(Conversation("llava_llama_2", "").prompt("Hi"), "[INST] Hi [/INST]");
  EXPECT_EQ(Conversation("mpt", "Be brief.").prompt("Hi"),
            "<|im_start|>system\nBe brief.<|im_end|><|im_start|>user\nHi<|im_end|>"
            "<|im_start|>assistant\n");
  EXPECT_EQ(Conversation("llava_v0", "Be brief.").prompt("Hi"),
            "Be brief.###Human: Hi###Assistant:");
}

TEST(Conversation, AnAnsweredConversationEndsAsItIsLearned) {
  EXPECT_EQ(Conversation("vicuna_v1", "").prompt(std::vector<Turn>{{"Hi", "Yes."}}),
            "USER: Hi ASSISTANT: Yes.</s>");
  EXPECT_EQ(Conversation("plain").prompt(std::vector<Turn>{{"<image>", "A dog."}}),
            "<image>\nA dog.\n");
}

TEST(Conversation, OnlyTheLastTurnMayWait) {
  EXPECT_THROW(Conversation("vicuna_v1").prompt(std::vector<Turn>{{"a", std::nullopt}, {"b", "c"}}),
               Error);
}

TEST(Conversation, EveryTemplateStopsWhereItsAnswersEnd) {
  for (const std::string& name : Conversation::names()) {
    const Conversation conversation(name);
    ASSERT_EQ(conversation.stop().size(), 1u);
    EXPECT_THAT(conversation.answer_part("Yes."), ::testing::EndsWith(conversation.stop()[0]))
        << name;
  }
}

}  // namespace
}  // namespace vigor
