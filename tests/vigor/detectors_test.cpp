// Detectors that compute nothing here: generated scenes by their truth, and endpoints.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/testing/scripted_chat.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/temporary_folder.h"
#include "vigor/chat_detector.h"
#include "vigor/detector_reply.h"
#include "vigor/scene_detector.h"

namespace vigor {
namespace {

using ::testing::HasSubstr;
using testing::reply_of;
using testing::ScriptedChat;

constexpr const char* kTruth =
    R"({"image":"s.jpg","width":96,"height":64,"objects":[)"
    R"({"kind":"dog","box":[1,2,5,6]},{"kind":"person","box":[0,0,9,9]},)"
    R"({"kind":"dog","box":[10,10,30,30]}],"relations":[]})"
    "\n";

std::vector<NounFinding> ask_scene(SceneDetectorOptions options, std::vector<std::string> nouns,
                                   const std::string& image = "s.jpg") {
  const testing::TemporaryFolder folder;
  options.truth = folder.write("truth.jsonl", kTruth);
  return open_scene_detector(options)->find({image, "", ""}, nouns);
}

TEST(SceneDetector, KnowsKindsByTheirWords) {
  const auto findings =
      ask_scene({}, {"dog", "dogs", "puppy", "people", "woman", "cat", "spaceship"});
  EXPECT_EQ(findings[0].score, 1.0f);
  EXPECT_EQ(findings[0].box, (std::array<float, 4>{10, 10, 30, 30})) << "the largest";
  for (const size_t there : {1u, 2u, 3u, 4u}) EXPECT_EQ(findings[there].score, 1.0f) << there;
  EXPECT_EQ(findings[5].score, 0.0f);
  EXPECT_FALSE(findings[6].score) << "the truth is silent about it";
  EXPECT_THROW(ask_scene({}, {"dog"}, "other.jpg"), Error);
}

TEST(SceneDetector, ErrsAtTheStatedRatesAndAlikeForAllWordsOfAKind) {
  const auto wrong =
      ask_scene({.truth = {}, .miss_rate = 1, .false_rate = 1, .seed = 3}, {"dog", "puppy", "cat"});
  EXPECT_EQ(wrong[0].score, 0.0f);
  EXPECT_EQ(wrong[1].score, 0.0f);
  EXPECT_EQ(wrong[2].score, 1.0f);
  EXPECT_THROW(ask_scene({.truth = {}, .miss_rate = 1.5}, {"dog"}), Error);
}

TEST(SceneDetector, ReadsTheTruthThatScenesWrites) {
  const auto detector =
      open_scene_detector({.truth = testing::source_dir() / "tests/scenes/data/truth.jsonl"});
  const std::vector<std::string> nouns = {"clock", "airplane"};
  const auto findings = detector->find({"scene_000000.jpg", "", ""}, nouns);
  EXPECT_EQ(findings[0].score, 1.0f);
}

std::string refusal(const std::string& text, std::vector<std::string> nouns = {"dog"}) {
  try {
    read_detector_reply(text, nouns, "reply");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(DetectorReply, EveryNounInAnyOrder) {
  const std::string nouns[] = {"dog", "cat", "kite", "dog"};
  const auto findings = read_detector_reply(
      "```json\n{\"findings\":[{\"noun\":\"cat\",\"score\":0,\"box\":[0,0,0,0]},"
      "{\"noun\":\"kite\",\"score\":null,\"error\":\"too small\"},"
      "{\"noun\":\"dog\",\"score\":0.5,\"box\":[1,2,3.5,4]}]}\n```\n",
      nouns, "reply");
  EXPECT_EQ(findings[0].score, 0.5f);
  EXPECT_EQ(findings[0].box, (std::array<float, 4>{1, 2, 3.5f, 4}));
  EXPECT_EQ(findings[1].score, 0.0f);
  EXPECT_EQ(findings[2].error, "too small");
  EXPECT_EQ(findings[3].score, 0.5f);
}

TEST(DetectorReply, AnythingElseIsRefused) {
  const auto one = [](const std::string& rest) {
    return "{\"findings\":[{\"noun\":\"dog\"," + rest + "}]}";
  };
  EXPECT_EQ(refusal(one("\"score\":1")), "");
  EXPECT_NE(refusal("I see a dog."), "");
  EXPECT_NE(refusal(""), "");
  EXPECT_NE(refusal("```"), "");
  EXPECT_THAT(refusal(one("\"score\":95")), HasSubstr("between 0 and 1"));
  EXPECT_THAT(refusal(one("\"score\":\"yes\"")), HasSubstr("score"));
  EXPECT_THAT(refusal(one("\"score\":1,\"box\":[1,2]")), HasSubstr("box"));
  EXPECT_THAT(refusal("{\"findings\":[]}"), HasSubstr("not answered"));
  EXPECT_THAT(refusal("{\"findings\":{}}"), HasSubstr("list"));
  EXPECT_THAT(refusal("{\"findings\":[{\"noun\":\"dog\"},{\"noun\":\"dog\"}]}"),
              HasSubstr("twice"));
  EXPECT_THAT(refusal("{\"findings\":[{\"noun\":\"dog\"},{\"noun\":\"cat\"}]}"),
              HasSubstr("not asked"));
}

PictureNouns request(const std::string& name, std::vector<std::string> nouns,
                     const std::string& bytes = "\xFF\xD8\xFFjpeg") {
  return {{name, bytes, "hash"}, std::move(nouns)};
}

// Answers a score of 0.75 for what the last line of the prompt asks.
ChatReply good_reply(const ChatRequest& request) {
  const std::string& text = request.messages[0].parts[1].text;
  Json findings = Json::array();
  for (const Json& noun : Json::parse(text.substr(text.rfind('\n') + 1))) {
    findings.push_back({{"noun", noun}, {"score", 0.75}, {"box", {1, 2, 3, 4}}});
  }
  return reply_of(dump_json({{"findings", findings}}));
}

TEST(ChatDetector, NounsAreDividedOverRequests) {
  auto chat = std::make_unique<ScriptedChat>(
      [](size_t, const ChatRequest& request) { return good_reply(request); });
  ScriptedChat* seen = chat.get();
  const auto detector =
      make_chat_detector(std::move(chat), {.pictures_together = 4, .nouns_per_request = 2});
  const PictureNouns requests[] = {request("a", {"dog", "cat", "car"}), request("b", {"bus"})};
  const auto answers = detector->find_all(requests, {});
  EXPECT_EQ(seen->requests.size(), 3u);
  EXPECT_EQ(seen->requests[0].messages[0].parts[0].image->mime, "image/jpeg");
  ASSERT_EQ(answers[0].findings.size(), 3u);
  for (const NounFinding& finding : answers[0].findings) EXPECT_EQ(finding.score, 0.75f);
  EXPECT_EQ(answers[1].findings[0].box, (std::array<float, 4>{1, 2, 3, 4}));
}

TEST(FaultChatDetector, AFailureFailsThePictureAndNeverANoun) {
  const auto detector = make_chat_detector(
      std::make_unique<ScriptedChat>([](size_t index, const ChatRequest& request) {
        if (index == 0) return good_reply(request);
        if (index == 2) return reply_of("There is no dog.");
        ChatReply failed;
        failed.error = "HTTP 500 after 8 tries";
        return failed;
      }),
      {.pictures_together = 4, .nouns_per_request = 1});
  const PictureNouns requests[] = {request("a", {"dog", "cat"}), request("b", {"dog"}),
                                   request("c", {"dog"}, "no picture")};
  const auto answers = detector->find_all(requests, {});
  EXPECT_THAT(answers[0].error, HasSubstr("HTTP 500"));
  EXPECT_TRUE(answers[0].findings.empty()) << "half an answer is none";
  EXPECT_NE(answers[1].error, "");
  EXPECT_THAT(answers[2].error, HasSubstr("not a JPEG"));
}

TEST(FaultChatDetector, AStopLeavesTheRestUnasked) {
  std::stop_source source;
  const auto detector =
      make_chat_detector(std::make_unique<ScriptedChat>([&](size_t, const ChatRequest& request) {
        source.request_stop();
        return good_reply(request);
      }));
  const PictureNouns requests[] = {request("a", {"dog"}), request("b", {"dog"})};
  const auto answers = detector->find_all(requests, source.get_token());
  EXPECT_EQ(answers[0].error, "");
  EXPECT_EQ(answers[1].error, kStopped);
}

}  // namespace
}  // namespace vigor
