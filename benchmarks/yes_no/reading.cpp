#include "benchmarks/yes_no/reading.h"

#include <algorithm>

namespace vigor::yes_no {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool has_comma_between_digits(std::string_view text) {
  for (size_t i = 0; i + 2 < text.size(); ++i) {
    if (is_digit(text[i]) && text[i + 1] == ',' && is_digit(text[i + 2])) return true;
  }
  return false;
}

// The punctuation rule of VQA's evaluation, which VLMEvalKit applies first: a mark that touches a
// space anywhere in the text is deleted everywhere, another becomes a space; with a comma between
// digits every mark is deleted. The first 32 full stops that no digit follows are deleted (its call
// gives re.UNICODE, 32, in the place of the count).
std::string strip_vqa_punctuation(const std::string& text) {
  std::string result = text;
  const bool delete_all = has_comma_between_digits(text);
  for (const char mark : std::string_view(";/[]\"{}()=+\\_-><@`,?!")) {
    const bool touches_space = text.find(std::string{mark, ' '}) != std::string::npos ||
                               text.find(std::string{' ', mark}) != std::string::npos;
    if (delete_all || touches_space) {
      std::erase(result, mark);
    } else {
      std::replace(result.begin(), result.end(), mark, ' ');
    }
  }
  std::string without_stops;
  int deleted = 0;
  for (size_t i = 0; i < result.size(); ++i) {
    const bool before_digit = i + 1 < result.size() && is_digit(result[i + 1]);
    if (result[i] == '.' && !before_digit && deleted < 32) {
      ++deleted;
    } else {
      without_stops += result[i];
    }
  }
  return without_stops;
}

// Bytes of a separator at the start: white space, ASCII punctuation but for what joins words (' -
// _), quotation marks and CJK punctuation in UTF-8. Other bytes belong to words: "noé" is not "no".
size_t separator_length(std::string_view text) {
  if (const size_t space = space_length(text)) return space;
  if (std::string_view("!\"#$%&()*+,./:;<=>?@[\\]^`{|}~").find(text[0]) != std::string_view::npos) {
    return 1;
  }
  for (const std::string_view mark : {"“", "”", "‘", "«", "»", "„", "–", "—", "…", "。", "，", "！",
                                      "？", "：", "、", "「", "」"}) {
    if (text.starts_with(mark)) return mark.size();
  }
  return 0;
}

// At most the first four words, lower-cased, without joining marks at their ends.
std::vector<std::string> first_words(std::string_view answer) {
  std::vector<std::string> words;
  std::string word;
  const auto end_word = [&] {
    const size_t begin = word.find_first_not_of("'-_");
    if (begin != std::string::npos) {
      words.push_back(lower_ascii(word.substr(begin, word.find_last_not_of("'-_") - begin + 1)));
    }
    word.clear();
  };
  while (!answer.empty() && words.size() < 4) {
    if (const size_t separator = separator_length(answer)) {
      end_word();
      answer.remove_prefix(separator);
    } else {
      word += answer[0];
      answer.remove_prefix(1);
    }
  }
  end_word();
  return words;
}

}  // namespace

size_t space_length(std::string_view text) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const unsigned first = byte(0);
  if ((first >= 0x09 && first <= 0x0D) || (first >= 0x1C && first <= 0x20)) return 1;
  if (first == 0xC2 && (byte(1) == 0x85 || byte(1) == 0xA0)) return 2;
  if (first == 0xE1 && byte(1) == 0x9A && byte(2) == 0x80) return 3;  // U+1680
  if (first == 0xE2 && byte(1) == 0x80) {
    const unsigned third = byte(2);
    if ((third >= 0x80 && third <= 0x8A) || third == 0xA8 || third == 0xA9 || third == 0xAF)
      return 3;
  }
  if (first == 0xE2 && byte(1) == 0x81 && byte(2) == 0x9F) return 3;  // U+205F
  if (first == 0xE3 && byte(1) == 0x80 && byte(2) == 0x80) return 3;  // U+3000
  return 0;
}

std::string lower_ascii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::vector<std::string> split_at_spaces(std::string_view text) {
  std::vector<std::string> words(1);
  while (!text.empty()) {
    const size_t space = space_length(text);
    if (space == 0) {
      words.back() += text[0];
      text.remove_prefix(1);
    } else {
      if (!words.back().empty()) words.emplace_back();
      text.remove_prefix(space);
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

std::string_view trimmed(std::string_view text) {
  while (const size_t space = space_length(text)) text.remove_prefix(space);
  size_t end = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t space = space_length(text.substr(at));
    at += space == 0 ? 1 : space;
    if (space == 0) end = at;
  }
  return text.substr(0, end);
}

Decision read_vlmeval(std::string_view answer) {
  const std::vector<std::string> words =
      split_at_spaces(strip_vqa_punctuation(lower_ascii(answer)));
  const bool yes = std::find(words.begin(), words.end(), "yes") != words.end();
  const bool no = std::find(words.begin(), words.end(), "no") != words.end();
  return yes == no ? Decision::kNone : yes ? Decision::kYes : Decision::kNo;
}

Decision read_strict(std::string_view answer) {
  const std::vector<std::string> words = first_words(answer);
  if (words.empty() || (words[0] != "yes" && words[0] != "no")) return Decision::kNone;
  // "yes no", "yes/no", "yes and no", "no, or yes": taken back at once.
  const std::string opposite = words[0] == "yes" ? "no" : "yes";
  const bool joined =
      words.size() > 2 && (words[1] == "and" || words[1] == "or" || words[1] == "but");
  const size_t next = joined ? 2 : 1;
  if (words.size() > next && words[next] == opposite) return Decision::kNone;
  return words[0] == "yes" ? Decision::kYes : Decision::kNo;
}

}  // namespace vigor::yes_no
