// The directory of a zip file whose records are stored without compression, as torch.save writes
// it: where each record's bytes lie in the file. Zip64 is understood, nothing is copied.
//
// The format: PKWARE's APPNOTE.TXT, sections 4.3 and 4.5.3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>

namespace vigor {

struct ZipRecord {
  uint64_t begin = 0;  // bytes from the start of the file
  uint64_t size = 0;
};

// Record name -> place. Throws Error: no directory at the end (cut-off file), records that are
// compressed, encrypted, named twice or outside of the file. `where` names the file in messages.
std::unordered_map<std::string, ZipRecord> read_zip_directory(std::span<const std::byte> file,
                                                              const std::string& where);

}  // namespace vigor
