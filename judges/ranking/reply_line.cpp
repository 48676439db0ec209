// The ranking in one line: "B > A = D > C", "D, A and B (tie), C", "A=1, B=3, C=2, D=4", "CBDA",
// "[4, 3, 2, 1]", "the best is D, followed by B, then C, and lastly A".
#include <algorithm>
#include <array>
#include <cctype>

#include "judges/ranking/reading.h"

namespace vigor::ranking {
namespace {

struct Token {
  enum class Kind {
    kLabel,
    kNumber,  // a place, a rank, or (numbered candidates) maybe a label
    kBetter,  // >
    kEqual,   // = ~ / &: a tie between labels, "is" before a rank
    kComma,   // also ;
    kColon,   // also - and a full stop: separates, ranks nothing
    kAnd,
    kThen,   // then, followed by, lastly: what follows is worse
    kTie,    // (tie): of the two before it
    kIntro,  // words that announce a ranking: from best to worst
    kWord,
    kTieWord  // says that candidates are equal, it is not said which
  };
  Kind kind = Kind::kWord;
  size_t candidate = 0;
  Place place{};
  bool upper = true;  // a label in the case of the labels
};
using Kind = Token::Kind;

template <size_t N>
bool is_one_of(const std::string& word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_noun(const std::string& word) {
  static constexpr std::array<std::string_view, 9> kNouns = {"caption",  "candidate", "description",
                                                             "response", "answer",    "model",
                                                             "option",   "text",      "captions"};
  return is_one_of(word, kNouns);
}
bool is_tie_word(const std::string& word) {
  static constexpr std::array<std::string_view, 9> kWords = {
      "tie", "tied", "ties", "equal", "equally", "same", "identical", "draw", "indistinguishable"};
  return is_one_of(word, kWords);
}

class Lexer {
 public:
  Lexer(std::string_view line, const Task& task, int depth = 0)
      : line_(line), task_(task), depth_(depth) {}

  std::vector<Token> tokens() {
    while (at_ < line_.size()) next();
    return std::move(tokens_);
  }

 private:
  void push(Kind kind) {
    noun_ = false;
    tokens_.push_back({.kind = kind});
  }

  void next() {
    const char c = line_[at_];
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) >= 0x80) {
      return word();
    }
    ++at_;
    switch (c) {
      case '(':
        return bracket();
      case '>':
        if (tokens_.empty() || tokens_.back().kind != Kind::kBetter) push(Kind::kBetter);
        // At least as good: neither better nor equal.
        if (at_ < line_.size() && line_[at_] == '=') tokens_.back().kind = Kind::kWord;
        return;
      case '<':
        return push(Kind::kWord);
      case '=':
      case '~':
      case '/':
      case '&':
        if (tokens_.empty() || tokens_.back().kind != Kind::kEqual) push(Kind::kEqual);
        return;
      case ',':
      case ';':
        return push(Kind::kComma);
      case ':':
      case '-':
      case '.':
      case '|':
        return push(Kind::kColon);
      default:
        return;  // blanks, quotes, #, square brackets
    }
  }

  // What is in round brackets is a remark, unless it is a label, a rank, a tie or the ranking.
  void bracket() {
    const size_t close = line_.find(')', at_);
    const std::string_view inside =
        trim(line_.substr(at_, close == std::string_view::npos ? close : close - at_));
    // No brackets of a real reply are nested deeper.
    std::vector<Token> found;
    if (depth_ < 3) found = Lexer(inside, task_, depth_ + 1).tokens();
    const auto has = [&](Kind kind) {
      return std::any_of(found.begin(), found.end(),
                         [&](const Token& token) { return token.kind == kind; });
    };
    const std::string word = lower(inside);
    if (word == "tie" || word == "tied") {
      push(Kind::kTie);
    } else if (has(Kind::kTieWord)) {
      push(Kind::kTieWord);
    } else if (!has(Kind::kWord) && !has(Kind::kIntro)) {
      tokens_.insert(tokens_.end(), found.begin(), found.end());
    }
    at_ = close == std::string_view::npos ? line_.size() : close + 1;
  }

  void word() {
    const size_t begin = at_;
    while (at_ < line_.size()) {
      const auto c = static_cast<unsigned char>(line_[at_]);
      const bool decimal = c == '.' && at_ + 1 < line_.size() && at_ > begin &&
                           std::isdigit(static_cast<unsigned char>(line_[at_ - 1])) != 0 &&
                           std::isdigit(static_cast<unsigned char>(line_[at_ + 1])) != 0;
      const bool apostrophe = c == '\'' && at_ + 1 < line_.size() &&
                              std::isalpha(static_cast<unsigned char>(line_[at_ + 1])) != 0;
      if (std::isalnum(c) == 0 && c < 0x80 && c != '_' && !decimal && !apostrophe) break;
      ++at_;
    }
    const std::string_view text = line_.substr(begin, at_ - begin);
    const std::string folded = lower(text);
    // N/A names no candidate.
    if (folded == "n" && lower(line_.substr(at_, 2)) == "/a") {
      at_ += 2;
      return push(Kind::kWord);
    }
    classify(text, folded);
  }

  void classify(std::string_view text, const std::string& folded) {
    static constexpr std::array<std::string_view, 14> kIntro = {
        "from",  "best", "to",     "worst", "the",   "is",  "ranking",
        "order", "rank", "ranked", "final", "ranks", "are", "overall"};
    static constexpr std::array<std::string_view, 10> kThen = {
        "then", "followed", "by", "lastly", "finally", "last", "next", "after", "that", "worse"};
    if (const auto place = place_of(folded)) {
      Token token{.kind = Kind::kNumber, .place = *place};
      const auto label = std::find(task_.labels.begin(), task_.labels.end(), text);
      if (task_.numeric && !place->ordinal && label != task_.labels.end()) {
        token.candidate = static_cast<size_t>(label - task_.labels.begin());
        if (noun_) token.kind = Kind::kLabel;
      } else if (task_.numeric) {
        token.candidate = task_.labels.size();
      }
      noun_ = false;
      return tokens_.push_back(token);
    }
    for (size_t i = 0; i < task_.labels.size() && !task_.numeric; ++i) {
      if (text != task_.labels[i] && folded != lower(task_.labels[i])) continue;
      // The article "a" is a candidate only where signs join it to others (see chain()).
      tokens_.push_back({.kind = Kind::kLabel, .candidate = i, .upper = text == task_.labels[i]});
      noun_ = false;
      return;
    }
    if (joined_labels(text)) return;
    if (is_noun(folded)) {
      noun_ = true;
    } else if (folded == "and") {
      push(Kind::kAnd);
    } else if (is_tie_word(folded)) {
      push(Kind::kTieWord);
    } else if (is_one_of(folded, kThen)) {
      push(Kind::kThen);
    } else if (is_one_of(folded, kIntro)) {
      push(Kind::kIntro);
    } else {
      push(Kind::kWord);
    }
  }

  // "CBDA": all candidates, one character each.
  bool joined_labels(std::string_view text) {
    if (text.size() != task_.labels.size() || text.size() < 3) return false;
    std::vector<size_t> order;
    for (const char c : text) {
      const auto label = std::find(task_.labels.begin(), task_.labels.end(), std::string(1, c));
      if (label == task_.labels.end()) return false;
      order.push_back(static_cast<size_t>(label - task_.labels.begin()));
      if (std::count(order.begin(), order.end(), order.back()) > 1) return false;
    }
    for (size_t i = 0; i < order.size(); ++i) {
      if (i > 0) push(Kind::kBetter);
      tokens_.push_back({.kind = Kind::kLabel, .candidate = order[i]});
    }
    return true;
  }

  std::string_view line_;
  const Task& task_;
  int depth_;
  size_t at_ = 0;
  bool noun_ = false;  // the word before was "Caption"
  std::vector<Token> tokens_;
};

// "A=1, B=3" (rank of each candidate) or "1st: D, 2nd: A" (candidate of each place), and nothing
// else in the line.
std::optional<Reading> read_pairs(const std::vector<Token>& tokens, const Task& task) {
  std::vector<const Token*> items;
  bool bound = false;  // "=" or ":" stands inside a pair
  for (const Token& token : tokens) {
    switch (token.kind) {
      case Kind::kLabel:
      case Kind::kNumber:
        items.push_back(&token);
        break;
      case Kind::kEqual:
      case Kind::kColon:
        bound = bound || items.size() % 2 == 1;
        break;
      case Kind::kComma:
      case Kind::kIntro:
      case Kind::kAnd:
        if (items.size() % 2 == 1) return std::nullopt;
        break;
      default:
        return std::nullopt;
    }
  }
  const size_t count = task.labels.size();
  if (items.size() < 2 || items.size() % 2 == 1) return std::nullopt;
  std::vector<double> ranks(count, -1);
  bool repeated = false;
  for (size_t i = 0; i < items.size(); i += 2) {
    const Token *first = items[i], *second = items[i + 1];
    const bool place_first =
        first->kind == Kind::kNumber && (second->kind == Kind::kLabel || first->place.ordinal);
    if (place_first) std::swap(first, second);
    // Numbers alone: "2=1" is rank 1 of candidate 2, when ranks were asked for.
    const bool label =
        first->kind == Kind::kLabel ||
        (task.numeric && !first->place.ordinal && first->candidate < count &&
         (place_first || second->place.ordinal || (bound && task.asked == Asked::kRanks)));
    if (!label || second->kind != Kind::kNumber) return std::nullopt;
    repeated = repeated || ranks[first->candidate] != -1;
    ranks[first->candidate] = second->place.value;
  }
  if (repeated || items.size() != 2 * count) return Reading::broken();
  auto groups = groups_of_ranks(ranks);
  return groups ? Reading::of(std::move(*groups), count) : Reading::broken();
}

struct Chain {
  TieGroups groups;
  size_t begin = 0, end = 0;  // tokens
  size_t labels = 0;
  bool better = false;     // has a >
  bool ambiguous = false;  // ties or separators that can be read in two ways
};

// The longest chain of labels and separators that starts at `begin`, a label.
Chain chain(const std::vector<Token>& tokens, size_t begin) {
  Chain out{.groups = {{tokens[begin].candidate}}, .begin = begin, .end = begin + 1, .labels = 1};
  bool lower_case = !tokens[begin].upper, words = false, comma = false, inner_and = false,
       last_and = false;
  for (size_t at = begin + 1; at < tokens.size();) {
    if (tokens[at].kind == Kind::kTie) {
      // Of what "and" joined; of a longer list it could be any.
      if (!last_and) {
        out.ambiguous = true;
      } else {
        std::vector<size_t> tied = std::move(out.groups.back());
        out.groups.pop_back();
        out.groups.back().insert(out.groups.back().end(), tied.begin(), tied.end());
        inner_and = false;
        last_and = false;
      }
      out.end = ++at;
      continue;
    }
    size_t next = at;
    bool tie = false, joined_and = false, better = false, then = false, comma_here = false,
         any = false;
    while (next < tokens.size() && tokens[next].kind != Kind::kLabel) {
      const Kind kind = tokens[next].kind;
      if (kind == Kind::kBetter) {
        better = true;
      } else if (kind == Kind::kEqual) {
        tie = true;
      } else if (kind == Kind::kAnd) {
        joined_and = true;
      } else if (kind == Kind::kThen) {
        then = true;
      } else if (kind == Kind::kComma) {
        comma_here = true;
      } else {
        break;
      }
      any = true;
      ++next;
    }
    if (!any || next >= tokens.size() || tokens[next].kind != Kind::kLabel) break;
    if (tie && (better || joined_and || then)) break;
    // An "and" before this one, not followed by (tie), stood in the middle of the list.
    if (last_and) inner_and = true;
    last_and = joined_and && !then;
    words = words || joined_and || then;
    comma = comma || comma_here;
    lower_case = lower_case || !tokens[next].upper;
    out.better = out.better || better;
    if (tie) {
      out.groups.back().push_back(tokens[next].candidate);
    } else {
      out.groups.push_back({tokens[next].candidate});
    }
    ++out.labels;
    out.end = at = next + 1;
  }
  // "A > B, C": C may be tied with B or worse.
  if (inner_and || (out.better && (comma || last_and))) out.ambiguous = true;
  // "a and b": an article.
  if (lower_case && words) out.labels = 1;
  return out;
}

// A list without ">" is a ranking only when it stands alone or is announced as one.
bool stands_alone(const std::vector<Token>& tokens, const Chain& found) {
  const auto quiet = [](const Token& token) {
    return token.kind == Kind::kIntro || token.kind == Kind::kColon || token.kind == Kind::kComma;
  };
  return std::all_of(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(found.begin),
                     quiet) &&
         std::all_of(tokens.begin() + static_cast<std::ptrdiff_t>(found.end), tokens.end(), quiet);
}

// "all four are tied".
bool says_all_tied(std::string_view line, const std::vector<Token>& tokens) {
  const std::string text = " " + lower(line) + " ";
  const bool tied = std::any_of(tokens.begin(), tokens.end(), [](const Token& token) {
    return token.kind == Kind::kTieWord || token.kind == Kind::kTie;
  });
  const bool named = std::any_of(tokens.begin(), tokens.end(), [](const Token& token) {
    return token.kind == Kind::kLabel && token.upper;
  });
  if (!tied || named || tokens.size() > 10) return false;
  for (const char* word : {" not ", " but ", " except ", "n't ", " almost ", " nearly ", " if "}) {
    if (text.find(word) != std::string::npos) return false;
  }
  return text.find(" all ") != std::string::npos;
}

}  // namespace

std::optional<ListItem> read_list_item(std::string_view line, const Task& task) {
  const std::vector<Token> tokens = Lexer(line, task).tokens();
  size_t at = 0;
  const auto skip = [&](std::initializer_list<Kind> kinds) {
    while (at < tokens.size() &&
           std::find(kinds.begin(), kinds.end(), tokens[at].kind) != kinds.end()) {
      ++at;
    }
  };
  const auto candidate = [&]() -> std::optional<size_t> {
    if (at >= tokens.size()) return std::nullopt;
    const Token& token = tokens[at];
    const bool number = token.kind == Kind::kNumber && task.numeric && !token.place.ordinal &&
                        token.candidate < task.labels.size();
    if (token.kind != Kind::kLabel && !number) return std::nullopt;
    ++at;
    return token.candidate;
  };
  ListItem item;
  skip({Kind::kColon, Kind::kIntro});
  if (at < tokens.size() && tokens[at].kind == Kind::kNumber) {
    item.place = tokens[at++].place.value;
    skip({Kind::kColon, Kind::kIntro});
    for (auto one = candidate(); one; one = candidate()) {
      item.candidates.push_back(*one);
      const size_t after = at;
      skip({Kind::kEqual, Kind::kAnd, Kind::kComma});
      if (at == after) break;
    }
    skip({Kind::kTie});
    if (item.candidates.empty() || (at < tokens.size() && tokens[at].kind != Kind::kColon)) {
      return std::nullopt;
    }
    return item;
  }
  const auto one = candidate();
  if (!one) return std::nullopt;
  const size_t after = at;
  skip({Kind::kColon, Kind::kEqual, Kind::kIntro});
  if (at == after || at >= tokens.size() || tokens[at].kind != Kind::kNumber) return std::nullopt;
  item.candidates = {*one};
  item.place = tokens[at++].place.value;
  if (at < tokens.size() && tokens[at].kind != Kind::kColon) return std::nullopt;
  return item;
}

Reading read_numbers(const std::vector<double>& numbers, const Task& task) {
  const size_t count = task.labels.size();
  if (numbers.size() != count) return Reading::broken();
  if (task.asked == Asked::kRanks) {
    auto groups = groups_of_ranks(numbers);
    return groups ? Reading::of(std::move(*groups), count) : Reading::broken();
  }
  // Of lettered candidates the numbers could be ranks or positions in the prompt.
  if (!task.numeric) return Reading::broken();
  TieGroups groups;
  for (const double number : numbers) {
    const auto label = std::find_if(task.labels.begin(), task.labels.end(), [&](const auto& text) {
      const auto place = place_of(text);
      return place && place->value == number;
    });
    if (label == task.labels.end()) return Reading::broken();
    groups.push_back({static_cast<size_t>(label - task.labels.begin())});
  }
  return Reading::of(std::move(groups), count);
}

Reading read_line(std::string_view line, const Task& task) {
  std::vector<Token> tokens = Lexer(line, task).tokens();
  if (tokens.empty()) return Reading::none();
  if (const auto pairs = read_pairs(tokens, task)) return *pairs;
  if (says_all_tied(line, tokens)) {
    std::vector<size_t> all(task.labels.size());
    for (size_t i = 0; i < all.size(); ++i) all[i] = i;
    return Reading::of({all}, all.size());
  }
  const auto count_of = [&](Kind kind) {
    return std::count_if(tokens.begin(), tokens.end(),
                         [&](const Token& token) { return token.kind == kind; });
  };
  const bool better = count_of(Kind::kBetter) > 0;
  const bool numbers_only = std::all_of(tokens.begin(), tokens.end(), [](const Token& token) {
    return token.kind == Kind::kNumber || token.kind == Kind::kComma ||
           token.kind == Kind::kIntro || token.kind == Kind::kColon;
  });
  if (numbers_only && count_of(Kind::kNumber) > 1 &&
      (!task.numeric || task.asked == Asked::kRanks)) {
    std::vector<double> numbers;
    for (const Token& token : tokens) {
      if (token.kind == Kind::kNumber) numbers.push_back(token.place.value);
    }
    return read_numbers(numbers, task);
  }
  if (task.numeric && (better || task.asked == Asked::kOrder)) {
    for (Token& token : tokens) {
      if (token.kind == Kind::kNumber && !token.place.ordinal &&
          token.candidate < task.labels.size()) {
        token.kind = Kind::kLabel;
      }
    }
  }
  const bool tie_said = count_of(Kind::kTieWord) > 0;
  Reading reading;
  for (size_t at = 0; at < tokens.size();) {
    if (tokens[at].kind != Kind::kLabel) {
      ++at;
      continue;
    }
    const Chain found = chain(tokens, at);
    at = found.end;
    if (found.labels < 2 || (!found.better && !stands_alone(tokens, found))) continue;
    const bool usable = !found.ambiguous && !tie_said;
    Reading here = usable ? Reading::of(found.groups, task.labels.size()) : Reading::broken();
    // A remark that compares two of them does not undo the ranking before it.
    if (here.kind == Reading::Kind::kGood || reading.kind == Reading::Kind::kNone) {
      reading = std::move(here);
    }
  }
  return reading;
}

}  // namespace vigor::ranking
