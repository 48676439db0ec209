// A name for the content of a checkpoint folder that is cheap enough to compute before every run.
#pragma once

#include <filesystem>
#include <string>

namespace vigor {

// SHA-256 over the name, size and content of every file below `folder` that can change what the
// model answers (*.json, *.safetensors, *.bin, *.pt, *.model, *.txt, *.jinja), in the order of
// their names. A single file is hashed likewise (`random:GEOMETRY.json`).
//
// Files of at most 16 MiB count with every byte. Of larger ones (weights) the safetensors header
// (every tensor's name, dtype, shape and place), both ends of every tensor (4 KiB; in files of
// torch.save the directory at the end has a CRC of each), the first and last MiB, and 256 blocks of
// 64 KiB spread evenly count: 13 GB of weights cost some tens of MB of reading. Training changes
// every block, so two checkpoints with the same hash differ only when a file was edited by hand
// between the blocks; the result is a name for bookkeeping, not a proof of integrity. Throws Error
// when the folder is missing or has none of these files.
std::string checkpoint_hash(const std::filesystem::path& folder);

}  // namespace vigor
