#include "vigor/reward_data.h"

#include <algorithm>

#include "base/error.h"
#include "base/random.h"
#include "vigor/conversation_row.h"

namespace vigor {
namespace {

std::string verdict(bool good, const std::set<SentenceError>& errors) {
  if (good) return "Yes.";
  if (errors.empty()) return "No.";
  std::string out = "No: ";
  for (const SentenceError error : errors) {
    if (out.size() > 4) out += ", ";
    out += name_of(error);
  }
  return out + ".";
}

class Asker {
 public:
  Asker(const CaptionAnnotation& annotation, const RewardDataOptions& options,
        std::vector<RewardQuestion>& out)
      : of_(annotation), options_(options), out_(out) {}

  // Returns the number of sentences without a judgement.
  int64_t ask_all() {
    int64_t unjudged = 0;
    bool any_wrong = false, all_judged = !of_.sentences.empty();
    std::set<SentenceError> errors;
    for (size_t i = 0; i < of_.sentences.size(); ++i) {
      const SentenceAnnotation& sentence = of_.sentences[i];
      if (sentence.label == SentenceLabel::kUnjudged) {
        ++unjudged;
        all_judged = false;
      } else if (!options_.holistic) {
        add(static_cast<int64_t>(i), "sentence", options_.questions.sentence,
            verdict(sentence.label == SentenceLabel::kCorrect, sentence.errors));
      }
      any_wrong = any_wrong || sentence.label == SentenceLabel::kWrong;
      if (options_.creative && !options_.holistic && sentence.creative) {
        add(static_cast<int64_t>(i), "creative", options_.questions.creative,
            verdict(*sentence.creative, {}));
      }
    }
    // A caption is wrong by one sentence, and correct only when all were judged.
    if (options_.holistic && (any_wrong || all_judged)) {
      add(-1, "caption", options_.questions.caption, verdict(!any_wrong, {}));
    }
    if (options_.detail && of_.detail) {
      add(-1, "detail", options_.questions.detail, std::to_string(*of_.detail));
    }
    return unjudged;
  }

 private:
  void add(int64_t sentence, const char* kind, const std::string& question, std::string answer) {
    const std::string text =
        sentence < 0 ? of_.caption : text_until(of_, static_cast<size_t>(sentence));
    out_.push_back({of_.image, of_.sample, sentence, kind, reward_question(question, text),
                    std::move(answer), of_.annotator});
  }

  const CaptionAnnotation& of_;
  const RewardDataOptions& options_;
  std::vector<RewardQuestion>& out_;
};

}  // namespace

std::string text_until(const CaptionAnnotation& annotation, size_t sentence) {
  return annotation.caption.substr(0, annotation.sentences.at(sentence).span.end);
}

std::string reward_question(const std::string& question, const std::string& text) {
  return question + "\n" + text;
}

RewardData reward_data(const std::vector<CaptionAnnotation>& annotations,
                       const RewardDataOptions& options) {
  if (!(options.held_out >= 0 && options.held_out < 1)) {
    throw Error({.what = "the share that is held out is not between 0 and 1",
                 .exit_code = ExitCode::kUsage});
  }
  RewardData out;
  for (const CaptionAnnotation& one : annotations) {
    const bool away = CounterRandom(options.seed, one.image).uniform() < options.held_out;
    out.unjudged += Asker(one, options, away ? out.held_out : out.training).ask_all();
  }
  return out;
}

Json reward_conversations(const std::vector<RewardQuestion>& questions) {
  Json rows = Json::array();
  for (const RewardQuestion& one : questions) {
    std::string id = one.image + "#" + std::to_string(one.sample) + "#" + one.kind;
    if (one.sentence >= 0) id += "#" + std::to_string(one.sentence);
    if (!one.annotator.empty()) id += "#" + one.annotator;
    rows.push_back(conversation_row(id, one.image, one.question, one.answer));
  }
  return rows;
}

}  // namespace vigor
