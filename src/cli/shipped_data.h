// Files of data/ that the program ships.
#pragma once

#include <filesystem>
#include <string>

namespace vigor {

// share/vigor-eval/NAME beside the program's bin/, else data/NAME of the sources that it was built
// from. Throws Error when neither is there; `option` is what names another one.
std::filesystem::path shipped_data(const std::string& name, const std::string& option);

}  // namespace vigor
