#include "judges/cache/cached_chat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/judges/cache/file_size_limit.h"
#include "tests/judges/cache/samples.h"
#include "tests/testing/scripted_chat.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

using ::testing::ElementsAre;
using testing::reply_of;
using testing::request_of;
using testing::ScriptedChat;
using testing::TemporaryFolder;

ChatReply echo(size_t, const ChatRequest& request) {
  return reply_of("to " + request.messages.at(0).parts.at(0).text);
}

// A client over `store`, whose inner client is seen from outside.
struct Cached {
  explicit Cached(const std::filesystem::path& file, ScriptedChat::Script script = echo) {
    auto scripted = std::make_unique<ScriptedChat>(std::move(script));
    inner = scripted.get();
    chat = std::make_unique<CachedChat>(std::move(scripted), ReplyStore(file, StoreAccess::kWrite));
  }
  std::map<size_t, ChatReply> ask(const std::vector<std::string>& questions,
                                  std::stop_token stop = {}) {
    std::map<size_t, ChatReply> replies;
    chat->complete(
        questions.size(), [&](size_t i) { return request_of(questions[i]); },
        [&](size_t i, ChatReply&& reply) {
          EXPECT_TRUE(replies.emplace(i, std::move(reply)).second) << i;
        },
        stop);
    return replies;
  }
  std::vector<std::string> asked() const {
    std::vector<std::string> texts;
    for (const ChatRequest& request : inner->requests) {
      texts.push_back(request.messages.at(0).parts.at(0).text);
    }
    return texts;
  }
  ScriptedChat* inner = nullptr;
  std::unique_ptr<CachedChat> chat;
};

TEST(CachedChat, AsksOnceAndThenNeverAgain) {
  const TemporaryFolder folder;
  {
    Cached cached(folder / "vigor.db");
    auto replies = cached.ask({"a", "b"});
    EXPECT_EQ(replies.at(1).text, "to b");
    EXPECT_FALSE(replies.at(1).from_cache);
    EXPECT_EQ(replies.at(1).tries, 1);
    EXPECT_EQ(cached.chat->usage()["cache_hits"], 0);
  }
  Cached cached(folder / "vigor.db");
  auto replies = cached.ask({"b", "c", "a"});
  EXPECT_THAT(cached.asked(), ElementsAre("c"));
  EXPECT_EQ(replies.at(0).text, "to b");
  EXPECT_TRUE(replies.at(0).from_cache);
  EXPECT_EQ(replies.at(1).text, "to c");
  EXPECT_EQ(replies.at(2).text, "to a");
  EXPECT_EQ(cached.chat->usage()["cache_hits"], 2);
}

TEST(CachedChat, HitsAreHandedOverBeforeAnythingIsSent) {
  const TemporaryFolder folder;
  Cached(folder / "vigor.db").ask({"b"});
  Cached cached(folder / "vigor.db");
  std::vector<size_t> order;
  cached.chat->complete(
      2, [&](size_t i) { return request_of(i == 0 ? "a" : "b"); },
      [&](size_t i, ChatReply&&) { order.push_back(i); }, {});
  EXPECT_THAT(order, ElementsAre(1, 0));
}

TEST(CachedChat, EqualRequestsAreAskedOnceAndRepeatsAreNot) {
  const TemporaryFolder folder;
  Cached cached(folder / "vigor.db");
  auto replies = cached.ask({"a", "a", "a"});
  EXPECT_THAT(cached.asked(), ElementsAre("a"));
  ASSERT_EQ(replies.size(), 3u);
  EXPECT_EQ(replies.at(2).text, "to a");
  EXPECT_TRUE(replies.at(2).from_cache);
  EXPECT_FALSE(replies.at(0).from_cache);
  cached.chat->complete(
      2,
      [&](size_t i) {
        ChatRequest request = request_of("a");
        request.repeat = static_cast<int>(i);
        return request;
      },
      [](size_t, ChatReply&&) {}, {});
  EXPECT_THAT(cached.asked(), ElementsAre("a", "a"));
}

TEST(CachedChat, ErrorsAreAskedAgain) {
  const TemporaryFolder folder;
  Cached failing(folder / "vigor.db", [](size_t, const ChatRequest&) {
    ChatReply reply;
    reply.error = "HTTP 500 after 6 tries";
    return reply;
  });
  auto replies = failing.ask({"a", "a"});
  EXPECT_EQ(replies.at(0).error, "HTTP 500 after 6 tries");
  EXPECT_EQ(replies.at(1).error, "HTTP 500 after 6 tries");
  EXPECT_FALSE(replies.at(1).from_cache);
  Cached cached(folder / "vigor.db");
  EXPECT_EQ(cached.ask({"a"}).at(0).text, "to a");
}

TEST(CachedChat, AnotherJudgeIsAnotherQuestion) {
  const TemporaryFolder folder;
  Cached(folder / "vigor.db").ask({"a"});
  CachedChat other(std::make_unique<ScriptedChat>(
                       [](size_t, const ChatRequest&) { return reply_of("other"); }, "other"),
                   ReplyStore(folder / "vigor.db", StoreAccess::kWrite));
  std::string text;
  other.complete(
      1, [](size_t) { return request_of("a"); },
      [&](size_t, ChatReply&& reply) { text = reply.text; }, {});
  EXPECT_EQ(text, "other");
}

TEST(CachedChat, ReadingAsksNobody) {
  const TemporaryFolder folder;
  Cached(folder / "vigor.db").ask({"a"});
  CachedChat reading({{"url", "scripted"}, {"model", "scripted"}},
                     ReplyStore(folder / "vigor.db", StoreAccess::kRead));
  std::map<size_t, ChatReply> replies;
  reading.complete(
      2, [](size_t i) { return request_of(i == 0 ? "a" : "b"); },
      [&](size_t i, ChatReply&& reply) { replies[i] = std::move(reply); }, {});
  EXPECT_EQ(replies.at(0).text, "to a");
  EXPECT_EQ(replies.at(0).error, "");
  EXPECT_EQ(replies.at(1).error, "not in the cache, and the judge is not asked");
  EXPECT_EQ(replies.at(1).text, "");
  EXPECT_EQ(reading.usage()["cache_hits"], 1);
  EXPECT_EQ(reading.usage()["requests"], 0);
}

TEST(CachedChat, AStopSendsNothingNew) {
  const TemporaryFolder folder;
  std::stop_source stop;
  Cached cached(folder / "vigor.db", [&](size_t index, const ChatRequest& request) {
    if (index == 1) stop.request_stop();
    return echo(index, request);
  });
  EXPECT_EQ(cached.ask({"a", "b", "c"}, stop.get_token()).size(), 2u);
  Cached again(folder / "vigor.db");
  EXPECT_EQ(again.ask({"a", "b", "c"}).size(), 3u);
  EXPECT_THAT(again.asked(), ElementsAre("c"));
}

TEST(CachedChat, RepliesOfBeforeAnEndingErrorAreKept) {
  const TemporaryFolder folder;
  Cached cached(folder / "vigor.db", [&](size_t index, const ChatRequest& request) {
    if (index == 2) throw Error({.what = "the budget is spent"});
    return echo(index, request);
  });
  EXPECT_THROW(cached.ask({"a", "b", "c"}), Error);
  Cached again(folder / "vigor.db");
  again.ask({"a", "b", "c"});
  EXPECT_THAT(again.asked(), ElementsAre("c"));
}

TEST(FaultCachedChat, AFailingDiskEndsTheRunAndLosesNoReply) {
  const TemporaryFolder folder;
  std::vector<std::string> questions;
  for (int i = 0; i < 1000; ++i) questions.push_back(std::to_string(i));
  std::map<size_t, ChatReply> replies;
  {
    Cached cached(folder / "vigor.db");
    const testing::FileSizeLimit limit(200'000);
    try {
      cached.chat->complete(
          questions.size(), [&](size_t i) { return request_of(questions[i]); },
          [&](size_t i, ChatReply&& reply) { replies[i] = std::move(reply); }, {});
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr("the disk is full or failing"));
    }
    // What was asked was handed over, also the one that could not be kept.
    EXPECT_EQ(replies.size(), cached.inner->requests.size());
    EXPECT_LT(replies.size(), questions.size());
  }
  Cached again(folder / "vigor.db");
  EXPECT_EQ(again.ask(questions).size(), questions.size());
  EXPECT_EQ(again.inner->requests.size(), questions.size() - replies.size() + 1);
}

}  // namespace
}  // namespace vigor
