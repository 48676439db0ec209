// The state of a training run on disk: FOLDER/step-00000123.safetensors, written atomically.
//
// A file holds "parameters.NAME", "first_moment.NAME" and "second_moment.NAME" (fp32) for every
// trained parameter, and in its metadata under "state" a JSON object: step, optimiser steps, rng
// (seed and counters), settings. Killed at any moment, the newest complete file is what counts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "base/file_system.h"
#include "base/json.h"
#include "train/adamw.h"
#include "train/master_parameters.h"

namespace vigor {

struct TrainingState {
  int64_t step = 0;  // steps done
  Json settings;     // what must be the same when the run goes on
};

// The state files of a folder, oldest first; leftovers of a killed writer are not among them.
std::vector<std::filesystem::path> training_states(const std::filesystem::path& folder);

// Writes the state and removes all but the `keep` newest.
void save_training_state(FileSystem& files, const std::filesystem::path& folder,
                         const TrainingState& state, MasterParameters& parameters, AdamW& optimiser,
                         int64_t keep);

// Restores the newest state into parameters and optimiser; nothing when there is none. Throws
// Error (usage) naming the first setting that differs from `settings`, and Error when the file
// does not fit the parameters.
std::optional<TrainingState> load_training_state(const std::filesystem::path& folder,
                                                 const Json& settings, MasterParameters& parameters,
                                                 AdamW& optimiser);

}  // namespace vigor
