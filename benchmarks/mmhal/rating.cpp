#include "benchmarks/mmhal/rating.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <vector>

#include "base/json.h"
#include "judges/chat/refusal.h"

namespace vigor::mmhal {
namespace {

constexpr int kHighest = 6;
constexpr std::array<const char*, 7> kNumberWords{"zero", "one",  "two", "three",
                                                  "four", "five", "six"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || (c & 0x80) != 0;
}
bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

// Lower case; full-width forms, dashes, quotes and blanks as their ASCII ones; Markdown's marks and
// zero-width characters dropped.
std::string fold(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = [&](size_t k) {
      return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0;
    };
    const unsigned lead = byte(0), second = byte(1), third = byte(2);
    if (lead == 0xEF && (second == 0xBC || second == 0xBD) && (third & 0xC0) == 0x80) {
      const unsigned code = 0xF000 + ((second & 0x3F) << 6) + (third & 0x3F);
      if (code >= 0xFF01 && code <= 0xFF5E) {
        out += static_cast<char>(code - 0xFF01 + '!');
        i += 2;
        continue;
      }
    }
    if (lead == 0xE2 && second == 0x80) {
      if (third >= 0x90 && third <= 0x95) out += '-';
      if (third == 0x98 || third == 0x99) out += '\'';
      if (third == 0x9C || third == 0x9D) out += '"';
      if (third >= 0x80 && third <= 0x8A) out += ' ';
      i += 2;
      continue;
    }
    if (lead == 0xE3 && second == 0x80 && third == 0x80) {
      out += ' ';
      i += 2;
      continue;
    }
    if (lead == 0xC2 && second == 0xA0) {
      out += ' ';
      ++i;
      continue;
    }
    if (lead == '*' || lead == '_' || lead == '`' || lead == '#') continue;
    out += text[i];
  }
  return lower(out);
}

// One place where the reply states a rating.
struct Statement {
  std::optional<int> score;
  std::string reason;
  bool begins_line = false;
  int64_t line = 0;
};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::vector<Statement> statements(std::string_view word) {
    std::vector<Statement> found;
    int64_t line = 0;
    size_t counted = 0;
    for (size_t at = text_.find(word); at != std::string_view::npos;
         at = text_.find(word, at + word.size())) {
      if (at > 0 && is_word(text_[at - 1])) continue;
      at_ = at + word.size();
      if (peek() == 's') ++at_;
      if (at_ < text_.size() && is_word(text_[at_])) continue;
      if (!skip_to_number()) continue;
      Statement statement = number();
      statement.begins_line = begins_line(at);
      line += std::count(text_.begin() + static_cast<ptrdiff_t>(counted),
                         text_.begin() + static_cast<ptrdiff_t>(at), '\n');
      counted = at;
      statement.line = line;
      found.push_back(std::move(statement));
    }
    return found;
  }

 private:
  char peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  void skip(std::string_view characters) {
    while (at_ < text_.size() && characters.find(text_[at_]) != std::string_view::npos) ++at_;
  }

  // From behind the word to the number's first character; false when something else stands there.
  bool skip_to_number() {
    skip(" \t\"')]");
    bool separated = false;
    words_allowed_ = peek() == ':' || peek() == '=';
    for (const char* separator : {":", "=", "is", "of", "would be", "-"}) {
      if (separator[0] == '-' && is_digit(peek(1))) break;  // a sign
      if (take(separator)) {
        separated = true;
        break;
      }
    }
    skip(separated ? " \t\r\n\"'([{<" : " \t\"'([{<");
    if (is_digit(peek())) return true;
    if ((peek() == '-' || peek() == '+') && is_digit(peek(1))) return true;
    return number_word().has_value();
  }

  // Behind a colon alone: "the rating is one of" states none.
  std::optional<int> number_word() const {
    if (!words_allowed_) return std::nullopt;
    for (int i = 0; i <= kHighest; ++i) {
      const std::string_view word = kNumberWords[static_cast<size_t>(i)];
      if (text_.substr(at_).starts_with(word) &&
          (at_ + word.size() == text_.size() || !is_word(text_[at_ + word.size()]))) {
        return i;
      }
    }
    return std::nullopt;
  }

  Statement number() {
    Statement statement;
    const size_t begin = at_;
    if (const auto word = number_word()) {
      at_ += std::string_view(kNumberWords[static_cast<size_t>(*word)]).size();
      statement.score = word;
    } else {
      const bool negative = peek() == '-';
      if (!is_digit(peek())) ++at_;
      int value = 0;
      while (is_digit(peek())) value = std::min(1000, value * 10 + (text_[at_++] - '0'));
      bool whole = true;
      if (peek() == '.' && is_digit(peek(1))) {
        ++at_;
        while (is_digit(peek())) whole = text_[at_++] == '0' && whole;
      }
      if (whole && value <= kHighest && !(negative && value > 0)) statement.score = value;
    }
    const std::string shown(text_.substr(begin, std::min<size_t>(at_ - begin, 20)));
    if (!statement.score) {
      statement.reason = "the rating " + shown + " is not a whole number from 0 to 6";
    } else if (at_ < text_.size() && is_word(text_[at_])) {
      statement.reason = "the rating is not a number alone";
    } else {
      statement.reason = wrong_scale();
    }
    if (!statement.reason.empty()) statement.score.reset();
    return statement;
  }

  // What follows a number and makes it mean something else; "" when nothing does.
  std::string wrong_scale() {
    const size_t behind = at_;
    skip(" \t");
    if (peek() == '%') return "the rating is a percentage";
    if (take("/") || take("out of ")) {
      skip(" \t");
      if (peek() == '6' && !is_digit(peek(1))) return "";
      if (is_digit(peek())) return "the rating is on another scale than 0 to 6";
    }
    at_ = behind;
    skip(" \t");
    for (const char* joint : {"-", "to ", "or ", "~", "and "}) {
      if (!take(joint)) continue;
      skip(" \t");
      if (is_digit(peek()) || number_word()) return "the rating is a range or a choice";
      break;
    }
    return "";
  }

  // Only list marks and words like "final" stand between the line's beginning and `at`.
  bool begins_line(size_t at) const {
    // Longer than any such beginning, so that the search costs no more than a constant.
    constexpr size_t kReach = 40;
    std::string_view before = text_.substr(at > kReach ? at - kReach : 0, std::min(at, kReach));
    if (const size_t end = before.rfind('\n'); end != std::string_view::npos) {
      before.remove_prefix(end + 1);
    } else if (at > kReach) {
      return false;
    }
    while (!before.empty()) {
      if (is_space(before.front()) ||
          std::string_view("-+>(\"'.{1234567890)").find(before.front()) != std::string_view::npos) {
        before.remove_prefix(1);
        continue;
      }
      bool taken = false;
      for (const std::string_view word : {"final", "overall", "my", "the", "so", "therefore,"}) {
        if (before.starts_with(word)) {
          before.remove_prefix(word.size());
          taken = true;
        }
      }
      if (!taken) return false;
    }
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
  bool words_allowed_ = false;
};

// The statements that decide: those on lines that begin with one, if any does. A judge that weighs
// a rating in a sentence and gives another one on a line of its own means the latter.
Rating combine(std::vector<Statement> statements) {
  std::set<int64_t> lines;
  for (const Statement& statement : statements) {
    if (statement.begins_line) lines.insert(statement.line);
  }
  if (!lines.empty()) {
    std::erase_if(statements, [&](const Statement& s) { return !lines.contains(s.line); });
  }
  std::set<int> scores;
  for (const Statement& statement : statements) {
    if (!statement.score) return {std::nullopt, statement.reason};
    scores.insert(*statement.score);
  }
  if (scores.size() == 1) return {*scores.begin(), ""};
  std::string list;
  for (const int score : scores) list += (list.empty() ? "" : ", ") + std::to_string(score);
  return {std::nullopt, "several ratings: " + list};
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// A reply in the form that was asked for with a JSON schema.
std::optional<Rating> json_rating(std::string_view reply) {
  std::string_view text = trimmed(reply);
  for (const std::string_view fence : {"```json", "```"}) {
    if (!text.starts_with(fence) || !text.ends_with("```") || text.size() < fence.size() + 3)
      continue;
    text = trimmed(text.substr(fence.size(), text.size() - fence.size() - 3));
    break;
  }
  if (!text.starts_with('{')) return std::nullopt;
  try {
    const Json value = parse_json(text, "reply");
    const auto rating = value.find("rating");
    if (rating == value.end()) return std::nullopt;
    if (rating->is_number_integer() && *rating >= 0 && *rating <= kHighest) {
      return Rating{rating->get<int>(), ""};
    }
    if (rating->is_number()) {
      return Rating{std::nullopt,
                    "the rating " + rating->dump() + " is not a whole number from 0 to 6"};
    }
  } catch (const Error&) {
  }
  return std::nullopt;
}

Rating read_strict(std::string_view reply) {
  if (trimmed(reply).empty()) return {std::nullopt, "the reply is empty"};
  if (const auto rating = json_rating(reply)) return *rating;
  const std::string text = fold(reply);
  for (const char* word : {"rating", "score"}) {
    if (auto statements = Scanner(text).statements(word); !statements.empty()) {
      return combine(std::move(statements));
    }
  }
  std::string_view alone = trimmed(text);
  if (alone.ends_with('.')) alone.remove_suffix(1);
  if (alone.ends_with("/6")) alone.remove_suffix(2);
  if (alone.size() == 1 && alone[0] >= '0' && alone[0] <= '0' + kHighest) {
    return {alone[0] - '0', ""};
  }
  return {std::nullopt, reads_as_refusal(text) ? "the judge refused" : "no rating in the reply"};
}

Rating read_official(std::string_view reply) {
  // Only ASCII letters can make "rating: ", so that Python's lower() is no other than this one.
  const std::string text = lower(reply);
  std::vector<int> found;
  for (int k = 0; k <= kHighest; ++k) {
    if (text.find("rating: " + std::to_string(k)) != std::string::npos) found.push_back(k);
  }
  if (found.size() == 1) return {found.front(), ""};
  return {0, found.empty() ? "no \"rating: k\" in the reply: taken as 0"
                           : "several ratings in the reply: taken as 0"};
}

}  // namespace

const char* dialect_name(Dialect dialect) {
  return dialect == Dialect::kStrict ? "strict" : "official";
}

Dialect parse_dialect(const std::string& name) {
  for (const Dialect dialect : {Dialect::kStrict, Dialect::kOfficial}) {
    if (name == dialect_name(dialect)) return dialect;
  }
  const std::string near = nearest_name(name, {"strict", "official"});
  throw Error({.what = "unknown dialect of MMHal-Bench '" + printable(name) + "'",
               .where = "--dialect",
               .fix = near.empty() ? "use strict or official" : "did you mean " + near + "?",
               .exit_code = ExitCode::kUsage});
}

Rating read_rating(std::string_view reply, Dialect dialect) {
  return dialect == Dialect::kOfficial ? read_official(reply) : read_strict(reply);
}

bool is_hallucination(int score) {
  return score < 3;
}

int informativeness(int score) {
  return score >= 3 ? score - 3 : score;
}

}  // namespace vigor::mmhal
