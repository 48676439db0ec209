// vigor-eval pope --answers through the built program: what is wrong with a file of answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/json.h"
#include "tests/testing/spawn.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::spawn;
using testing::SpawnResult;

// Two splits of four questions on two pictures, and LLaVA's combined file of answers to them.
class EndToEndPopeAnswers : public ::testing::Test {
 protected:
  EndToEndPopeAnswers() {
    int block = 0;
    for (const char* split : {"random", "popular"}) {
      std::string questions;
      for (int id = 1; id <= 4; ++id) {
        const std::string text = std::string("Is there a ") + (id % 2 == 1 ? "dog" : split) +
                                 std::to_string(id) + " in the image?";
        questions += dump_json({{"question_id", id},
                                {"image", id < 3 ? "a.jpg" : "b.jpg"},
                                {"text", text},
                                {"label", id % 2 == 1 ? "yes" : "no"}}) +
                     "\n";
        answers_ += dump_json({{"question_id", block + id},
                               {"prompt", text + "\nAnswer with one word."},
                               {"text", id == 4 ? "No" : "Yes"}}) +
                    "\n";
      }
      folder_.write(std::string("pope_") + split + ".json", questions);
      block += 10'000'000;
    }
    folder_.write("answers.jsonl", answers_);
  }
  SpawnResult run(const std::vector<std::string>& arguments) {
    return spawn(VIGOR_PROGRAM, arguments, {.folder = folder_.path()});
  }
  SpawnResult pope(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"pope",        "--answers",        "answers.jsonl",
                                          "--questions", "pope_random.json", "pope_popular.json",
                                          "--no-report"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    if (std::find(more.begin(), more.end(), "--out") == more.end()) {
      arguments.insert(arguments.end(), {"--out", "run"});
    }
    return run(arguments);
  }
  void rewrite(const std::string& file, const std::string& from, const std::string& to) {
    std::string text = read_file(folder_ / file);
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    folder_.write(file, text.replace(at, from.size(), to));
  }

  testing::TemporaryFolder folder_;
  std::string answers_;
};

TEST_F(EndToEndPopeAnswers, AWrongPromptOfACombinedFileIsNamed) {
  EXPECT_EQ(pope().exit_code, 0);
  rewrite("answers.jsonl", "popular2", "popular7");
  const SpawnResult result = pope({"--out", "other"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("error: answers.jsonl:6: the answer is to another"),
                                HasSubstr("Is there a popular7 in the image?"),
                                HasSubstr("Is there a popular2 in the image?")));
  EXPECT_FALSE(fs::exists(folder_ / "other"));
}

TEST_F(EndToEndPopeAnswers, Utf16IsOneClearError) {
  for (const char* file : {"answers.jsonl", "pope_popular.json"}) {
    const std::string text = read_file(folder_ / file);
    std::string wide = "\xFF\xFE";
    for (const char c : text) wide += {c, '\0'};
    folder_.write(file, wide);
    const SpawnResult result = pope();
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.err, AllOf(HasSubstr(std::string("error: ") + file + ": the file is UTF-16"),
                                  HasSubstr("iconv -f UTF-16 -t UTF-8")));
    folder_.write(file, text);
  }
}

TEST_F(EndToEndPopeAnswers, AKeyThatStandsTwiceIsNamed) {
  rewrite("answers.jsonl", "\"text\":\"No\"", "\"text\":\"No\",\"text\":\"Yes\"");
  EXPECT_THAT(pope().err, AllOf(HasSubstr("error: answers.jsonl:4:"),
                                HasSubstr("key 'text' stands twice in one object")));
  folder_.write("answers.jsonl", answers_);
  rewrite("pope_random.json", "\"label\":\"no\"", "\"label\":\"no\",\"label\":\"yes\"");
  EXPECT_THAT(pope().err, AllOf(HasSubstr("error: pope_random.json:2:"),
                                HasSubstr("key 'label' stands twice in one object")));
  folder_.write("config.json", "{\"seed\": 1,\n \"seed\": 2}");
  const SpawnResult config = pope({"--config", "config.json"});
  EXPECT_EQ(config.exit_code, 2);
  EXPECT_THAT(config.err, HasSubstr("config.json:2:2: key 'seed' stands twice"));
}

TEST_F(EndToEndPopeAnswers, ShuffledAnswersWithAHoleAreNotPaired) {
  const size_t second = answers_.find('\n') + 1;
  const size_t third = answers_.find('\n', second) + 1;
  const size_t fourth = answers_.find('\n', third) + 1;
  const std::string rest = answers_.substr(fourth);
  // The order of the first split: 3, 1, 4; 2 is missing.
  folder_.write("answers.jsonl",
                answers_.substr(third, fourth - third) + answers_.substr(0, second) + rest);
  const SpawnResult result = pope();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("error: answers.jsonl:1: split 'random': no answer to "
                                          "question_id 2, and the answers are not at"),
                                HasSubstr("the official script pairs by position")));
  // Cut at the end it is what the official script does, and said.
  folder_.write("answers.jsonl", answers_.substr(0, answers_.rfind('\n', answers_.size() - 2) + 1));
  const SpawnResult cut = pope({"--json"});
  EXPECT_EQ(cut.exit_code, 0) << cut.err;
  EXPECT_THAT(cut.err, HasSubstr("NOT COMPLETE: split 'popular' has 3 answers for 4 questions"));
  EXPECT_EQ(Json::parse(cut.out)["complete"], false);
}

TEST_F(EndToEndPopeAnswers, AnEmptyFileHoldsNoAnswers) {
  for (const char* nothing : {"", "\n\n", "[]"}) {
    folder_.write("answers.jsonl", nothing);
    const SpawnResult result = pope();
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.err, HasSubstr("error: answers.jsonl: the file holds no answers"));
    EXPECT_FALSE(fs::exists(folder_ / "run"));
  }
}

TEST_F(EndToEndPopeAnswers, AModelAndAnswersTogetherAreAUsageError) {
  const SpawnResult result = pope({"--model", "recorded:answers.jsonl"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("error: --model and --answers were both given"));
}

TEST_F(EndToEndPopeAnswers, NumbersThatAreNoneAreUsageErrors) {
  for (const std::string option : {"--seed", "--max-failures", "--limit"}) {
    const SpawnResult result = pope({option, "-1"});
    EXPECT_EQ(result.exit_code, 2) << option;
    EXPECT_THAT(result.err, HasSubstr(option)) << option;
  }
  folder_.write("config.json", "{\"seed\": -1}");
  const SpawnResult config = pope({"--config", "config.json"});
  EXPECT_EQ(config.exit_code, 2);
  EXPECT_THAT(config.err, HasSubstr("config.json: key 'seed'"));
}

TEST_F(EndToEndPopeAnswers, TheAverageIsTheSameInWhateverOrder) {
  const Json one = Json::parse(pope({"--json"}).out);
  const SpawnResult turned =
      run({"pope", "--answers", "answers.jsonl", "--questions", "pope_popular.json",
           "pope_random.json", "--no-report", "--out", "turned", "--json"});
  EXPECT_EQ(turned.exit_code, 0) << turned.err;
  EXPECT_EQ(Json::parse(turned.out)["average"], one["average"]);
  EXPECT_EQ(Json::parse(turned.out)["split_order"], Json({"popular", "random"}));
}

// What the error advises works, and the other thing is refused.
TEST_F(EndToEndPopeAnswers, MendedAnswersGoWhereTheErrorSays) {
  rewrite("answers.jsonl", "\"text\":\"No\"", "\"text\":null");
  const SpawnResult failed = pope();
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_THAT(failed.err, AllOf(HasSubstr("the scores are withheld: 1 samples failed"),
                                HasSubstr("mend the answers and give another --out, or accept")));
  EXPECT_EQ(pope({"--max-failures", "1"}).exit_code, 0);
  folder_.write("answers.jsonl", answers_);
  const SpawnResult same = pope();
  EXPECT_EQ(same.exit_code, 1);
  EXPECT_THAT(same.err, HasSubstr("choose another folder with --out"));
  EXPECT_EQ(pope({"--out", "mended"}).exit_code, 0);
}

TEST_F(EndToEndPopeAnswers, MendedCaptionsGoWhereChairSays) {
  folder_.write("objects.jsonl", "{\"image\":\"a.jpg\",\"objects\":[\"dog\"]}\n");
  const std::string row = "{\"image\":\"a.jpg\",\"caption\":";
  folder_.write("captions.jsonl", row + "null}\n");
  const auto chair = [&](const std::string& out) {
    return run(
        {"chair", "--captions", "captions.jsonl", "--objects", "objects.jsonl", "--out", out});
  };
  const SpawnResult failed = chair("chair");
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_THAT(failed.err, HasSubstr("make the captions again and give another --out"));
  folder_.write("captions.jsonl", row + "\"A dog.\"}\n");
  EXPECT_THAT(chair("chair").err, HasSubstr("choose another folder with --out"));
  EXPECT_EQ(chair("mended").exit_code, 0);
}

}  // namespace
}  // namespace vigor
