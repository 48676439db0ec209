#include "vigor/stage.h"

#include "base/error.h"
#include "base/files.h"
#include "run/sha256.h"

namespace vigor {
namespace {

Json record_of(const StageKey& key) {
  Json inputs = Json::object();
  for (const auto& [name, path] : key.inputs) inputs[name] = sha256_file(path);
  return {{"stage", key.stage},
          {"version", key.version},
          {"settings", key.settings},
          {"inputs", std::move(inputs)}};
}

std::filesystem::path record_path(std::filesystem::path out) {
  out += ".stage.json";
  return out;
}

}  // namespace

std::optional<Json> up_to_date(const StageKey& key, const std::filesystem::path& out) {
  const Json expected = record_of(key);
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(out, ignored) ||
      !std::filesystem::is_regular_file(record_path(out), ignored)) {
    return std::nullopt;
  }
  Json record;
  try {
    record = read_json_file(record_path(out));
  } catch (const Error&) {
    return std::nullopt;  // torn or foreign: the stage runs again
  }
  if (!record.is_object()) return std::nullopt;
  for (const auto& [name, value] : expected.items()) {
    if (record.value(name, Json()) != value) return std::nullopt;
  }
  if (record.value("output", Json()) != Json(sha256_file(out))) return std::nullopt;
  return record.value("summary", Json());
}

void finish_stage(FileSystem& files, const StageKey& key, const std::filesystem::path& out,
                  std::string_view bytes, const Json& summary) {
  Json record = record_of(key);
  record["output"] = sha256_hex(bytes);
  record["summary"] = summary;
  if (out.has_parent_path()) files.create_directories(out.parent_path());
  write_atomic(files, out, bytes);
  write_atomic(files, record_path(out), dump_json(record, 2) + "\n");
}

}  // namespace vigor
