#include "benchmarks/mmhal/judge_prompt.h"

#include <algorithm>
#include <array>
#include <functional>

#include "base/files.h"
#include "judges/templates/templates.h"
#include "run/sha256.h"

namespace vigor::mmhal {
namespace {

constexpr const char* kDefaultName = "vigor-mmhal-1";
constexpr std::array<const char*, 4> kPlaceholders{"image_contents", "question", "standard_answer",
                                                   "model_answer"};

std::string value_of(const Record& record, std::string_view name) {
  if (name == "question") return record.question;
  if (name == "standard_answer") return record.standard_answer;
  if (name == "model_answer") return record.model_answer.value_or("");
  std::string list;
  for (const std::string& content : record.contents) list += (list.empty() ? "" : ", ") + content;
  return list;
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// Copies `text`, calling `place` for what stands between braces when it is a name (or empty, in the
// positional form); `place` gives what it becomes.
std::string fill(std::string_view text, bool positional,
                 const std::function<std::string(std::string_view)>& place) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (positional && (text.substr(i).starts_with("{{") || text.substr(i).starts_with("}}"))) {
      out += text[i++];
      continue;
    }
    if (text[i] == '{') {
      const size_t end = text.find('}', i);
      const std::string_view name =
          end == std::string_view::npos ? "" : text.substr(i + 1, end - i - 1);
      if (end != std::string_view::npos && (positional ? name.empty() : is_name(name))) {
        out += place(name);
        i = end;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

size_t occurrences(std::string_view text, std::string_view what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string_view::npos;
       at = text.find(what, at + what.size())) {
    ++count;
  }
  return count;
}

[[noreturn]] void refuse(const std::string& name, const std::string& what, const std::string& fix) {
  throw Error({.what = what, .where = printable(name), .fix = fix, .exit_code = ExitCode::kUsage});
}

}  // namespace

JudgePrompt::JudgePrompt(std::string text, std::string name)
    : name_(std::move(name)), text_(std::move(text)) {}

JudgePrompt::JudgePrompt() {
  *this = parse(std::string(judge_templates::kMmhalTxt), kDefaultName);
  default_ = true;
}

JudgePrompt JudgePrompt::read(const std::filesystem::path& path) {
  return parse(read_file(path), path.filename().string());
}

JudgePrompt JudgePrompt::parse(std::string text, std::string name) {
  std::vector<std::string> known;
  for (const char* placeholder : kPlaceholders) {
    known.push_back(placeholder);
    known.push_back(std::string(placeholder) + "_json");
  }
  std::vector<std::string> used;
  fill(text, false, [&](std::string_view placeholder) {
    used.emplace_back(placeholder);
    return std::string();
  });
  JudgePrompt prompt(std::move(text), name);
  const size_t blanks = occurrences(prompt.text_, "{}");
  prompt.positional_ = blanks > 0;
  if (prompt.positional_ && blanks != kPlaceholders.size()) {
    refuse(name, "the template has " + std::to_string(blanks) + " times {}, where four are needed",
           "use {image_contents}, {question}, {standard_answer} and {model_answer} instead");
  }
  if (!prompt.positional_) {
    for (const std::string& one : used) {
      if (std::find(known.begin(), known.end(), one) != known.end()) continue;
      const std::string near = nearest_name(one, known);
      refuse(name, "unknown placeholder {" + printable(one) + "}",
             near.empty() ? "docs/format-mmhal.md lists the known ones"
                          : "did you mean {" + near + "}?");
    }
    for (const char* needed : {"question", "model_answer"}) {
      const bool found = std::any_of(used.begin(), used.end(), [&](const std::string& one) {
        return one == needed || one == std::string(needed) + "_json";
      });
      if (!found) {
        refuse(name, std::string("the template has no {") + needed + "}",
               "a judge that is not told it cannot grade: add it");
      }
    }
  }
  return prompt;
}

Json JudgePrompt::identity() const {
  return {{"name", name_}, {"sha256", sha256_hex(text_)}};
}

std::string JudgePrompt::text_for(const Record& record) const {
  size_t next = 0;
  return fill(text_, positional_, [&](std::string_view name) -> std::string {
    if (positional_) return value_of(record, kPlaceholders[std::min<size_t>(next++, 3)]);
    constexpr std::string_view kJson = "_json";
    if (!name.ends_with(kJson)) return value_of(record, name);
    return dump_json(value_of(record, name.substr(0, name.size() - kJson.size())));
  });
}

ChatRequest JudgePrompt::request(const Record& record, int repeat, int max_tokens,
                                 bool schema) const {
  ChatRequest request;
  request.messages = {{"user", {{text_for(record), nullptr}}}};
  request.max_tokens = max_tokens;
  request.repeat = repeat;
  if (schema) {
    request.schema = {{"name", "mmhal_rating"},
                      {"schema",
                       {{"type", "object"},
                        {"properties",
                         {{"explanation", {{"type", "string"}}},
                          {"rating", {{"type", "integer"}, {"enum", {0, 1, 2, 3, 4, 5, 6}}}}}},
                        {"required", {"explanation", "rating"}},
                        {"additionalProperties", false}}}};
  }
  return request;
}

}  // namespace vigor::mmhal
