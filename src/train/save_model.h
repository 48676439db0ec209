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
// stay missing. Replaces FOLDER atomically. When config.image_token_index lies above the
// vocabulary (a checkpoint that had no <image>), embedding and head are saved with rows up to the
// next multiple of 64 above it, each the mean of the rows there are: other programs embed the id
// before they put the image in its place.
void save_trained_model(FileSystem& files, const std::filesystem::path& folder,
                        const LlavaConfig& config, const ParameterSource& source,
                        const MasterParameters& parameters, const std::string& dtype,
                        const std::vector<std::filesystem::path>& copies);

}  // namespace vigor
