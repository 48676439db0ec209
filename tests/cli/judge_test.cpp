// vigor-eval judge, started as a user starts it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/files.h"
#include "base/json.h"
#include "tests/testing/spawn.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

using ::testing::HasSubstr;
using testing::spawn;
using testing::TemporaryFolder;

std::string line(const std::string& model, const std::string& question) {
  const Json record = {{"identity", {{"model", model}, {"url", "http://h/v1"}}},
                       {"request", {{"messages", question}}},
                       {"reply",
                        {{"text", "yes"},
                         {"finish", "stop"},
                         {"model", model},
                         {"usage", {{"prompt_tokens", 10}, {"completion_tokens", 2}}},
                         {"first_token", Json::array()},
                         {"raw", ""}}},
                       {"created", 1'700'000'000}};
  return dump_json(record) + "\n";
}

TEST(EndToEndJudge, ImportsShowsAndExports) {
  const TemporaryFolder folder;
  const std::string lines = line("a", "1") + line("b", "1") + line("a", "2");
  const std::string replies = folder.write("replies.jsonl", lines).string();
  const std::string cache = (folder / "runs/vigor.db").string();
  auto result = spawn(VIGOR_PROGRAM, {"judge", "import", "--replies", replies, "--cache", cache});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "3 replies read, 3 of them new\n");
  result = spawn(VIGOR_PROGRAM, {"judge", "import", "--replies", replies, "--cache", cache});
  EXPECT_EQ(result.out, "3 replies read, 0 of them new\n");

  result = spawn(VIGOR_PROGRAM, {"judge", "show", "--cache", cache});
  EXPECT_EQ(result.out,
            "1  a at http://h/v1: 2 replies, 20 tokens in, 4 out, 2023-11-14 to 2023-11-14\n"
            "2  b at http://h/v1: 1 replies, 10 tokens in, 2 out, 2023-11-14 to 2023-11-14\n");
  result = spawn(VIGOR_PROGRAM, {"judge", "show", "--cache", cache, "--json"});
  EXPECT_EQ(Json::parse(result.out).at(0)["replies"], 2);

  const std::string out = (folder / "out.jsonl").string();
  result = spawn(VIGOR_PROGRAM, {"judge", "export", "--cache", cache, "--out", out});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(read_file(out), lines);
  result =
      spawn(VIGOR_PROGRAM, {"judge", "export", "--cache", cache, "--out", out, "--number", "2"});
  EXPECT_EQ(read_file(out), line("b", "1"));
}

TEST(EndToEndJudge, MistakesAreSaidAndChangeNothing) {
  const TemporaryFolder folder;
  const std::string replies =
      folder.write("replies.jsonl", line("a", "1") + "{\"identity\": {}}\n").string();
  const std::string cache = (folder / "vigor.db").string();
  auto result = spawn(VIGOR_PROGRAM, {"judge", "import", "--replies", replies, "--cache", cache});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("replies.jsonl:2: key 'request' is missing"));
  EXPECT_FALSE(std::filesystem::exists(cache));
  result = spawn(VIGOR_PROGRAM, {"judge", "show", "--cache", cache});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("no such cache of judge replies"));
  EXPECT_EQ(spawn(VIGOR_PROGRAM, {"judge"}).exit_code, 2);
  result = spawn(VIGOR_PROGRAM, {"judge", "check", "--judge", "gpt-4o"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("configs/judges/gpt-4o.json (model gpt-4o-"));
  EXPECT_EQ(spawn(VIGOR_PROGRAM, {"judge", "show"}).exit_code, 2);
}

}  // namespace
}  // namespace vigor
