#include "vigor/model_reward.h"

#include <cctype>
#include <cmath>
#include <map>

#include "base/error.h"

namespace vigor {
namespace {

struct Score {
  double positive = 0, negative = 0;
  Json keys;                      // what is kept of the answer
  std::string error;              // not empty: there is no score
  const char* status = "failed";  // then: "unparsed" when an answer came
};

Score score_of(const Answer& answer, RewardReading reading) {
  Score out;
  if (!answer.error.empty()) {
    out.error = answer.error;
    return out;
  }
  const auto verdict = read_verdict(answer.text);
  Json errors = Json::array();
  if (verdict) {
    for (const SentenceError error : verdict->errors) errors.push_back(name_of(error));
  }
  out.keys = {{"answer", answer.text},
              {"margin", answer.yes_margin ? Json(*answer.yes_margin) : Json()},
              {"errors", std::move(errors)}};
  if (reading == RewardReading::kText) {
    if (!verdict) {
      out.error =
          "the answer is neither yes nor no: '" + printable(answer.text.substr(0, 60)) + "'";
      out.status = "unparsed";
      return out;
    }
    (verdict->good ? out.positive : out.negative) = verdict->good ? 1 : -1;
    return out;
  }
  if (!answer.yes_margin || std::isnan(*answer.yes_margin)) {
    out.error = "the model gives no probabilities of yes and no";
    return out;
  }
  const double margin = *answer.yes_margin;
  if (reading == RewardReading::kHard) {
    (margin > 0 ? out.positive : out.negative) = margin > 0 ? 1 : -1;
  } else {
    out.positive = 1 / (1 + std::exp(-margin));
    out.negative = -1 / (1 + std::exp(margin));
  }
  return out;
}

}  // namespace

std::string_view name_of(RewardReading reading) {
  switch (reading) {
    case RewardReading::kProbability:
      return "probability";
    case RewardReading::kHard:
      return "hard";
    case RewardReading::kText:
      return "text";
  }
  return "";
}

RewardReading reward_reading_of(const std::string& name, const std::string& where) {
  for (const RewardReading one :
       {RewardReading::kProbability, RewardReading::kHard, RewardReading::kText}) {
    if (name == name_of(one)) return one;
  }
  throw Error({.what = "'" + printable(name) + "' is no way to read a reward model",
               .where = where,
               .fix = "one of probability, hard, text",
               .exit_code = ExitCode::kUsage});
}

JudgedImage judged_image(std::span<const CaptionToJudge> captions,
                         const ModelRewardOptions& options) {
  JudgedImage out;
  std::map<std::string, size_t> known;
  for (const CaptionToJudge& caption : captions) {
    auto& mine = out.of_caption.emplace_back();
    const auto ask = [&](const std::string& question, const std::string& text) {
      const auto [at, is_new] =
          known.emplace(reward_question(question, text), out.questions.size());
      if (is_new) out.questions.push_back(at->first);
      mine.push_back(at->second);
    };
    if (options.holistic) {
      if (!caption.sentences.empty()) ask(options.questions.caption, caption.caption);
      continue;
    }
    for (const language::Span& sentence : caption.sentences) {
      ask(options.questions.sentence, caption.caption.substr(0, sentence.end));
    }
  }
  return out;
}

std::optional<ReadVerdict> read_verdict(const std::string& answer) {
  // Words in lower case; the first one is the verdict.
  std::vector<std::string> words;
  std::string word;
  for (const char c : answer + " ") {
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  if (words.empty() || (words[0] != "yes" && words[0] != "no")) return std::nullopt;
  ReadVerdict out;
  out.good = words[0] == "yes";
  for (size_t i = 1; i < words.size() && !out.good; ++i) {
    if (const auto error = sentence_error_of(words[i])) out.errors.insert(*error);
  }
  return out;
}

Json model_reward_row(const CaptionToJudge& caption, std::span<const Answer* const> answers,
                      const ModelRewardOptions& options) {
  Json row = {{"key", caption.image + "#" + std::to_string(caption.sample)},
              {"image", caption.image},
              {"sample", caption.sample},
              {"caption", caption.caption},
              {"status", "scored"},
              {"error", nullptr}};
  const auto without_score = [&](const char* status, const std::string& why) {
    row["status"] = status;
    row["error"] = why;
    return row;
  };
  const size_t expected =
      options.holistic ? std::min<size_t>(caption.sentences.size(), 1) : caption.sentences.size();
  if (answers.size() != expected) throw std::logic_error("answers do not match the sentences");
  if (expected == 0) return without_score("unjudged", "the caption has no sentence");
  Json sentences = Json::array();
  double positive = 0, negative = 0;
  Json whole;
  for (size_t i = 0; i < answers.size(); ++i) {
    const Score score = score_of(*answers[i], options.reading);
    if (!score.error.empty()) {
      return without_score(score.status, options.holistic ? score.error
                                                          : "sentence " + std::to_string(i + 1) +
                                                                ": " + score.error);
    }
    positive += score.positive;
    negative += score.negative;
    if (options.holistic) {
      whole = score.keys;
    } else {
      Json one = score.keys;
      one["span"] = {caption.sentences[i].begin, caption.sentences[i].end};
      one["positive"] = score.positive;
      one["negative"] = score.negative;
      sentences.push_back(std::move(one));
    }
  }
  if (options.holistic) {
    for (const language::Span& span : caption.sentences) {
      sentences.push_back({{"span", {span.begin, span.end}}});
    }
    row["whole"] = std::move(whole);
  }
  row["sentences"] = std::move(sentences);
  row["positive"] = positive;
  row["negative"] = negative;
  row["reward"] = positive + negative;
  return row;
}

}  // namespace vigor
