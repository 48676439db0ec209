#include "vigor/refine.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/error.h"

namespace vigor {
namespace {

using language::Span;

void check_spans(std::string_view caption, std::span<const Span> spans, const char* what) {
  for (const Span& span : spans) {
    if (span.begin > span.end || span.end > caption.size()) {
      throw Error({.what = std::string(what) + " of bytes " + std::to_string(span.begin) + " to " +
                           std::to_string(span.end) + " lies outside its caption of " +
                           std::to_string(caption.size()) + " bytes",
                   .cause = "the scores belong to other captions"});
    }
  }
}

}  // namespace

bool refers_back(std::string_view sentence) {
  static constexpr std::array<std::string_view, 20> kWords{
      "it",  "its",  "they", "them",  "their", "theirs", "he",   "his",  "him",     "she",
      "her", "hers", "this", "these", "that",  "those",  "both", "each", "another", "such"};
  static constexpr std::array<std::string_view, 6> kStarts{
      "the other", "the others", "the latter", "one of them", "some of them", "in addition to it"};
  std::string head;
  for (const char c : sentence.substr(0, 40)) {
    head += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  while (!head.empty() && std::isalpha(static_cast<unsigned char>(head[0])) == 0) head.erase(0, 1);
  const auto starts = [&](std::string_view word) {
    return head.starts_with(word) &&
           (head.size() == word.size() ||
            std::isalpha(static_cast<unsigned char>(head[word.size()])) == 0);
  };
  return std::any_of(kWords.begin(), kWords.end(), starts) ||
         std::any_of(kStarts.begin(), kStarts.end(), starts);
}

RefinedCaption refine_caption(std::string_view caption, std::span<const Span> sentences,
                              std::span<const Span> absent) {
  check_spans(caption, sentences, "a sentence");
  check_spans(caption, absent, "a noun phrase");
  RefinedCaption out;
  out.sentences = sentences.size();
  size_t end_before = 0;  // where the sentence before ended, kept or not
  bool removed_before = false;
  for (size_t i = 0; i < sentences.size(); ++i) {
    const Span& sentence = sentences[i];
    if (sentence.begin < end_before) {
      throw Error({.what = "sentences of a caption overlap or are out of order"});
    }
    const bool hit = std::any_of(absent.begin(), absent.end(), [&](const Span& noun) {
      return noun.begin < sentence.end && noun.end > sentence.begin;
    });
    if (hit) {
      out.removed.push_back(i);
      removed_before = true;
    } else {
      const std::string_view text = caption.substr(sentence.begin, sentence.end - sentence.begin);
      if (!out.text.empty()) out.text += caption.substr(end_before, sentence.begin - end_before);
      out.text += text;
      if (removed_before && refers_back(text)) out.dangling.push_back(i);
      removed_before = false;
    }
    end_before = sentence.end;
  }
  return out;
}

}  // namespace vigor
