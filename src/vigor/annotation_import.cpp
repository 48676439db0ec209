#include "vigor/annotation_import.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "vigor/import_parts.h"

namespace vigor {
namespace {

using language::Span;

// Words of at least three letters, lower case, without a plural's "s": what ties a fact to the
// sentence that it was taken from.
std::set<std::string> content_words(std::string_view text) {
  static const std::set<std::string> kCommon{
      "the", "there", "are",  "and",  "with", "has", "have", "was",   "were",  "this", "that",
      "its", "for",   "from", "into", "some", "his", "her",  "their", "which", "being"};
  std::set<std::string> out;
  std::string word;
  const auto end_word = [&] {
    if (word.size() > 3 && word.back() == 's') word.pop_back();
    if (word.size() >= 3 && kCommon.count(word) == 0) out.insert(word);
    word.clear();
  };
  for (const char c : text) {
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else {
      end_word();
    }
  }
  end_word();
  return out;
}

// Index of the sentence that shares most words with the fact (the first of equals); -1: none.
int64_t sentence_of(const std::string& fact, const std::vector<std::set<std::string>>& sentences) {
  const std::set<std::string> words = content_words(fact);
  int64_t best = -1;
  size_t most = 0;
  for (size_t i = 0; i < sentences.size(); ++i) {
    size_t shared = 0;
    for (const std::string& word : words) shared += sentences[i].count(word);
    if (shared > most) {
      most = shared;
      best = static_cast<int64_t>(i);
    }
  }
  return best;
}

// Byte of each code point, and the end; bytes that are no UTF-8 count one each.
std::vector<size_t> character_bytes(std::string_view text) {
  std::vector<size_t> at;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) at.push_back(i);
  }
  at.push_back(text.size());
  return at;
}

struct MhalLabel {
  std::string_view name;
  SentenceLabel label;
  std::optional<bool> creative;
};
constexpr MhalLabel kMhalLabels[] = {{"ACCURATE", SentenceLabel::kCorrect, std::nullopt},
                                     {"INACCURATE", SentenceLabel::kWrong, std::nullopt},
                                     {"ANALYSIS", SentenceLabel::kCorrect, true},
                                     {"UNSURE", SentenceLabel::kUnjudged, std::nullopt}};

// Where the segment lies in the caption, from `earliest` on; an empty span when nowhere.
Span segment_span(const Json& segment, const std::string& caption,
                  const std::vector<size_t>& characters, size_t earliest) {
  const std::string text = text_of(segment, "text");
  const auto number = [&](const char* key) -> std::optional<uint64_t> {
    const auto found = segment.find(key);
    if (found == segment.end() || !found->is_number_unsigned()) return std::nullopt;
    return found->get<uint64_t>();
  };
  const auto start = number("start"), end = number("end");
  if (start && end && *start < *end && *end < characters.size()) {
    const Span span{characters[*start], characters[*end]};
    const bool same = text.empty() || caption.compare(span.begin, span.end - span.begin, text) == 0;
    if (same && span.begin >= earliest) return span;
  }
  if (text.empty()) return {};
  const size_t found = caption.find(text, earliest);
  return found == std::string::npos ? Span{} : Span{found, found + text.size()};
}

CaptionAnnotation mhal_annotation(const Json& row, const std::string& here, ImportResult& result) {
  CaptionAnnotation one;
  one.source = "m-haldetect";
  one.image = text_of(row, "image");
  if (one.image.empty()) one.image = text_of(row, "image_id");
  one.caption = text_of(row, "response");
  if (one.caption.empty()) one.caption = text_of(row, "caption");
  one.prompt = text_of(row, "question");
  const auto characters = character_bytes(one.caption);
  const auto segments = row.find("annotations");
  if (segments == row.end() || !segments->is_array()) return one;
  size_t earliest = 0;
  for (const Json& segment : *segments) {
    if (!segment.is_object()) {
      leave_out(result, "segment that is no object", here);
      continue;
    }
    const std::string name = text_of(segment, "label");
    const auto* label = std::find_if(std::begin(kMhalLabels), std::end(kMhalLabels),
                                     [&](const MhalLabel& l) { return l.name == name; });
    if (label == std::end(kMhalLabels)) {
      leave_out(result, "unknown label of a segment", here + ": '" + name + "'");
      continue;
    }
    const Span span = segment_span(segment, one.caption, characters, earliest);
    if (span.begin == span.end) {
      leave_out(result, "segment that is not in its response",
                here + ": '" + text_of(segment, "text") + "'");
      continue;
    }
    earliest = span.end;
    one.sentences.push_back({span, label->label, {}, label->creative});
  }
  return one;
}

}  // namespace

ImportResult import_faithscore(std::string_view text, const std::string& where,
                               const language::SentenceSplitter& splitter) {
  ImportResult out;
  ImportedSamples samples;
  for_each_jsonl(text, where, [&](size_t line, Json&& row) {
    const std::string here = where + ":" + std::to_string(line);
    const auto facts = row.is_object() ? row.find("stage 2") : row.end();
    const std::string id = row.is_object() ? text_of(row, "id") : "";
    CaptionAnnotation one;
    one.source = "faithscore";
    one.caption = row.is_object() ? text_of(row, "answer") : "";
    if (id.empty() || one.caption.empty() || facts == row.end() || !facts->is_object()) {
      leave_out(out, "row without id, answer and stage 2", here);
      return;
    }
    one.image = "COCO_val2014_" + id + ".jpg";
    one.sample = samples.next(one.image);
    std::vector<std::set<std::string>> words;
    for (const Span& span : splitter.split(one.caption)) {
      one.sentences.push_back({span, SentenceLabel::kUnjudged, {}, std::nullopt});
      words.push_back(
          content_words(std::string_view(one.caption).substr(span.begin, span.end - span.begin)));
    }
    for (const auto& [fact, value] : facts->items()) {
      if (!value.is_number_integer() || (value != 0 && value != 1)) {
        leave_out(out, "fact that is neither 0 nor 1", here + ": '" + fact + "'");
        continue;
      }
      const int64_t at = sentence_of(fact, words);
      if (at < 0) {
        leave_out(out, "fact that shares no word with a sentence", here + ": '" + fact + "'");
        continue;
      }
      SentenceLabel& label = one.sentences[static_cast<size_t>(at)].label;
      if (value == 0) {
        label = SentenceLabel::kWrong;
      } else if (label == SentenceLabel::kUnjudged) {
        label = SentenceLabel::kCorrect;
      }
    }
    out.annotations.push_back(std::move(one));
  });
  return out;
}

ImportResult import_mhaldetect(std::string_view text, const std::string& where) {
  ImportResult out;
  ImportedSamples samples;
  for (const JsonRow& row : parse_json_rows(text, where)) {
    const std::string here = where + ":" + std::to_string(row.line);
    if (!row.value.is_object()) {
      leave_out(out, "row that is no object", here);
      continue;
    }
    CaptionAnnotation one = mhal_annotation(row.value, here, out);
    if (one.image.empty() || one.caption.empty()) {
      leave_out(out, "row without image and response", here);
      continue;
    }
    if (one.sentences.empty()) {
      leave_out(out, "row without a segment that can be used", here);
      continue;
    }
    one.sample = samples.next(one.image);
    out.annotations.push_back(std::move(one));
  }
  return out;
}

}  // namespace vigor
