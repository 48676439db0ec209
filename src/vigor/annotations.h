// Human judgements of captions, sentence by sentence (ViGoR section 3.1), as JSON lines
// (docs/format-annotations.md): one caption of one annotator a line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "language/span.h"

namespace vigor {

// The list that annotators choose from: section 3.1's, its "type of attribute error" by name.
enum class SentenceError {
  kObject,  // something that is not in the picture
  kColour,
  kCount,
  kSize,
  kMaterial,
  kAttribute,  // of another or an unknown kind
  kRelation,   // between objects
  kLocation,
  kConjecture,  // unreasonable
};
inline constexpr int kSentenceErrors = 9;
std::string_view name_of(SentenceError error);  // "object", "colour", ...
std::optional<SentenceError> sentence_error_of(std::string_view name);

enum class SentenceLabel {
  kCorrect,
  kWrong,     // `errors` says how, or is empty where the source does not
  kUnjudged,  // the annotator was unsure, or the source has no judgement of it
};
std::string_view name_of(SentenceLabel label);  // "correct", "wrong", "unjudged"

struct SentenceAnnotation {
  language::Span span;  // bytes of the caption
  SentenceLabel label = SentenceLabel::kUnjudged;
  std::set<SentenceError> errors;
  std::optional<bool> creative;  // a thoughtful and reasonable interpretation
};

struct CaptionAnnotation {
  std::string image;      // file name
  int64_t sample = 0;     // of the image's captions; with `image` and `annotator` unique in a file
  std::string annotator;  // "" where the source does not say
  std::string prompt;     // what the model was asked; "" where the source does not say
  std::string caption;
  std::vector<SentenceAnnotation> sentences;  // in order, without overlap
  std::optional<int> detail;                  // level of detail, 1 (poor) to 5
  std::vector<std::string> missing;           // what the caption leaves out
  std::string source;                         // "annotator", or the importer's name
};

// One line of the format. Throws Error naming `where` and the key: unknown keys, spans outside the
// caption or out of order, a sentence's text that is not what the caption has there, errors of a
// sentence that is not wrong.
CaptionAnnotation parse_annotation(const Json& row, const std::string& where);
Json annotation_row(const CaptionAnnotation& annotation);

// A whole file. Throws Error naming file and line, also for a caption that is there twice.
std::vector<CaptionAnnotation> read_annotations(const std::filesystem::path& path);
std::vector<CaptionAnnotation> parse_annotations(std::string_view text, const std::string& where);

// What annotators say together, by image and sample: a sentence is wrong, or correct, when more
// than half of those who judged it say so, else unjudged; errors named by more than half of those
// who called it wrong. Annotators must have the same sentences; throws Error naming image and
// sample.
std::vector<CaptionAnnotation> majority(const std::vector<CaptionAnnotation>& annotations);

}  // namespace vigor
