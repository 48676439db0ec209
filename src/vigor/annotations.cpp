#include "vigor/annotations.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "base/error.h"
#include "base/files.h"

namespace vigor {
namespace {

constexpr std::array<std::string_view, kSentenceErrors> kErrorNames{
    "object",    "colour",   "count",    "size",      "material",
    "attribute", "relation", "location", "conjecture"};

SentenceLabel label_of(const std::string& name, const std::string& where) {
  for (const SentenceLabel label :
       {SentenceLabel::kCorrect, SentenceLabel::kWrong, SentenceLabel::kUnjudged}) {
    if (name == name_of(label)) return label;
  }
  throw Error({.what = "'" + printable(name) + "' is no label of a sentence",
               .where = where,
               .fix = "one of correct, wrong, unjudged"});
}

SentenceAnnotation parse_sentence(const Json& row, const std::string& caption, size_t earliest,
                                  const std::string& where) {
  ObjectReader reader(row, where);
  SentenceAnnotation out;
  out.span.begin = reader.require<uint64_t>("start");
  out.span.end = reader.require<uint64_t>("end");
  if (out.span.begin >= out.span.end || out.span.end > caption.size()) {
    throw Error({.what = "bytes " + std::to_string(out.span.begin) + " to " +
                         std::to_string(out.span.end) + " are no part of the caption of " +
                         std::to_string(caption.size()) + " bytes",
                 .where = where,
                 .cause = "positions count characters and not bytes, or the caption was changed"});
  }
  if (out.span.begin < earliest) {
    throw Error({.what = "the sentence begins before the one in front of it ends",
                 .where = where,
                 .fix = "list sentences in order, without overlap"});
  }
  const auto text = reader.get<std::string>("text", "");
  const std::string there = caption.substr(out.span.begin, out.span.end - out.span.begin);
  if (!text.empty() && text != there) {
    throw Error({.what = "the text is '" + printable(text.substr(0, 60)) + "', the caption has '" +
                         printable(there.substr(0, 60)) + "' there",
                 .where = where,
                 .cause = "positions count characters and not bytes, or the caption was changed"});
  }
  out.label = label_of(reader.require<std::string>("label"), where);
  for (const auto& name : reader.get<std::vector<std::string>>("errors", {})) {
    const auto error = sentence_error_of(name);
    if (!error) {
      std::vector<std::string> names(kErrorNames.begin(), kErrorNames.end());
      const std::string nearest = nearest_name(name, names);
      std::string all;
      for (const auto& one : names) all += (all.empty() ? "" : ", ") + one;
      throw Error({.what = "'" + printable(name) + "' is no kind of error" +
                           (nearest.empty() ? "" : ", did you mean '" + nearest + "'?"),
                   .where = where,
                   .fix = "one of " + all});
    }
    out.errors.insert(*error);
  }
  if (!out.errors.empty() && out.label != SentenceLabel::kWrong) {
    throw Error({.what = "a sentence that is " + std::string(name_of(out.label)) + " has errors",
                 .where = where,
                 .fix = "label it wrong, or leave errors empty"});
  }
  if (const Json* creative = reader.find("creative"); creative && !creative->is_null()) {
    out.creative = reader.require<bool>("creative");
  }
  reader.reject_unknown();
  return out;
}

std::string name_of_caption(const CaptionAnnotation& one) {
  return one.image + "#" + std::to_string(one.sample);
}

// More than half of `all`.
bool most(size_t some, size_t all) {
  return some * 2 > all;
}

CaptionAnnotation agreed(const std::vector<const CaptionAnnotation*>& votes) {
  CaptionAnnotation out = *votes[0];
  out.annotator =
      votes.size() == 1 ? votes[0]->annotator : "majority of " + std::to_string(votes.size());
  std::vector<int> details;
  std::set<std::string> missing;
  for (const CaptionAnnotation* vote : votes) {
    const bool same = vote->caption == out.caption &&
                      std::equal(vote->sentences.begin(), vote->sentences.end(),
                                 out.sentences.begin(), out.sentences.end(),
                                 [](const auto& a, const auto& b) { return a.span == b.span; });
    if (!same) {
      throw Error({.what = "annotators '" + printable(votes[0]->annotator) + "' and '" +
                           printable(vote->annotator) + "' judged different sentences",
                   .where = name_of_caption(out),
                   .fix = "divide the caption once, before it is given to annotators"});
    }
    if (vote->detail) details.push_back(*vote->detail);
    missing.insert(vote->missing.begin(), vote->missing.end());
  }
  std::sort(details.begin(), details.end());
  // The lower of the two in the middle.
  out.detail = details.empty() ? std::nullopt : std::optional(details[(details.size() - 1) / 2]);
  out.missing.assign(missing.begin(), missing.end());
  for (size_t i = 0; i < out.sentences.size(); ++i) {
    size_t correct = 0, wrong = 0, creative = 0, asked = 0;
    std::map<SentenceError, size_t> named;
    for (const CaptionAnnotation* vote : votes) {
      const SentenceAnnotation& one = vote->sentences[i];
      correct += one.label == SentenceLabel::kCorrect;
      wrong += one.label == SentenceLabel::kWrong;
      for (const SentenceError error : one.errors) ++named[error];
      asked += one.creative.has_value();
      creative += one.creative.value_or(false);
    }
    SentenceAnnotation& sentence = out.sentences[i];
    sentence.label = most(wrong, correct + wrong)     ? SentenceLabel::kWrong
                     : most(correct, correct + wrong) ? SentenceLabel::kCorrect
                                                      : SentenceLabel::kUnjudged;
    sentence.errors.clear();
    for (const auto& [error, count] : named) {
      if (sentence.label == SentenceLabel::kWrong && most(count, wrong)) {
        sentence.errors.insert(error);
      }
    }
    sentence.creative = asked == 0 ? std::nullopt : std::optional(most(creative, asked));
  }
  return out;
}

}  // namespace

std::string_view name_of(SentenceError error) {
  return kErrorNames[static_cast<size_t>(error)];
}

std::optional<SentenceError> sentence_error_of(std::string_view name) {
  const auto found = std::find(kErrorNames.begin(), kErrorNames.end(), name);
  if (found == kErrorNames.end()) return std::nullopt;
  return static_cast<SentenceError>(found - kErrorNames.begin());
}

std::string_view name_of(SentenceLabel label) {
  switch (label) {
    case SentenceLabel::kCorrect:
      return "correct";
    case SentenceLabel::kWrong:
      return "wrong";
    case SentenceLabel::kUnjudged:
      return "unjudged";
  }
  return "";
}

CaptionAnnotation parse_annotation(const Json& row, const std::string& where) {
  ObjectReader reader(row, where);
  CaptionAnnotation out;
  out.image = reader.require<std::string>("image");
  out.sample = reader.get<int64_t>("sample", 0);
  out.annotator = reader.get<std::string>("annotator", "");
  out.prompt = reader.get<std::string>("prompt", "");
  out.caption = reader.require<std::string>("caption");
  out.source = reader.get<std::string>("source", "annotator");
  out.missing = reader.get<std::vector<std::string>>("missing", {});
  if (out.image.empty()) throw Error({.what = "key 'image' is empty", .where = where});
  if (out.sample < 0) throw Error({.what = "key 'sample' is below 0", .where = where});
  if (const Json* detail = reader.find("detail"); detail && !detail->is_null()) {
    out.detail = reader.require<int>("detail");
    if (*out.detail < 1 || *out.detail > 5) {
      throw Error({.what = "key 'detail' is " + std::to_string(*out.detail),
                   .where = where,
                   .fix = "a whole number from 1 (poor) to 5"});
    }
  }
  const auto sentences = reader.require<Json>("sentences");
  if (!sentences.is_array()) {
    throw Error({.what = "key 'sentences' is no array", .where = where});
  }
  reader.reject_unknown();
  size_t earliest = 0;
  for (size_t i = 0; i < sentences.size(); ++i) {
    out.sentences.push_back(parse_sentence(sentences[i], out.caption, earliest,
                                           where + ": sentence " + std::to_string(i + 1)));
    earliest = out.sentences.back().span.end;
  }
  return out;
}

Json annotation_row(const CaptionAnnotation& annotation) {
  Json sentences = Json::array();
  for (const SentenceAnnotation& one : annotation.sentences) {
    Json errors = Json::array();
    for (const SentenceError error : one.errors) errors.push_back(name_of(error));
    sentences.push_back(
        {{"text", annotation.caption.substr(one.span.begin, one.span.end - one.span.begin)},
         {"start", one.span.begin},
         {"end", one.span.end},
         {"label", name_of(one.label)},
         {"errors", std::move(errors)},
         {"creative", one.creative ? Json(*one.creative) : Json()}});
  }
  return {{"image", annotation.image},
          {"sample", annotation.sample},
          {"annotator", annotation.annotator},
          {"prompt", annotation.prompt},
          {"caption", annotation.caption},
          {"sentences", std::move(sentences)},
          {"detail", annotation.detail ? Json(*annotation.detail) : Json()},
          {"missing", annotation.missing},
          {"source", annotation.source}};
}

std::vector<CaptionAnnotation> parse_annotations(std::string_view text, const std::string& where) {
  std::vector<CaptionAnnotation> out;
  std::map<std::tuple<std::string, int64_t, std::string>, size_t> lines;
  for_each_jsonl(text, where, [&](size_t line, Json&& row) {
    const std::string here = where + ":" + std::to_string(line);
    out.push_back(parse_annotation(row, here));
    const CaptionAnnotation& one = out.back();
    const auto [before, is_new] =
        lines.emplace(std::make_tuple(one.image, one.sample, one.annotator), line);
    if (!is_new) {
      throw Error({.what = "annotator '" + printable(one.annotator) + "' judges " +
                           printable(name_of_caption(one)) + " twice, first in line " +
                           std::to_string(before->second),
                   .where = here,
                   .fix = "remove one of the two"});
    }
  });
  return out;
}

std::vector<CaptionAnnotation> read_annotations(const std::filesystem::path& path) {
  return parse_annotations(read_file(path), path.string());
}

std::vector<CaptionAnnotation> majority(const std::vector<CaptionAnnotation>& annotations) {
  std::map<std::pair<std::string, int64_t>, std::vector<const CaptionAnnotation*>> groups;
  for (const CaptionAnnotation& one : annotations) {
    groups[{one.image, one.sample}].push_back(&one);
  }
  std::vector<CaptionAnnotation> out;
  for (const auto& [key, votes] : groups) out.push_back(agreed(votes));
  return out;
}

}  // namespace vigor
