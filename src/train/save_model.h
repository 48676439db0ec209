// Saving a trained model as a checkpoint that the whole field reads.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "model/llava.h"
#include "train/master_parameters.h"

namespace vigor {

// Every parameter of a LLaVA network with its shape: the name, and whether LLaVA computes with it
// (vision layers beyond vision_feature_layer and post_layernorm are only stored).
struct NamedShape {
  std::string name;
  std::vector<int64_t> shape;
  bool computed = true;
};
std::vector<NamedShape> llava_parameters(const LlavaConfig& config);

// Writes FOLDER in the llava-hf layout: trained parameters from `parameters` with adapters merged,
// the rest from `source`; "fp32", "bf16" or "fp16". Stored-only parameters that the source lacks
// stay missing. Replaces FOLDER atomically. config.image_token_index must be an id of the
// vocabulary for other programs to find the image's place.
void save_trained_model(FileSystem& files, const std::filesystem::path& folder,
                        const LlavaConfig& config, const ParameterSource& source,
                        const MasterParameters& parameters, const std::string& dtype,
                        const std::vector<std::filesystem::path>& copies);

}  // namespace vigor
