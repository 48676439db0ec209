// What is wrong with a sentence about a generated scene, from the scene's exact truth
// (docs/format-scenes.md, truth.jsonl). For the simulated annotator, and for figures that no
// detector and no judge stands between.
//
// Claims that are checked, in the words of the scenes' own language (scenes/language.h): kinds that
// are named, their colour, number and size, the third of the picture they stand in, relations of
// two of them (none stands beside itself), how many are listed one by one, the place, the number of
// all objects. Words that are none of these claim nothing.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "vigor/annotations.h"

namespace vigor {

struct SceneFacts {
  struct Object {
    std::string kind, colour, size, position;  // colour "" for natural colours
  };
  struct Relation {
    int subject = 0, object = 0;  // indices into objects
    std::string predicate;
  };
  std::string background;
  std::vector<Object> objects;
  std::vector<Relation> relations;
};

// By image name. Throws Error naming file and line.
std::map<std::string, SceneFacts> parse_scene_facts(std::string_view text,
                                                    const std::string& where);

struct CheckedSentence {
  int claims = 0;  // that could be checked
  std::set<SentenceError> errors;
  std::set<std::string> named;   // kinds, there or not
  std::set<std::string> absent;  // kinds that are named and not there
};
CheckedSentence check_sentence(const SceneFacts& scene, std::string_view sentence);

// `sentences` of `caption` with label and errors; a sentence without a claim is unjudged. `detail`
// is 1 to 5 by the share of the scene's kinds that are named, `missing` the others.
CaptionAnnotation annotate_truly(const SceneFacts& scene, const std::string& image, int64_t sample,
                                 const std::string& caption,
                                 const std::vector<language::Span>& sentences);

// People err and differ. An annotator's error rate is `error_rate` times a factor of their own,
// drawn uniformly from [1 - spread, 1 + spread]; at that rate a judged sentence gets the other
// label (a kind of error drawn at random), and so `detail` is one off.
struct AnnotatorModel {
  double error_rate = 0.1;  // 0 to 0.5
  double spread = 0.5;      // 0 to 1: how much annotators differ
  int annotators = 1;       // of each caption, 1 or more
  uint64_t seed = 0;
};
// One annotation an annotator ("annotator-1", ...), a function of the truth, the model and names
// alone. Throws Error (usage) when the model is out of range.
std::vector<CaptionAnnotation> annotate_like_people(const CaptionAnnotation& truth,
                                                    const AnnotatorModel& model);

}  // namespace vigor
