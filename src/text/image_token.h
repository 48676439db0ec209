// Giving a tokenizer the <image> that checkpoints of the original layout lack.
#pragma once

#include <filesystem>

#include "base/file_system.h"
#include "text/tokenizer.h"

namespace vigor {

// Writes the tokenizer files of `from` (which `tokenizer` was loaded from) into `to`, made when
// absent, with <image> as one more special token; returns its id, one above the highest there is.
// Every text without <image> keeps its ids. Throws Error: `tokenizer` has <image> already, a file
// cannot be read or written.
int add_image_token(const std::filesystem::path& from, const Tokenizer& tokenizer,
                    const std::filesystem::path& to, FileSystem& files);

}  // namespace vigor
