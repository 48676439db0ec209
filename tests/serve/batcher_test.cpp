#include "serve/batcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "tests/serve/fake_lvlm.h"

namespace vigor::serve {
namespace {

using testing::FakeLvlm;

// Asks all at once, before the batcher runs, and returns the answers in order.
std::vector<std::vector<Answer>> ask(FakeLvlm& model, const std::vector<ChatQuestion>& questions,
                                     BatchOptions options = {.gather_s = 0}) {
  Batcher batcher(model, options);
  std::vector<std::vector<Answer>> answers(questions.size());
  for (size_t i = 0; i < questions.size(); ++i) {
    EXPECT_TRUE(batcher.submit({questions[i], [](int, std::string_view) { return true; },
                                [&answers, i](std::vector<Answer>&& got) { answers[i] = got; }}));
  }
  batcher.close();
  batcher.run({});
  return answers;
}

ChatQuestion question(const std::string& words, const std::string& picture = "") {
  ChatQuestion question;
  question.question = words;
  if (!picture.empty()) question.image = std::make_shared<const std::string>(picture);
  question.image_hash = picture;
  return question;
}

TEST(Batcher, QuestionsOfOnePictureAreOneRequest) {
  FakeLvlm model;
  const auto answers = ask(model, {question("a", "cat"), question("b", "cat"), question("a", "dog"),
                                   question("c"), question("a", "cat")});
  ASSERT_EQ(model.calls().size(), 1u);
  const FakeLvlm::Call call = model.calls()[0];
  ASSERT_EQ(call.requests.size(), 3u);
  EXPECT_EQ(call.requests[0].questions, (std::vector<std::string>{"a", "b"}));  // asked once
  EXPECT_EQ(*call.requests[1].image_bytes, "dog");
  EXPECT_TRUE(call.requests[2].without_image);
  for (size_t i = 0; i < answers.size(); ++i) {
    const char* words[] = {"a", "b", "a", "c", "a"};
    ASSERT_EQ(answers[i].size(), 1u);
    EXPECT_EQ(answers[i][0].text, std::string("You asked: ") + words[i]);
  }
}

TEST(Batcher, OtherOptionsAreAnotherBatch) {
  FakeLvlm model;
  ChatQuestion longer = question("b");
  longer.generation.max_new_tokens = 9;
  ask(model, {question("a"), longer, question("c")});
  ASSERT_EQ(model.calls().size(), 2u);
  EXPECT_EQ(model.calls()[0].requests[0].questions, (std::vector<std::string>{"a", "c"}));
  EXPECT_EQ(model.calls()[1].options.max_new_tokens, 9);
}

TEST(Batcher, SystemPromptDialogueAndSeedTellRequestsApart) {
  FakeLvlm model;
  ChatQuestion system = question("a", "cat"), dialogue = question("a", "cat");
  system.system_prompt = "";
  dialogue.earlier = {{"x", "y"}};
  ask(model, {question("a", "cat"), system, dialogue});
  EXPECT_EQ(model.calls()[0].requests.size(), 3u);
  // Sampled: the seed is part of what random numbers are keyed by.
  ChatQuestion one = question("a"), two = question("a");
  one.generation.temperature = two.generation.temperature = 1;
  two.generation.seed = 4;
  ask(model, {one, two});
  ASSERT_EQ(model.calls()[1].requests.size(), 2u);
  EXPECT_NE(model.calls()[1].requests[0].key, model.calls()[1].requests[1].key);
  EXPECT_EQ(model.calls()[1].options.seed, 0u);
}

TEST(Batcher, ABatchIsNotLargerThanItMayBe) {
  FakeLvlm model;
  ask(model, std::vector<ChatQuestion>(5, question("a")), {.max_batch = 2, .gather_s = 0});
  EXPECT_EQ(model.calls().size(), 3u);
}

TEST(Batcher, TooManyWaitingAreRefused) {
  FakeLvlm model;
  Batcher batcher(model, {.max_waiting = 1});
  const auto yes = [](int, std::string_view) { return true; };
  EXPECT_TRUE(batcher.submit({question("a"), yes, [](auto&&) {}}));
  EXPECT_FALSE(batcher.submit({question("b"), yes, [](auto&&) {}}));
  EXPECT_EQ(batcher.measurements().waiting, 1u);
}

TEST(Batcher, GivenUpQuestionsCostNothing) {
  FakeLvlm model;
  Batcher batcher(model, {.gather_s = 0});
  batcher.submit({question("a"), [](int, std::string_view) { return false; },
                  [](auto&&) { FAIL() << "nobody waits for it"; }});
  batcher.close();
  batcher.run({});
  EXPECT_TRUE(model.calls().empty());
}

TEST(Batcher, TextIsGivenToAllThatAskedForIt) {
  FakeLvlm model;
  Batcher batcher(model, {.gather_s = 0});
  std::string first, second;
  batcher.submit({question("a"),
                  [&](int, std::string_view fresh) {
                    first += fresh;
                    return true;
                  },
                  [](auto&&) {}});
  batcher.submit({question("a"),
                  [&](int, std::string_view fresh) {
                    second += fresh;
                    return true;
                  },
                  [](auto&&) {}});
  batcher.close();
  batcher.run({});
  EXPECT_EQ(first, "You asked: a");
  EXPECT_EQ(second, first);
}

TEST(Batcher, AModelThatThrowsFailsItsBatchAlone) {
  int calls = 0;
  FakeLvlm model([&](const ImageRequest&, const std::string&) -> std::vector<std::string> {
    if (++calls == 1) throw std::runtime_error("out of memory");
    return {"fine"};
  });
  ChatQuestion other = question("b");
  other.generation.max_new_tokens = 9;
  const auto answers = ask(model, {question("a"), other});
  EXPECT_EQ(answers[0][0].error, "out of memory");
  EXPECT_EQ(answers[1][0].text, "fine");
}

TEST(Batcher, AStopEndsWhatRunsAndAnswersWhatWaits) {
  FakeLvlm model;
  model.held = true;
  Batcher batcher(model, {.max_batch = 1, .gather_s = 0});
  std::vector<std::string> errors(2);
  for (size_t i = 0; i < 2; ++i) {
    batcher.submit({question("a"), [](int, std::string_view) { return true; },
                    [&errors, i](std::vector<Answer>&& got) { errors[i] = got[0].error; }});
  }
  std::stop_source stop;
  auto running = std::async(std::launch::async, [&] { batcher.run(stop.get_token()); });
  while (model.calls().empty()) std::this_thread::yield();
  stop.request_stop();
  running.get();
  EXPECT_THAT(errors, ::testing::Each("the server is stopping"));
}

}  // namespace
}  // namespace vigor::serve
