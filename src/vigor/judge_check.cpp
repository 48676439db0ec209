#include "vigor/judge_check.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>

#include "base/error.h"
#include "benchmarks/yes_no/margins.h"
#include "reports/resampling.h"
#include "reports/statistics.h"

namespace vigor {
namespace {

// A judgement of people beside the verdict on the same text.
struct JudgedText {
  size_t image = 0;  // index
  std::string annotator;
  bool wrong = false, called_wrong = false;
  std::set<SentenceError> errors, named;
  std::optional<double> margin;
};

using Texts = std::vector<const JudgedText*>;
using Test = std::function<bool(const JudgedText&)>;

// Counts what belongs to no figure, by reason, each with its first example.
class LeftOutTexts {
 public:
  void add(const char* reason, const std::string& example) {
    Json& entry = entries_[reason];
    if (entry.is_null()) entry = {{"count", 0}, {"example", printable(example)}};
    entry["count"] = entry["count"].get<int64_t>() + 1;
  }
  Json take() { return std::move(entries_); }

 private:
  Json entries_ = Json::object();
};

class CheckFigures {
 public:
  CheckFigures(const Texts& texts, size_t images, int bins)
      : texts_(texts), images_(images), bins_(bins) {}

  Json all() {
    std::set<size_t> images;
    for (const JudgedText* one : texts_) images.insert(one->image);
    figures_ = {{"judged", texts_.size()},
                {"images", images.size()},
                {"ci95", Json::object()},
                {"reason", Json::object()}};
    const Test wrong = [](const JudgedText&t) { return t.wrong; },
               correct = [](const JudgedText&t) { return !t.wrong; },
               called_wrong = [](const JudgedText&t) { return t.called_wrong; },
               called_correct = [](const JudgedText&t) { return !t.called_wrong; },
               agreed = [](const JudgedText&t) { return t.wrong == t.called_wrong; },
               any = [](const JudgedText&) { return true; };
    figures_["tp"] = count(wrong, called_wrong);
    figures_["fp"] = count(correct, called_wrong);
    figures_["fn"] = count(wrong, called_correct);
    figures_["tn"] = count(correct, called_correct);
    share(figures_, "accuracy", agreed, any);
    share(figures_, "share_wrong", wrong, any);
    figures_["classes"] = {{"wrong", precision_and_recall(wrong, called_wrong)},
                           {"correct", precision_and_recall(correct, called_correct)}};
    figures_["kinds"] = kinds();
    add_probabilities();
    return std::move(figures_);
  }

 private:
  int64_t count(const Test& one, const Test& other) const {
    int64_t count = 0;
    for (const JudgedText* text : texts_) count += one(*text) && other(*text) ? 1 : 0;
    return count;
  }

  // Mean of `value` over the texts with `among`, under `name` in `block`.
  void mean(Json& block, const char* name, const std::function<double(const JudgedText&)>& value,
            const Test& among) const {
    std::vector<statistics::ClusterRatio> ratios(images_);
    for (const JudgedText* text : texts_) {
      if (!among(*text)) continue;
      ratios[text->image].numerator += value(*text);
      ratios[text->image].denominator += 1;
    }
    const auto estimate = statistics::ratio_estimate(ratios);
    block[name] = estimate ? Json(estimate->value) : Json();
    block["ci95"][name] = Json();
    if (!estimate) block["reason"][name] = "there is no such sentence";
    if (!estimate) return;
    if (const auto interval = statistics::share_interval(*estimate)) {
      block["ci95"][name] = {interval->low, interval->high};
    }
  }
  void share(Json& block, const char* name, const Test& of, const Test& among) const {
    mean(
        block, name, [&](const JudgedText& text) { return of(text) ? 1.0 : 0.0; }, among);
  }

  Json precision_and_recall(const Test& is, const Test& is_called) const {
    Json block = {{"ci95", Json::object()}, {"reason", Json::object()}};
    share(block, "precision", is, is_called);
    share(block, "recall", is_called, is);
    return block;
  }

  // Of each kind of error that people named or the judge did.
  Json kinds() const {
    Json out = Json::object();
    for (int k = 0; k < kSentenceErrors; ++k) {
      const auto error = static_cast<SentenceError>(k);
      const Test has = [error](const JudgedText&t) { return t.errors.contains(error); },
                 named = [error](const JudgedText&t) { return t.named.contains(error); };
      const int64_t sentences = count(has, has), names = count(named, named);
      if (sentences == 0 && names == 0) continue;
      Json block = precision_and_recall(has, named);
      block["sentences"] = sentences;
      block["named"] = names;
      share(
          block, "called_wrong", [](const JudgedText& t) { return t.called_wrong; }, has);
      out[std::string(name_of(error))] = std::move(block);
    }
    return out;
  }

  void add_probabilities() {
    std::vector<yes_no::MarginItem> items;
    for (const JudgedText* text : texts_) {
      if (text->margin) items.push_back({*text->margin, !text->wrong, text->image});
    }
    if (items.size() < texts_.size()) {
      figures_["reason"]["calibration"] =
          items.empty() ? "the rewards have no margins"
                        : std::to_string(texts_.size() - items.size()) + " verdicts have no margin";
      return;
    }
    yes_no::add_margin_scores(items, images_, 0.95, bins_, &figures_);
    add_calibration_interval(items);
    // Brier 1950: the mean of (probability - truth)^2.
    mean(
        figures_, "brier",
        [](const JudgedText& text) {
          const double p = 1 / (1 + std::exp(-*text.margin));
          return (p - (text.wrong ? 0 : 1)) * (p - (text.wrong ? 0 : 1));
        },
        [](const JudgedText&) { return true; });
  }

  void add_calibration_interval(const std::vector<yes_no::MarginItem>& items) {
    std::vector<statistics::ProbabilityItem> probabilities;
    std::vector<size_t> clusters;
    for (const yes_no::MarginItem& item : items) {
      probabilities.push_back({1 / (1 + std::exp(-item.margin)), item.label_yes});
      clusters.push_back(item.image);
    }
    const statistics::RatioSum sum = {
        statistics::calibration_term(probabilities, clusters, images_, bins_)};
    const auto estimate = statistics::sum_estimate(sum);
    const auto interval = estimate ? statistics::share_interval(*estimate) : std::nullopt;
    figures_["calibration"]["ci95"]["ece"] =
        interval ? Json({interval->low, interval->high}) : Json();
  }

  const Texts& texts_;
  size_t images_;
  int bins_;
  Json figures_;
};

bool calls_wrong(const SentenceReward& reward) {
  return -reward.negative > reward.positive;
}

// What people say of a whole caption; nullopt when they do not say.
std::optional<JudgedText> whole_of(const CaptionAnnotation& annotation) {
  JudgedText out;
  bool all_judged = !annotation.sentences.empty();
  for (const SentenceAnnotation& sentence : annotation.sentences) {
    all_judged = all_judged && sentence.label != SentenceLabel::kUnjudged;
    out.wrong = out.wrong || sentence.label == SentenceLabel::kWrong;
    out.errors.insert(sentence.errors.begin(), sentence.errors.end());
  }
  if (!out.wrong && !all_judged) return std::nullopt;
  return out;
}

// Pairs judgements with verdicts.
class Pairing {
 public:
  Pairing(const std::vector<RewardRow>& rewards, bool by_sentence) : by_sentence_(by_sentence) {
    for (const RewardRow& row : rewards) {
      rows_[{row.image, row.sample}] = &row;
      if (!row.scored) continue;
      (row.holistic ? any_holistic_ : any_fine_) = true;
      // A detector's rewards: a sentence is wrong by one noun, however many others are right.
      if (row.by_nouns) by_nouns_ = true;
    }
    if (any_holistic_ && any_fine_) {
      throw Error({.what = "some rewards judge sentences and some whole captions",
                   .cause = "two files were joined",
                   .fix = "check each by itself"});
    }
  }

  bool whole_captions() const { return any_holistic_ && !by_sentence_; }

  void add(const CaptionAnnotation& annotation) {
    const std::string key = annotation.image + "#" + std::to_string(annotation.sample);
    const auto found = rows_.find({annotation.image, annotation.sample});
    if (found == rows_.end()) return left_out_.add("caption without a reward", key);
    const RewardRow& row = *found->second;
    if (!row.scored) return left_out_.add("caption whose reward has no score", key);
    if (row.caption != annotation.caption) {
      throw Error({.what = "the caption " + printable(key) + " is another one in the rewards",
                   .cause = "the captions were sampled again after they were judged",
                   .fix = "give the rewards of the captions that were judged"});
    }
    if (row.holistic && !by_sentence_) {
      auto text = whole_of(annotation);
      if (!text) return left_out_.add("caption that people left unjudged", key);
      return take(std::move(*text), annotation, row.judgements.at(0));
    }
    if (!row.holistic && row.judgements.size() != row.sentences.size()) {
      return left_out_.add("caption whose reward is not by sentence", key);
    }
    for (const SentenceAnnotation& sentence : annotation.sentences) {
      const std::string at =
          key + ": '" +
          annotation.caption.substr(sentence.span.begin, sentence.span.end - sentence.span.begin) +
          "'";
      if (sentence.label == SentenceLabel::kUnjudged) {
        left_out_.add("sentence that people left unjudged", at);
        continue;
      }
      const auto same = std::find(row.sentences.begin(), row.sentences.end(), sentence.span);
      if (same == row.sentences.end()) {
        left_out_.add("sentence that the rewards divide otherwise", at);
        continue;
      }
      JudgedText text;
      text.wrong = sentence.label == SentenceLabel::kWrong;
      text.errors = sentence.errors;
      take(std::move(text), annotation,
           row.judgements[row.holistic ? 0 : static_cast<size_t>(same - row.sentences.begin())]);
    }
  }

  const std::vector<JudgedText>& texts() const { return texts_; }
  size_t images() const { return images_.size(); }
  Json left_out() { return left_out_.take(); }

 private:
  void take(JudgedText text, const CaptionAnnotation& annotation, const SentenceReward& reward) {
    text.image = images_.emplace(annotation.image, images_.size()).first->second;
    text.annotator = annotation.annotator;
    text.called_wrong = by_nouns_ ? reward.negative < 0 : calls_wrong(reward);
    text.named = reward.errors;
    text.margin = reward.margin;
    texts_.push_back(std::move(text));
  }

  std::map<std::pair<std::string, int64_t>, const RewardRow*> rows_;
  bool by_sentence_;
  bool any_holistic_ = false, any_fine_ = false, by_nouns_ = false;
  std::map<std::string, size_t> images_;
  std::vector<JudgedText> texts_;
  LeftOutTexts left_out_;
};

}  // namespace

std::set<std::string> conversation_images(std::string_view bytes, const std::string& where) {
  std::set<std::string> images;
  for (const JsonRow& row : parse_json_rows(bytes, where)) {
    const std::string at = where + ":" + std::to_string(row.line);
    images.insert(ObjectReader(row.value, at).require<std::string>("image"));
  }
  if (images.empty()) {
    throw Error({.what = "there is no conversation in this file",
                 .where = where,
                 .cause = "nothing was held out",
                 .fix = "make reward-data with a held_out share"});
  }
  return images;
}

Json judge_check(const std::vector<CaptionAnnotation>& annotations,
                 const std::vector<RewardRow>& rewards, const JudgeCheckOptions& options) {
  Pairing pairing(rewards, options.by_sentence);
  for (const CaptionAnnotation& annotation : annotations) {
    if (options.images.empty() || options.images.contains(annotation.image)) {
      pairing.add(annotation);
    }
  }
  Json left_out = pairing.left_out();
  if (pairing.texts().empty()) {
    const std::string why = left_out.empty() ? "none of the images was judged"
                                             : left_out.begin().key() + ", such as " +
                                                   left_out.front()["example"].get<std::string>();
    throw Error({.what = "no judgement of people has a verdict beside it",
                 .cause = why,
                 .fix = "give the annotations of the captions that were scored"});
  }
  Texts all;
  std::map<std::string, Texts> by_annotator;
  for (const JudgedText& text : pairing.texts()) {
    all.push_back(&text);
    by_annotator[text.annotator].push_back(&text);
  }
  Json annotators = Json::object();
  for (const auto& [name, texts] : by_annotator) {
    annotators[name] = CheckFigures(texts, pairing.images(), options.bins).all();
  }
  return {{"unit", pairing.whole_captions() ? "caption" : "sentence"},
          {"images", options.images.empty() ? "all" : "held out"},
          {"left_out", std::move(left_out)},
          {"all", CheckFigures(all, pairing.images(), options.bins).all()},
          {"annotators", std::move(annotators)}};
}

}  // namespace vigor
