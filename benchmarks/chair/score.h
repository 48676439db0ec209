// Scores captions with CHAIR:
//
//   CHAIRs = captions with a hallucinated object / captions
//   CHAIRi = hallucinated mentions / mentions (repetitions count)
//   recall = sum |in the image and mentioned| / sum |in the image| (kinds, each once)
//   length = mean words of a caption * 0.01 (the unit of the published script)
//
// each share with a 95 % interval clustered by image. The published script gives 0 where nothing
// was mentioned; here it is null with a reason.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "benchmarks/chair/vocabulary.h"
#include "language/english.h"

namespace vigor::chair {

struct Caption {
  std::string image;  // as written in the file: an id or a file name
  std::string text;
  std::string error;              // not empty: there is no caption, the sample failed
  std::optional<int64_t> sample;  // its number among those of the image; absent: the file has none
  size_t line = 0;
};

// JSON lines or an array of {"image" or "image_id", "caption"}; other keys are allowed; a null
// caption, or an "error" text, is a failed sample. Throws Error naming file, line and key.
std::vector<Caption> read_captions(const std::filesystem::path& path);
std::vector<Caption> parse_captions(std::string_view bytes, const std::string& file);

// Kinds of objects in each image. An image is found by its name, else by the number at the end of
// its name ("COCO_val2014_000000000042.jpg" and 42 are the same).
class ImageObjectTable {
 public:
  // Either one object {"ID": ["dog", ...], ...} or rows of {"image" or "image_id", "objects":
  // [...]}. Throws Error naming file, line and key.
  static ImageObjectTable read(const std::filesystem::path& path);
  static ImageObjectTable parse(std::string_view bytes, const std::string& file);

  // nullptr when the image is not in the table.
  const std::vector<std::string>* find(const std::string& image) const;
  // Every kind that occurs: the vocabulary when no synonyms are given.
  std::vector<std::vector<std::string>> kinds() const;

 private:
  void add(const std::string& image, std::vector<std::string> objects, const std::string& where);

  std::map<std::string, std::vector<std::string>> objects_;
  std::map<std::string, std::string> name_of_number_;  // "42" -> name; "" when two names end in it
};

struct ScoreOptions {
  // Failed captions up to which scores are given (at least 0).
  int64_t max_failures = 0;
  // Level of the intervals (0 < level < 1).
  double level = 0.95;
};

struct ScoredCaption {
  Caption caption;
  std::vector<std::string> present;  // kinds in the image, as classes of the vocabulary
  CaptionObjects found;
};

struct ChairResult {
  // {"benchmark": "chair", "chair_s", "chair_i", "recall", "length", "captions", "mentions",
  //  "hallucinated_mentions", "ci95": {...}, "counts": {...}, "withheld", "reason"}
  Json metrics;
  // Rows for samples.jsonl: {"key", "image", "caption", "status", "objects", "hallucinated",
  // "words", "error"}, one a caption.
  std::vector<Json> rows;
};

// From objects already found (another matcher's, or the published ones).
ChairResult score_found(const std::vector<ScoredCaption>& captions,
                        const ScoreOptions& options = {});

// Finds and scores. Throws Error when an image has no entry in the table or its objects are unknown
// to the vocabulary.
ChairResult score_captions(const std::vector<Caption>& captions, const ImageObjectTable& objects,
                           const Vocabulary& vocabulary, const language::English& english,
                           const ScoreOptions& options = {});

}  // namespace vigor::chair
