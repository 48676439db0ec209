// The text between two possible ends is a context; a context is split into Punkt's own tokens (not
// the words of word_tokenizer.h), and a boundary is where one of them ends a sentence.
#include "language/sentences.h"

#include <algorithm>
#include <optional>

#include "language/unicode.h"

namespace vigor::language {
namespace {

// Flags of PunktParameters::orthography.
constexpr uint32_t kMiddleUpper = 4, kUpper = 2 | 4 | 8;
constexpr uint32_t kFirstLower = 16, kLower = 16 | 32 | 64;

bool one_of(char32_t c, std::u32string_view set) {
  return set.find(c) != std::u32string_view::npos;
}

bool is_mark(char32_t c) {
  return c == '.' || c == '?' || c == '!';
}

bool is_non_word(char32_t c) {
  return one_of(c, U")\";}]*:@'({[!?");
}

using Text = std::vector<Character>;

// The size of "--", "..." or ". . ." at a place of the line [i, end), or 0.
size_t run_of_marks(const Text& text, size_t i, size_t end) {
  for (const char32_t mark : {U'-', U'.'}) {
    size_t run = i;
    while (run < end && text[run].code == mark) ++run;
    if (run - i >= 2) return run - i;
  }
  size_t last = i;  // the last full stop of ". . ."
  while (last + 2 < end && text[last].code == '.' && is_space(text[last + 1].code) &&
         text[last + 2].code == '.') {
    last += 2;
  }
  return last >= i + 4 ? last + 1 - i : 0;
}

bool ends_token(const Text& text, size_t i, size_t end) {
  return i >= end || is_space(text[i].code) || is_non_word(text[i].code) ||
         run_of_marks(text, i, end) > 0;
}

// The size of the token at a place of the line [i, end) that is no white space.
size_t token_size(const Text& text, size_t i, size_t end) {
  if (const size_t run = run_of_marks(text, i, end); run > 0) return run;
  if (one_of(text[i].code, U"(\"`{[:;&#*@)}]-,")) return 1;
  size_t next = i + 1;
  while (!ends_token(text, next, end) &&
         !(text[next].code == ',' && ends_token(text, next + 1, end))) {
    ++next;
  }
  return next - i;
}

// ^-?[.,]?\d[\d,.-]*\.?$
bool is_number(const std::vector<Character>& token) {
  size_t i = 0;
  if (i < token.size() && token[i].code == '-') ++i;
  if (i < token.size() && one_of(token[i].code, U".,")) ++i;
  if (i >= token.size() || !is_decimal(token[i].code)) return false;
  return std::all_of(
      token.begin() + static_cast<std::ptrdiff_t>(i), token.end(),
      [](const Character& c) { return is_decimal(c.code) || one_of(c.code, U",.-"); });
}

struct Token {
  std::string text;
  std::string type;  // lower case, "##number##" for numbers
  bool first_upper = false, first_lower = false;
  bool initial = false;  // a letter and a full stop
  bool ends_sentence = false, abbreviation = false, ellipsis = false;

  std::string type_without_period() const {
    return type.size() > 1 && type.ends_with('.') ? type.substr(0, type.size() - 1) : type;
  }
  std::string type_without_sentence_period() const {
    return ends_sentence ? type_without_period() : type;
  }
};

enum class Starts { kNo, kYes, kUnknown };

class Context {
 public:
  explicit Context(const PunktParameters& parameters) : parameters_(parameters) {}

  // Does a token other than the last end a sentence?
  bool breaks(std::string_view context) {
    tokens_.clear();
    const Text text = decode(context);
    for (size_t begin = 0; begin < text.size();) {
      size_t end = begin;
      while (end < text.size() && text[end].code != '\n') ++end;
      for (size_t i = begin; i < end;) {
        if (is_space(text[i].code)) {
          ++i;
          continue;
        }
        const size_t size = token_size(text, i, end);
        const Span bytes{text[i].bytes.begin, text[i + size - 1].bytes.end};
        tokens_.push_back(first_pass(context.substr(bytes.begin, bytes.end - bytes.begin)));
        i += size;
      }
      begin = end + 1;
    }
    for (size_t i = 0; i + 1 < tokens_.size(); ++i) {
      second_pass(tokens_[i], tokens_[i + 1]);
      if (tokens_[i].ends_sentence) return true;
    }
    return false;
  }

 private:
  Token first_pass(std::string_view text) const {
    const Text characters = decode(text);
    Token token;
    token.text = text;
    token.type = is_number(characters) ? "##number##" : lower(text);
    token.first_upper = is_upper(characters[0].code);
    token.first_lower = is_lower(characters[0].code);
    const bool period = text.ends_with('.');
    token.initial = period && characters.size() == 2 && is_word(characters[0].code) &&
                    !is_decimal(characters[0].code);
    if (text == "." || text == "?" || text == "!") {
      token.ends_sentence = true;
    } else if (text.find_first_not_of('.') == std::string_view::npos) {
      token.ellipsis = true;
    } else if (period && !text.ends_with("..")) {
      const std::string word = lower(text.substr(0, text.size() - 1));
      // find() + 1 is 0 without a hyphen.
      token.abbreviation = parameters_.abbreviations.contains(word) ||
                           parameters_.abbreviations.contains(word.substr(word.rfind('-') + 1));
      token.ends_sentence = !token.abbreviation;
    }
    return token;
  }

  // `next` is as the first pass left it.
  void second_pass(Token& token, const Token& next) const {
    if (!token.text.ends_with('.')) return;
    const std::string type = token.type_without_period();
    const std::string next_type = next.type_without_sentence_period();
    if (parameters_.collocations.contains(type + "\t" + next_type)) {
      token.ends_sentence = false;
      return;
    }
    const Starts starts = starts_sentence(next, next_type);
    if ((token.abbreviation || token.ellipsis) && !token.initial) {
      if (starts == Starts::kYes ||
          (next.first_upper && parameters_.sentence_starters.contains(next_type))) {
        token.ends_sentence = true;
        return;
      }
    }
    if (!token.initial && type != "##number##") return;
    const bool name_follows = starts == Starts::kUnknown && token.initial && next.first_upper &&
                              (flags_of(next_type) & kLower) == 0;
    if (starts == Starts::kNo || name_follows) token.ends_sentence = false;
  }

  Starts starts_sentence(const Token& token, const std::string& type) const {
    if (token.text.size() == 1 &&
        std::string_view(";:,.!?").find(token.text[0]) != std::string::npos)
      return Starts::kNo;
    const uint32_t flags = flags_of(type);
    if (token.first_upper && (flags & kLower) != 0 && (flags & kMiddleUpper) == 0)
      return Starts::kYes;
    if (token.first_lower && ((flags & kUpper) != 0 || (flags & kFirstLower) == 0))
      return Starts::kNo;
    return Starts::kUnknown;
  }

  uint32_t flags_of(const std::string& type) const {
    const auto it = parameters_.orthography.find(type);
    return it == parameters_.orthography.end() ? 0 : it->second;
  }

  const PunktParameters& parameters_;
  std::vector<Token> tokens_;
};

// A mark that may end a sentence. Places are indices of characters.
struct Candidate {
  size_t slice_begin = 0;  // of the word before the mark
  size_t mark = 0;
  size_t context_end = 0;
  std::optional<size_t> next_token;  // where it begins, when white space follows the mark
};

bool is_ascii_space(char32_t c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// Candidates whose word does not run into that of the next one: of "!!!" only the last counts.
std::vector<Candidate> find_candidates(const Text& text) {
  std::vector<Candidate> found;
  Candidate previous;
  bool has_previous = false;
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    if (!is_mark(text[i].code)) continue;
    Candidate candidate;
    candidate.mark = i;
    if (is_non_word(text[i + 1].code)) {
      candidate.context_end = i + 2;
    } else {
      size_t next = i + 1;
      while (next < text.size() && is_space(text[next].code)) ++next;
      if (next == i + 1 || next == text.size()) continue;
      candidate.next_token = next;
      while (next < text.size() && !is_space(text[next].code)) ++next;
      candidate.context_end = next;
    }
    // The word begins after the last white space since the previous mark; white space directly at
    // that mark does not count (NLTK takes its index, 0, for "none").
    candidate.slice_begin = previous.slice_begin;
    for (size_t k = i; k > previous.mark + 1; --k) {
      if (is_ascii_space(text[k - 1].code)) {
        candidate.slice_begin = k;
        break;
      }
    }
    if (has_previous && previous.mark <= candidate.slice_begin) found.push_back(previous);
    previous = candidate;
    has_previous = true;
  }
  if (has_previous) found.push_back(previous);
  return found;
}

std::string_view slice(std::string_view text, Span span) {
  return text.substr(span.begin, span.end - span.begin);
}

// ["')\]}]+? followed by white space, "--" or the end of a line: bytes that belong to the sentence
// before, and where the sentence then begins, both counted from `sentence`. {0, 0}: none.
Span realignment(std::string_view sentence) {
  size_t closing = 0;
  while (closing < sentence.size() &&
         std::string_view("\"')]}").find(sentence[closing]) != std::string_view::npos) {
    ++closing;
  }
  if (closing == 0) return {};
  const std::string_view rest = sentence.substr(closing);
  if (rest.starts_with("--")) return {closing, closing};
  size_t after = closing;
  while (after < sentence.size()) {
    const Character c = decode_first(sentence.substr(after));
    if (!is_space(c.code)) break;
    after += c.bytes.end;
  }
  if (after == closing && !rest.empty()) return {};
  return {closing, after};
}

}  // namespace

std::vector<Span> SentenceSplitter::split(std::string_view text) const {
  const Text characters = decode(text);
  Context context(parameters_);
  const auto byte_of = [&](size_t i) {
    return i < characters.size() ? characters[i].bytes.begin : text.size();
  };
  std::vector<Span> spans;
  size_t begin = 0;
  for (const Candidate& candidate : find_candidates(characters)) {
    const size_t end = byte_of(candidate.mark + 1);
    if (!context.breaks(
            slice(text, {byte_of(candidate.slice_begin), byte_of(candidate.context_end)})))
      continue;
    spans.push_back({begin, end});
    begin = candidate.next_token ? byte_of(*candidate.next_token) : end;
  }
  size_t text_end = characters.size();
  while (text_end > 0 && is_space(characters[text_end - 1].code)) --text_end;
  spans.push_back({begin, std::max(begin, byte_of(text_end))});

  std::vector<Span> sentences;
  size_t realigned = 0;
  for (size_t i = 0; i < spans.size(); ++i) {
    const Span span{spans[i].begin + realigned, spans[i].end};
    realigned = 0;
    if (i + 1 < spans.size()) {
      const Span closing = realignment(slice(text, spans[i + 1]));
      if (closing.begin > 0) {
        sentences.push_back({span.begin, spans[i + 1].begin + closing.begin});
        realigned = closing.end;
        continue;
      }
    }
    if (span.begin < span.end) sentences.push_back(span);
  }
  return sentences;
}

}  // namespace vigor::language
