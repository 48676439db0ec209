// A Hugging Face Grounding DINO as the official release's .pth would have it.
#pragma once

#include <filesystem>
#include <string>

namespace vigor::testing {

// The bytes of the file: every parameter of `folder` that the network asks for under its official
// name with `prefix` before it, queries, keys and values joined; without the one named `without`.
// Of shared box heads the first alone (the release holds one for each layer).
std::string original_grounding_dino(const std::filesystem::path& folder, const std::string& prefix,
                                    const std::string& without = "");

}  // namespace vigor::testing
