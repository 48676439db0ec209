#include "judges/ranking/prompt.h"

#include <cstdio>

#include "base/error.h"
#include "base/files.h"
#include "base/random.h"
#include "judges/ranking/metrics.h"
#include "judges/ranking/texts.h"
#include "run/sha256.h"

namespace vigor::ranking {
namespace {

std::string fence(const RankingQuestion& question) {
  for (uint64_t attempt = 0;; ++attempt) {
    CounterRandom random(question.seed, "ranking fence/" + question.key, attempt);
    std::string line = "=====";
    for (int i = 0; i < 4; ++i) {
      char hex[9];
      std::snprintf(hex, sizeof hex, "%08x", random.next());
      line += hex;
    }
    line += "=====";
    bool free = question.request.find(line) == std::string::npos;
    for (const std::string& caption : question.captions) {
      free = free && caption.find(line) == std::string::npos;
    }
    if (free) return line;
  }
}

std::string form(const std::vector<std::string>& names) {
  // The order of the example is the reverse of the letters, with a tie: nothing to copy.
  std::string groups;
  for (size_t i = names.size(); i-- > 0;) {
    const bool tie = i == 1 && names.size() > 2;
    groups += (groups.empty() ? "[\"" : ", [\"") + names[i] + "\"" +
              (tie ? ", \"" + names[0] + "\"]" : "]");
    if (tie) break;
  }
  std::string out = "{";
  for (const Metric& metric : kMetrics) {
    out += (out.size() > 1 ? ", \"" : "\"") + std::string(metric.code) + "\": [" + groups + "]";
  }
  return out + "}";
}

Json schema(const std::vector<std::string>& names) {
  Json groups = {{"type", "array"},
                 {"items", {{"type", "array"}, {"items", {{"type", "string"}, {"enum", names}}}}}};
  Json properties = Json::object(), required = Json::array();
  for (const Metric& metric : kMetrics) {
    properties[std::string(metric.code)] = groups;
    required.push_back(metric.code);
  }
  return {{"name", "ranking"},
          {"schema",
           {{"type", "object"},
            {"properties", properties},
            {"required", required},
            {"additionalProperties", false}}}};
}

// In one pass: what a caption says is never taken for a placeholder.
std::string fill(const std::string& text,
                 const std::vector<std::pair<std::string_view, std::string>>& values) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    bool filled = false;
    for (const auto& [name, value] : values) {
      if (text[at] != '{' || text.compare(at, name.size(), name) != 0) continue;
      out += value;
      at += name.size();
      filled = true;
      break;
    }
    if (!filled) out += text[at++];
  }
  return out;
}

PromptTemplate own(const char* name, std::string_view text) {
  return {name, std::string(text), sha256_hex(text)};
}

}  // namespace

const PromptTemplate& batch_template() {
  static const PromptTemplate prompt = own("ranking", texts::kRankingTxt);
  return prompt;
}

const PromptTemplate& pair_template() {
  static const PromptTemplate prompt = own("pairs", texts::kPairsTxt);
  return prompt;
}

PromptTemplate read_template(const std::string& file) {
  PromptTemplate prompt;
  prompt.text = read_file(file);
  prompt.sha256 = sha256_hex(prompt.text);
  prompt.name = std::filesystem::path(file).filename().string();
  for (const char* name : {"{captions}", "{fence}"}) {
    if (prompt.text.find(name) == std::string::npos) {
      throw Error(
          {.what = "the template has no " + std::string(name),
           .where = printable(file),
           .cause = "without it the judge would not see the captions, or not where they end",
           .fix = "see docs/format-ranking.md for the placeholders"});
    }
  }
  return prompt;
}

std::vector<std::string> labels(size_t count) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) names.emplace_back(1, static_cast<char>('A' + i));
  return names;
}

std::string caption_as_data(std::string_view caption) {
  // dump_json escapes what is below U+0020 and replaces what is no UTF-8. Beyond ASCII these are
  // left: C1 controls, soft and zero-width signs, line separators, direction marks, tags.
  const std::string json = dump_json(Json(std::string(caption)));
  std::string out;
  for (size_t at = 0; at < json.size();) {
    const auto c = static_cast<unsigned char>(json[at]);
    const size_t length = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    uint32_t point = length == 1 ? c : c & (0xFFu >> (length + 1));
    for (size_t i = 1; i < length && at + i < json.size(); ++i) {
      point = (point << 6) | (static_cast<unsigned char>(json[at + i]) & 0x3Fu);
    }
    const bool hidden = point == 0x7F || (point >= 0x80 && point < 0xA0) || point == 0xAD ||
                        point == 0x61C || (point >= 0x200B && point <= 0x200F) ||
                        (point >= 0x2028 && point <= 0x202E) ||
                        (point >= 0x2060 && point <= 0x206F) || point == 0xFEFF ||
                        (point >= 0xFFF9 && point <= 0xFFFB);
    if (hidden) {
      char hex[8];
      std::snprintf(hex, sizeof hex, "\\u%04x", point);
      out += hex;
    } else if (point >= 0xE0000 && point < 0xE1000) {
      out += "\\ufffd";  // tag characters spell ASCII that nobody sees
    } else {
      out += json.substr(at, length);
    }
    at += length;
  }
  return out;
}

ChatRequest ranking_request(const PromptTemplate& prompt, const RankingQuestion& question) {
  const std::vector<std::string> names = labels(question.captions.size());
  std::string captions, metrics;
  for (size_t i = 0; i < names.size(); ++i) {
    captions += (i > 0 ? "\n" : "") + names[i] + ": " + caption_as_data(question.captions[i]);
  }
  for (const Metric& metric : kMetrics) {
    metrics += (metrics.empty() ? "" : "\n") + std::string(metric.code) + " - " +
               std::string(metric.name) + ": " + std::string(metric.question) + ".";
  }
  ChatRequest request;
  const std::string text = fill(prompt.text, {{"{count}", std::to_string(names.size())},
                                              {"{request}", caption_as_data(question.request)},
                                              {"{fence}", fence(question)},
                                              {"{captions}", captions},
                                              {"{metrics}", metrics},
                                              {"{form}", form(names)}});
  request.messages = {{"user", {{text, nullptr}, {"", question.image}}}};
  request.schema = schema(names);
  return request;
}

}  // namespace vigor::ranking
