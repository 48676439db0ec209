#include "vigor/detector_reply.h"

#include <cmath>
#include <map>
#include <set>

#include "base/error.h"

namespace vigor {
namespace {

std::string_view without_fence(std::string_view text) {
  const auto trim = [&] {
    const size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) {
      text = {};
      return;
    }
    text = text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
  };
  trim();
  if (!text.starts_with("```") || !text.ends_with("```") || text.size() < 6) return text;
  const size_t line = text.find('\n');
  if (line == std::string_view::npos) return text;
  text = text.substr(line + 1, text.size() - line - 1);
  text.remove_suffix(std::min<size_t>(3, text.size()));
  trim();
  return text;
}

NounFinding finding_of(ObjectReader& reader) {
  NounFinding finding;
  finding.error = reader.get<std::string>("error", "");
  const Json* score = reader.find("score");
  if (score == nullptr || score->is_null()) {
    if (finding.error.empty()) finding.error = "the detector gives no score";
    return finding;
  }
  const auto value = reader.require<double>("score");
  if (!(value >= 0 && value <= 1)) {
    throw Error({.what = "key 'score' must be between 0 and 1", .where = reader.where()});
  }
  const auto box = reader.get<std::vector<double>>("box", {0, 0, 0, 0});
  if (box.size() != 4) {
    throw Error(
        {.what = "key 'box' must be four numbers: x0, y0, x1, y1", .where = reader.where()});
  }
  for (size_t side = 0; side < 4; ++side) {
    if (!(std::abs(box[side]) < 1e9)) {
      throw Error({.what = "key 'box' holds a number that is no place", .where = reader.where()});
    }
    finding.box[side] = static_cast<float>(box[side]);
  }
  finding.score = static_cast<float>(value);
  finding.error.clear();
  return finding;
}

}  // namespace

std::string detector_prompt(std::span<const std::string> nouns) {
  return "Look for each thing of the list below in this picture. Reply with JSON alone: "
         "{\"findings\": [{\"noun\": the words of the list, \"score\": how sure you are that it is "
         "in "
         "the picture, from 0 to 1, \"box\": [x0, y0, x1, y1] of the best one in pixels}]}, one "
         "entry "
         "for each thing, also for those that are not there (score 0, box [0, 0, 0, 0]).\n" +
         dump_json(Json(std::vector<std::string>(nouns.begin(), nouns.end())));
}

Json detector_reply_schema() {
  const Json number = {{"type", "number"}};
  return {{"name", "detections"},
          {"schema",
           {{"type", "object"},
            {"properties",
             {{"findings",
               {{"type", "array"},
                {"items",
                 {{"type", "object"},
                  {"properties",
                   {{"noun", {{"type", "string"}}},
                    {"score", number},
                    {"box", {{"type", "array"}, {"items", number}}}}},
                  {"required", {"noun", "score", "box"}},
                  {"additionalProperties", false}}}}}}},
            {"required", {"findings"}},
            {"additionalProperties", false}}}};
}

std::vector<NounFinding> read_detector_reply(std::string_view text,
                                             std::span<const std::string> nouns,
                                             const std::string& where) {
  const Json reply = parse_json(without_fence(text), where);
  ObjectReader reader(reply, where);
  const Json findings = reader.require<Json>("findings");
  if (!findings.is_array()) throw Error({.what = "key 'findings' must be a list", .where = where});
  std::map<std::string, NounFinding> by_noun;
  for (size_t i = 0; i < findings.size(); ++i) {
    ObjectReader one(findings[i], where + ": finding " + std::to_string(i + 1));
    const auto noun = one.require<std::string>("noun");
    if (!by_noun.emplace(noun, finding_of(one)).second) {
      throw Error({.what = "the noun '" + printable(noun) + "' is answered twice", .where = where});
    }
  }
  std::vector<NounFinding> answers;
  for (const std::string& noun : nouns) {
    const auto found = by_noun.find(noun);
    if (found == by_noun.end()) {
      throw Error({.what = "the noun '" + printable(noun) + "' is not answered", .where = where});
    }
    answers.push_back(found->second);
  }
  if (by_noun.size() > std::set<std::string>(nouns.begin(), nouns.end()).size()) {
    throw Error({.what = "a noun is answered that was not asked", .where = where});
  }
  return answers;
}

}  // namespace vigor
