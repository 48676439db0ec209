#include "vigor/prompt_set.h"

#include <map>

#include "base/error.h"
#include "base/json.h"
#include "base/random.h"
#include "base/utf8.h"

namespace vigor {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

std::string_view without_blanks(std::string_view text) {
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// Phrasings in the order of the file, each known by its line.
class PromptList {
 public:
  explicit PromptList(std::string where) : where_(std::move(where)) {}

  void add(size_t line, std::string_view raw) {
    const std::string at = where_ + ":" + std::to_string(line);
    const std::string text(without_blanks(raw));
    if (text.empty()) throw Error({.what = "a phrasing is empty", .where = at});
    if (!is_utf8(text)) {
      throw Error(
          {.what = "a phrasing is not UTF-8", .where = at, .fix = "save the file as UTF-8"});
    }
    if (text.find("<image>") != std::string::npos) {
      throw Error({.what = "a phrasing holds '<image>'",
                   .where = at,
                   .cause = "the conversation template puts the picture in its place itself",
                   .fix = "leave it out"});
    }
    if (const auto [known, is_new] = lines_.emplace(text, line); !is_new) {
      throw Error({.what = "the phrasing of line " + std::to_string(known->second) +
                           " is there a second time",
                   .where = at,
                   .cause = "it would be drawn twice as often",
                   .fix = "remove one of the two"});
    }
    prompts_.push_back(text);
  }

  std::vector<std::string> take() {
    if (!prompts_.empty()) return std::move(prompts_);
    throw Error({.what = "no phrasing in this file",
                 .where = where_,
                 .fix = "write one a line; lines that begin with '#' are none"});
  }

 private:
  std::string where_;
  std::map<std::string, size_t> lines_;
  std::vector<std::string> prompts_;
};

}  // namespace

std::vector<std::string> parse_prompts(std::string_view bytes, const std::string& where) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  PromptList list(where);
  const std::string_view content = without_blanks(bytes);
  if (!content.empty() && std::string_view("{[\"").find(content[0]) != std::string_view::npos) {
    for (const JsonRow& row : parse_json_rows(bytes, where)) {
      if (row.value.is_string()) {
        list.add(row.line, row.value.get_ref<const std::string&>());
      } else {
        list.add(row.line, ObjectReader(row.value, where + ":" + std::to_string(row.line))
                               .require<std::string>("prompt"));
      }
    }
    return list.take();
  }
  size_t line = 0;
  while (!bytes.empty()) {
    ++line;
    const std::string_view text = without_blanks(bytes.substr(0, bytes.find('\n')));
    if (!text.empty() && text[0] != '#') list.add(line, text);
    const size_t end = bytes.find('\n');
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  }
  return list.take();
}

const std::string& drawn_prompt(const std::vector<std::string>& prompts, uint64_t seed,
                                const std::string& image) {
  CounterRandom random(seed, "prompt\x1f" + image);
  return prompts.at(random.below(static_cast<uint32_t>(prompts.size())));
}

}  // namespace vigor
