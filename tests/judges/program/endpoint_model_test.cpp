// Models behind an endpoint, over real HTTP, for the commands that a judge or nobody scores. POPE:
// tests/serve.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/chat_server.h"
#include "tests/testing/judged_runs.h"
#include "tests/testing/naive_judge.h"

namespace vigor::testing {
namespace {

using ::testing::HasSubstr;

class EndToEndEndpointModel : public JudgedRuns {
 protected:
  static bool shows_a_picture(const ServerRequest& request) {
    return request.body.find("data:image/jpeg;base64,") != std::string::npos;
  }
  static std::string address(const ChatServer& server) { return server.base_url() + "#llava"; }
};

TEST_F(EndToEndEndpointModel, AnswersMmhalAndAJudgeRatesIt) {
  Json records = read_json_file(folder_ / "responses.json");
  for (size_t i = 0; i < records.size(); ++i) {
    records[i].erase("model_answer");
    records[i]["image"] = "i" + std::to_string(i % kPictures) + ".jpg";
  }
  folder_.write("template.json", dump_json(records));
  ChatServer model([](const ServerRequest& request) {
    const std::string prompt = request.prompt();
    if (!shows_a_picture(request)) return error_answer(400, "no picture");
    const int number = std::stoi(prompt.substr(prompt.rfind(' ') + 1));
    return chat_answer(std::string("Answer ") + char('a' + number) + ".");
  });
  ChatServer judge([](const ServerRequest& request) {
    if (shows_a_picture(request)) return error_answer(400, "MMHal's judge sees no picture");
    return chat_answer(judgement_of(request.prompt()));
  });
  write_judge(judge.base_url());
  const std::vector<std::string> arguments = {
      "mmhal",    "--model",      address(model), "--data",           path("template.json"),
      "--images", path("images"), "--judge",      path("judge.json"), "--out",
      path("run")};
  const SpawnResult result = spawn(VIGOR_PROGRAM, arguments);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json metrics = read_json_file(folder_ / "run/metrics.json");
  EXPECT_EQ(metrics["counts"]["scored"], kRecords);
  EXPECT_EQ(metrics["average"], 43.0 / 16);  // twice 0 to 6, and 0, 1
  EXPECT_THAT(result.err, HasSubstr("model requests    16 sent"));
  EXPECT_THAT(result.err, HasSubstr("judge requests    16 sent"));
  // The first questions of all pictures go before any second one, which finds its prefix there.
  std::vector<std::string> first, second;
  for (const ServerRequest& request : model.seen()) {
    (first.size() < kPictures ? first : second).push_back(request.prompt());
  }
  for (const std::string& prompt : first) {
    EXPECT_LT(std::stoi(prompt.substr(prompt.rfind(' ') + 1)), kPictures) << prompt;
  }
  EXPECT_EQ(second.size(), size_t{kRecords - kPictures});
  EXPECT_EQ(spawn(VIGOR_PROGRAM, arguments).exit_code, 0);
  EXPECT_EQ(model.requests() + judge.requests(), 2u * kRecords);
}

TEST_F(EndToEndEndpointModel, AnswersMme) {
  for (const char* name : {"1", "2"}) {
    folder_.write(std::string("mme/existence/") + name + ".jpg", "\xFF\xD8\xFF picture");
    folder_.write(std::string("mme/existence/") + name + ".txt",
                  "Is this a cat? Please answer yes or no.\tYes\n"
                  "Is this a dog? Please answer yes or no.\tNo\n");
  }
  ChatServer model([](const ServerRequest& request) {
    if (!shows_a_picture(request)) return error_answer(400, "no picture");
    return chat_answer(request.prompt().find("cat") != std::string::npos ? "Yes" : "No");
  });
  const SpawnResult result = spawn(VIGOR_PROGRAM, {"mme", "--model", address(model), "--data",
                                                   path("mme"), "--out", path("run"), "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Json::parse(result.out)["tasks"]["existence"]["score"], 200);
  EXPECT_EQ(model.requests(), 4u);
}

TEST_F(EndToEndEndpointModel, CaptionsAreWhatRankTakes) {
  ChatServer model([](const ServerRequest& request) {
    if (!shows_a_picture(request)) return error_answer(400, "no picture");
    return chat_answer("A good caption of what is there.");
  });
  const SpawnResult result =
      spawn(VIGOR_PROGRAM, {"caption", "--model", address(model), "--images", path("images"),
                            "--prompt", "Describe this image.", "--out", path("theirs.jsonl")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(model.requests(), size_t{kPictures});
  ChatServer judge(
      [](const ServerRequest& request) { return chat_answer(judgement_of(request.prompt())); });
  write_judge(judge.base_url());
  const SpawnResult ranked =
      spawn(VIGOR_PROGRAM, {"rank", "--candidates", "theirs=" + path("theirs.jsonl"),
                            "poor=" + path("poor.jsonl"), "--images", path("images"), "--judge",
                            path("judge.json"), "--out", path("ranked/run"), "--json"});
  ASSERT_EQ(ranked.exit_code, 0) << ranked.err;
  const Json models = Json::parse(ranked.out)["models"];
  EXPECT_LT(models["theirs"]["HL"], models["poor"]["HL"]);
}

TEST_F(EndToEndEndpointModel, ThatItIsDownIsSaidWhileItIs) {
  ChatServer model([](const ServerRequest& request) {
    if (request.index < 3) return error_answer(503, "loading");
    return chat_answer("A good caption of what is there.");
  });
  folder_.write("model.json", dump_json({{"url", model.base_url()},
                                         {"model", "m"},
                                         {"backoff_base_s", 0.001},
                                         {"backoff_cap_s", 0.002}}));
  const SpawnResult result =
      spawn(VIGOR_PROGRAM,
            {"caption", "--model", "endpoint:" + path("model.json"), "--images", path("images"),
             "--prompt", "Describe this image.", "--out", path("theirs.jsonl")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("warning: the model: HTTP 503: loading; after try 1 of 8"));
  EXPECT_THAT(result.err, HasSubstr("warning: the model: answers again after"));
}

}  // namespace
}  // namespace vigor::testing
