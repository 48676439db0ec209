// Every folder of benchmarks/chair with captions.jsonl and expected.json.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/json.h"
#include "benchmarks/chair/score.h"
#include "tests/testing/english.h"
#include "tests/testing/shared_data.h"

namespace vigor::chair {
namespace {

namespace fs = std::filesystem;

const char* const kChair = "benchmarks/chair";

std::vector<fs::path> folders() {
  std::vector<fs::path> found;
  if (!fs::exists(testing::shared(kChair))) return found;
  for (const auto& entry : fs::directory_iterator(testing::shared(kChair))) {
    if (fs::exists(entry.path() / "expected.json")) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

class ReferenceChair : public ::testing::TestWithParam<fs::path> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ReferenceChair);

TEST_P(ReferenceChair, FiguresFromTheGivenObjectsAreExact) {
  const Json expected = read_json_file(GetParam() / "expected.json");
  std::vector<ScoredCaption> captions;
  for (const Json& row : expected["captions"]) {
    ScoredCaption scored;
    scored.caption.image = row["image_id"].dump();
    scored.present = row["gt_objects"].get<std::vector<std::string>>();
    scored.found.words = row["n_words"].get<size_t>();
    for (const Json& object : row["generated_objects"]) {
      scored.found.mentions.push_back({object.get<std::string>(), "", 0});
    }
    captions.push_back(std::move(scored));
  }
  const ChairResult result = score_found(captions);
  const Json& overall = expected["overall_metrics"];
  EXPECT_EQ(result.metrics["chair_s"], overall["CHAIRs"]);
  EXPECT_EQ(result.metrics["chair_i"], overall["CHAIRi"]);
  EXPECT_EQ(result.metrics["recall"], overall["Recall"]);
  EXPECT_EQ(result.metrics["length"], overall["Len"]);
  for (size_t i = 0; i < captions.size(); ++i) {
    EXPECT_EQ(result.rows[i]["hallucinated"].size(),
              expected["captions"][i]["hallucinated"].size());
  }
}

struct Agreement {
  Json metrics;
  size_t captions = 0, same_list = 0, same_words = 0;
};

// Finds the objects in the captions' text and compares with what the published script found.
Agreement read_captions_with(const language::English& english, const fs::path& folder) {
  const Json expected = read_json_file(folder / "expected.json");
  const auto captions = read_captions(folder / "captions.jsonl");
  const auto objects =
      ImageObjectTable::read(testing::shared(fs::path(kChair) / "coco_objects_subset.json"));
  auto vocabulary = Vocabulary::read(testing::shared(fs::path(kChair) / "synonyms.txt"));
  vocabulary.add_base_forms(english.nouns);
  const ChairResult result = score_captions(captions, objects, vocabulary, english);
  Agreement agreement{result.metrics, captions.size(), 0, 0};
  for (size_t i = 0; i < captions.size(); ++i) {
    const Json& row = expected["captions"][i];
    agreement.same_list += result.rows[i]["objects"] == row["generated_objects"] ? 1 : 0;
    agreement.same_words += result.rows[i]["words"] == row["n_words"] ? 1 : 0;
  }
  return agreement;
}

TEST_P(ReferenceChair, ReadingTheTextWithNltksDataIsExact) {
  VIGOR_REQUIRE_SHARED("nltk/punkt_tab_english");
  const auto english =
      language::English::read({.folder = testing::source_dir() / "data/text",
                               .tagger = testing::shared("nltk"),
                               .punkt = testing::shared("nltk/punkt_tab_english")});
  const Agreement agreement = read_captions_with(english, GetParam());
  EXPECT_EQ(agreement.same_list, agreement.captions);
  EXPECT_EQ(agreement.same_words, agreement.captions);
  const Json overall = read_json_file(GetParam() / "expected.json")["overall_metrics"];
  EXPECT_EQ(agreement.metrics["chair_s"], overall["CHAIRs"]);
  EXPECT_EQ(agreement.metrics["chair_i"], overall["CHAIRi"]);
  EXPECT_EQ(agreement.metrics["recall"], overall["Recall"]);
  EXPECT_EQ(agreement.metrics["length"], overall["Len"]);
}

// The bounds are what was measured for the published captions, with a little room.
TEST_P(ReferenceChair, ReadingTheTextWithOwnDataAgrees) {
  const Agreement agreement = read_captions_with(testing::english(), GetParam());
  const double n = static_cast<double>(agreement.captions);
  const auto record = [&](const char* name, double value) {
    RecordProperty(name, std::to_string(value));
    std::cout << name << " " << value << "\n";
  };
  record("same_list", static_cast<double>(agreement.same_list) / n);
  record("same_words", static_cast<double>(agreement.same_words) / n);
  const Json overall = read_json_file(GetParam() / "expected.json")["overall_metrics"];
  for (const auto& [ours, theirs] : {std::pair{"chair_s", "CHAIRs"},
                                     {"chair_i", "CHAIRi"},
                                     {"recall", "Recall"},
                                     {"length", "Len"}}) {
    record(ours, agreement.metrics[ours].get<double>());
    EXPECT_NEAR(agreement.metrics[ours].get<double>(), overall[theirs].get<double>(), 0.002)
        << ours;
  }
  EXPECT_GT(static_cast<double>(agreement.same_list), 0.98 * n);
  EXPECT_GT(static_cast<double>(agreement.same_words), 0.98 * n);
}

INSTANTIATE_TEST_SUITE_P(Published, ReferenceChair, ::testing::ValuesIn(folders()),
                         [](const auto& test) {
                           std::string name = test.param.filename().string();
                           for (char& c : name) {
                             if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
                           }
                           return name;
                         });

}  // namespace
}  // namespace vigor::chair
