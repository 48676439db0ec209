// What every command writes into run.json beside settings and measurements.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "cli/command.h"
#include "run/run_folder.h"

namespace vigor {

// {"what", "benchmark", "command", "dataset": [{"name", "sha256"}], "model", "versions",
//  "git_commit", "checkpoint_hash", "device", "dtype"}.
Json run_record(const CommandContext& context, const std::string& what, const Json& model_identity,
                const std::vector<std::string>& dataset_files);

// Name and SHA-256 of a file of data, for settings.
Json file_record(const std::string& path);

// Says what opening a run folder found: repairs, that it is complete, or how much it has.
void announce(const CommandContext& context, const RunFolder& folder);

// Image and error of a sample that failed, "" of others.
std::string failure_of(const Json& sample);
// That of the first failed sample, "" when none failed.
std::string first_failure(const RunFolder& folder);

}  // namespace vigor
