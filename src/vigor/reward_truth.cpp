#include "vigor/reward_truth.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "reports/statistics.h"
#include "vigor/model_reward.h"

namespace vigor {
namespace {

// Mentions of one picture, or judgements of a reward model.
struct PictureTally {
  double tp = 0, fp = 0, fn = 0, tn = 0;
  double found = 0, missing = 0;  // or: good, wrong
};

using Tallies = std::map<std::string, PictureTally>;
using Part = double (*)(const PictureTally&);

// A share over all pictures with its interval, under `name` in `figures`.
void add_share(Json& figures, const char* name, const Tallies& tallies, Part numerator,
               Part denominator) {
  std::vector<statistics::ClusterRatio> ratios;
  for (const auto& [image, tally] : tallies)
    ratios.push_back({numerator(tally), denominator(tally)});
  const auto estimate = statistics::ratio_estimate(ratios);
  figures[name] = estimate ? Json(estimate->value) : Json();
  figures["ci95"][name] = Json();
  if (!estimate) {
    figures["reason"][name] = "no such mention";
    return;
  }
  if (const auto interval = statistics::share_interval(*estimate)) {
    figures["ci95"][name] = {interval->low, interval->high};
  }
}

std::string with_blanks_for_bars(std::string text) {
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

bool is_scored(const Json& row) {
  return row.value("status", "") == "scored";
}

// What the figures of every kind of reward have.
Json caption_figures(const std::vector<Json>& rows, size_t pictures, int64_t max_failures) {
  std::map<std::string, int64_t> counts = {
      {"scored", 0}, {"unparsed", 0}, {"failed", 0}, {"unjudged", 0}};
  double positive = 0, negative = 0;
  for (const Json& row : rows) {
    ++counts.at(row.at("status").get<std::string>());
    if (!is_scored(row)) continue;
    positive += row.at("positive").get<double>();
    negative += row.at("negative").get<double>();
  }
  return {{"captions", rows.size()}, {"pictures", pictures},
          {"counts", counts},        {"positive", positive},
          {"negative", negative},    {"withheld", counts["failed"] > max_failures},
          {"reason", Json::object()}};
}

// missing / (missing + found), null where the figures are withheld.
void add_share_unless_withheld(Json& figures, const char* name, const Tallies& tallies) {
  add_share(
      figures, name, tallies, [](const PictureTally& t) { return t.missing; },
      [](const PictureTally& t) { return t.missing + t.found; });
  if (!figures["withheld"].get<bool>()) return;
  figures[name] = figures["ci95"][name] = Json();
  figures["reason"][name] = std::to_string(figures["counts"]["failed"].get<int64_t>()) +
                            " captions failed: more than are accepted";
}

}  // namespace

Json reward_metrics(const std::vector<Json>& rows, int64_t max_failures) {
  Tallies tallies;
  std::map<std::string, int64_t> nouns = {
      {"found", 0}, {"missing", 0}, {"unasked", 0}, {"stuff", 0}, {"abstract", 0}};
  int64_t with_missing = 0;
  for (const Json& row : rows) {
    PictureTally& tally = tallies[row.at("image").get<std::string>()];
    if (!is_scored(row)) continue;
    for (auto& [name, count] : nouns) count += row.at("counts").at(name).get<int64_t>();
    const auto missing = row.at("counts").at("missing").get<int64_t>();
    tally.missing += static_cast<double>(missing);
    tally.found += row.at("counts").at("found").get<double>();
    with_missing += missing > 0 ? 1 : 0;
  }
  Json figures = caption_figures(rows, tallies.size(), max_failures);
  figures["nouns"] = nouns;
  figures["captions_with_missing"] = with_missing;
  add_share_unless_withheld(figures, "hallucinated_share", tallies);
  return figures;
}

Json model_reward_metrics(const std::vector<Json>& rows, int64_t max_failures) {
  Tallies tallies;
  int64_t judged = 0, wrong = 0, no_verdicts = 0;
  Json errors = Json::object();
  for (const Json& row : rows) {
    PictureTally& tally = tallies[row.at("image").get<std::string>()];
    if (!is_scored(row)) continue;
    // One judgement for the whole, or one a sentence.
    const bool holistic = row.contains("whole");
    const Json judgements = holistic ? Json::array({row.at("whole")}) : row.at("sentences");
    for (const Json& judgement : judgements) {
      const Json& sums = holistic ? row : judgement;
      const bool is_wrong = -sums.at("negative").get<double>() > sums.at("positive").get<double>();
      ++judged;
      wrong += is_wrong ? 1 : 0;
      no_verdicts += read_verdict(judgement.at("answer").get<std::string>()) ? 0 : 1;
      (is_wrong ? tally.missing : tally.found) += 1;
      for (const Json& error : judgement.at("errors")) {
        Json& count = errors[error.get<std::string>()];
        count = (count.is_null() ? 0 : count.get<int64_t>()) + 1;
      }
    }
  }
  Json figures = caption_figures(rows, tallies.size(), max_failures);
  figures["judged"] = judged;
  figures["wrong"] = wrong;
  figures["no_verdicts"] = no_verdicts;
  figures["errors"] = errors;
  add_share_unless_withheld(figures, "wrong_share", tallies);
  return figures;
}

Json reward_truth(const std::vector<Json>& rows, const chair::ImageObjectTable& objects,
                  const chair::Vocabulary& vocabulary) {
  Tallies tallies;
  int64_t outside = 0, unasked = 0;
  for (const Json& row : rows) {
    if (!is_scored(row)) continue;
    const auto image = row.at("image").get<std::string>();
    const std::vector<std::string>* names = objects.find(image);
    if (names == nullptr) {
      throw Error({.what = "the truth has no entry for the picture '" + printable(image) + "'",
                   .fix = "give the objects of all pictures"});
    }
    std::set<std::string> present;
    for (const std::string& name : *names) present.insert(vocabulary.class_of(name));
    PictureTally& tally = tallies[image];
    for (const Json& noun : row.at("nouns")) {
      if (noun.at("class") != "object") continue;
      const std::string kind =
          vocabulary.class_of(with_blanks_for_bars(noun.at("concept").get<std::string>()));
      if (kind.empty()) {
        ++outside;
        continue;
      }
      const auto verdict = noun.at("verdict").get<std::string>();
      if (verdict == "unasked") {
        ++unasked;
        continue;
      }
      const bool there = present.contains(kind), missing = verdict == "missing";
      (missing ? (there ? tally.fp : tally.tp) : (there ? tally.tn : tally.fn)) += 1;
    }
  }
  PictureTally all;
  for (const auto& [image, tally] : tallies) {
    all.tp += tally.tp;
    all.fp += tally.fp;
    all.fn += tally.fn;
    all.tn += tally.tn;
  }
  const auto whole = [](double count) { return static_cast<int64_t>(count); };
  Json figures = {{"tp", whole(all.tp)},       {"fp", whole(all.fp)}, {"fn", whole(all.fn)},
                  {"tn", whole(all.tn)},       {"outside", outside},  {"unasked", unasked},
                  {"pictures", tallies.size()}};
  add_share(
      figures, "precision", tallies, [](const PictureTally& t) { return t.tp; },
      [](const PictureTally& t) { return t.tp + t.fp; });
  add_share(
      figures, "recall", tallies, [](const PictureTally& t) { return t.tp; },
      [](const PictureTally& t) { return t.tp + t.fn; });
  add_share(
      figures, "accuracy", tallies, [](const PictureTally& t) { return t.tp + t.tn; },
      [](const PictureTally& t) { return t.tp + t.fp + t.fn + t.tn; });
  return figures;
}

}  // namespace vigor
