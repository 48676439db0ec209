#include "text/wordpiece.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include "base/error.h"
#include "base/files.h"
#include "text/tokenizer.h"

namespace vigor {
namespace {

// A longer word is [UNK]; counted in characters.
constexpr int kLongestWord = 100;

bool is_ideograph(UChar32 c) {
  // The blocks that BERT names: CJK unified ideographs, extensions A to E, compatibility.
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B73F) ||
         (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B820 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

bool is_punctuation(UChar32 c) {
  // Every ASCII character that is no letter, digit or space counts, "$" and "^" too.
  if (c < 128) return c > 32 && c < 127 && !u_isalnum(c);
  return (U_GET_GC_MASK(c) & U_GC_P_MASK) != 0;
}

bool separates_pieces(UChar32 c) {
  return c == '\t' || c == '\n' || c == '\r' || u_charType(c) == U_SPACE_SEPARATOR;
}

// Python's str.split() separates at more than the spaces above (U+2028).
bool separates_words(UChar32 c) {
  return u_isUWhiteSpace(c);
}

icu::UnicodeString normalize(const icu::Normalizer2* form, const icu::UnicodeString& text) {
  UErrorCode status = U_ZERO_ERROR;
  icu::UnicodeString result = form->normalize(text, status);
  return U_FAILURE(status) ? text : result;
}

// Words of one stretch of text without special tokens: cleaned, lower case, no accents, each
// punctuation mark and ideograph a word of its own.
std::vector<std::string> basic_words(const std::string& text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* composed = icu::Normalizer2::getNFCInstance(status);
  const icu::Normalizer2* decomposed = icu::Normalizer2::getNFDInstance(status);
  if (U_FAILURE(status)) {
    throw Error({.what = "ICU has no normalization data",
                 .where = "",
                 .cause = "",
                 .fix = "reinstall the package libicu72"});
  }
  icu::UnicodeString clean;
  const icu::UnicodeString raw = icu::UnicodeString::fromUTF8(text);
  for (int32_t i = 0; i < raw.length(); i = raw.moveIndex32(i, 1)) {
    const UChar32 c = raw.char32At(i);
    if (separates_pieces(c)) {
      clean.append(UChar(' '));
    } else if (c == 0xFFFD || (U_GET_GC_MASK(c) & U_GC_C_MASK) != 0) {
      continue;
    } else if (is_ideograph(c)) {
      clean.append(UChar(' ')).append(c).append(UChar(' '));
    } else {
      // Lower case before composing, as the reference does, one character at a time.
      clean.append(u_tolower(c));
    }
  }
  const icu::UnicodeString bare = normalize(decomposed, normalize(composed, clean));
  std::vector<std::string> words;
  icu::UnicodeString word;
  const auto end_word = [&] {
    if (word.isEmpty()) return;
    words.emplace_back();
    word.toUTF8String(words.back());
    word.remove();
  };
  for (int32_t i = 0; i < bare.length(); i = bare.moveIndex32(i, 1)) {
    const UChar32 c = bare.char32At(i);
    if (u_charType(c) == U_NON_SPACING_MARK) continue;
    if (separates_words(c)) {
      end_word();
    } else if (is_punctuation(c)) {
      end_word();
      word.append(c);
      end_word();
    } else {
      word.append(u_tolower(c));
    }
  }
  end_word();
  return words;
}

}  // namespace

WordPieceTokenizer WordPieceTokenizer::load(const std::filesystem::path& vocab) {
  return WordPieceTokenizer(read_file(vocab), vocab.string());
}

WordPieceTokenizer::WordPieceTokenizer(std::string_view text, const std::string& where) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    ids_.insert_or_assign(std::string(line), static_cast<int>(tokens_.size()));
    tokens_.emplace_back(line);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  std::vector<AddedToken> special;
  const auto require = [&](const std::string& token) {
    const auto found = ids_.find(token);
    if (found == ids_.end()) {
      throw Error({.what = "the vocabulary has no line '" + token + "'",
                   .where = where,
                   .cause = "the file is cut off or not a BERT vocabulary",
                   .fix = ""});
    }
    special.push_back({.content = token, .id = found->second, .special = true});
    return found->second;
  };
  pad_ = require("[PAD]");
  unk_ = require("[UNK]");
  cls_ = require("[CLS]");
  sep_ = require("[SEP]");
  mask_ = require("[MASK]");
  special_ = AddedTokens(std::move(special));
}

void WordPieceTokenizer::encode_word(std::string_view word, std::vector<int>& ids) const {
  int characters = 0;
  for (const char byte : word) characters += (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
  const size_t before = ids.size();
  std::string piece;
  for (size_t start = 0; start < word.size();) {
    int found = -1;
    size_t end = word.size();
    for (; end > start && characters <= kLongestWord; --end) {
      piece.assign(start > 0 ? "##" : "").append(word.substr(start, end - start));
      // A cut inside of a character is in no vocabulary.
      if (const auto it = ids_.find(piece); it != ids_.end()) {
        found = it->second;
        break;
      }
    }
    if (found < 0) {
      ids.resize(before);
      ids.push_back(unk_);
      return;
    }
    ids.push_back(found);
    start = end;
  }
}

std::vector<int> WordPieceTokenizer::encode(std::string_view text) const {
  std::vector<int> ids = {cls_};
  for (const AddedTokens::Segment& segment : special_.split(text)) {
    if (segment.token != nullptr) {
      ids.push_back(segment.token->id);
      continue;
    }
    for (const std::string& word : basic_words(segment.text)) encode_word(word, ids);
  }
  ids.push_back(sep_);
  return ids;
}

std::string WordPieceTokenizer::decode(std::span<const int> ids, bool skip_special) const {
  std::string text;
  bool first = true;
  for (const int id : ids) {
    if (id < 0 || id >= vocab_size()) continue;
    if (skip_special && special_.find(id) != nullptr) continue;
    std::string_view token = tokens_[static_cast<size_t>(id)];
    if (!first && token.starts_with("##")) {
      token.remove_prefix(2);
    } else if (!first) {
      text += ' ';
    }
    text += token;
    first = false;
  }
  return clean_up_spaces(std::move(text));
}

std::string WordPieceTokenizer::id_to_token(int id) const {
  return id >= 0 && id < vocab_size() ? tokens_[static_cast<size_t>(id)] : "";
}

}  // namespace vigor
