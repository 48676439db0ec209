#include "cli/run_record.h"

#include <filesystem>

#include "cli/versions.h"
#include "run/sha256.h"

namespace vigor {

Json file_record(const std::string& path) {
  return {{"name", std::filesystem::path(path).filename().string()}, {"sha256", sha256_file(path)}};
}

Json run_record(const CommandContext& context, const std::string& what, const Json& model_identity,
                const std::vector<std::string>& dataset_files) {
  Json files = Json::array();
  for (const std::string& path : dataset_files) files.push_back(file_record(path));
  Json keys = {{"what", what},
               {"benchmark", what},
               {"command", context.arguments},
               {"dataset", files},
               {"model", model_identity},
               {"versions", versions()},
               {"git_commit", git_commit()}};
  for (const char* key : {"checkpoint_hash", "device", "dtype"}) {
    keys[key] = model_identity.contains(key) ? model_identity[key] : Json();
  }
  return keys;
}

void announce(const CommandContext& context, const RunFolder& folder) {
  for (const std::string& note : folder.notes()) context.console.note(note);
  if (folder.complete()) {
    context.console.note("this run is complete: nothing is asked again");
  } else if (folder.resumed()) {
    context.console.note("going on with a run that has " + std::to_string(folder.count()) +
                         " samples");
  }
}

std::string failure_of(const Json& sample) {
  if (sample.value("status", "") != "failed") return "";
  const std::string error = sample.value("error", "");
  // The first line says what; the others would say what to do a second time.
  return printable(sample.value("image", "")) + ": " + printable(error.substr(0, error.find('\n')));
}

std::string first_failure(const RunFolder& folder) {
  for (const Json& sample : folder.samples()) {
    std::string failure = failure_of(sample);
    if (!failure.empty()) return failure;
  }
  return "";
}

}  // namespace vigor
