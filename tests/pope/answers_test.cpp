#include "benchmarks/pope/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace vigor::pope {
namespace {

using ::testing::HasSubstr;

QuestionSplit split_of(const std::string& name, const std::vector<std::string>& objects) {
  std::string rows;
  for (size_t i = 0; i < objects.size(); ++i) {
    rows += R"({"question_id": )" + std::to_string(i + 1) +
            R"(, "image": "a.jpg", "text": "Is there a )" + objects[i] +
            R"( in the image?", "label": ")" + (i % 2 == 0 ? "yes" : "no") + "\"}\n";
  }
  return parse_questions(rows, "coco_pope_" + name + ".json");
}

const QuestionSplit kRandom = split_of("random", {"dog", "cup", "car"});
const QuestionSplit kPopular = split_of("popular", {"dog", "person", "car"});

std::vector<std::string> answers_in(const PairedAnswers& paired) {
  std::vector<std::string> answers;
  for (const SampleOutcome& sample : paired.samples) answers.push_back(sample.answer);
  return answers;
}

PairedAnswers pair_one(const std::string& bytes, Dialect dialect = Dialect::kStrict,
                       const std::string& file = "answers.jsonl") {
  return pair_answers({kRandom}, {parse_answers(bytes, file)}, dialect);
}

std::string error_of(const std::string& bytes, Dialect dialect = Dialect::kStrict) {
  try {
    pair_one(bytes, dialect);
  } catch (const Error& error) {
    return error.parts().where + " | " + error.parts().what;
  }
  return "no error";
}

TEST(PopeAnswers, PopeFormatByPosition) {
  const auto paired = pair_one(
      "{\"question\":\"Is there a dog in the image?\",\"answer\":\"A\"}\r\n"
      "{\"question\":\"Is there a cup in the image?\",\"answer\":\"B\"}\r\n"
      "{\"question\":\"Is there a car in the image?\",\"answer\":\"C\"}\r\n");
  EXPECT_THAT(answers_in(paired), ::testing::ElementsAre("A", "B", "C"));
  EXPECT_TRUE(paired.cuts.empty());
}

TEST(PopeAnswers, ArrayOfLlavaRowsInAnyOrder) {
  const auto paired = pair_one(
      R"([{"question_id":3,"prompt":"Is there a car in the image?\nAnswer briefly.","text":"C"},
          {"question_id":1,"prompt":"Is there a dog in the imange?","text":"A"},
          {"question_id":2,"prompt":"Is there a cup in the image?","text":"B"}])");
  EXPECT_THAT(answers_in(paired), ::testing::ElementsAre("A", "B", "C"));
}

TEST(PopeAnswers, AnotherQuestionIsAnError) {
  const std::string rows =
      "{\"question_id\":1,\"prompt\":\"Is there an owl in the image?\",\"text\":\"A\"}\n"
      "{\"question_id\":2,\"text\":\"B\"}\n{\"question_id\":3,\"text\":\"C\"}\n";
  for (Dialect dialect :
       {Dialect::kOfficial, Dialect::kLmms, Dialect::kVlmeval, Dialect::kStrict}) {
    EXPECT_THAT(error_of(rows, dialect),
                HasSubstr("answers.jsonl:1 | the answer is to another question"));
  }
  EXPECT_THAT(error_of("{\"question_id\":1,\"image\":\"b.jpg\",\"text\":\"A\"}\n"
                       "{\"question_id\":2,\"text\":\"B\"}\n{\"question_id\":3,\"text\":\"C\"}\n"),
              HasSubstr("answers.jsonl:1 | the answer is to another question"));
}

TEST(PopeAnswers, MissingRowsAreRefusedButOfficialCuts) {
  const std::string rows =
      "{\"question_id\":1,\"text\":\"A\"}\n{\"question_id\":2,\"text\":\"no\"}\n";
  EXPECT_THAT(error_of(rows),
              HasSubstr("2 answers for 3 questions of the split 'random'; the first "
                        "without an answer is question_id 3"));
  const auto paired = pair_one(rows, Dialect::kOfficial);
  EXPECT_THAT(answers_in(paired), ::testing::ElementsAre("A", "no"));
  ASSERT_EQ(paired.cuts.size(), 1u);
  EXPECT_EQ(paired.cuts[0].unanswered, 1);
  EXPECT_THAT(paired.warnings, ::testing::ElementsAre(HasSubstr("NOT COMPLETE: split 'random'")));
}

TEST(PopeAnswers, SurplusAnswersCountInTheOfficialYesRatioAlone) {
  const auto paired = pair_one(
      "{\"answer\":\"no\"}\n{\"answer\":\"no\"}\n{\"answer\":\"no\"}\n{\"answer\":\"yes\"}\n",
      Dialect::kOfficial);
  ASSERT_EQ(paired.cuts.size(), 1u);
  EXPECT_EQ(paired.cuts[0].surplus_answers, 1);
  EXPECT_EQ(paired.cuts[0].surplus_yes, 1);
}

TEST(PopeAnswers, CombinedFileFindsItsSplitsByText) {
  const std::string rows =
      "{\"question_id\":10000002,\"prompt\":\"Is there a cup in the image?\",\"text\":\"r2\"}\n"
      "{\"question_id\":10000001,\"prompt\":\"Is there a dog in the image?\",\"text\":\"r1\"}\n"
      "{\"question_id\":10000003,\"prompt\":\"Is there a car in the image?\",\"text\":\"r3\"}\n"
      "{\"question_id\":1,\"prompt\":\"Is there a dog in the image?\",\"text\":\"p1\"}\n"
      "{\"question_id\":2,\"prompt\":\"Is there a person in the image?\",\"text\":\"p2\"}\n"
      "{\"question_id\":3,\"prompt\":\"Is there a car in the image?\",\"text\":\"p3\"}\n";
  const auto paired =
      pair_answers({kRandom, kPopular}, {parse_answers(rows, "a.jsonl")}, Dialect::kStrict);
  EXPECT_THAT(answers_in(paired), ::testing::ElementsAre("r1", "r2", "r3", "p1", "p2", "p3"));
}

// A combined file of the two splits; `edit` changes one text of it.
std::string combined(const std::string& from = "", const std::string& to = "") {
  std::string rows;
  int block = 0;
  for (const QuestionSplit* split : {&kRandom, &kPopular}) {
    for (const Question& question : split->questions) {
      rows += dump_json({{"question_id", block * 10'000'000 + question.question_id},
                         {"prompt", question.text},
                         {"text", "Yes"}}) +
              "\n";
    }
    ++block;
  }
  if (const size_t at = rows.find(from); !from.empty() && at != std::string::npos) {
    rows.replace(at, from.size(), to);
  }
  return rows;
}

TEST(PopeAnswers, AWrongPromptInACombinedFileIsNamedWithBothTexts) {
  const auto pair = [](const std::vector<QuestionSplit>& splits, const std::string& rows) {
    try {
      pair_answers(splits, {parse_answers(rows, "a.jsonl")}, Dialect::kOfficial);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(pair({kRandom, kPopular}, combined()), "no error");
  EXPECT_THAT(pair({kPopular, kRandom}, combined("person", "parson")),
              ::testing::AllOf(HasSubstr("a.jsonl:5: the answer is to another question than "
                                         "question_id 2"),
                               HasSubstr("'Is there a parson in the image?'"),
                               HasSubstr("'Is there a person in the image?'")));
  EXPECT_THAT(pair({kRandom, kPopular}, combined("10000003", "10000009")),
              HasSubstr("a.jsonl:6: question_id 9 is not in the split 'popular'"));
  // A block whose split was not given is no misspelling of another.
  EXPECT_THAT(pair({kRandom}, combined()), HasSubstr("(ids from 10000001) belong to"));
}

TEST(PopeAnswers, OfficialNeverPairsShiftedAnswers) {
  const auto row = [](int id) {
    return "{\"question_id\":" + std::to_string(id) + ",\"text\":\"yes\"}\n";
  };
  // Complete in any order, or cut at the end.
  EXPECT_EQ(error_of(row(3) + row(1) + row(2), Dialect::kOfficial), "no error");
  EXPECT_EQ(error_of(row(1) + row(2), Dialect::kOfficial), "no error");
  EXPECT_EQ(error_of(row(3) + row(1), Dialect::kOfficial),
            "answers.jsonl:1 | split 'random': no answer to question_id 2, and the answers are not "
            "at the places of their questions");
  EXPECT_EQ(error_of(row(1) + row(3), Dialect::kOfficial),
            "answers.jsonl:2 | split 'random': no answer to question_id 2, and the answers are not "
            "at the places of their questions");
  EXPECT_EQ(error_of(row(8) + row(3) + row(9), Dialect::kOfficial),
            "answers.jsonl:2 | split 'random': no answer to question_id 1, 2, and no question with "
            "question_id 8, 9, and the answers are not at the places of their questions");
  EXPECT_EQ(error_of(row(1) + row(2) + row(3) + row(4), Dialect::kOfficial), "no error");
  // Ids that say nothing, and no texts: by position, but not in silence.
  EXPECT_THAT(pair_one(row(11) + row(12) + row(13), Dialect::kOfficial).warnings,
              ::testing::ElementsAre(HasSubstr("nothing shows whether that is right")));
}

TEST(PopeAnswers, FilesFindTheirSplitByNameOrPlaceWithoutTexts) {
  const auto file = [](const std::string& name, const std::string& text) {
    std::string rows;
    for (int i = 1; i <= 3; ++i) rows += "{\"answer\":\"" + text + "\"}\n";
    return parse_answers(rows, name);
  };
  const auto by_name =
      pair_answers({kRandom, kPopular}, {file("x-popular.jsonl", "p"), file("x-random.jsonl", "r")},
                   Dialect::kLmms);
  EXPECT_EQ(by_name.samples[0].answer, "r");
  const auto by_place = pair_answers({kRandom, kPopular},
                                     {file("1.jsonl", "r"), file("2.jsonl", "p")}, Dialect::kLmms);
  EXPECT_EQ(by_place.samples[0].answer, "r");
  EXPECT_THROW(
      pair_answers({kRandom, kPopular}, {file("random_1.jsonl", "r"), file("random_2.jsonl", "r")},
                   Dialect::kLmms),
      Error);
  EXPECT_THROW(pair_answers({kRandom, kPopular}, {file("random.jsonl", "r")}, Dialect::kLmms),
               Error);
}

TEST(PopeAnswers, NullAnswerIsAFailedSample) {
  const auto paired = pair_one("{\"answer\":null}\n{\"answer\":\"\"}\n{\"answer\":\"yes\"}\n");
  EXPECT_FALSE(paired.samples[0].error.empty());
  EXPECT_TRUE(paired.samples[1].error.empty());  // empty text is an answer, an unreadable one
}

TEST(PopeAnswers, MistakesNameFileAndLine) {
  EXPECT_EQ(error_of("{\"answer\":\"a\"}\n{\"reply\":\"b\"}\n"),
            "answers.jsonl:2 | no answer in this row");
  EXPECT_EQ(error_of("{\"image\":\"a.jpg\",\"text\":\"Is there a dog?\",\"label\":\"yes\"}\n"),
            "answers.jsonl:1 | this is a question, not an answer");
  EXPECT_EQ(
      error_of("{\"key\":\"random/1\",\"split\":\"random\",\"question_id\":1,\"answer\":\"a\"}\n"),
      "answers.jsonl:1 | this is samples.jsonl of a run of ours");
  EXPECT_EQ(error_of("{\"question_id\":1,\"text\":\"a\"}\n{\"question_id\":1,\"text\":\"a\"}\n"),
            "answers.jsonl:2 | question_id 1 is answered twice");
  EXPECT_EQ(error_of("{\"question_id\":1,\"text\":\"a\"}\n{\"text\":\"a\"}\n"),
            "answers.jsonl | some rows have a question_id and some have none");
  EXPECT_THAT(error_of("{\"answer\":true}\n"), HasSubstr("answers.jsonl:1 | key 'answer'"));
  EXPECT_THAT(error_of("{\"question_id\":9,\"text\":\"a\"}\n"),
              HasSubstr("question_id 9 is not in the split 'random'"));
}

}  // namespace
}  // namespace vigor::pope
