// Every expected.json below benchmarks/mme: the published figures to the last digit.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/files.h"
#include "base/json.h"
#include "benchmarks/mme/lines.h"
#include "benchmarks/mme/score.h"
#include "benchmarks/mme/task.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::mme {
namespace {

namespace fs = std::filesystem;

const char* const kMme = "benchmarks/mme";

// Folders with expected.json and results/.
std::vector<fs::path> models() {
  std::vector<fs::path> folders;
  if (!fs::exists(testing::shared(kMme))) return folders;
  for (const auto& entry : fs::directory_iterator(testing::shared(kMme))) {
    if (fs::exists(entry.path() / "expected.json")) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

class ReferenceMmeScores : public ::testing::TestWithParam<fs::path> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ReferenceMmeScores);

TEST_P(ReferenceMmeScores, OfficialFiguresToTheLastDigit) {
  const Json expected = read_json_file(GetParam() / "expected.json");
  const Results results = read_results(GetParam() / "results", Dialect::kOfficial);
  const Json metrics = score_tasks(results.samples, Dialect::kOfficial);
  ASSERT_EQ(metrics["tasks"].size(), expected["tasks"].size());
  for (const auto& [name, figures] : expected["tasks"].items()) {
    const Json& task = metrics["tasks"][name];
    for (const auto& [key, value] : figures.items()) {
      std::string ours = key;
      for (char& c : ours) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      if (key == "group") {
        EXPECT_EQ(task["group"], value == "Perception" ? "perception" : "cognition") << name;
      } else {
        EXPECT_EQ(task.at(ours), value) << name << " " << key;
      }
    }
  }
  EXPECT_EQ(metrics["perception"], expected["Perception"]);
  EXPECT_EQ(metrics["cognition"], expected["Cognition"]);
  if (!expected.contains("published")) return;
  EXPECT_NEAR(metrics["perception"].get<double>(), expected["published"]["Perception"], 0.05);
  EXPECT_NEAR(metrics["cognition"].get<double>(), expected["published"]["Cognition"], 0.05);
}

// On answers that begin with yes or no the tools agree, up to the last digit of a sum.
TEST_P(ReferenceMmeScores, TheDialectsDifferOnlyWhereTheyReadDifferently) {
  const Results results = read_results(GetParam() / "results", Dialect::kOfficial);
  std::vector<SampleOutcome> plain;
  for (const SampleOutcome& sample : results.samples) {
    SampleOutcome one = sample;
    one.answer = decide(sample.answer, Dialect::kOfficial) == Decision::kYes ? "Yes" : "No";
    plain.push_back(one);
  }
  const Json official = score_tasks(plain, Dialect::kOfficial);
  for (const Dialect dialect : {Dialect::kLmms, Dialect::kVlmeval, Dialect::kStrict}) {
    const Json metrics = score_tasks(plain, dialect);
    for (const auto& [name, task] : official["tasks"].items()) {
      EXPECT_EQ(metrics["tasks"][name]["acc"], task["acc"]) << name;
      EXPECT_EQ(metrics["tasks"][name]["acc_plus"], task["acc_plus"]) << name;
    }
    EXPECT_NEAR(metrics["perception"].get<double>(), official["perception"], 1e-9);
  }
}

TEST_P(ReferenceMmeScores, WrittenFilesAreTheFilesThatWereRead) {
  const Results results = read_results(GetParam() / "results", Dialect::kOfficial);
  testing::TemporaryFolder folder;
  DiskFileSystem disk;
  EXPECT_EQ(write_results(disk, folder / "out", results.tasks, results.samples), 0);
  const Results again = read_results(folder / "out", Dialect::kOfficial);
  EXPECT_EQ(score_tasks(again.samples, Dialect::kOfficial),
            score_tasks(results.samples, Dialect::kOfficial));
}

INSTANTIATE_TEST_SUITE_P(Answers, ReferenceMmeScores, ::testing::ValuesIn(models()),
                         [](const auto& info) {
                           std::string name = info.param.filename().string();
                           std::replace_if(
                               name.begin(), name.end(),
                               [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
                           return name;
                         });

TEST(ReferenceMme, FiguresAreThere) {
  VIGOR_REQUIRE_SHARED(kMme);
  EXPECT_FALSE(models().empty());
}

TEST(ReferenceMme, EveryAwkwardReplyIsReadAsTheOfficialParserDoes) {
  const fs::path folder = testing::shared(kMme) / "synthetic_edge";
  VIGOR_REQUIRE_SHARED(folder);
  const auto label = [](const std::string& text) {
    const char* name = decision_name(decide(text, Dialect::kOfficial));
    return std::string(name == nullptr ? "other" : name);
  };
  size_t read = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const Json file = read_json_file(entry.path());
    for (const Json& one : file.at("cases")) {
      const std::string text = one["text"];
      EXPECT_EQ(label(text), one["label"]) << text;
      EXPECT_EQ(label(text + "\n"), one["label_with_trailing_newline"]) << text;
      ++read;
    }
  }
  EXPECT_GT(read, 0u);
}

// LLaVA's own answer file, with a dataset folder made of the published questions.
TEST(ReferenceMme, LlavaAnswersGiveTheFiguresOfTheirResultFiles) {
  VIGOR_REQUIRE_SHARED(kMme);
  testing::TemporaryFolder folder;
  for (const TaskInfo& task : kTasks) {
    const fs::path file = testing::shared(kMme) / "questions" / (std::string(task.name) + ".txt");
    std::map<std::string, std::string> pairs;
    const std::string bytes = read_file(file);
    for (const std::string_view line : text_lines(bytes, file.string())) {
      const auto fields = tab_fields(line);
      pairs[fs::path(fields[0]).stem().string()] +=
          std::string(fields[1]) + "\t" + std::string(fields[2]) + "\n";
    }
    for (const auto& [name, text] : pairs) {
      folder.write(fs::path(task.name) / (name + ".txt"), text);
    }
  }
  const Dataset dataset = read_dataset(folder.path());
  for (const Task& task : dataset.tasks) EXPECT_EQ(task.variant, "release") << task.name;
  size_t read = 0;
  for (const fs::path& model : models()) {
    if (!fs::exists(model / "answers.jsonl")) continue;
    ++read;
    const Results results = read_llava_answers(model / "answers.jsonl", dataset.tasks);
    const Json metrics = score_tasks(results.samples, Dialect::kOfficial);
    const Json expected = read_json_file(model / "expected.json");
    EXPECT_EQ(metrics["perception"], expected["Perception"]);
    EXPECT_EQ(metrics["cognition"], expected["Cognition"]);
  }
  EXPECT_GT(read, 0u);
}

// The published questions are recognised, in the order of any file.
TEST(ReferenceMme, PublishedQuestionsAreRecognised) {
  VIGOR_REQUIRE_SHARED(kMme);
  for (const fs::path& model : models()) {
    const Results results = read_results(model / "results", Dialect::kOfficial);
    for (const Task& task : results.tasks) {
      const TaskInfo* info = find_task(task.name);
      const bool whole = static_cast<int64_t>(task.questions.size()) == info->published_questions;
      EXPECT_EQ(task.variant, whole ? "release" : "unknown") << model << task.name;
    }
  }
}

}  // namespace
}  // namespace vigor::mme
