// The program as server and as client of itself, over HTTP.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <cmath>
#include <map>

#include "base/base64.h"
#include "base/files.h"
#include "base/json.h"
#include "image/image.h"
#include "tests/serve/socket_client.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/spawn.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

using ::testing::HasSubstr;
using testing::spawn;
using testing::SpawnResult;

class EndToEndServe : public ::testing::Test {
 protected:
  std::string path(const char* below) const { return (folder_ / below).string(); }
  std::string demo() const { return (testing::source_dir() / "data/demo").string(); }

  // Runs `client` with the server's address once it listens, then stops the server.
  SpawnResult serve(std::vector<std::string> more,
                    const std::function<void(const std::string& url)>& client) {
    std::vector<std::string> arguments = {"serve",   "--model", demo(), "--dtype",
                                          "float32", "--port",  "0",    "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    bool done = false;
    const std::filesystem::path place = folder_.write("serve.out", "");
    return spawn(VIGOR_PROGRAM, arguments, {.out = place, .meanwhile = [&](pid_t pid) {
                                              if (done) return;
                                              const std::string out = read_file(place);
                                              if (out.empty() || out.back() != '\n') return;
                                              done = true;
                                              client(Json::parse(out)["url"].get<std::string>());
                                              ::kill(pid, SIGTERM);
                                            }});
  }

  std::vector<std::string> pope(const std::string& model, const std::string& out) const {
    return {"pope",
            "--model",
            model,
            "--dtype",
            "float32",
            "--images",
            path("scenes/images"),
            "--out",
            path(out.c_str()),
            "--no-report",
            "--json",
            "--questions",
            path("scenes/scenes_pope_random.json"),
            path("scenes/scenes_pope_adversarial.json")};
  }

  testing::TemporaryFolder folder_;
};

std::map<std::string, Json> samples(const std::filesystem::path& run) {
  std::map<std::string, Json> rows;
  for (const JsonRow& row : read_json_rows(run / "samples.jsonl")) {
    rows[row.value["key"].get<std::string>()] = row.value;
  }
  return rows;
}

uint16_t port_of(const std::string& url) {
  return static_cast<uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
}

TEST_F(EndToEndServe, PopeThroughTheServerIsPopeOfTheModel) {
  ASSERT_EQ(
      spawn(VIGOR_PROGRAM, {"scenes", "--seed", "77", "--count", "4", "--out", path("scenes")})
          .exit_code,
      0);
  const SpawnResult native = spawn(VIGOR_PROGRAM, pope(demo(), "native"));
  ASSERT_EQ(native.exit_code, 0) << native.err;
  SpawnResult remote;
  const SpawnResult server = serve({}, [&](const std::string& url) {
    remote = spawn(VIGOR_PROGRAM, pope(url + "#demo", "remote"));
  });
  ASSERT_EQ(remote.exit_code, 0) << remote.err;
  EXPECT_EQ(server.exit_code, 0) << server.err;
  const auto one = samples(folder_ / "native"), other = samples(folder_ / "remote");
  ASSERT_GT(one.size(), 10u);
  ASSERT_EQ(one.size(), other.size());
  for (const auto& [key, row] : one) {
    EXPECT_EQ(row["answer"], other.at(key)["answer"]) << key;
    EXPECT_EQ(row["decision"], other.at(key)["decision"]) << key;
    EXPECT_EQ(row["finish"], other.at(key)["finish"]) << key;
    ASSERT_EQ(row["margin"].is_number(), other.at(key)["margin"].is_number()) << key;
    if (row["margin"].is_number()) {
      EXPECT_NEAR(row["margin"].get<double>(), other.at(key)["margin"].get<double>(), 1e-4) << key;
    }
  }
  const Json figures = Json::parse(native.out)["splits"];
  for (const auto& [split, values] : Json::parse(remote.out)["splits"].items()) {
    for (const char* key : {"tp", "fp", "tn", "fn", "accuracy", "f1", "yes_ratio"}) {
      EXPECT_EQ(values[key], figures[split][key]) << split << " " << key;
    }
  }
  const Json run = read_json_file(folder_ / "remote/run.json");
  EXPECT_EQ(run["settings"]["model"]["kind"], "endpoint");
}

TEST_F(EndToEndServe, TheTokenIsReadFromAFileThatNobodyElseReads) {
  folder_.write("token", "PLANTED-serve-token\n");
  ::chmod(path("token").c_str(), 0644);
  const SpawnResult open = serve({"--token-file", path("token")}, [](const std::string&) {});
  EXPECT_NE(open.exit_code, 0);
  ::chmod(path("token").c_str(), 0600);
  const SpawnResult result = serve({"--token-file", path("token")}, [](const std::string& url) {
    const char* models = "GET /v1/models HTTP/1.1\r\nHost: t\r\n";
    EXPECT_EQ(testing::ask(port_of(url), std::string(models) + "\r\n").status, 401);
    EXPECT_EQ(testing::ask(port_of(url), std::string(models) +
                                             "Authorization: Bearer PLANTED-serve-token\r\n\r\n")
                  .status,
              200);
  });
  EXPECT_EQ(result.exit_code, 0);
  for (const std::string& text : {open.out, open.err, result.out, result.err}) {
    EXPECT_EQ(text.find("PLANTED"), std::string::npos) << text;
  }
}

TEST_F(EndToEndServe, OffersNoModelsThatItCannotServe) {
  const SpawnResult help = spawn(VIGOR_PROGRAM, {"serve", "--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* absent : {"recorded:", "endpoint:", "VIGOR_API_KEY", "--api-key-file"}) {
    EXPECT_THAT(help.out, ::testing::Not(HasSubstr(absent)));
  }
  const SpawnResult result = spawn(VIGOR_PROGRAM, {"serve", "--model", "http://h/v1#m"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("only a native model can be served"));
}

TEST_F(EndToEndServe, OtherMachinesNeedAToken) {
  const SpawnResult result = serve({"--host", "0.0.0.0"}, [](const std::string&) {});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("VIGOR_SERVE_TOKEN"));
}

TEST_F(EndToEndServe, TextAloneAndPicturesThatAreNone) {
  serve({}, [](const std::string& url) {
    const auto asked = [&](const char* content) {
      const std::string body = std::string(R"({"model":"demo","max_tokens":8,"temperature":0,)") +
                               R"("messages":[{"role":"user","content":)" + content + "}]}";
      return testing::ask(port_of(url), testing::post(body));
    };
    const testing::Reply text = asked(R"("What is in the picture?")");
    EXPECT_EQ(text.status, 200) << text.body;
    EXPECT_GT(text.json()["usage"]["prompt_tokens"].get<int>(), 5);
    const testing::Reply broken =
        asked(R"([{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}])");
    EXPECT_EQ(broken.status, 400) << broken.body;
    const testing::Reply file =
        asked(R"([{"type":"image_url","image_url":{"url":"file:///etc/passwd"}}])");
    EXPECT_EQ(file.status, 400);
  });
}

TEST_F(EndToEndServe, APictureAboveTheLimitIsRefusedBeforeItIsDecoded) {
  Image image;
  image.width = 1001;
  image.height = 1000;
  image.rgb.resize(size_t{1001} * 1000 * 3);
  const std::string png = encode_png(image);
  serve({"--max-pixels", "1"}, [&](const std::string& url) {
    const Json part = {{"type", "image_url"},
                       {"image_url", {{"url", "data:image/png;base64," + base64(png)}}}};
    const Json body = {{"model", "demo"},
                       {"max_tokens", 1},
                       {"messages", {{{"role", "user"}, {"content", Json::array({part})}}}}};
    const testing::Reply reply = testing::ask(port_of(url), testing::post(body));
    EXPECT_EQ(reply.status, 400) << reply.body;
    EXPECT_THAT(reply.body, HasSubstr("pixels"));
  });
}

// A local model as the judge of others. The demo was never taught to judge: what it says is kept
// with the reason why it is no judgement, and no figure comes of it.
class EndToEndServedJudge : public EndToEndServe {
 protected:
  // A row is scored, or it says why not beside what was said.
  static void expect_accounted(const std::map<std::string, Json>& rows, size_t count) {
    EXPECT_EQ(rows.size(), count);
    for (const auto& [key, row] : rows) {
      EXPECT_FALSE(row["reply"].get<std::string>().empty()) << row;
      EXPECT_THAT(row["status"].get<std::string>(), ::testing::AnyOf("scored", "unjudged"));
      if (row["status"] == "scored") continue;
      EXPECT_TRUE(row["error"].is_string() || row["reason"].is_string()) << row;
    }
  }
};

TEST_F(EndToEndServedJudge, RatesAnswers) {
  Json records = Json::array();
  for (const char* answer : {"A dog.", "A cat on a table."}) {
    records.push_back({{"question_type", "attribute"},
                       {"image_content", {"Cat"}},
                       {"question", "What is it?"},
                       {"gt_answer", "A cat."},
                       {"model_answer", answer}});
  }
  folder_.write("responses.json", dump_json(records));
  // The demo's context does not hold the default prompt.
  folder_.write("short.txt", "{question} {model_answer} Rate the answer.");
  SpawnResult check, judged, long_prompt;
  serve({}, [&](const std::string& url) {
    check = spawn(VIGOR_PROGRAM, {"judge", "check", "--judge", url + "#demo"});
    std::vector<std::string> command = {"mmhal",
                                        "--responses",
                                        path("responses.json"),
                                        "--judge",
                                        url + "#demo",
                                        "--judge-max-tokens",
                                        "16",
                                        "--json",
                                        "--out",
                                        path("long/run")};
    long_prompt = spawn(VIGOR_PROGRAM, command);
    command.back() = path("judged/run");
    command.insert(command.end(), {"--template", path("short.txt")});
    judged = spawn(VIGOR_PROGRAM, command);
  });
  EXPECT_EQ(check.exit_code, 0) << check.err;
  EXPECT_THAT(check.out, HasSubstr("judge tokens"));
  ASSERT_EQ(judged.exit_code, 0) << judged.err;
  const Json metrics = Json::parse(judged.out);
  EXPECT_EQ(metrics["judge_failures"], 0);
  expect_accounted(samples(folder_ / "judged/run"), 2);
  EXPECT_EQ(metrics["average"].is_null(), metrics["counts"]["scored"] == 0);
  // What the model cannot take is a failure with its reason, and no score.
  EXPECT_EQ(long_prompt.exit_code, 1);
  EXPECT_THAT(long_prompt.err, HasSubstr("the model's context holds"));
  EXPECT_TRUE(read_json_file(folder_ / "long/run/metrics.json")["average"].is_null());
}

TEST_F(EndToEndServedJudge, RanksCaptions) {
  ASSERT_EQ(
      spawn(VIGOR_PROGRAM, {"scenes", "--seed", "78", "--count", "3", "--out", path("scenes")})
          .exit_code,
      0);
  for (const char* name : {"one", "other"}) {
    std::string rows;
    for (const auto& picture : std::filesystem::directory_iterator(folder_ / "scenes/images")) {
      rows += dump_json({{"image", picture.path().filename().string()},
                         {"prompt", "Describe this image."},
                         {"caption", std::string("A room, as ") + name + " says."}}) +
              "\n";
    }
    folder_.write(std::string(name) + ".jsonl", rows);
  }
  folder_.write("short.txt", "Rank {count} captions.\n{fence}\n{captions}\n{fence}\n");
  // The shipped configuration, at this server's address: it does not say that there are no schemas.
  Json config = read_json_file(testing::source_dir() / "configs/judges/local.json");
  SpawnResult ranked;
  serve({"--name", config["model"]}, [&](const std::string& url) {
    config["url"] = url;
    folder_.write("local.json", dump_json(config));
    ranked =
        spawn(VIGOR_PROGRAM, {"rank", "--candidates", "one=" + path("one.jsonl"),
                              "other=" + path("other.jsonl"), "--images", path("scenes/images"),
                              "--judge", path("local.json"), "--template", path("short.txt"),
                              "--max-reply-tokens", "24", "--out", path("ranked/run"), "--json"});
  });
  ASSERT_EQ(ranked.exit_code, 0) << ranked.err;
  const Json metrics = Json::parse(ranked.out);
  EXPECT_EQ(metrics["counts"]["failed"], 0);
  expect_accounted(samples(folder_ / "ranked/run"), 3);
  EXPECT_THAT(ranked.err, HasSubstr("the judge: takes no JSON schema (HTTP 400: response_format"));
  EXPECT_EQ(read_json_file(folder_ / "ranked/run/run.json")["judge_usage"]["schema_refused"], true);
  if (metrics["counts"]["scored"] == 0) {
    EXPECT_TRUE(metrics["models"]["one"]["HL"].is_null());
    EXPECT_THAT(metrics["warnings"].dump(), HasSubstr("the judge ranked nothing"));
  }
  const std::string report = read_file(folder_ / "ranked/run/report.html");
  EXPECT_THAT(report, HasSubstr("unjudged"));
}

}  // namespace
}  // namespace vigor
