// Names of pictures in data files, which come from elsewhere.
#pragma once

#include <filesystem>
#include <string>

namespace vigor {

// `folder`/`name`, after checking that it stays inside: no absolute path, no "..", and no symbolic
// link that leads out (links inside the folder and a folder that is itself a link are fine). The
// file need not exist. Throws Error naming `where`, the place of the name.
std::filesystem::path image_path(const std::filesystem::path& folder, const std::string& name,
                                 const std::string& where);

}  // namespace vigor
