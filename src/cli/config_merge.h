// A command's options from a JSON file.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>

#include "base/json.h"

namespace vigor {

// A configuration that cannot be read is a mistake in what was typed, not in the data: every Error
// has the exit code of wrong usage.
Json read_config(const std::filesystem::path& file);

// Sets every option of `app` that the command line did not give from the object in `file`. Keys
// are long option names ("max_new_tokens" or "max-new-tokens"); an array gives several values.
// Throws Error (usage) for an unknown key, suggesting the nearest, and for a value of the wrong
// type, naming the key.
void merge_config(CLI::App& app, const std::filesystem::path& file);

}  // namespace vigor
