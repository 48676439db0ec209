#include "vigor/reward_file.h"

#include <cmath>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"

namespace vigor {
namespace {

language::Span span_of(const Json& value, const std::string& caption, const std::string& where) {
  const bool pair = value.is_array() && value.size() == 2 && value[0].is_number_unsigned() &&
                    value[1].is_number_unsigned();
  if (!pair) throw Error({.what = "a span is no pair of whole numbers", .where = where});
  const language::Span span{value[0].get<size_t>(), value[1].get<size_t>()};
  if (span.begin > span.end || span.end > caption.size()) {
    throw Error({.what = "bytes " + std::to_string(span.begin) + " to " + std::to_string(span.end) +
                         " are no part of the caption of " + std::to_string(caption.size()) +
                         " bytes",
                 .where = where,
                 .cause = "the file was changed by hand"});
  }
  return span;
}

const Json& array_of(const Json& row, const char* key, const std::string& where) {
  static const Json kEmpty = Json::array();
  const auto found = row.find(key);
  if (found == row.end() || found->is_null()) return kEmpty;
  if (!found->is_array()) {
    throw Error({.what = "key '" + std::string(key) + "' is no array", .where = where});
  }
  for (const Json& one : *found) {
    if (!one.is_object()) {
      throw Error(
          {.what = "key '" + std::string(key) + "' holds what is no object", .where = where});
    }
  }
  return *found;
}

void check_sums(double positive, double negative, const std::string& where) {
  if (std::isfinite(positive) && std::isfinite(negative) && positive >= 0 && negative <= 0) return;
  throw Error(
      {.what = "positive is " + std::to_string(positive) + ", negative " + std::to_string(negative),
       .where = where,
       .cause = "positive is at least 0, negative at most 0"});
}

// Margin and errors of a reward model's judgement; others have neither.
SentenceReward reward_reading(ObjectReader reader) {
  SentenceReward out;
  if (const Json* margin = reader.find("margin"); margin != nullptr && !margin->is_null()) {
    out.margin = reader.require<double>("margin");
  }
  for (const auto& name : reader.get<std::vector<std::string>>("errors", {})) {
    const auto error = sentence_error_of(name);
    if (!error) {
      throw Error({.what = "'" + printable(name) + "' is no kind of error",
                   .where = reader.where(),
                   .fix = "docs/format-annotations.md has the kinds"});
    }
    out.errors.insert(*error);
  }
  return out;
}

SentenceReward sentence_reward(const Json& sentence, const std::string& where) {
  ObjectReader reader(sentence, where);
  SentenceReward out = reward_reading(ObjectReader(sentence, where));
  out.positive = reader.require<double>("positive");
  out.negative = reader.require<double>("negative");
  check_sums(out.positive, out.negative, where);
  return out;
}

// A number within bounds, or none where the row has none.
std::optional<double> optional_number(ObjectReader& reader, const char* key, double least,
                                      double most) {
  const Json* value = reader.find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  const auto number = reader.require<double>(key);
  if (std::isfinite(number) && number >= least && number <= most) return number;
  throw Error({.what = "key '" + std::string(key) + "' is " + std::to_string(number),
               .where = reader.where(),
               .cause = "the file was changed by hand"});
}

RewardRow parse_row(const Json& row, const std::string& where) {
  ObjectReader reader(row, where);
  RewardRow out;
  out.image = reader.require<std::string>("image");
  out.sample = reader.require<int64_t>("sample");
  const auto status = reader.require<std::string>("status");
  static const std::set<std::string> kStatuses = {"scored", "unparsed", "failed", "unjudged"};
  if (!kStatuses.contains(status)) {
    throw Error({.what = "key 'status' is '" + printable(status) + "'",
                 .where = where,
                 .fix = "one of scored, unparsed, failed, unjudged"});
  }
  out.scored = status == "scored";
  if (!out.scored) return out;
  out.caption = reader.require<std::string>("caption");
  out.positive = reader.require<double>("positive");
  out.negative = reader.require<double>("negative");
  check_sums(out.positive, out.negative, where);
  bool all_judged = true;
  for (const Json& sentence : array_of(row, "sentences", where)) {
    out.sentences.push_back(span_of(sentence.value("span", Json()), out.caption, where));
    all_judged = all_judged && sentence.contains("negative");
    if (all_judged) out.judgements.push_back(sentence_reward(sentence, where));
  }
  if (!all_judged) out.judgements.clear();
  if (const Json* whole = reader.find("whole"); whole != nullptr && !whole->is_null()) {
    out.holistic = true;
    // The sums of the whole stand in the row itself.
    SentenceReward judgement = reward_reading(ObjectReader(*whole, where));
    judgement.positive = out.positive;
    judgement.negative = out.negative;
    out.judgements = {std::move(judgement)};
  }
  out.creative = optional_number(reader, "creative", 0, static_cast<double>(out.caption.size()));
  out.detail = optional_number(reader, "detail", 1, 5);
  out.by_nouns = row.contains("nouns");
  for (const Json& noun : array_of(row, "nouns", where)) {
    if (noun.value("verdict", Json()) != Json("missing")) continue;
    out.missing.push_back(span_of(noun.value("span", Json()), out.caption, where));
  }
  return out;
}

}  // namespace

std::vector<RewardRow> parse_rewards(std::string_view text, const std::string& where) {
  std::vector<RewardRow> out;
  std::set<std::pair<std::string, int64_t>> seen;
  for_each_jsonl(text, where, [&](size_t line, Json&& row) {
    const std::string here = where + ":" + std::to_string(line);
    out.push_back(parse_row(row, here));
    if (!seen.emplace(out.back().image, out.back().sample).second) {
      throw Error({.what = "sample " + std::to_string(out.back().sample) + " of '" +
                           printable(out.back().image) + "' is there twice",
                   .where = here,
                   .fix = "keep one of the two lines"});
    }
  });
  return out;
}

std::vector<RewardRow> read_rewards(const std::filesystem::path& path) {
  return parse_rewards(read_file(path), path.string());
}

}  // namespace vigor
