#include "benchmarks/pope/question.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::pope {
namespace {

const char* const kTwoRows =
    "{\"question_id\": 1, \"image\": \"a.jpg\", \"text\": \"Is there a dog in the image?\", "
    "\"label\": \"yes\"}\r\n"
    "{\"question_id\": 2, \"image\": \"a.jpg\", \"text\": \"Is there an owl in the image?\", "
    "\"label\": \"no\"}\r\n";

std::string message_of(std::string_view bytes) {
  try {
    parse_questions(bytes, "q.json");
  } catch (const Error& error) {
    return error.parts().where + " | " + error.parts().what;
  }
  return "no error";
}

TEST(PopeQuestions, SplitIsNamedByWhatFollowsPope) {
  EXPECT_EQ(parse_questions(kTwoRows, "dir/coco_pope_random.json").name, "random");
  EXPECT_EQ(parse_questions(kTwoRows, "my_questions.jsonl").name, "my_questions");
}

TEST(PopeQuestions, LineEndsDoNotChangeTheHash) {
  std::string unix_ends = kTwoRows;
  std::erase(unix_ends, '\r');
  const QuestionSplit split = parse_questions(kTwoRows, "q.json");
  EXPECT_EQ(split.content_hash, parse_questions(unix_ends, "q.json").content_hash);
  EXPECT_EQ(split.questions[1].text, "Is there an owl in the image?");
}

TEST(PopeQuestions, WrittenLinesReadBackTheSame) {
  const QuestionSplit split = parse_questions(kTwoRows, "q.json");
  EXPECT_EQ(parse_questions(questions_to_jsonl(split.questions), "q.json").questions,
            split.questions);
}

TEST(PopeQuestions, MistakesNameFileLineAndKey) {
  EXPECT_EQ(message_of(""), "q.json | no questions in the file");
  EXPECT_THAT(message_of("{\"image\":\"a\",\"text\":\"b\"}"),
              ::testing::StartsWith("q.json:1 | key 'label' is missing"));
  EXPECT_THAT(message_of("{\"image\":\"a\",\"text\":\"b\",\"label\":\"maybe\"}"),
              ::testing::StartsWith("q.json:1: label | the label is 'maybe'"));
  const std::string row = "{\"question_id\":7,\"image\":\"a\",\"text\":\"b\",\"label\":\"no\"}\n";
  EXPECT_EQ(message_of(row + row), "q.json:2 | question_id 7 appears twice");
}

TEST(PopeQuestions, TwoFilesOfOneSplitAreRefused) {
  testing::TemporaryFolder folder;
  const auto a = folder.write("a/coco_pope_random.json", kTwoRows);
  const auto b = folder.write("b/coco_pope_random.json", kTwoRows);
  EXPECT_THROW(read_question_files({a, b}), Error);
}

TEST(PopeQuestions, SameTextDespiteTheOldMisspelling) {
  EXPECT_EQ(normalised_text(" Is there an owl in the imange?\n"), "Is there an owl in the image?");
}

TEST(ReferencePopeQuestions, PublishedFilesAreRecognised) {
  VIGOR_REQUIRE_SHARED("benchmarks/pope");
  std::vector<QuestionSplit> current, older;
  for (const auto& [folder, splits] :
       {std::pair{"benchmarks/pope", &current}, {"benchmarks/pope/coco_e3e3926", &older}}) {
    if (!std::filesystem::exists(testing::shared(folder))) continue;
    for (const auto& entry : std::filesystem::directory_iterator(testing::shared(folder))) {
      if (entry.path().extension() == ".json") splits->push_back(read_questions(entry.path()));
    }
  }
  ASSERT_FALSE(current.empty());
  for (const QuestionSplit& split : current) EXPECT_EQ(split.variant, "coco current") << split.name;
  for (const QuestionSplit& split : older) EXPECT_EQ(split.variant, "coco e3e3926") << split.name;
  EXPECT_TRUE(variant_warnings(current).empty());
  if (older.empty()) return;
  EXPECT_EQ(variant_warnings({current[0], older[0]}).size(), 1u);
}

}  // namespace
}  // namespace vigor::pope
