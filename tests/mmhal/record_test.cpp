#include "benchmarks/mmhal/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/temporary_folder.h"

namespace vigor::mmhal {
namespace {

template <typename Action>
std::string message_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.parts().where + " | " + error.parts().what;
  }
  return "";
}

constexpr const char* kRecord =
    R"({"question_type": "counting", "image_id": "ab12", "image_src": "https://example.org/7/f_o.jpg?x=1",
        "image_content": ["Cat", "Tree"], "question": "How many?", "gt_answer": "Two.", "model_answer": "Three."})";

TEST(MmhalRecords, ArrayAndLinesAreTheSame) {
  const std::string text = kRecord;
  std::string line = text;
  std::erase(line, '\n');
  for (const std::string& form : {"[" + text + "]", line + "\n"}) {
    const std::vector<Record> records = parse_records(form, "r.json");
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(records[0].type, "counting");
    EXPECT_THAT(records[0].contents, ::testing::ElementsAre("Cat", "Tree"));
    EXPECT_EQ(records[0].model_answer, "Three.");
  }
}

TEST(MmhalRecords, MistakesAreNamed) {
  EXPECT_EQ(message_of([] { parse_records("[]", "r.json"); }), "r.json | no records in this file");
  EXPECT_EQ(message_of([] { parse_records(R"([{"question": "Q"}])", "r.json"); }),
            "r.json: record 1 | key 'gt_answer' is missing");
  EXPECT_EQ(message_of([] {
              parse_records(R"([{"question": "Q", "gt_answer": "A", "image_content": [1]}])",
                            "r.json");
            }),
            "r.json: record 1 | key 'image_content' must be a list of texts");
}

TEST(MmhalRecords, ANullAnswerIsAFailureAndNotAnEmptyAnswer) {
  const auto records = parse_records(
      R"([{"question": "Q", "gt_answer": "A", "model_answer": null}, {"question": "Q", "gt_answer": "A", "model_answer": ""}])",
      "r.json");
  EXPECT_FALSE(records[0].model_answer);
  EXPECT_FALSE(records[0].failure.empty());
  EXPECT_EQ(records[1].model_answer, "");
  EXPECT_TRUE(records[1].failure.empty());
}

TEST(MmhalRecords, ThePictureIsFoundUnderItsNames) {
  testing::TemporaryFolder folder;
  Record record = parse_records("[" + std::string(kRecord) + "]", "r.json")[0];
  EXPECT_EQ(picture_of(record, folder.path(), "r").filename(), "f_o.jpg");  // for the message
  folder.write("ab12.png", "x");
  EXPECT_EQ(picture_of(record, folder.path(), "r").filename(), "ab12.png");
  folder.write("f_o.jpg", "x");
  EXPECT_EQ(picture_of(record, folder.path(), "r").filename(), "f_o.jpg");
  record.image = "own.jpg";
  EXPECT_EQ(picture_of(record, folder.path(), "r").filename(), "own.jpg");
  record.image = "../own.jpg";
  EXPECT_THROW(picture_of(record, folder.path(), "r"), Error);
  EXPECT_EQ(message_of([&] { picture_of(Record{}, folder.path(), "r"); }),
            "r | the record names no picture");
}

TEST(MmhalReviews, EveryFormIsRead) {
  const auto completions = parse_reviews(
      R"([{"model": "judge", "choices": [{"message": {"content": "Rating: 3"}}]},
          {"choices": [{"message": {"content": null, "refusal": "no"}}]},
          {"choices": [{"message": {"content": null}, "finish_reason": "content_filter"}]}, null])",
      "j.json");
  ASSERT_EQ(completions.size(), 4u);
  EXPECT_EQ(completions[0].text, "Rating: 3");
  EXPECT_EQ(completions[0].model, "judge");
  EXPECT_EQ(completions[1].failure, "refused: no");
  EXPECT_EQ(completions[2].failure, "refused: content filter");
  EXPECT_TRUE(completions[1].refused && completions[2].refused);
  EXPECT_FALSE(completions[3].refused);
  EXPECT_EQ(completions[3].record, 3u);
  EXPECT_EQ(parse_reviews("\"Rating: 3\"\n\"Rating: 4\"\n", "j.jsonl")[1].text, "Rating: 4");
  const auto rows = parse_reviews(
      R"([{"record": 1, "repeat": 0, "reply": "b"}, {"record": 0, "reply": "a"}, {"record": 0, "repeat": 1, "reply": null, "error": "HTTP 500"}])",
      "samples.jsonl");
  EXPECT_EQ(rows[0].text, "a");
  EXPECT_EQ(rows[1].failure, "HTTP 500");
  EXPECT_EQ(rows[2].text, "b");
}

TEST(MmhalReviews, MistakesAreNamed) {
  EXPECT_EQ(message_of([] { parse_reviews("[{\"choices\": []}]", "j.json"); }),
            "j.json: reply 1 | key 'choices' must be a list with a reply");
  EXPECT_EQ(message_of([] { parse_reviews("[{\"text\": 1}]", "j.json"); }),
            "j.json: reply 1 | this is no reply of a judge");
  EXPECT_EQ(message_of([] {
              parse_reviews(R"([{"record":0,"reply":"a"},{"record":0,"reply":"b"}])", "j.json");
            }),
            "j.json | two replies to record 0, repeat 0");
}

}  // namespace
}  // namespace vigor::mmhal
