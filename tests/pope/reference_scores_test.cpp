// Every expected.json below benchmarks/pope/answers: the published figures to the last digit.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/files.h"
#include "base/json.h"
#include "benchmarks/pope/score.h"
#include "tests/testing/shared_data.h"

namespace vigor::pope {
namespace {

namespace fs = std::filesystem;

const char* const kAnswers = "benchmarks/pope/answers";

std::vector<fs::path> files_in(const fs::path& folder, const std::string& start,
                               const std::string& extension) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const fs::path& path = entry.path();
    if (path.filename().string().starts_with(start) && path.extension() == extension) {
      files.push_back(path);
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<fs::path> expectations() {
  std::vector<fs::path> files;
  if (!fs::exists(testing::shared(kAnswers))) return files;
  for (const auto& entry : fs::directory_iterator(testing::shared(kAnswers))) {
    for (const fs::path& file : files_in(entry.path(), "expected", ".json")) {
      if (read_json_file(file).contains("splits")) files.push_back(file);
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

// The `labels` text names a folder of question files beside answers/, or the current ones.
fs::path question_folder(const fs::path& answer_folder) {
  const fs::path pope = testing::shared("benchmarks/pope");
  const Json expected = read_json_file(answer_folder / "expected.json");
  const std::string labels = expected.value("labels", "");
  const fs::path folder = pope / labels.substr(0, labels.find('/'));
  return labels.find('/') != std::string::npos && fs::is_directory(folder) ? folder : pope;
}

// Order of the keys in the file: the order of the mean.
std::vector<std::string> split_names(const fs::path& file) {
  std::vector<std::string> names;
  const auto ordered = nlohmann::ordered_json::parse(read_file(file));
  for (const auto& [name, split] : ordered.at("splits").items()) names.push_back(name);
  return names;
}

void expect_figures(const Json& figures, const Json& split) {
  for (const auto& [key, value] : figures.items()) {
    if (key == "n_answers" || key == "n_labels" || key == "n_scored") continue;
    std::string name = key;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    EXPECT_EQ(split.at(name), value) << key;
    EXPECT_TRUE(!value.is_null() || split.contains("reason")) << key;
  }
  EXPECT_EQ(figures.at("n_labels"), split.at("questions"));
}

class ReferencePopeScores : public ::testing::TestWithParam<fs::path> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ReferencePopeScores);

TEST_P(ReferencePopeScores, OfficialFiguresToTheLastDigit) {
  const fs::path file = GetParam();
  const Json expected = read_json_file(file);
  const std::vector<std::string> names = split_names(file);

  std::vector<QuestionSplit> splits;
  for (const std::string& name : names) {
    for (const fs::path& path : files_in(question_folder(file.parent_path()), "", ".json")) {
      if (path.stem().string().ends_with("_" + name)) splits.push_back(read_questions(path));
    }
  }
  ASSERT_EQ(splits.size(), names.size());
  std::vector<AnswerFile> answers;
  for (const fs::path& path : files_in(file.parent_path(), "", ".jsonl")) {
    answers.push_back(read_answers(path));
    if (expected.contains("rows")) answers.back().rows.resize(expected["rows"].get<size_t>());
  }
  const PairedAnswers paired = pair_answers(splits, answers, Dialect::kOfficial);
  const Json metrics = score_splits(paired.samples, Dialect::kOfficial,
                                    {.splits = names,
                                     .average_order = paired.average_order,
                                     .cuts = paired.cuts,
                                     .warnings = paired.warnings});
  for (const auto& [name, figures] : expected["splits"].items()) {
    SCOPED_TRACE(name);
    const Json& split = metrics["splits"][name];
    if (figures.is_null()) {
      EXPECT_TRUE(split["accuracy"].is_null());
      EXPECT_EQ(split["reason"], "no answers");
    } else {
      expect_figures(figures, split);
    }
  }
  EXPECT_EQ(metrics["complete"].get<bool>(), !expected.contains("rows"));
  EXPECT_EQ(paired.warnings.empty(), !expected.contains("rows"));
  if (expected.contains("macro_mean")) {
    for (const auto& [key, value] : expected["macro_mean"].items()) {
      EXPECT_EQ(metrics["average"][key], value) << key;
    }
  }
  // In whatever order a user names the files.
  for (size_t turn = 1; turn < splits.size(); ++turn) {
    std::rotate(splits.begin(), splits.begin() + 1, splits.end());
    std::rotate(answers.begin(), answers.begin() + 1, answers.end());
    const PairedAnswers turned = pair_answers(splits, answers, Dialect::kOfficial);
    EXPECT_EQ(score_splits(turned.samples, Dialect::kOfficial,
                           {.average_order = turned.average_order, .cuts = turned.cuts})["average"],
              metrics["average"]);
  }
  if (expected.contains("decisions_no")) {
    std::vector<int64_t> no;
    for (const SampleOutcome& sample : paired.samples) {
      if (decide(sample.answer, Dialect::kOfficial) == Decision::kNo) {
        no.push_back(sample.question.question_id);
      }
    }
    EXPECT_EQ(Json(no), expected["decisions_no"]);
  }
  if (!paired.cuts.empty()) {
    EXPECT_THROW(pair_answers(splits, answers, Dialect::kStrict), Error);
  }
}

INSTANTIATE_TEST_SUITE_P(Published, ReferencePopeScores, ::testing::ValuesIn(expectations()),
                         [](const auto& test) {
                           std::string name = test.param.parent_path().filename().string() + "_" +
                                              test.param.stem().string();
                           for (char& c : name) {
                             if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
                           }
                           return name;
                         });

TEST(ReferencePopeEdge, AwkwardAnswersAndTheirFigures) {
  const fs::path folder = testing::shared(kAnswers) / "synthetic_edge";
  VIGOR_REQUIRE_SHARED(folder);
  const Json expected = read_json_file(folder / "expected.json");
  const std::vector<QuestionSplit> splits{read_questions(folder / "labels.jsonl")};
  const PairedAnswers paired =
      pair_answers(splits, {read_answers(folder / "answers.jsonl")}, Dialect::kOfficial);
  ASSERT_EQ(paired.samples.size(), expected["decisions"].size());
  for (size_t i = 0; i < paired.samples.size(); ++i) {
    EXPECT_EQ(decision_name(decide(paired.samples[i].answer, Dialect::kOfficial)),
              expected["decisions"][i].get<std::string>())
        << paired.samples[i].answer;
  }
  expect_figures(expected["figures"],
                 score_splits(paired.samples, Dialect::kOfficial)["splits"][splits[0].name]);
}

TEST(ReferencePopeEdge, DegenerateTotalsAreNullWithAReason) {
  const fs::path file = testing::shared(kAnswers) / "synthetic_edge" / "degenerate.json";
  VIGOR_REQUIRE_SHARED(file);
  const Json cases = read_json_file(file);
  for (const auto& [name, test] : cases.items()) {
    SCOPED_TRACE(name);
    std::vector<SampleOutcome> samples;
    for (size_t i = 0; i < test["answers"].size(); ++i) {
      SampleOutcome sample;
      sample.split = "edge";
      sample.question = {static_cast<int64_t>(i) + 1, std::to_string(i) + ".jpg", "Is there a dog?",
                         test["labels"][i].get<std::string>()};
      sample.answer = test["answers"][i].get<std::string>();
      samples.push_back(sample);
    }
    expect_figures(test["figures"], score_splits(samples, Dialect::kOfficial)["splits"]["edge"]);
  }
}

}  // namespace
}  // namespace vigor::pope
