#include "judges/judge/open_judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/judges/cache/samples.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

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

}  // namespace
}  // namespace vigor
