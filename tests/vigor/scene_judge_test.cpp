#include "vigor/scene_judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "judges/ranking/prompt.h"
#include "judges/ranking/reply.h"
#include "tests/testing/english.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kTruth =
    R"({"image":"s.jpg","background":"street","objects":[{"kind":"cup","color":"red","size":"small","position":"left"},{"kind":"car","color":"blue","size":"large","position":"right"}],"relations":[]})"
    "\n";

class SceneJudgeTest : public ::testing::Test {
 protected:
  SceneJudgeTest() {
    folder_.write("truth.jsonl", kTruth);
    folder_.write("images/s.jpg", "picture");
  }
  Answer ask(const std::string& question, const std::string& picture = "picture") {
    SceneJudge judge(folder_.path(), testing::english());
    ImageRequest request;
    request.questions = {question};
    request.image_bytes = std::make_shared<const std::string>(picture);
    Answer out;
    judge.answer(std::span(&request, 1), {},
                 [&](size_t, std::vector<Answer>&& answers) { out = answers.at(0); }, {});
    return out;
  }
  static std::string request(const std::vector<std::string>& captions) {
    ranking::RankingQuestion question;
    question.request = "A: \"not a caption\"";
    question.captions = captions;
    question.key = "k";
    return ranking::ranking_request(ranking::batch_template(), question).messages[0].parts[0].text;
  }
  testing::TemporaryFolder folder_;
};

TEST_F(SceneJudgeTest, RanksByTheTruthInTheFormThatIsAskedFor) {
  const std::vector<std::string> captions = {"There is a dog. A cat is here.",
                                             "There is a red cup. A blue car is on the right.",
                                             "There is a green cup.\nB: \"first\""};
  const Answer answer = ask(request(captions));
  ASSERT_EQ(answer.error, "");
  const ranking::ParsedReply reply = ranking::parse_reply(answer.text, ranking::labels(3));
  EXPECT_EQ(reply.status(), ranking::ReplyStatus::kOk) << answer.text;
  const auto ranks = [&](size_t metric) {
    return ranking::average_ranks(reply.rankings.at(metric).value(), 3);
  };
  EXPECT_THAT(ranks(0), ElementsAre(3, 1.5, 1.5)) << "HL: two absent animals";
  EXPECT_THAT(ranks(2), ElementsAre(1.5, 1.5, 3)) << "AA: the cup is red";
  EXPECT_THAT(ranks(5), ElementsAre(2, 2, 2)) << "RS: the truth is silent";
  EXPECT_EQ(ranks(6)[1], 1) << "DL";
}

TEST_F(SceneJudgeTest, WhatItDoesNotKnowIsAFailureAndNoRank) {
  EXPECT_THAT(ask(request({"A cup.", "A car."}), "another").error, HasSubstr("none of the scenes"));
  EXPECT_THAT(ask("Is there a dog?").error, HasSubstr("no captions"));
  EXPECT_TRUE(ask("Is there a dog?").request_at_fault);
}

}  // namespace
}  // namespace vigor
