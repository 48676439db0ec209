// Which bytes are UTF-8, and a clear word for files in another encoding.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace vigor {

// Length of the valid UTF-8 sequence at the start of `text` (not empty), 0 if there is none.
size_t utf8_length(std::string_view text);

bool is_utf8(std::string_view text);

// Throws Error naming `where` when a file begins as UTF-16 or UTF-32 text does: with their byte
// order mark, or with a zero byte in its first or second place alone. Windows programs write such
// files ("Unicode" in save dialogs, PowerShell's >).
void refuse_utf16(std::string_view bytes, const std::string& where);

}  // namespace vigor
