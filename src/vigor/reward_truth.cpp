#include "vigor/reward_truth.h"

#include <algorithm>
#include <map>
#include <optional>
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
struct CaptionSums {
  int64_t captions = 0;
  std::map<std::string, int64_t> counts = {
      {"scored", 0}, {"unparsed", 0}, {"failed", 0}, {"unjudged", 0}};
  double positive = 0, negative = 0;

  void add(const Json& row) {
    ++captions;
    ++counts.at(row.at("status").get<std::string>());
    if (!is_scored(row)) return;
    positive += row.at("positive").get<double>();
    negative += row.at("negative").get<double>();
  }
  Json figures(size_t pictures, int64_t max_failures) const {
    return {{"captions", captions},    {"pictures", pictures},
            {"counts", counts},        {"positive", positive},
            {"negative", negative},    {"withheld", counts.at("failed") > max_failures},
            {"reason", Json::object()}};
  }
};

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

class TruthFigures {
 public:
  explicit TruthFigures(const RewardTruth& truth) : truth_(truth) {}

  void add(const Json& row) {
    if (!is_scored(row)) return;
    const auto image = row.at("image").get<std::string>();
    const std::vector<std::string>* names = truth_.objects->find(image);
    if (names == nullptr) {
      throw Error({.what = "the truth has no entry for the picture '" + printable(image) + "'",
                   .fix = "give the objects of all pictures"});
    }
    std::set<std::string> present;
    for (const std::string& name : *names) present.insert(truth_.vocabulary->class_of(name));
    PictureTally& tally = tallies_[image];
    for (const Json& noun : row.at("nouns")) {
      if (noun.at("class") != "object") continue;
      const std::string kind =
          truth_.vocabulary->class_of(with_blanks_for_bars(noun.at("concept").get<std::string>()));
      if (kind.empty()) {
        ++outside_;
        continue;
      }
      const auto verdict = noun.at("verdict").get<std::string>();
      if (verdict == "unasked") {
        ++unasked_;
        continue;
      }
      const bool there = present.contains(kind), missing = verdict == "missing";
      (missing ? (there ? tally.fp : tally.tp) : (there ? tally.tn : tally.fn)) += 1;
    }
  }

  Json figures() const {
    PictureTally all;
    for (const auto& [image, tally] : tallies_) {
      all.tp += tally.tp;
      all.fp += tally.fp;
      all.fn += tally.fn;
      all.tn += tally.tn;
    }
    const auto whole = [](double count) { return static_cast<int64_t>(count); };
    Json figures = {{"tp", whole(all.tp)},        {"fp", whole(all.fp)}, {"fn", whole(all.fn)},
                    {"tn", whole(all.tn)},        {"outside", outside_}, {"unasked", unasked_},
                    {"pictures", tallies_.size()}};
    add_share(
        figures, "precision", tallies_, [](const PictureTally& t) { return t.tp; },
        [](const PictureTally& t) { return t.tp + t.fp; });
    add_share(
        figures, "recall", tallies_, [](const PictureTally& t) { return t.tp; },
        [](const PictureTally& t) { return t.tp + t.fn; });
    add_share(
        figures, "accuracy", tallies_, [](const PictureTally& t) { return t.tp + t.tn; },
        [](const PictureTally& t) { return t.tp + t.fp + t.fn + t.tn; });
    return figures;
  }

 private:
  RewardTruth truth_;
  Tallies tallies_;
  int64_t outside_ = 0, unasked_ = 0;
};

class AutomaticRewardFigures : public RewardFigures {
 public:
  explicit AutomaticRewardFigures(const RewardTruth& truth) {
    if (truth.objects != nullptr) truth_.emplace(truth);
  }

  void add(const Json& row) override {
    captions_.add(row);
    if (truth_) truth_->add(row);
    PictureTally& tally = tallies_[row.at("image").get<std::string>()];
    if (!is_scored(row)) return;
    for (auto& [name, count] : nouns_) count += row.at("counts").at(name).get<int64_t>();
    const auto missing = row.at("counts").at("missing").get<int64_t>();
    tally.missing += static_cast<double>(missing);
    tally.found += row.at("counts").at("found").get<double>();
    with_missing_ += missing > 0 ? 1 : 0;
  }

  Json figures(int64_t max_failures) const override {
    Json figures = captions_.figures(tallies_.size(), max_failures);
    figures["nouns"] = nouns_;
    figures["captions_with_missing"] = with_missing_;
    add_share_unless_withheld(figures, "hallucinated_share", tallies_);
    if (truth_) figures["truth"] = truth_->figures();
    return figures;
  }

 private:
  CaptionSums captions_;
  Tallies tallies_;
  std::map<std::string, int64_t> nouns_ = {
      {"found", 0}, {"missing", 0}, {"unasked", 0}, {"stuff", 0}, {"abstract", 0}};
  int64_t with_missing_ = 0;
  std::optional<TruthFigures> truth_;
};

// Mean of a number that rows may carry.
class OptionalMean {
 public:
  explicit OptionalMean(const char* key) : key_(key) {}
  void add(const Json& row) {
    const auto value = row.find(key_);
    if (value == row.end()) return;
    (value->is_null() ? unread_ : read_) += 1;
    if (!value->is_null()) sum_ += value->get<double>();
  }
  // null when no row carries it.
  Json figure() const {
    if (read_ + unread_ == 0) return nullptr;
    return {{"captions", read_},
            {"unread", unread_},
            {"mean", read_ > 0 ? Json(sum_ / static_cast<double>(read_)) : Json()}};
  }

 private:
  const char* key_;
  double sum_ = 0;
  int64_t read_ = 0, unread_ = 0;
};

class ModelRewardFigures : public RewardFigures {
 public:
  void add(const Json& row) override {
    captions_.add(row);
    PictureTally& tally = tallies_[row.at("image").get<std::string>()];
    if (!is_scored(row)) return;
    creative_.add(row);
    detail_.add(row);
    // One judgement for the whole, or one a sentence.
    const bool holistic = row.contains("whole");
    const Json judgements = holistic ? Json::array({row.at("whole")}) : row.at("sentences");
    for (const Json& judgement : judgements) {
      const Json& sums = holistic ? row : judgement;
      const bool is_wrong = -sums.at("negative").get<double>() > sums.at("positive").get<double>();
      ++judged_;
      wrong_ += is_wrong ? 1 : 0;
      no_verdicts_ += read_verdict(judgement.at("answer").get<std::string>()) ? 0 : 1;
      (is_wrong ? tally.missing : tally.found) += 1;
      for (const Json& error : judgement.at("errors")) ++errors_[error.get<std::string>()];
    }
  }

  Json figures(int64_t max_failures) const override {
    Json figures = captions_.figures(tallies_.size(), max_failures);
    figures["judged"] = judged_;
    figures["wrong"] = wrong_;
    figures["no_verdicts"] = no_verdicts_;
    figures["errors"] = errors_;
    figures["creative"] = creative_.figure();
    figures["detail"] = detail_.figure();
    add_share_unless_withheld(figures, "wrong_share", tallies_);
    return figures;
  }

 private:
  CaptionSums captions_;
  Tallies tallies_;
  int64_t judged_ = 0, wrong_ = 0, no_verdicts_ = 0;
  OptionalMean creative_{"creative"}, detail_{"detail"};
  std::map<std::string, int64_t> errors_;
};

}  // namespace

std::unique_ptr<RewardFigures> automatic_reward_figures(const RewardTruth& truth) {
  return std::make_unique<AutomaticRewardFigures>(truth);
}

std::unique_ptr<RewardFigures> model_reward_figures() {
  return std::make_unique<ModelRewardFigures>();
}

}  // namespace vigor
