// vigor-eval train score through the built program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "base/files.h"
#include "base/json.h"
#include "tests/testing/chat_server.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/spawn.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;
using testing::ChatServer;
using ::testing::HasSubstr;
using testing::spawn;
using testing::SpawnResult;

class EndToEndTrainScore : public ::testing::Test {
 protected:
  EndToEndTrainScore() {
    folder_.write("images/a.jpg", "\xFF\xD8\xFF 1");
    folder_.write("images/b.jpg", "\xFF\xD8\xFF 2");
    folder_.write("captions.jsonl",
                  "{\"image\":\"a.jpg\",\"sample\":0,\"caption\":\"A man and a dog.\"}\n"
                  "{\"image\":\"a.jpg\",\"sample\":1,\"caption\":\"A dog. It sees a kite.\"}\n"
                  "{\"image\":\"b.jpg\",\"sample\":0,\"caption\":\"Two cats.\"}\n");
    folder_.write("truth.jsonl",
                  "{\"image\":\"a.jpg\",\"width\":9,\"height\":9,\"objects\":[{\"kind\":\"person\","
                  "\"box\":[0,0,4,4]},{\"kind\":\"dog\",\"box\":[1,1,3,3]}]}\n"
                  "{\"image\":\"b.jpg\",\"width\":9,\"height\":9,\"objects\":[]}\n");
    folder_.write("objects.jsonl",
                  "{\"image\":\"a.jpg\",\"objects\":[\"person\",\"dog\"]}\n"
                  "{\"image\":\"b.jpg\",\"objects\":[]}\n");
    folder_.write("synonyms.txt", "person, man\ndog\nkite\ncat\n");
  }
  std::string path(const char* below) { return (folder_ / below).string(); }
  SpawnResult score(const std::string& detector, std::vector<std::string> more = {},
                    const char* out = "rewards.jsonl") {
    std::vector<std::string> arguments = {
        "train",      "score",  "--captions", path("captions.jsonl"),
        "--detector", detector, "--out",      path(out)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return spawn(VIGOR_PROGRAM, arguments);
  }
  std::string oracle() { return "scenes:" + path("truth.jsonl"); }

  testing::TemporaryFolder folder_;
};

TEST_F(EndToEndTrainScore, RewardsAndTheirTruth) {
  const SpawnResult result = score(oracle(), {"--json", "--truth", path("objects.jsonl"),
                                              "--truth-synonyms", path("synonyms.txt")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json metrics = Json::parse(result.out);
  EXPECT_EQ(metrics["nouns"]["found"], 3);
  EXPECT_EQ(metrics["nouns"]["missing"], 2);
  EXPECT_EQ(metrics["truth"]["precision"], 1.0);
  EXPECT_EQ(metrics["truth"]["tp"], 2);
  const std::vector<JsonRow> rows = read_json_rows(folder_ / "rewards.jsonl");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].value["reward"], 2.0);
  EXPECT_EQ(rows[1].value["sentences"][1]["negative"], -1.0);
  EXPECT_EQ(rows[2].value["nouns"][0]["verdict"], "missing");
  EXPECT_THAT(score(oracle()).err, HasSubstr("this run is complete"));
  EXPECT_EQ(score(oracle(), {"--threshold", "0.5"}).exit_code, 1) << "other settings, same folder";
}

TEST_F(EndToEndTrainScore, AConfigAndShards) {
  folder_.write("score.json", dump_json({{"reward", "automatic"},
                                         {"captions", path("captions.jsonl")},
                                         {"detector", oracle()},
                                         {"found_reward", 2}}));
  std::string joined;
  for (const char* shard : {"1/2", "2/2"}) {
    const std::string out = path(shard[0] == '1' ? "one.jsonl" : "two.jsonl");
    const SpawnResult result =
        spawn(VIGOR_PROGRAM,
              {"train", "score", "--config", path("score.json"), "--out", out, "--shard", shard});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    joined += read_file(out);
  }
  ASSERT_EQ(score(oracle(), {"--found-reward", "2"}).exit_code, 0);
  EXPECT_EQ(joined, read_file(folder_ / "rewards.jsonl"));
}

TEST_F(EndToEndTrainScore, MistakesAreNamedAndNothingIsWritten) {
  struct Mistake {
    std::vector<std::string> arguments;
    int exit_code;
    std::string message;
  };
  folder_.write("detections.jsonl",
                "{\"info\":{\"prompt\":\"dog.\",\"box_threshold\":0.3},\"images\":[{\"id\":1,"
                "\"file_name\":\"a.jpg\"}]}\n");
  const std::string captions = path("captions.jsonl"), out = path("rewards.jsonl");
  const std::vector<Mistake> mistakes = {
      {{}, 2, "--captions"},
      {{"--captions", captions}, 2, "--detector"},
      {{"--captions", captions, "--detector", oracle()}, 2, "--out"},
      {{"--captions", captions, "--detector", oracle(), "--out", folder_.path().string()},
       2,
       "folder"},
      {{"--captions", captions, "--detector", oracle(), "--out", out, "--shard", "5/4"},
       2,
       "--shard"},
      {{"--captions", captions, "--detector", "http://127.0.0.1:9/v1#m", "--out", out},
       2,
       "--images"},
      {{"--captions", captions, "--detector", "detections:" + path("detections.jsonl"), "--out",
        out},
       2,
       "--threshold"},
      {{"--captions", path("none.jsonl"), "--detector", oracle(), "--out", out}, 1, "none.jsonl"},
      {{"--captions", captions, "--detector", path("none"), "--out", out}, 1, "none"},
      {{"--captions", captions, "--detector", oracle(), "--out", captions}, 1, "no score run"},
  };
  for (const Mistake& mistake : mistakes) {
    std::vector<std::string> arguments = {"train", "score"};
    arguments.insert(arguments.end(), mistake.arguments.begin(), mistake.arguments.end());
    const SpawnResult result = spawn(VIGOR_PROGRAM, arguments);
    EXPECT_EQ(result.exit_code, mistake.exit_code) << mistake.message << result.err;
    EXPECT_THAT(result.err, HasSubstr(mistake.message));
  }
  EXPECT_FALSE(fs::exists(out));
}

TEST_F(EndToEndTrainScore, AnEndpointIsAskedOnceAndItsFailuresAreNoHallucinations) {
  std::atomic<bool> down = true;
  std::atomic<int> asked = 0;
  ChatServer server([&](const testing::ServerRequest& request) {
    const std::string prompt = request.prompt();
    if (down && prompt.find("\"cat\"") != std::string::npos)
      return testing::chat_answer("No cats.");
    ++asked;
    Json findings = Json::array();
    for (const Json& noun : Json::parse(prompt.substr(prompt.rfind('\n') + 1))) {
      findings.push_back(
          {{"noun", noun}, {"score", noun == "dog" ? 0.9 : 0.1}, {"box", {0, 0, 1, 1}}});
    }
    return testing::chat_answer(dump_json({{"findings", findings}}));
  });
  const std::string detector = server.base_url() + "#spots";
  const std::vector<std::string> more = {"--images", path("images")};
  const SpawnResult first = score(detector, more);
  EXPECT_EQ(first.exit_code, 1);
  EXPECT_THAT(first.err, HasSubstr("1 captions have no reward"));
  std::vector<JsonRow> rows = read_json_rows(folder_ / "rewards.jsonl");
  EXPECT_EQ(rows[2].value["status"], "failed");
  EXPECT_FALSE(rows[2].value.contains("negative"));
  down = false;
  EXPECT_EQ(score(detector, more).exit_code, 0);
  EXPECT_EQ(asked, 2) << "one request for each picture";
  rows = read_json_rows(folder_ / "rewards.jsonl");
  EXPECT_EQ(rows[2].value["reward"], -1.0);
  // Another threshold: all from the cache.
  ASSERT_EQ(
      score(detector, {"--images", path("images"), "--threshold", "0.05"}, "low.jsonl").exit_code,
      0);
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(read_json_rows(folder_ / "low.jsonl")[2].value["reward"], 1.0);
}

TEST_F(EndToEndTrainScore, GroundingDinoOnItsOwnPictures) {
  VIGOR_REQUIRE_SHARED("reference/grounding-dino-tiny");
  const fs::path checkpoint = testing::shared("reference/grounding-dino-tiny");
  folder_.write("captions.jsonl", "{\"image\":\"0.png\",\"caption\":\"A dog and two cats.\"}\n");
  const SpawnResult result = score(
      checkpoint.string(),
      {"--images", (checkpoint / "images").string(), "--dtype", "float32", "--threshold", "0.01"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json row = read_json_rows(folder_ / "rewards.jsonl")[0].value;
  EXPECT_EQ(row["status"], "scored");
  EXPECT_TRUE(row["nouns"][0]["score"].is_number());
  EXPECT_TRUE(fs::exists(folder_ / "detections.db"));
}

TEST_F(EndToEndTrainScore, SelectAndRefineTakeTheRewards) {
  folder_.write("captions.jsonl",
                "{\"image\":\"a.jpg\",\"sample\":0,\"prompt\":\"Say.\",\"status\":\"scored\","
                "\"caption\":\"A kite. A cat.\"}\n"
                "{\"image\":\"a.jpg\",\"sample\":1,\"prompt\":\"Say.\",\"status\":\"scored\","
                "\"caption\":\"A dog sits. There is a kite.\"}\n");
  ASSERT_EQ(score(oracle()).exit_code, 0);
  folder_.write("select.json", dump_json({{"rewards", {{"automatic", path("rewards.jsonl")}}},
                                          {"out", path("selected.jsonl")}}));
  folder_.write("refine.json", dump_json({{"selected", path("selected.jsonl")},
                                          {"nouns", path("rewards.jsonl")},
                                          {"captions", path("captions.jsonl")},
                                          {"out", path("refined.json")}}));
  for (const char* stage : {"select", "refine"}) {
    const SpawnResult result = spawn(
        VIGOR_PROGRAM, {"train", stage, "--config", path((std::string(stage) + ".json").c_str())});
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }
  EXPECT_EQ(read_json_rows(folder_ / "selected.jsonl")[0].value["sample"], 1);
  const Json refined = read_json_file(folder_ / "refined.json");
  EXPECT_EQ(refined[0]["conversations"][1]["value"], "A dog sits.");
}

TEST_F(EndToEndTrainScore, KilledRunsEndInTheSameFile) {
  std::string captions, truth;
  for (int i = 0; i < 400; ++i) {
    const std::string name = "p" + std::to_string(i) + ".jpg";
    captions += "{\"image\":\"" + name + "\",\"caption\":\"A man and a dog. A cat on a bench.\"}\n";
    truth += "{\"image\":\"" + name +
             "\",\"width\":9,\"height\":9,\"objects\":[{\"kind\":\"dog\","
             "\"box\":[0,0,4,4]}]}\n";
  }
  folder_.write("captions.jsonl", captions);
  folder_.write("truth.jsonl", truth);
  ASSERT_EQ(score(oracle(), {}, "whole.jsonl").exit_code, 0);
  const fs::path samples = folder_ / "rewards.jsonl.run/samples.jsonl";
  for (const uintmax_t at : {1u, 60'000u, 200'000u}) {
    spawn(VIGOR_PROGRAM,
          {"train", "score", "--captions", path("captions.jsonl"), "--detector", oracle(), "--out",
           path("rewards.jsonl")},
          {.meanwhile = [&](pid_t process) {
            std::error_code code;
            const uintmax_t size = fs::file_size(samples, code);
            if (!code && size >= at) ::kill(process, SIGKILL);
          }});
  }
  ASSERT_EQ(score(oracle()).exit_code, 0);
  EXPECT_EQ(read_file(folder_ / "rewards.jsonl"), read_file(folder_ / "whole.jsonl"));
}

}  // namespace
}  // namespace vigor
