#include "train/save_model.h"

#include <ATen/ATen.h>

#include <set>

#include "base/error.h"
#include "model/clip.h"
#include "model/hf_folder.h"

namespace vigor {

std::vector<NamedShape> llava_parameters(const LlavaConfig& config) {
  std::vector<NamedShape> all;
  std::set<std::string> seen;
  bool computed = true;
  const ParameterSource recorder = [&](const std::string& name, at::IntArrayRef shape) {
    if (seen.insert(name).second) all.push_back({name, shape.vec(), computed});
    return at::zeros({1}).expand(shape);
  };
  Llava network(config, recorder);
  computed = false;
  const ParameterSource vision = with_prefix(recorder, "vision_tower.vision_model.");
  ClipVision tower(config.vision, vision, config.vision.num_hidden_layers);
  make_layer_norm(vision, "post_layernorm", config.vision.hidden_size,
                  config.vision.layer_norm_eps);
  return all;
}

void save_trained_model(FileSystem& files, const std::filesystem::path& folder,
                        const LlavaConfig& config, const ParameterSource& source,
                        const MasterParameters& parameters, const std::string& dtype,
                        const std::vector<std::filesystem::path>& copies) {
  const bool bf16 = dtype == "bf16";
  const bool fp16 = dtype == "fp16";
  const at::ScalarType type = bf16 ? at::kBFloat16 : fp16 ? at::kHalf : at::kFloat;
  std::vector<TensorToSave> tensors;
  for (const NamedShape& p : llava_parameters(config)) {
    if (!p.computed) {
      try {
        source(p.name, p.shape);
      } catch (const Error&) {
        continue;
      }
    }
    tensors.push_back({p.name, type, p.shape, [&, p] {
                         return parameters.merged(p.name, source(p.name, p.shape)).to(type);
                       }});
  }
  files.create_directories(folder.parent_path());
  const char* const torch_dtype = bf16 ? "bfloat16" : fp16 ? "float16" : "float32";
  HfFolderOptions options;
  options.replace = true;
  options.copies = copies;
  save_hf_folder(files, folder, llava_config_json(config, torch_dtype), tensors, options);
}

}  // namespace vigor
