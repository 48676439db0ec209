// vigor-eval train score through the built program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cmath>

#include "base/files.h"
#include "base/json.h"
#include "tests/testing/chat_server.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/spawn.h"
#include "tests/testing/temporary_folder.h"
#include "vigor/reward_data.h"

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

// Real detections with real errors: the bundled detector on scenes that no training used, about
// captions half of which name a kind that is not there.
TEST_F(EndToEndTrainScore, TheBundledDetectorTellsWhatIsThere) {
  const fs::path detector = testing::source_dir() / "data/demo-detector";
  const std::string scenes = path("scenes");
  ASSERT_EQ(
      spawn(VIGOR_PROGRAM, {"scenes", "--seed", "990", "--count", "24", "--out", scenes}).exit_code,
      0);
  std::vector<std::string> kinds;
  for (const JsonRow& row : read_json_rows(folder_ / "scenes/objects.jsonl")) {
    for (const Json& kind : row.value["objects"]) kinds.push_back(kind.get<std::string>());
  }
  std::string captions;
  size_t number = 0;
  for (const JsonRow& row : read_json_rows(folder_ / "scenes/objects.jsonl")) {
    const Json& objects = row.value["objects"];
    std::string text;
    for (const Json& kind : objects) text += "There is a " + kind.get<std::string>() + ". ";
    for (size_t more = 0; more < objects.size(); ++more) {  // of other pictures
      std::string absent = kinds[(7 * ++number) % kinds.size()];
      while (std::find(objects.begin(), objects.end(), Json(absent)) != objects.end()) {
        absent = kinds[(7 * ++number) % kinds.size()];
      }
      text += "There is also a " + absent + ". ";
    }
    captions += dump_json({{"image", row.value["image"]}, {"caption", text}}) + "\n";
  }
  folder_.write("captions.jsonl", captions);
  const SpawnResult result =
      score(detector.string(), {"--json", "--images", scenes + "/images", "--detector-batch", "8",
                                "--threshold", "0.2", "--truth", scenes + "/objects.jsonl",
                                "--truth-synonyms", scenes + "/synonyms.txt"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json truth = Json::parse(result.out)["truth"];
  // By chance both would be a half.
  EXPECT_GT(truth["precision"].get<double>(), 0.8);
  EXPECT_GT(truth["recall"].get<double>(), 0.7);
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

// The reward model, by recorded answers and over HTTP.
class EndToEndModelReward : public EndToEndTrainScore {
 protected:
  SpawnResult judged(const std::string& model, std::vector<std::string> more = {},
                     const char* out = "judged.jsonl") {
    std::vector<std::string> arguments = {
        "train",      "score",  "--reward",   "model",
        "--model",    model,    "--captions", path("captions.jsonl"),
        "--question", "Right?", "--out",      path(out)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return spawn(VIGOR_PROGRAM, arguments);
  }
  void record(const char* name, bool with_cats = true) {
    std::string lines;
    const auto add = [&](const char* image, const char* text, const char* answer, double margin) {
      lines += dump_json({{"image", image},
                          {"question", "Right?\n" + std::string(text)},
                          {"answer", answer},
                          {"margin", margin}}) +
               "\n";
    };
    add("a.jpg", "A man and a dog.", "Yes.", 2);
    add("a.jpg", "A dog.", "Yes.", 1.5);
    add("a.jpg", "A dog. It sees a kite.", "No: object.", -1);
    if (with_cats) add("b.jpg", "Two cats.", "No: object, count.", -3);
    folder_.write(name, lines);
  }
};

TEST_F(EndToEndModelReward, JudgesSelectAndAreResumed) {
  record("answers.jsonl");
  const std::string model = "recorded:" + path("answers.jsonl");
  const SpawnResult result = judged(model, {"--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json metrics = Json::parse(result.out);
  EXPECT_EQ(metrics["benchmark"], "model-reward");
  EXPECT_EQ(metrics["judged"], 4);
  EXPECT_EQ(metrics["wrong"], 2);
  EXPECT_EQ(metrics["errors"], Json({{"count", 1}, {"object", 2}}));
  const std::vector<JsonRow> rows = read_json_rows(folder_ / "judged.jsonl");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[1].value["sentences"].size(), 2u);
  EXPECT_NEAR(rows[1].value["negative"].get<double>(),
              -1 / (1 + std::exp(1.5)) - 1 / (1 + std::exp(-1.0)), 1e-12);
  EXPECT_THAT(judged(model).err, HasSubstr("this run is complete"));
  const SpawnResult other = judged(model, {"--reading", "text"});
  EXPECT_EQ(other.exit_code, 1) << "other settings, same folder";
  EXPECT_THAT(other.err, HasSubstr("reading"));

  ASSERT_EQ(score(oracle()).exit_code, 0);
  folder_.write(
      "select.json",
      dump_json({{"rewards",
                  {{"automatic", path("rewards.jsonl")}, {"reward_model", path("judged.jsonl")}}},
                 {"out", path("selected.jsonl")}}));
  ASSERT_EQ(spawn(VIGOR_PROGRAM, {"train", "select", "--config", path("select.json")}).exit_code,
            0);
  const std::vector<JsonRow> selected = read_json_rows(folder_ / "selected.jsonl");
  ASSERT_EQ(selected.size(), 2u);
  EXPECT_EQ(selected[0].value["sample"], 0);
}

TEST_F(EndToEndModelReward, CreativityAndDetailAreAskedWhenTheyWereTaught) {
  record("answers.jsonl");
  const auto conversation = [](const std::string& question, const char* answer) {
    return Json{{"image", "x.jpg"},
                {"conversations",
                 {{{"from", "human"}, {"value", "<image>\n" + question + "\nA cat."}},
                  {{"from", "gpt"}, {"value", answer}}}}};
  };
  const RewardQuestions questions;
  folder_.write("taught.json",
                dump_json({conversation("Right?", "Yes."), conversation(questions.detail, "3")}));
  folder_.write("other.json", dump_json(Json::array({conversation("Wrong?", "Yes.")})));
  std::string lines = read_file(folder_ / "answers.jsonl");
  for (const auto& [image, caption, level] : {std::tuple("a.jpg", "A man and a dog.", "2."),
                                              {"a.jpg", "A dog. It sees a kite.", "3"},
                                              {"b.jpg", "Two cats.", "few"}}) {
    lines += dump_json({{"image", image},
                        {"question", questions.detail + "\n" + caption},
                        {"answer", level},
                        {"margin", 0.0}}) +
             "\n";
  }
  folder_.write("answers.jsonl", lines);
  const std::string model = "recorded:" + path("answers.jsonl");
  const SpawnResult result = judged(model, {"--taught", path("taught.json"), "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Json::parse(result.out)["detail"],
            Json({{"captions", 2}, {"unread", 1}, {"mean", 2.5}}));
  EXPECT_TRUE(Json::parse(result.out)["creative"].is_null()) << "it was not taught";
  const std::vector<JsonRow> rows = read_json_rows(folder_ / "judged.jsonl");
  EXPECT_EQ(rows[0].value["detail"], 2);
  EXPECT_TRUE(rows[2].value["detail"].is_null());
  folder_.write("select.json", dump_json({{"rewards", {{"model", path("judged.jsonl")}}},
                                          {"detail_weight", 1},
                                          {"out", path("selected.jsonl")}}));
  const SpawnResult selected =
      spawn(VIGOR_PROGRAM, {"train", "select", "--config", path("select.json"), "--json"});
  ASSERT_EQ(selected.exit_code, 0) << selected.err;
  EXPECT_EQ(read_json_rows(folder_ / "selected.jsonl").size(), 1u)
      << "b.jpg has no level of detail to weigh";
  const SpawnResult other = judged(model, {"--taught", path("other.json")}, "other.jsonl");
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("was not taught the question"));
}

TEST_F(EndToEndModelReward, AFailedAnswerIsNoRewardAndIsAskedAgain) {
  record("answers.jsonl", false);
  const SpawnResult first = judged("recorded:" + path("answers.jsonl"));
  EXPECT_EQ(first.exit_code, 1);
  EXPECT_THAT(first.err, HasSubstr("1 captions have no reward"));
  const Json row = read_json_rows(folder_ / "judged.jsonl")[2].value;
  EXPECT_EQ(row["status"], "failed");
  EXPECT_FALSE(row.contains("negative"));
  EXPECT_EQ(judged("recorded:" + path("answers.jsonl"), {"--max-failures", "1"}).exit_code, 0);
}

TEST_F(EndToEndModelReward, AnEndpointJudgesInShardsByItsConfig) {
  std::atomic<int> asked = 0;
  ChatServer server([&](const testing::ServerRequest& request) {
    ++asked;
    return testing::chat_answer(request.prompt().find("cat") == std::string::npos ? "Yes."
                                                                                  : "No: object.");
  });
  folder_.write("score.json", dump_json({{"reward", "model"},
                                         {"reading", "text"},
                                         {"model", server.base_url() + "#judge"},
                                         {"captions", path("captions.jsonl")},
                                         {"images", path("images")}}));
  std::string joined;
  for (const char* shard : {"1/2", "2/2"}) {
    const std::string out = path(shard[0] == '1' ? "one.jsonl" : "two.jsonl");
    const SpawnResult result =
        spawn(VIGOR_PROGRAM,
              {"train", "score", "--config", path("score.json"), "--out", out, "--shard", shard});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    joined += read_file(out);
  }
  EXPECT_EQ(asked, 4);
  ASSERT_EQ(spawn(VIGOR_PROGRAM,
                  {"train", "score", "--config", path("score.json"), "--out", path("all.jsonl")})
                .exit_code,
            0);
  EXPECT_EQ(joined, read_file(folder_ / "all.jsonl"));
  EXPECT_EQ(read_json_rows(folder_ / "all.jsonl")[2].value["negative"], -1.0);
}

// The whole way with a checkpoint: what is shared between the questions changes no score.
TEST_F(EndToEndModelReward, ACheckpointJudgesTheSameSharedAndOneAtATime) {
  ASSERT_EQ(spawn(VIGOR_PROGRAM, {"scenes", "--seed", "3", "--count", "1", "--out", path("scenes")})
                .exit_code,
            0);
  std::string captions;
  for (int sample = 0; sample < 2; ++sample) {
    captions +=
        dump_json({{"image", "scene_000000.jpg"},
                   {"sample", sample},
                   {"caption", std::string("There is a dog. It is black. A cup is on the ") +
                                   (sample == 0 ? "left." : "right. There is a boat.")}}) +
        "\n";
  }
  folder_.write("captions.jsonl", captions);
  std::vector<std::vector<JsonRow>> rows;
  std::vector<int64_t> computed;
  for (const char* out : {"shared.jsonl", "alone.jsonl"}) {
    std::vector<std::string> more = {"--images", path("scenes/images"), "--dtype", "float32"};
    if (out[0] == 'a') more.push_back("--one-at-a-time");
    const SpawnResult result =
        judged((testing::source_dir() / "data/demo").string(), std::move(more), out);
    ASSERT_EQ(result.exit_code, 0) << result.err;
    rows.push_back(read_json_rows(folder_ / out));
    const Json run = read_json_file(folder_ / (std::string(out) + ".run/run.json"));
    computed.push_back(run["model_counts"]["computed_prompt_tokens"].get<int64_t>());
  }
  ASSERT_EQ(rows[0].size(), 2u);
  for (size_t r = 0; r < rows[0].size(); ++r) {
    const Json &shared = rows[0][r].value["sentences"], &alone = rows[1][r].value["sentences"];
    ASSERT_EQ(shared.size(), r == 0 ? 3u : 4u);
    for (size_t i = 0; i < shared.size(); ++i) {
      EXPECT_EQ(shared[i]["answer"], alone[i]["answer"]);
      EXPECT_NEAR(shared[i]["margin"].get<double>(), alone[i]["margin"].get<double>(), 1e-4);
    }
  }
  EXPECT_LT(4 * computed[0], computed[1]) << "five questions a picture that begin alike";
}

TEST_F(EndToEndModelReward, IsCheckedAgainstPeople) {
  record("answers.jsonl");
  ASSERT_EQ(judged("recorded:" + path("answers.jsonl")).exit_code, 0);
  std::string people;
  const auto add = [&](const char* image, int sample, const char* caption, Json sentences) {
    people += dump_json({{"image", image},
                         {"sample", sample},
                         {"annotator", "ann"},
                         {"caption", caption},
                         {"sentences", std::move(sentences)}}) +
              "\n";
  };
  const auto said = [](int start, int end, const char* label) {
    return Json({{"start", start}, {"end", end}, {"label", label}});
  };
  add("a.jpg", 0, "A man and a dog.", Json::array({said(0, 16, "correct")}));
  add("a.jpg", 1, "A dog. It sees a kite.",
      Json::array({said(0, 6, "wrong"), said(7, 22, "wrong")}));
  add("b.jpg", 0, "Two cats.", Json::array({said(0, 9, "wrong")}));
  folder_.write("people.jsonl", people);
  folder_.write("held-out.json", "[{\"image\": \"a.jpg\"}]");
  const auto check = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"train",         "judge-check",
                                          "--rewards",     path("judged.jsonl"),
                                          "--annotations", path("people.jsonl")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return spawn(VIGOR_PROGRAM, arguments);
  };
  const SpawnResult all = check({"--json", "--out", path("check.json")});
  ASSERT_EQ(all.exit_code, 0) << all.err;
  EXPECT_THAT(all.err, HasSubstr("--held-out"));
  const Json figures = Json::parse(all.out);
  EXPECT_EQ(figures, read_json_file(folder_ / "check.json"));
  EXPECT_EQ(figures["all"]["judged"], 4);
  EXPECT_EQ(figures["all"]["accuracy"], 0.75);
  EXPECT_EQ(figures["all"]["kinds"]["object"]["named"], 2);
  const SpawnResult table = check({"--held-out", path("held-out.json")});
  EXPECT_EQ(table.exit_code, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("images: held out"));
  EXPECT_EQ(check({"--held-out", path("none.json")}).exit_code, 1);
  EXPECT_EQ(spawn(VIGOR_PROGRAM, {"train", "judge-check"}).exit_code, 2);
}

TEST_F(EndToEndModelReward, MistakesAreNamed) {
  record("answers.jsonl");
  const std::string model = "recorded:" + path("answers.jsonl");
  struct Mistake {
    std::vector<std::string> arguments;
    std::string message;
  };
  const std::vector<Mistake> mistakes = {
      {{}, "--model"},
      {{"--model", path("none")}, "--images"},
      {{"--model", model, "--threshold", "0.5"}, "--threshold is an option of --reward automatic"},
      {{"--model", model, "--reading", "soft"}, "--reading"},
  };
  for (const Mistake& mistake : mistakes) {
    std::vector<std::string> arguments = {"train",      "score",
                                          "--reward",   "model",
                                          "--captions", path("captions.jsonl"),
                                          "--out",      path("judged.jsonl")};
    arguments.insert(arguments.end(), mistake.arguments.begin(), mistake.arguments.end());
    const SpawnResult result = spawn(VIGOR_PROGRAM, arguments);
    EXPECT_EQ(result.exit_code, 2) << mistake.message << result.err;
    EXPECT_THAT(result.err, HasSubstr(mistake.message));
  }
  const SpawnResult other = score(oracle(), {"--holistic"});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("--holistic is an option of --reward model"));
  EXPECT_FALSE(fs::exists(folder_ / "judged.jsonl"));
}

}  // namespace
}  // namespace vigor
