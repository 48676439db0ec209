#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include "vigor/import_parts.h"

namespace vigor {
namespace {

using Names = std::vector<std::string_view>;

// Names under which a key is known, lower case without blanks, '_' and '-'.
const Names kImageKeys = {"image",    "imageid", "imagename", "imagefile",
                          "filename", "cocoid",  "imgid"};
const Names kCaptionKeys = {"caption", "description", "response",      "text",      "paragraph",
                            "output",  "answer",      "generatedtext", "generation"};
const Names kPromptKeys = {"prompt", "question", "instruction", "query"};
const Names kAnnotatorKeys = {"annotator", "annotatorid", "worker", "workerid", "rater", "raterid"};
const Names kSentencesKeys = {"sentences",           "annotations",   "annotation",
                              "sentenceannotations", "judgments",     "judgements",
                              "sentencelabels",      "sentencelevel", "labels"};
const Names kDetailKeys = {"detail", "levelofdetail", "detaillevel", "detailedness", "details"};
const Names kMissingKeys = {"missing", "missingelements", "missingobjects", "missinginformation"};
const Names kSentenceTextKeys = {"sentence", "text", "sentencetext", "content"};
const Names kLabelKeys = {"label",    "correct",  "iscorrect", "accurate",   "isaccurate",
                          "accuracy", "judgment", "judgement", "correctness"};
const Names kErrorKeys = {"errors",       "error",      "errortypes", "errortype",
                          "inaccuracies", "inaccuracy", "errorkinds", "mistakes"};
const Names kCreativeKeys = {"creative", "creativity", "iscreative"};

std::string plain(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return out;
}

// The keys of one object, each taken once; what nobody took is counted.
class KnownKeys {
 public:
  KnownKeys(const Json& object, std::string where, std::string of)
      : object_(object), where_(std::move(where)), of_(std::move(of)) {}

  const Json* take(const Names& names) {
    for (const std::string_view name : names) {
      for (const auto& [key, value] : object_.items()) {
        if (plain(key) != name || !taken_.insert(key).second) continue;
        if (!value.is_null()) return &value;
      }
    }
    return nullptr;
  }
  std::string take_text(const Names& names, ImportResult& result) {
    const Json* value = take(names);
    if (value == nullptr) return "";
    if (value->is_string()) return value->get<std::string>();
    if (value->is_number_integer()) return value->dump();
    leave_out(result, of_ + " with a key '" + std::string(names.front()) + "' that is no text",
              where_ + ": " + dump_json(*value));
    return "";
  }
  void count_rest(ImportResult& result) const {
    for (const auto& [key, value] : object_.items()) {
      if (taken_.contains(key)) continue;
      leave_out(result, of_ + " with the key '" + printable(key.substr(0, 60)) + "'",
                where_ + ": " + dump_json(value));
    }
  }

 private:
  const Json& object_;
  std::string where_, of_;
  std::set<std::string> taken_;
};

// true: correct, creative. nullopt: the value says neither.
std::optional<bool> yes_or_no(const Json& value) {
  static const std::set<std::string> kYes = {"true", "yes",      "correct", "accurate",
                                             "good", "positive", "creative"};
  static const std::set<std::string> kNo = {"false",      "no",          "incorrect",   "wrong",
                                            "inaccurate", "notcorrect",  "notaccurate", "bad",
                                            "negative",   "notcreative", "uncreative"};
  if (value.is_boolean()) return value.get<bool>();
  if (!value.is_string()) return std::nullopt;
  const std::string word = plain(value.get_ref<const std::string&>());
  if (kYes.contains(word)) return true;
  if (kNo.contains(word)) return false;
  return std::nullopt;
}

bool means_no_error(const std::string& word) {
  static const std::set<std::string> kNone = {"", "none", "noerror", "noerrors", "na", "correct"};
  return kNone.contains(word);
}

// Section 3.1's list by the words in a name; the more special one first.
std::optional<SentenceError> error_named(const std::string& word) {
  static constexpr std::pair<std::string_view, SentenceError> kWords[] = {
      {"colo", SentenceError::kColour},
      {"count", SentenceError::kCount},
      {"number", SentenceError::kCount},
      {"quantity", SentenceError::kCount},
      {"size", SentenceError::kSize},
      {"material", SentenceError::kMaterial},
      {"relation", SentenceError::kRelation},
      {"location", SentenceError::kLocation},
      {"position", SentenceError::kLocation},
      {"conjecture", SentenceError::kConjecture},
      {"unreasonable", SentenceError::kConjecture},
      {"speculat", SentenceError::kConjecture},
      {"attribute", SentenceError::kAttribute},
      {"hallucinat", SentenceError::kObject},
      {"nonexist", SentenceError::kObject},
      {"object", SentenceError::kObject}};
  for (const auto& [part, error] : kWords) {
    if (word.find(part) != std::string::npos) return error;
  }
  return std::nullopt;
}

// What a list of errors says: nullopt when there is none to read.
struct NamedErrors {
  bool any = false;
  std::set<SentenceError> kinds;
};
std::optional<NamedErrors> read_errors(const Json* value, const std::string& at,
                                       ImportResult& result) {
  if (value == nullptr) return std::nullopt;
  NamedErrors out;
  const auto add = [&](const std::string& name) {
    const std::string word = plain(name);
    if (means_no_error(word)) return;
    out.any = true;
    if (const auto error = error_named(word)) {
      out.kinds.insert(*error);
    } else {
      leave_out(result, "kind of error that is not known (the sentence stays wrong)",
                at + ": '" + name + "'");
    }
  };
  if (value->is_string()) {
    add(value->get<std::string>());
  } else if (value->is_array()) {
    for (const Json& one : *value) {
      if (one.is_string()) {
        add(one.get<std::string>());
      } else {
        leave_out(result, "error that is no text", at + ": " + dump_json(one));
        return std::nullopt;
      }
    }
  } else if (value->is_object()) {  // {"object hallucination": true, ...}
    for (const auto& [name, flag] : value->items()) {
      if (flag.is_boolean()) {
        if (flag.get<bool>()) add(name);
      } else {
        leave_out(result, "error that is neither true nor false", at + ": '" + name + "'");
        return std::nullopt;
      }
    }
  } else {
    leave_out(result, "errors that are no list", at + ": " + dump_json(*value));
    return std::nullopt;
  }
  return out;
}

struct ImportedSentence {
  std::string text;
  SentenceAnnotation annotation;
};

ImportedSentence read_sentence(const Json& value, const std::string& text, const std::string& at,
                               ImportResult& result) {
  ImportedSentence out;
  out.text = text;
  SentenceAnnotation& one = out.annotation;
  if (!value.is_object()) {  // {"A dog.": "correct"}, {"A dog.": ["object"]}
    if (const auto good = yes_or_no(value)) {
      one.label = *good ? SentenceLabel::kCorrect : SentenceLabel::kWrong;
    } else if (const auto errors = read_errors(&value, at, result)) {
      one.label = errors->any ? SentenceLabel::kWrong : SentenceLabel::kCorrect;
      one.errors = errors->kinds;
    }
    return out;
  }
  KnownKeys keys(value, at, "sentence");
  if (const std::string own = keys.take_text(kSentenceTextKeys, result); !own.empty()) {
    out.text = own;
  }
  std::optional<bool> good;
  if (const Json* label = keys.take(kLabelKeys)) {
    good = yes_or_no(*label);
    if (!good) {
      leave_out(result, "label of a sentence that is not known", at + ": " + dump_json(*label));
    }
  }
  const auto errors = read_errors(keys.take(kErrorKeys), at, result);
  if (good.value_or(false) && errors && errors->any) {
    leave_out(result, "sentence called correct with errors (it is taken as wrong)", at);
  }
  if (errors && errors->any) {
    one.label = SentenceLabel::kWrong;
    one.errors = errors->kinds;
  } else if (good || errors) {
    one.label = good.value_or(true) ? SentenceLabel::kCorrect : SentenceLabel::kWrong;
  }
  if (const Json* creative = keys.take(kCreativeKeys)) {
    one.creative = yes_or_no(*creative);
    if (!one.creative) {
      leave_out(result, "creativity that is neither yes nor no", at + ": " + dump_json(*creative));
    }
  }
  keys.count_rest(result);
  return out;
}

std::vector<ImportedSentence> read_sentences(const Json* value, const std::string& at,
                                             ImportResult& result) {
  std::vector<ImportedSentence> out;
  if (value == nullptr) return out;
  if (value->is_array()) {
    for (const Json& one : *value) {
      if (one.is_object()) {
        out.push_back(read_sentence(one, "", at, result));
      } else {
        leave_out(result, "sentence that is no object", at + ": " + dump_json(one));
      }
    }
  } else if (value->is_object()) {
    for (const auto& [key, one] : value->items()) {
      out.push_back(read_sentence(one, key, at, result));
    }
  } else {
    leave_out(result, "sentences that are no list", at + ": " + dump_json(*value));
  }
  return out;
}

// Puts the sentences where the caption has them. An object's keys have no order of their own, so
// sentences are tried in the caption's order first.
void place_sentences(std::vector<ImportedSentence> sentences, const std::string& at,
                     CaptionAnnotation& one, ImportResult& result) {
  std::stable_sort(sentences.begin(), sentences.end(), [&](const auto& a, const auto& b) {
    return one.caption.find(a.text) < one.caption.find(b.text);
  });
  size_t earliest = 0;
  for (ImportedSentence& sentence : sentences) {
    const size_t found =
        sentence.text.empty() ? std::string::npos : one.caption.find(sentence.text, earliest);
    if (found == std::string::npos) {
      leave_out(result, "sentence that is not in its caption", at + ": '" + sentence.text + "'");
      continue;
    }
    earliest = found + sentence.text.size();
    sentence.annotation.span = {found, earliest};
    one.sentences.push_back(std::move(sentence.annotation));
  }
}

void read_detail(const Json* value, const std::string& at, CaptionAnnotation& one,
                 ImportResult& result) {
  if (value == nullptr) return;
  const double level = value->is_number() ? value->get<double>() : 0;
  if (level >= 1 && level <= 5 && level == std::floor(level)) {
    one.detail = static_cast<int>(level);
  } else {
    leave_out(result, "level of detail that is no number from 1 to 5",
              at + ": " + dump_json(*value));
  }
}

void read_missing(const Json* value, const std::string& at, CaptionAnnotation& one,
                  ImportResult& result) {
  if (value == nullptr) return;
  for (const Json& missing : value->is_array() ? *value : Json::array({*value})) {
    if (missing.is_string()) {
      if (const auto text = missing.get<std::string>(); !text.empty()) one.missing.push_back(text);
    } else {
      leave_out(result, "missing element that is no text", at + ": " + dump_json(missing));
    }
  }
}

class VigorImport {
 public:
  // `name`: of a row that is the value of a key.
  void add(const Json& row, const std::string& at, const std::string& name) {
    if (!row.is_object()) return leave_out(result_, "row that is no object", at);
    KnownKeys keys(row, at, "row");
    CaptionAnnotation one;
    one.source = "vigor";
    one.image = keys.take_text(kImageKeys, result_);
    if (one.image.empty()) one.image = name;
    one.prompt = keys.take_text(kPromptKeys, result_);
    one.annotator = keys.take_text(kAnnotatorKeys, result_);
    std::vector<ImportedSentence> sentences =
        read_sentences(keys.take(kSentencesKeys), at, result_);
    one.caption = keys.take_text(kCaptionKeys, result_);
    if (one.caption.empty()) {
      for (const ImportedSentence& sentence : sentences) {
        if (sentence.text.empty()) continue;
        one.caption += (one.caption.empty() ? "" : " ") + sentence.text;
      }
    }
    read_detail(keys.take(kDetailKeys), at, one, result_);
    read_missing(keys.take(kMissingKeys), at, one, result_);
    keys.count_rest(result_);
    if (one.image.empty() || one.caption.empty()) {
      return leave_out(result_, "row without image and caption", at);
    }
    place_sentences(std::move(sentences), at, one, result_);
    if (one.sentences.empty()) {
      return leave_out(result_, "row without a judged sentence", at);
    }
    one.sample = sample_of(one);
    result_.annotations.push_back(std::move(one));
  }

  ImportResult take() { return std::move(result_); }
  ImportResult& result() { return result_; }

 private:
  // A caption that another annotator judged too is the same sample.
  int64_t sample_of(const CaptionAnnotation& one) {
    auto& captions = captions_[one.image];
    const auto [place, is_new] =
        captions.try_emplace(one.caption, static_cast<int64_t>(captions.size()));
    const int64_t sample = place->second;
    if (annotators_.insert({one.image, sample, one.annotator}).second) return sample;
    // The same annotator again: a sample of its own, so that nothing is lost.
    leave_out(result_, "caption that one annotator judges twice (kept as another sample)",
              one.image);
    const auto next = static_cast<int64_t>(captions.size());
    captions.emplace(one.caption + '\0' + std::to_string(next), next);
    return next;
  }

  ImportResult result_;
  std::map<std::string, std::map<std::string, int64_t>> captions_;
  std::set<std::tuple<std::string, int64_t, std::string>> annotators_;
};

// The rows of an object: those of its one array, else its values.
void add_object(const Json& object, const std::string& where, VigorImport& import) {
  const Json* rows = nullptr;
  int arrays = 0;
  for (const auto& [key, value] : object.items()) {
    if (!value.is_array() || value.empty() || !value[0].is_object()) continue;
    rows = &value;
    ++arrays;
  }
  KnownKeys as_row(object, where, "row");
  if (as_row.take(kImageKeys) != nullptr) return import.add(object, where, "");
  if (arrays == 1) {
    for (const auto& [key, value] : object.items()) {
      if (&value != rows) {
        leave_out(import.result(), "key beside the rows: '" + printable(key.substr(0, 60)) + "'",
                  where + ": " + dump_json(value));
      }
    }
    for (size_t i = 0; i < rows->size(); ++i) {
      import.add((*rows)[i], where + ":" + std::to_string(i + 1), "");
    }
    return;
  }
  for (const auto& [key, value] : object.items()) import.add(value, where + ":" + key, key);
}

}  // namespace

ImportResult import_vigor(std::string_view text, const std::string& where) {
  VigorImport import;
  const size_t first = text.find_first_not_of(" \t\r\n");
  const bool object = first != std::string_view::npos && text[first] == '{';
  // One object, or lines of them: the first line is whole only in the second case.
  bool lines = !object;
  if (object) {
    const std::string_view line = text.substr(first, text.find('\n', first) - first);
    const bool more =
        text.find_first_not_of(" \t\r\n", first + line.size()) != std::string_view::npos;
    lines = more && Json::accept(line);
  }
  if (!lines) {
    add_object(parse_json(text, where), where, import);
    return import.take();
  }
  for (const JsonRow& row : parse_json_rows(text, where)) {
    import.add(row.value, where + ":" + std::to_string(row.line), "");
  }
  return import.take();
}

}  // namespace vigor
