#include "base/json.h"

#include <algorithm>
#include <deque>

#include "base/files.h"
#include "base/utf8.h"

namespace vigor {
namespace {

constexpr int kMaxDepth = 512;

// nlohmann reports a byte; people look for a line and a column.
std::string position_of(std::string_view text, size_t byte) {
  byte = std::min(byte, text.size());
  size_t line = 1;
  size_t column = 1;
  for (size_t i = 0; i + 1 < byte; ++i) {
    if (text[i] == '\n') {
      ++line;
      column = 1;
    } else {
      ++column;
    }
  }
  return std::to_string(line) + ":" + std::to_string(column);
}

// The library's message without its own position, which we give as line and column.
std::string reason_of(const nlohmann::json::exception& error) {
  std::string text = error.what();
  const size_t dash = text.find(" - ");
  if (dash != std::string::npos) return text.substr(dash + 3);
  const size_t colon = text.rfind(": ");
  return colon == std::string::npos ? text : text.substr(colon + 2);
}

void check_depth(std::string_view text, const std::string& where) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) {
        throw Error({.what = "JSON is nested more than 512 deep",
                     .where = where,
                     .cause = "the file is damaged or hostile",
                     .fix = "give a file that a JSON writer made"});
      }
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
}

// The text of a file: without a byte order mark. Throws Error for another encoding.
std::string_view utf8_text(std::string_view text, const std::string& where) {
  refuse_utf16(text, where);
  return text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text;
}

// A key of an object, and where it stands in the text.
struct KeyAt {
  std::string_view name;
  size_t at = 0;
};

// The second of two equal names; null when there is none. Sorts.
const KeyAt* repeated_key(std::vector<KeyAt>::iterator begin, std::vector<KeyAt>::iterator end) {
  std::sort(begin, end, [](const KeyAt& a, const KeyAt& b) {
    return a.name != b.name ? a.name < b.name : a.at < b.at;
  });
  const auto found = std::adjacent_find(
      begin, end, [](const KeyAt& a, const KeyAt& b) { return a.name == b.name; });
  return found == end ? nullptr : &*std::next(found);
}

// The place behind the string that begins at `quote`.
size_t behind_string(std::string_view text, size_t quote) {
  size_t at = quote + 1;
  while (text[at] != '"') at += text[at] == '\\' ? 2 : 1;
  return at + 1;
}

// A key that stands twice in one object: the parser would take the last in silence. `text` is
// valid JSON. `position` tells where a byte lies.
void refuse_repeated_keys(std::string_view text,
                          const std::function<std::string(size_t)>& position) {
  struct Open {
    bool object = false;
    size_t first_key = 0;
  };
  std::vector<Open> open;
  std::vector<KeyAt> keys;            // of all open objects
  std::deque<std::string> unescaped;  // names that had escapes
  bool key_next = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      const size_t end = behind_string(text, i);
      if (key_next) {
        std::string_view name = text.substr(i + 1, end - i - 2);
        if (name.find('\\') != std::string_view::npos) {
          name = unescaped.emplace_back(
              Json::parse(text.substr(i, end - i)).get_ref<const std::string&>());
        }
        keys.push_back({name, i});
      }
      key_next = false;
      i = end - 1;
    } else if (c == '{' || c == '[') {
      open.push_back({c == '{', keys.size()});
      key_next = c == '{';
    } else if (c == ',') {
      key_next = !open.empty() && open.back().object;
    } else if (c == '}' || c == ']') {
      const auto first = keys.begin() + static_cast<std::ptrdiff_t>(open.back().first_key);
      if (const KeyAt* key = repeated_key(first, keys.end())) {
        throw Error(
            {.what = "key '" + printable(key->name.substr(0, 60)) + "' stands twice in one object",
             .where = position(key->at + 1),
             .cause = "two rows ran into each other, or it was edited by hand",
             .fix = "keep the one that is meant"});
      }
      keys.erase(first, keys.end());
      open.pop_back();
      key_next = false;
    }
  }
}

Json parse_at(std::string_view text, const std::string& where, bool single_line) {
  check_depth(text, where);
  const auto position = [&](size_t byte) {
    return where + ":" + (single_line ? std::to_string(byte) : position_of(text, byte));
  };
  // The parser takes a NUL byte outside a string for the end, and what follows for nothing.
  if (const size_t nul = text.find('\0'); nul != std::string_view::npos) {
    throw Error({.what = "not valid JSON: a NUL byte",
                 .where = position(nul + 1),
                 .cause = "the disk was full or the machine stopped while it was written, or it is "
                          "not text",
                 .fix = "mend or remove it, then run the same command again"});
  }
  try {
    Json value = Json::parse(text);
    refuse_repeated_keys(text, position);
    return value;
  } catch (const nlohmann::json::parse_error& error) {
    const bool cut = error.byte > text.size();
    throw Error({.what = "not valid JSON: " + printable(reason_of(error)),
                 .where = position(error.byte),
                 .cause = cut ? "the text ends too early: it was cut off while it was written"
                              : "a quote, comma or bracket is missing or too many",
                 .fix = "mend or remove it, then run the same command again"});
  } catch (const nlohmann::json::out_of_range& error) {
    // Valid JSON with a number that no double holds; the parser does not say where.
    throw Error({.what = "not usable JSON: " + printable(reason_of(error)),
                 .where = where,
                 .cause = "a number is beyond 1.8e308",
                 .fix = "mend or remove it, then run the same command again"});
  }
}

const char* type_name(const Json& value) {
  if (value.is_string()) return "text";
  if (value.is_array()) return "a list";
  if (value.is_object()) return "an object";
  if (value.is_boolean()) return "true or false";
  if (value.is_null()) return "null";
  return "a number";
}

}  // namespace

Json parse_json(std::string_view text, const std::string& where) {
  return parse_at(utf8_text(text, where), where, false);
}

Json read_json_file(const std::filesystem::path& path) {
  return parse_json(read_file(path), path.string());
}

std::string dump_json(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

void for_each_jsonl(std::string_view text, const std::string& where,
                    const std::function<void(size_t, Json&&)>& row) {
  text = utf8_text(text, where);
  size_t line = 0;
  while (!text.empty()) {
    ++line;
    const size_t end = text.find('\n');
    std::string_view body = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (body.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    row(line, parse_at(body, where + ":" + std::to_string(line), true));
  }
}

std::vector<JsonRow> read_json_rows(const std::filesystem::path& path) {
  return parse_json_rows(read_file(path), path.string());
}

std::vector<JsonRow> parse_json_rows(std::string_view text, const std::string& where) {
  const std::string_view body = utf8_text(text, where);
  std::vector<JsonRow> rows;
  const size_t first = body.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && body[first] == '[') {
    Json array = parse_json(text, where);
    for (Json& value : array) rows.push_back({rows.size() + 1, std::move(value)});
    return rows;
  }
  for_each_jsonl(text, where, [&](size_t line, Json&& value) {
    rows.push_back({line, std::move(value)});
  });
  return rows;
}

ObjectReader::ObjectReader(const Json& object, std::string where)
    : object_(object), where_(std::move(where)) {
  if (!object.is_object()) {
    throw Error({.what = std::string("expected an object, found ") + type_name(object),
                 .where = where_,
                 .fix = "write it as {\"key\": value, ...}"});
  }
}

const Json* ObjectReader::find(const std::string& key) {
  asked_.push_back(key);
  const auto it = object_.find(key);
  return it == object_.end() ? nullptr : &*it;
}

bool ObjectReader::has(const std::string& key) {
  return find(key) != nullptr;
}

ObjectReader ObjectReader::child(const std::string& key) {
  const Json* value = find(key);
  if (value == nullptr) missing(key);
  return ObjectReader(*value, where_ + ": " + key);
}

void ObjectReader::reject_unknown() const {
  for (const auto& [key, value] : object_.items()) {
    if (std::find(asked_.begin(), asked_.end(), key) != asked_.end()) continue;
    const std::string near = nearest_name(key, asked_);
    throw Error(
        {.what = "unknown key '" + printable(key) + "'",
         .where = where_,
         .cause = near.empty() ? "a misspelt key, or one of another version" : "a misspelt key",
         .fix = near.empty() ? "remove it; --help lists the known keys"
                             : "did you mean '" + near + "'?",
         .exit_code = ExitCode::kUsage});
  }
}

void ObjectReader::missing(const std::string& key) const {
  std::string near;
  std::vector<std::string> present;
  for (const auto& [name, value] : object_.items()) present.push_back(name);
  near = nearest_name(key, present);
  throw Error({.what = "key '" + key + "' is missing",
               .where = where_,
               .cause = near.empty() ? "" : "it may be misspelt as '" + printable(near) + "'",
               .fix = "add it"});
}

void ObjectReader::wrong_type(const std::string& key, const Json& value,
                              const char* expected) const {
  throw Error({.what = "key '" + key + "' must be " + expected + ", found " + type_name(value) +
                       " " + printable(dump_json(value).substr(0, 60)),
               .where = where_,
               .fix = "correct the value"});
}

}  // namespace vigor
