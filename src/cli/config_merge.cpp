#include "cli/config_merge.h"

#include <algorithm>

namespace vigor {
namespace {

std::string text_of(const Json& value, const std::string& key, const std::string& where) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  throw Error(
      {.what = "key '" + key + "' must be a string, a number, true or false, or an array of these",
       .where = where,
       .fix = "see --help for what the option takes",
       .exit_code = ExitCode::kUsage});
}

}  // namespace

Json read_config(const std::filesystem::path& file) {
  try {
    return read_json_file(file);
  } catch (const Error& error) {
    ErrorParts parts = error.parts();
    parts.exit_code = ExitCode::kUsage;
    throw Error(std::move(parts));
  }
}

void merge_config(CLI::App& app, const std::filesystem::path& file) {
  const Json config = read_config(file);
  const std::string where = printable(file.string());
  ObjectReader reader(config, where);
  for (CLI::Option* option : app.get_options()) {
    if (option->get_lnames().empty()) continue;
    const std::string& flag = option->get_lnames().front();
    if (flag == "help" || flag == "config" || flag == "version") continue;
    std::string key = flag;
    std::replace(key.begin(), key.end(), '-', '_');
    const Json* value = reader.find(key);
    if (value == nullptr && key != flag && config.contains(flag)) value = reader.find(flag);
    if (value == nullptr || value->is_null() || option->count() > 0) continue;
    if (value->is_array()) {
      for (const Json& one : *value) option->add_result(text_of(one, key, where));
      if (value->empty()) continue;
    } else {
      option->add_result(text_of(*value, key, where));
    }
    try {
      option->run_callback();
    } catch (const CLI::Error& error) {
      throw Error({.what = "key '" + key + "': " + error.what(),
                   .where = where,
                   .fix = "see --help for what the option takes",
                   .exit_code = ExitCode::kUsage});
    }
  }
  reader.reject_unknown();
}

}  // namespace vigor
