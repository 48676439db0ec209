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

std::set<std::string> taught_kinds(std::string_view bytes, const std::string& where,
                                   const RewardQuestions& questions) {
  std::set<std::string> kinds;
  for (const JsonRow& row : parse_json_rows(bytes, where)) {
    const std::string at = where + ":" + std::to_string(row.line);
    const auto turns = ObjectReader(row.value, at).require<std::vector<Json>>("conversations");
    if (turns.empty()) continue;
    auto asked = ObjectReader(turns[0], at + ": conversations").require<std::string>("value");
    if (const std::string mark = "<image>\n"; asked.starts_with(mark)) asked.erase(0, mark.size());
    for (const auto& [kind, question] : {std::pair("sentence", &questions.sentence),
                                         {"caption", &questions.caption},
                                         {"creative", &questions.creative},
                                         {"detail", &questions.detail}}) {
      if (asked.starts_with(*question + "\n")) kinds.insert(kind);
    }
  }
  return kinds;
}

JudgedImage judged_image(std::span<const CaptionToJudge> captions,
                         const ModelRewardOptions& options) {
  JudgedImage out;
  std::map<std::string, size_t> known;
  const auto place = [&](const std::string& question, const std::string& text) {
    const auto [at, is_new] = known.emplace(reward_question(question, text), out.questions.size());
    if (is_new) out.questions.push_back(at->first);
    return at->second;
  };
  for (const CaptionToJudge& caption : captions) {
    const bool any = !caption.sentences.empty();
    std::vector<size_t> mine, creative;
    if (options.holistic && any) mine.push_back(place(options.questions.caption, caption.caption));
    for (const language::Span& sentence : caption.sentences) {
      const std::string text = caption.caption.substr(0, sentence.end);
      if (!options.holistic) mine.push_back(place(options.questions.sentence, text));
      if (options.creative) creative.push_back(place(options.questions.creative, text));
    }
    out.of_caption.push_back(std::move(mine));
    out.creative.push_back(std::move(creative));
    out.detail.push_back(options.detail && any
                             ? std::optional(place(options.questions.detail, caption.caption))
                             : std::nullopt);
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

std::optional<int> level_of_detail(const std::string& answer) {
  const size_t first = answer.find_first_not_of(" \t\r\n");
  if (first == std::string::npos || answer[first] < '1' || answer[first] > '5') return std::nullopt;
  const char next = first + 1 < answer.size() ? answer[first + 1] : ' ';
  const char after = first + 2 < answer.size() ? answer[first + 2] : ' ';
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  // "12" and "1.5" are no levels.
  if (digit(next) || ((next == '.' || next == ',') && digit(after))) return std::nullopt;
  return answer[first] - '0';
}

namespace {

// Creativity of each sentence and the sum, or why there is none, into the row.
void add_creativity(Json& row, const std::vector<const Answer*>& answers, RewardReading reading) {
  double sum = 0;
  std::string why;
  for (size_t i = 0; i < answers.size(); ++i) {
    const Score score = score_of(*answers[i], reading);
    const bool read = score.error.empty();
    row["sentences"][i]["creative"] = read ? Json(score.positive) : Json();
    sum += score.positive;
    if (!read && why.empty()) why = "sentence " + std::to_string(i + 1) + ": " + score.error;
  }
  row["creative"] = why.empty() ? Json(sum) : Json();
  if (!why.empty()) row["creative_error"] = why;
}

void add_detail(Json& row, const Answer& answer) {
  const auto level = level_of_detail(answer.text);
  row["detail"] = level ? Json(*level) : Json();
  if (!level) {
    row["detail_error"] = "the answer begins with no number from 1 to 5: '" +
                          printable(answer.text.substr(0, 60)) + "'";
  }
}

// Why an answer beside the verdicts did not come; "" when all came. Such a caption is asked again.
std::string side_failure(const SideAnswers& side) {
  for (const Answer* answer : side.creative) {
    if (!answer->error.empty()) return "creativity: " + answer->error;
  }
  if (side.detail != nullptr && !side.detail->error.empty()) return "detail: " + side.detail->error;
  return "";
}

}  // namespace

Json model_reward_row(const CaptionToJudge& caption, std::span<const Answer* const> answers,
                      const ModelRewardOptions& options, const SideAnswers& side) {
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
  if (const std::string why = side_failure(side); !why.empty()) return without_score("failed", why);
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
  if (!side.creative.empty()) add_creativity(row, side.creative, options.reading);
  if (side.detail != nullptr) add_detail(row, *side.detail);
  return row;
}

}  // namespace vigor
