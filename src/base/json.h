// Reading JSON and JSONL so that a mistake is named by file, line and key.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

// Compiled once, in json_instance.cpp, instead of in every file that touches a value.
extern template class nlohmann::basic_json<>;

namespace vigor {

using Json = nlohmann::json;

// Parses one document. Throws Error with line and column in `where` ("config.json:3:14").
// A nesting depth above 512 is refused (the parser is recursive on destruction).
Json parse_json(std::string_view text, const std::string& where);

// Throws Error when the file is missing, unreadable or not JSON.
Json read_json_file(const std::filesystem::path& path);

// One line of output: no indent, keys sorted, shortest round-trip numbers, invalid UTF-8 replaced
// by U+FFFD. `indent` >= 0 makes it readable over several lines.
std::string dump_json(const Json& value, int indent = -1);

// Calls `row(line_number, value)` for every line that is not blank; LF or CRLF; 1-based lines.
// A byte order mark at the start is skipped. Throws Error naming `where:line`.
void for_each_jsonl(std::string_view text, const std::string& where,
                    const std::function<void(size_t, Json&&)>& row);

// Rows from a file that holds either JSONL or one JSON array of objects.
struct JsonRow {
  size_t line = 0;  // 1-based line for JSONL, 1-based position for an array
  Json value;
};
std::vector<JsonRow> read_json_rows(const std::filesystem::path& path);
// The same from memory; `where` names the source in messages.
std::vector<JsonRow> parse_json_rows(std::string_view text, const std::string& where);

// A view of one JSON object that says which keys were asked for, so that an unknown key is an
// error that suggests the nearest known one. Holds a reference: the object must outlive it.
class ObjectReader {
 public:
  // `where` names the object in messages ("config.json: key 'vision'"). Throws when not an object.
  ObjectReader(const Json& object, std::string where);

  bool has(const std::string& key);
  template <typename T>
  T require(const std::string& key) {
    const Json* value = find(key);
    if (value == nullptr) missing(key);
    return convert<T>(*value, key);
  }
  template <typename T>
  T get(const std::string& key, T fallback) {
    const Json* value = find(key);
    return value == nullptr || value->is_null() ? fallback : convert<T>(*value, key);
  }
  // The value itself, or nullptr when absent.
  const Json* find(const std::string& key);
  ObjectReader child(const std::string& key);
  // Throws Error (exit code: usage) for the first key that was never asked for.
  void reject_unknown() const;
  const std::string& where() const { return where_; }

 private:
  template <typename T>
  T convert(const Json& value, const std::string& key) {
    try {
      if constexpr (std::is_same_v<T, bool>) {
        if (!value.is_boolean()) wrong_type(key, value, "true or false");
      } else if constexpr (std::is_integral_v<T>) {
        if (!value.is_number_integer()) wrong_type(key, value, "a whole number");
        if constexpr (std::is_unsigned_v<T>) {
          if (!value.is_number_unsigned()) wrong_type(key, value, "a whole number of at least 0");
        }
      } else if constexpr (std::is_floating_point_v<T>) {
        if (!value.is_number()) wrong_type(key, value, "a number");
      } else if constexpr (std::is_same_v<T, std::string>) {
        if (!value.is_string()) wrong_type(key, value, "a string");
      }
      return value.get<T>();
    } catch (const nlohmann::json::exception&) {
      wrong_type(key, value, "an array or object whose values are all of the kind it holds");
    }
  }
  [[noreturn]] void missing(const std::string& key) const;
  [[noreturn]] void wrong_type(const std::string& key, const Json& value,
                               const char* expected) const;

  const Json& object_;
  std::string where_;
  std::vector<std::string> asked_;
};

}  // namespace vigor
