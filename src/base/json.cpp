#include "base/json.h"

#include <algorithm>

#include "base/files.h"

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

std::string_view skip_byte_order_mark(std::string_view text) {
  return text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text;
}

Json parse_at(std::string_view text, const std::string& where, bool single_line) {
  check_depth(text, where);
  try {
    return Json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    const bool cut = error.byte > text.size();
    const std::string at = single_line ? std::to_string(error.byte) : position_of(text, error.byte);
    throw Error({.what = "not valid JSON: " + printable(reason_of(error)),
                 .where = where + ":" + at,
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
  return parse_at(skip_byte_order_mark(text), where, false);
}

Json read_json_file(const std::filesystem::path& path) {
  return parse_json(read_file(path), path.string());
}

std::string dump_json(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

void for_each_jsonl(std::string_view text, const std::string& where,
                    const std::function<void(size_t, Json&&)>& row) {
  text = skip_byte_order_mark(text);
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
  const std::string_view body = skip_byte_order_mark(text);
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
