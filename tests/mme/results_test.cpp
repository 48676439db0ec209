// The official result files: what is read as the script reads it, what stops it, what is written.
#include "benchmarks/mme/results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::mme {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string results_error(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.parts().where + ": " + error.parts().what;
  }
  return "no error";
}

std::string refusal(const std::string& bytes) {
  return results_error([&] { parse_results(bytes, "count.txt"); });
}

TEST(MmeResults, FourFieldsInEveryLineEnd) {
  for (const char* end : {"\n", "\r\n", "\r"}) {
    const auto lines =
        parse_results(std::string("1.jpg\tA?\tYes\t yes") + end + "1.jpg\tB?\tNO\t", "count.txt");
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[0].answer, " yes");  // not trimmed: the script does not
    EXPECT_EQ(lines[1].label, "no");
    EXPECT_EQ(lines[1].label_text, "NO");
    EXPECT_EQ(lines[1].answer, "");
  }
}

TEST(MmeResults, WhatStopsTheScriptIsNamedByFileAndLine) {
  EXPECT_EQ(refusal("1.jpg\tA?\tYes\tyes\n1.jpg\tB?\tNo\n"),
            "count.txt:2: expected four fields between tabs, found 3");
  EXPECT_EQ(refusal("1.jpg\tA?\tYes\tyes\tindeed\n"),
            "count.txt:1: expected four fields between tabs, found 5");
  EXPECT_EQ(refusal("1.jpg\tA?\tYes\tyes\n\n"), "count.txt:2: a blank line");
  EXPECT_EQ(refusal("1.jpg\tA?\tYes \tyes\n"), "count.txt:1: the label is 'Yes ', not Yes or No");
  EXPECT_EQ(refusal("1.jpg\tA?\tYes\t\xFF\n"), "count.txt:1: not valid UTF-8");
  EXPECT_EQ(refusal(""), "count.txt: no answers in the file");
}

std::vector<int64_t> pairs(const std::string& bytes, Dialect dialect,
                           std::vector<std::string>* warnings) {
  std::vector<int64_t> numbers;
  for (const Question& question :
       pair_results("count", parse_results(bytes, "count.txt"), dialect, "count.txt", warnings)
           .questions) {
    numbers.push_back(question.pair);
  }
  return numbers;
}

TEST(MmeResults, TheScriptPairsByPositionTheOthersByName) {
  const std::string shuffled =
      "1.jpg\tA?\tYes\tyes\n2.jpg\tA?\tYes\tyes\n1.jpg\tB?\tNo\tno\n2.jpg\tB?\tNo\tno\n";
  std::vector<std::string> warnings;
  EXPECT_THAT(pairs(shuffled, Dialect::kLmms, &warnings), ElementsAre(1, 2, 1, 2));
  EXPECT_THAT(warnings, IsEmpty());
  EXPECT_THAT(pairs(shuffled, Dialect::kOfficial, &warnings), ElementsAre(1, 1, 2, 2));
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("2 pairs of lines have two different pictures (the "
                                              "first at line 2)")));
}

TEST(MmeResults, ALineWithoutPartnerIsRefused) {
  std::vector<std::string> warnings;
  const std::string odd = "1.jpg\tA?\tYes\tyes\n1.jpg\tB?\tNo\tno\n2.jpg\tA?\tYes\tyes\n";
  EXPECT_EQ(results_error([&] { pairs(odd, Dialect::kOfficial, &warnings); }),
            "count.txt:3: the last line has no partner: 3 lines are an odd number");
  EXPECT_EQ(results_error([&] { pairs(odd, Dialect::kVlmeval, &warnings); }),
            "count.txt:3: picture 2.jpg has 1 line, not two");
  const std::string three = odd + "1.jpg\tC?\tYes\tyes\n";
  EXPECT_EQ(results_error([&] { pairs(three, Dialect::kStrict, &warnings); }),
            "count.txt:4: picture 1.jpg has 3 lines, not two");
}

class MmeResultFolder : public ::testing::Test {
 protected:
  testing::TemporaryFolder folder_;
  DiskFileSystem disk_;
};

TEST_F(MmeResultFolder, TasksThatAreThereAreReadAndTheOthersNamed) {
  folder_.write("count.txt", "1.jpg\tA?\tYes\tyes\n1.jpg\tB?\tNo\tno\n");
  folder_.write("existence.txt", "1.jpg\tA?\tYes\tyes\n1.jpg\tB?\tNo\tno\n");
  const Results results = read_results(folder_.path(), Dialect::kOfficial);
  ASSERT_EQ(results.samples.size(), 4u);
  EXPECT_EQ(results.samples[2].question.key, "count/1/1");
  EXPECT_EQ(results.samples[2].question.image, "existence/1.jpg");  // one collection
  ASSERT_EQ(results.warnings.size(), 1u);
  EXPECT_THAT(results.warnings[0], ::testing::StartsWith("no position.txt, color.txt, "));
}

TEST_F(MmeResultFolder, AFolderWithoutResultsIsRefused) {
  folder_.write("results.txt", "x");
  EXPECT_THAT(results_error([&] { read_results(folder_.path(), Dialect::kOfficial); }),
              HasSubstr("none of MME's fourteen result files is in this folder"));
  EXPECT_THAT(results_error([&] { read_results(folder_ / "nowhere", Dialect::kOfficial); }),
              HasSubstr("no such folder or file of answers"));
}

TEST_F(MmeResultFolder, WrittenAnswersAreReadAlikeInEveryDialect) {
  Task task;
  task.name = "count";
  std::vector<SampleOutcome> samples;
  const std::vector<std::string> answers = {"Yes\nindeed", "\tno", "a\r\nno", "  yes",
                                            "No.",         "",     "failed",  "Yes"};
  for (size_t i = 0; i < answers.size(); ++i) {
    task.questions.push_back({.key = "",
                              .image = "",
                              .name = std::to_string(i / 2) + ".jpg",
                              .text = "Q" + std::to_string(i) + "?",
                              .label = i % 2 == 0 ? "yes" : "no",
                              .label_text = i % 2 == 0 ? "Yes" : "No",
                              .pair = static_cast<int64_t>(i / 2) + 1,
                              .picture = {}});
  }
  std::vector<Task> tasks = {task};
  finish_tasks(&tasks, [](const Question&, const Question&) { return true; });
  for (size_t i = 0; i < answers.size(); ++i) {
    samples.push_back({.task = "count",
                       .question = tasks[0].questions[i],
                       .answer = answers[i],
                       .margin = std::nullopt,
                       .finish = "",
                       .error = answers[i] == "failed" ? "broken picture" : ""});
  }
  EXPECT_EQ(write_results(disk_, folder_ / "out", tasks, samples), 1);
  EXPECT_EQ(read_file(folder_ / "out/count.txt").substr(0, 26), "0.jpg\tQ0?\tYes\tYes indeed\n0");
  const Results read = read_results(folder_ / "out", Dialect::kOfficial);
  ASSERT_EQ(read.samples.size(), 6u);
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(read.samples[i].question.key, samples[i].question.key);
    for (const Dialect dialect :
         {Dialect::kOfficial, Dialect::kLmms, Dialect::kVlmeval, Dialect::kStrict}) {
      EXPECT_EQ(decide(read.samples[i].answer, dialect), decide(answers[i], dialect)) << answers[i];
    }
  }
}

std::vector<Task> two_questions() {
  std::vector<Task> tasks(1);
  tasks[0].name = "code_reasoning";
  for (const char* text : {"Is it C? Please answer yes or no.", "Is it C? Or D?"}) {
    tasks[0].questions.push_back({.key = "",
                                  .image = "",
                                  .name = "0020.png",
                                  .text = text,
                                  .label = "yes",
                                  .label_text = "Yes",
                                  .pair = 1,
                                  .picture = {}});
  }
  finish_tasks(&tasks, [](const Question&, const Question&) { return true; });
  return tasks;
}

std::string llava_row(const std::string& prompt, const std::string& text) {
  return R"({"question_id": "code_reasoning/0020.png", "prompt": ")" + prompt + R"(", "text": )" +
         text + "}\n";
}

TEST(MmeLlavaAnswers, AreFoundByNameAndPrompt) {
  const Results results = parse_llava_answers(
      llava_row("Is it C? Or D?\\nOne word.", "\"B\"") + llava_row("Is it C?\\nOne word.", "null"),
      "a.jsonl", two_questions());
  ASSERT_EQ(results.samples.size(), 2u);
  EXPECT_EQ(results.samples[0].question.key, "code_reasoning/0020/1");
  EXPECT_EQ(results.samples[0].error, "the answer file has null for this question");
  EXPECT_EQ(results.samples[1].answer, "B");
}

TEST(MmeLlavaAnswers, WhatFitsNoQuestionIsNamed) {
  const auto refusal_of = [](const std::string& rows) {
    return results_error([&] { parse_llava_answers(rows, "a.jsonl", two_questions()); });
  };
  EXPECT_EQ(refusal_of(llava_row("Is it D?", "\"A\"")),
            "a.jsonl:1: the prompt is none of the questions about code_reasoning/0020.png");
  EXPECT_EQ(refusal_of(R"({"question_id": "OCR/1.png", "prompt": "", "text": ""})"),
            "a.jsonl:1: no question of the dataset has the question_id OCR/1.png");
  const std::string row = llava_row("Is it C?", "\"A\"");
  EXPECT_EQ(refusal_of(row + row),
            "a.jsonl:2: the question is answered twice: code_reasoning/0020/1");
  EXPECT_EQ(refusal_of(row),
            "a.jsonl: 1 answers for 2 questions; the first without an answer is "
            "code_reasoning/0020/2");
}

}  // namespace
}  // namespace vigor::mme
