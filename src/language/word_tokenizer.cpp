// NLTK describes its tokenizer as a list of regular expressions that rewrite the sentence one after
// another; each rewrite() below is one of them, in the same order. Characters carry the bytes they
// came from, so that spans need no alignment afterwards.
#include "language/word_tokenizer.h"

#include <array>
#include <bitset>

#include "language/unicode.h"

namespace vigor::language {
namespace {

struct Mark {
  char32_t code = 0;
  Span bytes;             // empty for an inserted space
  bool replaced = false;  // half of a quotation mark that stands for others
};

// Letters that Python's case-insensitive matching takes for ASCII ones.
char32_t folded(char32_t c) {
  if (c >= 'A' && c <= 'Z') return c - 'A' + 'a';
  if (c == 0x17F) return 's';
  if (c == 0x130 || c == 0x131) return 'i';
  if (c == 0x212A) return 'k';
  return c;
}

bool stands_in(char32_t c, std::u32string_view set) {
  return set.find(c) != std::u32string_view::npos;
}

class Rewriter {
 public:
  explicit Rewriter(std::string_view sentence) : sentence_(sentence) {
    text_.reserve(sentence.size() + 32);
    for (const Character& c : decode(sentence)) {
      text_.push_back({c.code, c.bytes});
      note(c.code);
    }
    next_.reserve(text_.capacity());
  }

  std::vector<Word> run() {
    starting_quotes();
    punctuation();
    if (has_any(U"[](){}<>")) pad_each(U"[](){}<>");
    if (has('-')) {
      rewrite([&](size_t i) { return is(i, U"--") ? pad(i, 2) : 0; });
    }
    text_.insert(text_.begin(), Mark{' ', {}});
    text_.push_back(Mark{' ', {}});
    ending_quotes();
    contractions();
    return words();
  }

 private:
  // --- matching at a place of text_ ---
  char32_t at(size_t i) const { return i < text_.size() ? text_[i].code : 0; }
  bool is(size_t i, std::u32string_view literal) const {
    if (i + literal.size() > text_.size()) return false;
    for (size_t k = 0; k < literal.size(); ++k) {
      if (text_[i + k].code != literal[k]) return false;
    }
    return true;
  }
  bool is_folded(size_t i, std::u32string_view literal) const {
    if (i + literal.size() > text_.size()) return false;
    for (size_t k = 0; k < literal.size(); ++k) {
      if (folded(text_[i + k].code) != literal[k]) return false;
    }
    return true;
  }
  bool word_at(size_t i) const { return i < text_.size() && is_word(text_[i].code); }
  bool boundary(size_t i) const { return (i > 0 && word_at(i - 1)) != word_at(i); }
  size_t run_of(size_t i, char32_t c) const {
    size_t end = i;
    while (end < text_.size() && text_[end].code == c) ++end;
    return end - i;
  }
  // $ without MULTILINE: the end, or before a final line feed.
  bool at_end(size_t i) const {
    return i == text_.size() || (i + 1 == text_.size() && text_[i].code == '\n');
  }

  // --- writing next_ ---
  void space() { next_.push_back({' ', {}}); }
  void copy(size_t i, size_t count) {
    next_.insert(next_.end(), text_.begin() + static_cast<std::ptrdiff_t>(i),
                 text_.begin() + static_cast<std::ptrdiff_t>(i + count));
  }
  size_t pad(size_t i, size_t count) {
    space();
    copy(i, count);
    space();
    return count;
  }
  // A quotation mark of two characters in place of text_[i, i + count).
  void quote(char32_t half, size_t i, size_t count) {
    const Span bytes{text_[i].bytes.begin, text_[i + count - 1].bytes.end};
    next_.insert(next_.end(), 2, Mark{half, bytes, true});
    note(half);
  }

  // Calls rule(i) from left to right. A rule that matches writes next_ and returns how many marks
  // it consumed; 0 leaves the mark as it is.
  template <typename Rule>
  void rewrite(const Rule& rule) {
    next_.clear();
    for (size_t i = 0; i < text_.size();) {
      const size_t used = rule(i);
      if (used == 0) {
        next_.push_back(text_[i++]);
      } else {
        i += used;
      }
    }
    text_.swap(next_);
  }
  void pad_each(std::u32string_view set) {
    rewrite([&](size_t i) { return stands_in(at(i), set) ? pad(i, 1) : 0; });
  }

  // Which characters occur, so that rules without a chance are not tried.
  void note(char32_t c) { seen_.set(c < 0x80 ? c : 0); }
  bool has(char c) const { return seen_.test(static_cast<unsigned char>(c)); }
  bool has_any(std::u32string_view set) const {
    for (const char32_t c : set) {
      if (seen_.test(c < 0x80 ? c : 0)) return true;
    }
    return false;
  }

  void starting_quotes() {
    if (has_any(U"«“‘„`")) {
      rewrite([&](size_t i) -> size_t {
        if (stands_in(at(i), U"«“‘„")) return pad(i, 1);
        const size_t ticks = run_of(i, '`');
        return ticks > 0 ? pad(i, ticks) : 0;
      });
    }
    if (at(0) == '"') {
      rewrite([&](size_t i) -> size_t {
        if (i > 0) return 0;
        quote('`', i, 1);
        return 1;
      });
    }
    if (has('`')) {
      rewrite([&](size_t i) { return is(i, U"``") ? pad(i, 2) : 0; });
    }
    if (has_any(U"\"'")) {
      rewrite([&](size_t i) -> size_t {
        if (!stands_in(at(i), U" ([{<")) return 0;
        const size_t quotes = at(i + 1) == '"' ? 1 : is(i + 1, U"''") ? 2 : 0;
        if (quotes == 0) return 0;
        copy(i, 1);
        space();
        quote('`', i + 1, quotes);
        space();
        return 1 + quotes;
      });
    }
    if (has('\'')) {
      rewrite([&](size_t i) -> size_t {
        if (at(i) != '\'' || !word_at(i + 1) || word_at(i + 2)) return 0;
        // "re", "ve" and "ll" cannot be here: a single word character follows.
        if (stands_in(folded(at(i + 1)), U"mtsdn")) return 0;
        copy(i, 1);
        space();
        copy(i + 1, 1);
        return 2;
      });
    }
  }

  // The full stop that ends the sentence, with what may close after it.
  void final_period(std::u32string_view closing, bool space_before_closing) {
    if (!has('.')) return;
    rewrite([&](size_t i) -> size_t {
      if (at(i + 1) != '.' || at(i) == '.') return 0;
      size_t end = i + 2;
      while (end < text_.size() && stands_in(text_[end].code, closing)) ++end;
      size_t rest = end;
      while (rest < text_.size() && is_space(text_[rest].code)) ++rest;
      if (rest < text_.size()) return 0;
      copy(i, 1);
      space();
      copy(i + 1, 1);
      if (space_before_closing) space();
      copy(i + 2, end - i - 2);
      space();
      return rest - i;
    });
  }

  void punctuation() {
    final_period(U"])}>\"'»”’ ", true);
    if (has_any(U":,")) {
      rewrite([&](size_t i) -> size_t {
        if (!stands_in(at(i), U":,") || i + 1 >= text_.size() || is_decimal(at(i + 1))) return 0;
        pad(i, 1);
        copy(i + 1, 1);
        return 2;
      });
      rewrite([&](size_t i) { return stands_in(at(i), U":,") && at_end(i + 1) ? pad(i, 1) : 0; });
    }
    if (has('.')) {
      rewrite([&](size_t i) -> size_t {
        const size_t dots = run_of(i, '.');
        return dots >= 2 ? pad(i, dots) : 0;
      });
    }
    if (has_any(U";@#$%&")) pad_each(U";@#$%&");
    final_period(U"])}>\"'", false);
    if (has_any(U"?!")) pad_each(U"?!");
    if (has('\'')) {
      rewrite([&](size_t i) -> size_t {
        if (i + 2 >= text_.size() || at(i) == '\'' || !is(i + 1, U"' ")) return 0;
        copy(i, 1);
        pad(i + 1, 1);
        return 3;
      });
    }
    if (has('*')) pad_each(U"*");
  }

  // "([^' ])(CLITIC) " -> "\1 \2 "
  template <size_t N>
  void split_clitics(const std::array<std::u32string_view, N>& clitics) {
    rewrite([&](size_t i) -> size_t {
      if (at(i) == '\'' || at(i) == ' ') return 0;
      for (const std::u32string_view clitic : clitics) {
        if (!is(i + 1, clitic) || at(i + 1 + clitic.size()) != ' ') continue;
        copy(i, 1);
        pad(i + 1, clitic.size());
        return clitic.size() + 2;
      }
      return 0;
    });
  }

  void ending_quotes() {
    if (has_any(U"»”’")) pad_each(U"»”’");
    if (has('\'')) {
      rewrite([&](size_t i) { return is(i, U"''") ? pad(i, 2) : 0; });
    }
    if (has('"')) {
      rewrite([&](size_t i) -> size_t {
        if (at(i) != '"') return 0;
        space();
        quote('\'', i, 1);
        space();
        return 1;
      });
    }
    if (!has('\'')) return;
    split_clitics(
        std::array<std::u32string_view, 7>{U"'s", U"'S", U"'m", U"'M", U"'d", U"'D", U"'"});
    split_clitics(std::array<std::u32string_view, 8>{U"'ll", U"'LL", U"'re", U"'RE", U"'ve", U"'VE",
                                                     U"n't", U"N'T"});
  }

  void contractions() {
    struct Pair {
      std::u32string_view first, second;
    };
    static constexpr std::array<Pair, 8> kPairs{{{U"can", U"not"},
                                                 {U"d", U"'ye"},
                                                 {U"gim", U"me"},
                                                 {U"gon", U"na"},
                                                 {U"got", U"ta"},
                                                 {U"lem", U"me"},
                                                 {U"more", U"'n"},
                                                 {U"wan", U"na"}}};
    for (const Pair& pair : kPairs) {
      const bool wanna = pair.first == U"wan";
      if (pair.second[0] == '\'' && !has('\'')) continue;
      rewrite([&](size_t i) -> size_t {
        if (!is_folded(i, pair.first)) return 0;
        const size_t middle = i + pair.first.size();
        const size_t end = middle + pair.second.size();
        if (!is_folded(middle, pair.second) || !boundary(i)) return 0;
        if (wanna ? end >= text_.size() || !is_space(at(end)) : !boundary(end)) return 0;
        pad(i, pair.first.size());
        copy(middle, pair.second.size());
        space();
        return end - i;
      });
    }
    if (!has('\'')) return;
    for (const std::u32string_view verb : {U"is", U"was"}) {
      rewrite([&](size_t i) -> size_t {
        if (!is_folded(i, U" 't") || !is_folded(i + 3, verb) || !boundary(i + 3 + verb.size()))
          return 0;
        pad(i + 1, 2);
        copy(i + 3, verb.size());
        space();
        return 3 + verb.size();
      });
    }
  }

  std::vector<Word> words() const {
    std::vector<Word> words;
    for (size_t i = 0; i < text_.size();) {
      if (is_space(text_[i].code)) {
        ++i;
        continue;
      }
      size_t end = i;
      while (end < text_.size() && !is_space(text_[end].code)) ++end;
      const Span span{text_[i].bytes.begin, text_[end - 1].bytes.end};
      std::string_view text = sentence_.substr(span.begin, span.end - span.begin);
      if (text_[i].replaced) text = text_[i].code == '`' ? "``" : "''";
      words.push_back({text, span});
      i = end;
    }
    return words;
  }

  std::string_view sentence_;
  std::vector<Mark> text_, next_;
  std::bitset<128> seen_;  // bit 0: anything outside ASCII
};

}  // namespace

std::vector<Word> tokenize_words(std::string_view sentence) {
  return Rewriter(sentence).run();
}

}  // namespace vigor::language
