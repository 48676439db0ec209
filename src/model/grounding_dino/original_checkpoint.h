// The checkpoints of the official release (groundingdino_swint_ogc.pth, groundingdino_swinb_cogcoor
// .pth): the same network under other names, queries, keys and values of an attention in one
// matrix. The correspondence is that of transformers' convert_grounding_dino_to_hf.py.
#pragma once

#include <filesystem>
#include <string>

#include "model/grounding_dino/grounding_dino.h"

namespace vigor {

// Where the official checkpoint holds a parameter of the Hugging Face layout.
struct OriginalPlace {
  std::string name;  // without the "model." and "module." that torch.save puts before
  int third = -1;    // 0, 1, 2: that third of its rows (query, key, value); -1: all
};
// `name` as GroundingDino asks for it. A name that it does not ask for gives some other name.
OriginalPlace original_place(const std::string& name);

// `file` is a .pth; `config` a config.json or a geometry (configs/models/grounding-dino-tiny.json),
// which the file does not hold. Throws Error naming what is missing or misshapen.
GroundingDinoCheckpoint open_original_grounding_dino(const std::filesystem::path& file,
                                                     const std::filesystem::path& config,
                                                     at::ScalarType dtype, at::Device device);

}  // namespace vigor
