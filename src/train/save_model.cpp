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
  LlavaConfig saved = config;
  if (config.image_token_index >= config.text.vocab_size)
    saved.text.vocab_size = (config.image_token_index / 64 + 1) * 64;
  const int64_t more_rows = saved.text.vocab_size - config.text.vocab_size;
  std::vector<TensorToSave> tensors;
  for (const NamedShape& p : llava_parameters(config)) {
    if (!p.computed) {
      try {
        source(p.name, p.shape);
      } catch (const Error&) {
        continue;
      }
    }
    std::vector<int64_t> shape = p.shape;
    const bool by_word = p.name == "language_model.model.embed_tokens.weight" ||
                         p.name == "language_model.lm_head.weight";
    if (by_word) shape[0] += more_rows;
    tensors.push_back({p.name, type, shape, [&, p, by_word, more_rows] {
                         at::Tensor value = parameters.merged(p.name, source(p.name, p.shape));
                         if (by_word && more_rows > 0)
                           value = at::cat({value, value.mean(0, true).expand({more_rows, -1})});
                         return value.to(type);
                       }});
  }
  files.create_directories(folder.parent_path());
  const char* const torch_dtype = bf16 ? "bfloat16" : fp16 ? "float16" : "float32";
  HfFolderOptions options;
  options.replace = true;
  options.copies = copies;
  save_hf_folder(files, folder, llava_config_json(saved, torch_dtype), tensors, options);
}

}  // namespace vigor
