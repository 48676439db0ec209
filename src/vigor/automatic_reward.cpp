#include "vigor/automatic_reward.h"

#include <stdexcept>

namespace vigor {
namespace {

JudgedNoun judged(const CaptionNoun& noun, const Findings& findings, double threshold) {
  JudgedNoun result;
  if (noun.queries.empty()) return result;
  result.verdict = NounVerdict::kUnasked;
  for (const NounQuery& query : noun.queries) {
    const auto found = findings.find(query.text);
    if (found == findings.end()) throw std::logic_error("no finding for " + query.text);
    const NounFinding& finding = found->second;
    if (!finding.score) {
      if (result.error.empty()) result.error = finding.error;
      continue;
    }
    // In double, where the threshold was written: 0.25f is 0.25, 0.3f is not 0.3.
    const bool above = static_cast<double>(*finding.score) > threshold;
    if (above || !result.score || *finding.score > *result.score) {
      result.score = finding.score;
      result.box = finding.box;
      result.query = query;
    }
    result.verdict = above ? NounVerdict::kFound : NounVerdict::kMissing;
    if (above) break;
  }
  if (result.verdict != NounVerdict::kUnasked) result.error.clear();
  return result;
}

void count(RewardSum& sum, const CaptionNoun& noun, const JudgedNoun& judged,
           const AutomaticRewardOptions& options) {
  switch (judged.verdict) {
    case NounVerdict::kFound:
      ++sum.found;
      sum.positive += options.found_reward;
      break;
    case NounVerdict::kMissing:
      ++sum.missing;
      sum.negative += options.missing_reward;
      break;
    case NounVerdict::kUnasked:
      ++sum.unasked;
      break;
    case NounVerdict::kNoObject:
      ++(noun.noun_class == language::NounClass::kStuff ? sum.stuff : sum.abstract);
      break;
  }
}

Json sum_keys(const RewardSum& sum) {
  return {{"counts",
           {{"found", sum.found},
            {"missing", sum.missing},
            {"unasked", sum.unasked},
            {"stuff", sum.stuff},
            {"abstract", sum.abstract}}},
          {"positive", sum.positive},
          {"negative", sum.negative},
          {"reward", sum.positive + sum.negative}};
}

Json span_json(const language::Span& span) {
  return {span.begin, span.end};
}

}  // namespace

std::string_view name_of(NounVerdict verdict) {
  switch (verdict) {
    case NounVerdict::kFound:
      return "found";
    case NounVerdict::kMissing:
      return "missing";
    case NounVerdict::kUnasked:
      return "unasked";
    case NounVerdict::kNoObject:
      break;
  }
  return "no object";
}

AutomaticReward automatic_reward(const CaptionNouns& nouns, const Findings& findings,
                                 const AutomaticRewardOptions& options) {
  AutomaticReward reward;
  reward.sentences.resize(nouns.sentences.size());
  for (const CaptionNoun& noun : nouns.nouns) {
    reward.nouns.push_back(judged(noun, findings, options.threshold));
    count(reward.sentences.at(noun.sentence), noun, reward.nouns.back(), options);
    count(reward.caption, noun, reward.nouns.back(), options);
  }
  return reward;
}

Json reward_keys(const CaptionNouns& nouns, const AutomaticReward& reward) {
  Json keys = sum_keys(reward.caption);
  Json sentences = Json::array(), rows = Json::array();
  for (size_t i = 0; i < reward.sentences.size(); ++i) {
    Json row = sum_keys(reward.sentences[i]);
    row["span"] = span_json(nouns.sentences[i]);
    sentences.push_back(std::move(row));
  }
  for (size_t i = 0; i < reward.nouns.size(); ++i) {
    const CaptionNoun& noun = nouns.nouns[i];
    const JudgedNoun& judged = reward.nouns[i];
    Json row = {{"sentence", noun.sentence},
                {"span", span_json(noun.span)},
                {"text", noun.text},
                {"concept", noun.concept_name},
                {"class", name_of(noun.noun_class)},
                {"why", name_of(noun.reason)},
                {"verdict", name_of(judged.verdict)}};
    if (judged.score) {
      row["score"] = *judged.score;
      row["box"] = judged.box;
      row["query"] = judged.query.text;
      row["relation"] = name_of(judged.query.relation);
    }
    if (!judged.error.empty()) row["error"] = judged.error;
    rows.push_back(std::move(row));
  }
  keys["sentences"] = std::move(sentences);
  keys["nouns"] = std::move(rows);
  return keys;
}

}  // namespace vigor
