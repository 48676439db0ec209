#include "judges/cache/reply_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/judges/cache/samples.h"

namespace vigor {
namespace {

using ::testing::HasSubstr;
using testing::sample_record;

TEST(ReplyRecord, ComesBackFromItsLineWhole) {
  const ReplyRecord record = sample_record("which?", "the \"second\"\n");
  const ReplyRecord back =
      record_from_json(parse_json(dump_json(record_to_json(record)), "x"), "x");
  EXPECT_EQ(back.identity, record.identity);
  EXPECT_EQ(back.request, record.request);
  EXPECT_EQ(back.created, record.created);
  EXPECT_EQ(reply_to_json(back.reply), reply_to_json(record.reply));
  EXPECT_EQ(back.reply.text, "the \"second\"\n");
  EXPECT_EQ(back.reply.finish, "stop");
  EXPECT_EQ(back.reply.usage.prompt_tokens, 120);
  EXPECT_EQ(back.reply.first_token.at(0).logprob, -0.25);
  EXPECT_EQ(back.reply.raw, record.reply.raw);
}

TEST(ReplyRecord, KeyIsTheSameAfterExport) {
  const ReplyRecord record = sample_record("which?", "this");
  const ReplyRecord back =
      record_from_json(parse_json(dump_json(record_to_json(record)), "x"), "x");
  EXPECT_EQ(reply_key(back.identity, back.request), reply_key(record.identity, record.request));
}

TEST(ReplyRecord, KeyDependsOnJudgeAndRequest) {
  const Json request = sample_record("which?", "").request;
  const std::string key = reply_key({{"model", "a"}}, request);
  EXPECT_EQ(key.size(), 64u);
  EXPECT_NE(key, reply_key({{"model", "b"}}, request));
  EXPECT_NE(key, reply_key({{"model", "a"}}, sample_record("why?", "").request));
}

TEST(ReplyRecord, ALineThatIsNoRecordIsNamed) {
  const std::string good = dump_json(record_to_json(sample_record("which?", "this")));
  const auto message = [&](const std::string& line) -> std::string {
    try {
      for_each_reply_record(good + "\n" + line + "\n", "replies.jsonl",
                            [](size_t, ReplyRecord&&) {});
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(message(good), "no error");
  EXPECT_THAT(message("{}"), HasSubstr("replies.jsonl:2: key 'identity' is missing"));
  EXPECT_THAT(message(R"({"identity":1,"request":{},"reply":{"text":"a"}})"),
              HasSubstr("replies.jsonl:2: identity: expected an object"));
  EXPECT_THAT(message(R"({"identity":{},"request":{},"reply":{}})"),
              HasSubstr("replies.jsonl:2: reply: key 'text' is missing"));
  EXPECT_THAT(message(R"({"identity":{},"request":{},"reply":{"text":"a","error":"down"}})"),
              HasSubstr("unknown key 'error'"));
  EXPECT_THAT(message(R"({"identity":{},"request":{},"reply":{"text":"a","usage":)"
                      R"({"prompt_tokens":-1}}})"),
              HasSubstr("key 'prompt_tokens' must be between 0 and"));
  EXPECT_THAT(message(R"({"identity":{},"request":{},"reply":{"text":"a","usage":)"
                      R"({"prompt_tokens":99999999999999}}})"),
              HasSubstr("key 'prompt_tokens' must be between 0 and"));
}

}  // namespace
}  // namespace vigor
