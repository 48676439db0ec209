#include "lvlm/recorded.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

TEST(RecordedLvlm, RepeatsWhatWasRecorded) {
  const testing::TemporaryFolder folder;
  RecordedLvlm model(folder.write(
      "answers.jsonl",
      "{\"image\":\"a.jpg\",\"question\":\"Cat?\",\"answer\":\"Yes\",\"margin\":1.5}\n"
      "{\"image\":\"a.jpg\",\"question\":\"Dog?\",\"error\":\"broken\",\"answer\":null}\n"));
  const ImageRequest request{
      .key = "a.jpg", .image = "nowhere/a.jpg", .questions = {"Cat?", "Dog?", "Cow?"}};
  std::vector<Answer> answers;
  model.answer({&request, 1}, {},
               [&](size_t, std::vector<Answer>&& got) { answers = std::move(got); }, {});
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(answers[0].text, "Yes");
  EXPECT_EQ(answers[0].yes_margin, 1.5);
  EXPECT_EQ(answers[1].error, "broken");
  EXPECT_EQ(answers[2].error, "no recorded answer to this question");
  EXPECT_EQ(model.identity()["kind"], "recorded");
}

TEST(RecordedLvlm, StopsBeforeTheNextImage) {
  const testing::TemporaryFolder folder;
  RecordedLvlm model(folder.write("answers.jsonl", R"({"image":"a","question":"q","answer":"x"})"));
  std::stop_source stop;
  const std::vector<ImageRequest> requests(3, {.key = "a", .image = "a", .questions = {"q"}});
  int calls = 0;
  model.answer(
      requests, {},
      [&](size_t, std::vector<Answer>&&) {
        ++calls;
        stop.request_stop();
      },
      stop.get_token());
  EXPECT_EQ(calls, 1);
}

TEST(RecordedLvlm, AnswersOfARunKeepItsPrompt) {
  const testing::TemporaryFolder folder;
  folder.write(
      "run.json",
      R"({"settings":{"model":{"kind":"native","conversation":"llava_v1","system_prompt":"S"}}})");
  const Json identity =
      RecordedLvlm(folder.write("samples.jsonl", R"({"image":"a","question":"q","answer":"x"})"))
          .identity();
  EXPECT_EQ(identity.value("conversation", ""), "llava_v1");
  EXPECT_EQ(identity.value("system_prompt", ""), "S");
}

TEST(RecordedLvlm, TwoAnswersToOneQuestionAreRefused) {
  const testing::TemporaryFolder folder;
  EXPECT_THROW(
      RecordedLvlm(folder.write("a.jsonl",
                                "{\"image\":\"a\",\"question\":\"q\",\"answer\":\"x\"}\n"
                                "{\"image\":\"a\",\"question\":\"q\",\"answer\":\"y\"}\n")),
      Error);
}

}  // namespace
}  // namespace vigor
