// Every folder of benchmarks/chair with captions.jsonl and expected.json.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/json.h"
#include "benchmarks/chair/score.h"
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

// Our own matching instead of a lemmatiser with part-of-speech tags: agreement in full lists, and
// in the figures. The bounds are what was measured for the published captions, with a little room.
TEST_P(ReferenceChair, OwnMatchingAgrees) {
  const Json expected = read_json_file(GetParam() / "expected.json");
  const auto captions = read_captions(GetParam() / "captions.jsonl");
  const auto objects =
      ImageObjectTable::read(testing::shared(fs::path(kChair) / "coco_objects_subset.json"));
  const auto vocabulary = Vocabulary::read(testing::shared(fs::path(kChair) / "synonyms.txt"));
  const ChairResult result = score_captions(captions, objects, vocabulary);
  ASSERT_EQ(captions.size(), expected["captions"].size());
  size_t same_list = 0, same_words = 0, same_kinds = 0;
  for (size_t i = 0; i < captions.size(); ++i) {
    const Json& row = expected["captions"][i];
    std::vector<std::string> found = result.rows[i]["objects"].get<std::vector<std::string>>();
    std::vector<std::string> wanted = row["generated_objects"].get<std::vector<std::string>>();
    same_list += found == wanted ? 1 : 0;
    same_words += result.rows[i]["words"] == row["n_words"] ? 1 : 0;
    std::sort(found.begin(), found.end());
    std::sort(wanted.begin(), wanted.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    same_kinds += found == wanted ? 1 : 0;
  }
  const double n = static_cast<double>(captions.size());
  const auto record = [&](const char* name, double value) {
    RecordProperty(name, std::to_string(value));
    std::cout << name << " " << value << "\n";
  };
  record("same_list", static_cast<double>(same_list) / n);
  record("same_kinds", static_cast<double>(same_kinds) / n);
  record("same_words", static_cast<double>(same_words) / n);
  for (const auto& [ours, theirs] : {std::pair{"chair_s", "CHAIRs"},
                                     {"chair_i", "CHAIRi"},
                                     {"recall", "Recall"},
                                     {"length", "Len"}}) {
    record(ours, result.metrics[ours].get<double>());
    EXPECT_NEAR(result.metrics[ours].get<double>(),
                expected["overall_metrics"][theirs].get<double>(), 0.005)
        << ours;
  }
  EXPECT_GT(static_cast<double>(same_list), 0.9 * n);
  EXPECT_GT(static_cast<double>(same_words), 0.95 * n);
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
