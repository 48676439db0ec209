#include "judges/judge/open_judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>

#include "judges/cache/reply_store.h"
#include "tests/judges/cache/samples.h"
#include "tests/testing/chat_server.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

using testing::chat_answer;
using testing::ChatServer;
using testing::error_answer;
using ::testing::HasSubstr;
using testing::request_of;
using testing::sample_record;
using testing::TemporaryFolder;

std::string exported(const std::vector<ReplyRecord>& records) {
  std::string text;
  for (const ReplyRecord& record : records) text += dump_json(record_to_json(record)) + "\n";
  return text;
}

std::string refusal(const JudgeOptions& options) {
  try {
    open_judge(options, {});
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(OpenJudge, RecordedRepliesAreGivenAgainWithoutAKey) {
  const TemporaryFolder folder;
  const auto file = folder.write("replies.jsonl", exported({sample_record("which?", "this")}));
  const auto judge = open_judge({.config = "recorded:" + file.string()}, {});
  EXPECT_EQ(judge->identity(), sample_record("", "").identity);
  std::vector<std::string> texts;
  judge->complete(
      2, [](size_t i) { return request_of(i == 0 ? "which?" : "who?"); },
      [&](size_t, ChatReply&& reply) { texts.push_back(reply.text + reply.error); }, {});
  EXPECT_THAT(texts,
              ::testing::ElementsAre("this", "not in the cache, and the judge is not asked"));
}

TEST(OpenJudge, RecordedRepliesAreThoseOfOneJudge) {
  const TemporaryFolder folder;
  ReplyRecord other = sample_record("which?", "that");
  other.identity["model"] = "other";
  const auto two = folder.write("two.jsonl", exported({sample_record("which?", "this"), other}));
  EXPECT_THAT(refusal({.config = "recorded:" + two.string()}), HasSubstr("replies of 2 judges"));
  const auto none = folder.write("none.jsonl", "\n");
  EXPECT_THAT(refusal({.config = "recorded:" + none.string()}), HasSubstr("holds no replies"));
  EXPECT_THAT(refusal({.config = "recorded:" + (folder / "missing.jsonl").string()}),
              HasSubstr("no such file"));
}

TEST(OpenJudge, WhoNamesAModelIsShownTheFilesThatHaveIt) {
  const TemporaryFolder folder;
  folder.write("gpt-4o.json", R"({"model": "gpt-4o-2024-08-06"})");
  folder.write("mini.json", R"({"model": "gpt-4o-mini"})");
  folder.write("other.json", R"({"model": "llava"})");
  folder.write("broken.json", "{");
  const auto refused = [&](const std::string& name) {
    return refusal(
        {.config = name, .cache_mode = "off", .known_configs = {"/nowhere", folder.path()}});
  };
  const std::string two = (folder / "gpt-4o.json").string() + " (model gpt-4o-2024-08-06), or " +
                          (folder / "mini.json").string() +
                          " (model gpt-4o-mini); or the address of an endpoint";
  EXPECT_THAT(refused("gpt-4o"), HasSubstr("give " + two));
  EXPECT_THAT(refused("configs/gpt-4o.json"), HasSubstr("give " + two));
  EXPECT_THAT(refused("gpt4o.json"), HasSubstr("give " + (folder / "gpt-4o.json").string() +
                                               " (model gpt-4o-2024-08-06); or the address"));
  EXPECT_THAT(refused("claude"), HasSubstr("other.json (model llava)"));
  EXPECT_THAT(refusal({.config = "gpt-4o", .cache_mode = "off"}),
              HasSubstr("a file as in configs/judges"));
}

// A judge at a server, and a cache in a folder of its own.
struct AtServer {
  explicit AtServer(ChatServer::Script script) : server(std::move(script)) {
    folder.write("judge.json",
                 dump_json({{"url", server.base_url()},
                            {"model", "m"},
                            {"max_tries", 2},
                            {"backoff_base_s", 0.001},
                            {"prices", {{"input_per_million", 1}, {"output_per_million", 2}}}}));
    options.config = (folder / "judge.json").string();
    options.cache_file = folder / "vigor.db";
  }
  // The replies' texts or errors, in order of the questions, and what the client says it used.
  std::vector<std::string> ask(const std::vector<std::string>& questions) {
    const auto judge = open_judge(options, {});
    std::vector<std::string> texts(questions.size());
    judge->complete(
        questions.size(), [&](size_t i) { return request_of(questions[i]); },
        [&](size_t i, ChatReply&& reply) { texts[i] = reply.text + reply.error; }, {});
    usage = judge->usage();
    return texts;
  }

  TemporaryFolder folder;
  ChatServer server;
  JudgeOptions options;
  Json usage;
};

testing::ServerAnswer echo(const testing::ServerRequest& request) {
  return chat_answer("to " + request.prompt());
}

TEST(OpenJudge, ARerunCostsNothing) {
  AtServer judge(echo);
  EXPECT_THAT(judge.ask({"a", "b"}), ::testing::ElementsAre("to a", "to b"));
  EXPECT_EQ(judge.usage["requests"], 2);
  EXPECT_GT(judge.usage["cost"].get<double>(), 0);
  EXPECT_THAT(judge.ask({"b", "a"}), ::testing::ElementsAre("to b", "to a"));
  EXPECT_EQ(judge.server.requests(), 2u);
  EXPECT_EQ(judge.usage["requests"], 0);
  EXPECT_EQ(judge.usage["cache_hits"], 2);
  EXPECT_EQ(judge.usage["cost"].get<double>(), 0);
}

TEST(OpenJudge, WithoutACacheEverythingIsAsked) {
  AtServer judge(echo);
  judge.options.cache_mode = "off";
  judge.ask({"a"});
  judge.ask({"a"});
  EXPECT_EQ(judge.server.requests(), 2u);
  EXPECT_FALSE(std::filesystem::exists(judge.options.cache_file));
}

TEST(OpenJudge, AnExportAnswersLikeTheJudge) {
  AtServer judge(echo);
  judge.ask({"a", "b"});
  std::vector<ReplyRecord> records;
  ReplyStore(judge.options.cache_file, StoreAccess::kRead).for_each([&](ReplyRecord&& record) {
    records.push_back(std::move(record));
  });
  const Json identity = open_judge(judge.options, {})->identity();
  judge.options.config = "recorded:" + judge.folder.write("out.jsonl", exported(records)).string();
  EXPECT_THAT(judge.ask({"a", "b"}), ::testing::ElementsAre("to a", "to b"));
  EXPECT_EQ(open_judge(judge.options, {})->identity(), identity);
  EXPECT_EQ(judge.server.requests(), 2u);
}

TEST(OpenJudge, ABudgetIsNotOverspentAndWhatWasPaidIsKept) {
  AtServer judge(echo);
  const std::vector<std::string> questions = {"a", "b", "c"};
  judge.options.budget = 1e-6;  // less than any reply may cost
  EXPECT_THROW(judge.ask(questions), Error);
  EXPECT_EQ(judge.server.requests(), 0u);
  judge.options.budget = 1;
  EXPECT_THAT(judge.ask(questions), ::testing::ElementsAre("to a", "to b", "to c"));
}

TEST(OpenJudge, ABudgetNeedsPrices) {
  AtServer judge(echo);
  judge.options.budget = 1;
  judge.options.config = judge.server.base_url() + "#m";
  EXPECT_THAT(refusal(judge.options), HasSubstr("--budget needs prices"));
  EXPECT_THAT(refusal(judge.options), HasSubstr("name the judge by a file"));
  judge.options.config =
      judge.folder.write("free.json", dump_json({{"url", judge.server.base_url()}, {"model", "m"}}))
          .string();
  EXPECT_THAT(refusal(judge.options), HasSubstr("add \"prices\""));
  EXPECT_FALSE(std::filesystem::exists(judge.options.cache_file));
}

TEST(FaultOpenJudge, ErrorsAreAskedAgainAndRepliesAreNot) {
  std::atomic<bool> down = true;
  AtServer judge([&](const testing::ServerRequest& request) {
    return down && request.prompt() != "a" ? error_answer(500, "down") : echo(request);
  });
  const std::vector<std::string> first = judge.ask({"a", "b"});
  EXPECT_EQ(first[0], "to a");
  EXPECT_THAT(first[1], HasSubstr("500"));
  down = false;
  const size_t before = judge.server.requests();
  EXPECT_THAT(judge.ask({"a", "b"}), ::testing::ElementsAre("to a", "to b"));
  EXPECT_EQ(judge.server.requests(), before + 1);
}

TEST(FaultOpenJudge, AMistakeLeavesNoCacheBehind) {
  AtServer judge(echo);
  judge.options.cache_mode = "sometimes";
  EXPECT_THAT(refusal(judge.options), HasSubstr("unknown mode of the judge cache"));
  judge.options.cache_mode = "read";
  EXPECT_THAT(refusal(judge.options), HasSubstr("no such cache"));
  judge.options.cache_mode = "write";
  judge.options.config += "x";
  EXPECT_THAT(refusal(judge.options), HasSubstr("no such file of a judge's configuration"));
  EXPECT_FALSE(std::filesystem::exists(judge.options.cache_file));
  judge.options.cache_file.clear();
  EXPECT_THAT(refusal(judge.options), HasSubstr("the judge cache has no file"));
}

}  // namespace
}  // namespace vigor
