// Giving a tokenizer the <image> that checkpoints of the original layout lack.
#pragma once

#include <filesystem>

#include "base/file_system.h"
#include "text/tokenizer.h"

namespace vigor {

// Writes the tokenizer files of `from` (which `tokenizer` was loaded from) into `to`, made when
// absent, with <image> as one more special token; returns its id, one above the highest there is.
// A prompt encoded at once with the new files has the ids that split_prompt gives it with the old
// ones, which is what the checkpoint was trained on. For this they are "legacy", even where the old
// ones were not: text behind <image> starts with a space, as every piece did that was encoded by
// itself. (Text behind another special token in the middle of a prompt then does too.) Throws
// Error: `tokenizer` has <image> already, a file cannot be read or written.
int add_image_token(const std::filesystem::path& from, const Tokenizer& tokenizer,
                    const std::filesystem::path& to, FileSystem& files);

}  // namespace vigor
