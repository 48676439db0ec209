#include "lvlm/native_load.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "engine/machine.h"
#include "run/checkpoint_hash.h"
#include "run/sha256.h"
#include "text/prompt.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRandom = "random:";

ClipPreprocess find_preprocess(const LlavaConfig& config, const fs::path& folder,
                               const fs::path& vision_tower) {
  std::vector<fs::path> places;
  if (!folder.empty()) places.push_back(folder / "preprocessor_config.json");
  if (!folder.empty() && config.layout == CheckpointLayout::kOriginal) {
    places.insert(places.begin(),
                  find_vision_tower(config, folder, vision_tower) / "preprocessor_config.json");
  }
  ClipPreprocess preprocess;
  const auto place = std::find_if(places.begin(), places.end(),
                                  [](const fs::path& file) { return fs::exists(file); });
  if (place != places.end()) {
    preprocess = load_clip_preprocess(*place);
  } else {
    // CLIP's own values at the tower's size; only random geometries come without the file.
    if (!folder.empty()) {
      throw Error({.what = "preprocessor_config.json is missing",
                   .where = printable(folder.string()),
                   .cause = "the checkpoint was not downloaded whole",
                   .fix = "put the file of the vision tower there; guessing how pictures were "
                          "resized would change every answer"});
    }
    const int side = static_cast<int>(config.vision.image_size);
    preprocess.shortest_edge = preprocess.crop_height = preprocess.crop_width = side;
  }
  if (config.image_pad) preprocess.aspect = Aspect::kPad;
  if (preprocess.height() != config.vision.image_size ||
      preprocess.width() != config.vision.image_size) {
    throw Error({.what = "pictures are cut to " + std::to_string(preprocess.width()) + "x" +
                         std::to_string(preprocess.height()) + ", the vision tower takes " +
                         std::to_string(config.vision.image_size),
                 .where = place != places.end() ? place->string() : "",
                 .cause = "preprocessor_config.json belongs to another vision tower",
                 .fix = "take the file of the tower that config.json names"});
  }
  return preprocess;
}

std::string tokenizer_hash(const fs::path& folder) {
  std::string hashes;
  for (const std::string& name : tokenizer_file_names()) {
    if (fs::exists(folder / name)) hashes += name + sha256_file(folder / name);
  }
  return sha256_hex(hashes);
}

}  // namespace

at::ScalarType parse_dtype(const std::string& name, const at::Device& device) {
  if (name == "float32") return at::kFloat;
  if (name == "bfloat16") return at::kBFloat16;
  if (name == "float16" && device.is_cpu()) {
    throw Error({.what = "float16 is not computed on the processor",
                 .cause = "LibTorch has no half-precision matrix products for it",
                 .fix = "choose --dtype float32 or bfloat16; files in float16 load into either",
                 .exit_code = ExitCode::kUsage});
  }
  if (name == "float16") return at::kHalf;
  if (name == "auto") {
    const std::vector<std::string> units = machine_facts().units;
    const bool matrix_units = std::find(units.begin(), units.end(), "amx_bf16") != units.end();
    return !device.is_cpu() || matrix_units ? at::kBFloat16 : at::kFloat;
  }
  throw Error({.what = "unknown dtype '" + printable(name) + "'",
               .fix = "choose auto, float32, bfloat16 or float16",
               .exit_code = ExitCode::kUsage});
}

LoadedNative load_native(const NativeOptions& options, at::ScalarType dtype,
                         const at::Device& device) {
  if (options.model.starts_with(kRandom)) {
    const fs::path file = options.model.substr(kRandom.size());
    LlavaConfig config = parse_llava_config(read_json_file(file), file.string());
    if (options.tokenizer.empty()) {
      throw Error({.what = "random weights have no tokenizer of their own",
                   .where = options.model,
                   .fix = "give --tokenizer DIR with a tokenizer.model",
                   .exit_code = ExitCode::kUsage});
    }
    Tokenizer tokenizer = Tokenizer::load(options.tokenizer);
    check_fits(tokenizer, config.text.vocab_size, options.model);
    const ClipPreprocess preprocess = find_preprocess(config, {}, {});
    return {config, random_parameters(options.random_seed, dtype, device), std::move(tokenizer),
            preprocess,
            sha256_hex("random " + std::to_string(options.random_seed) + checkpoint_hash(file) +
                       tokenizer_hash(options.tokenizer))};
  }
  const fs::path folder = options.model;
  LlavaCheckpoint checkpoint = open_llava(folder, dtype, device, options.vision_tower);
  Tokenizer tokenizer = Tokenizer::load(options.tokenizer.empty() ? folder : options.tokenizer);
  check_fits(tokenizer, checkpoint.config.text.vocab_size, folder.string());
  const auto image = tokenizer.id_of(kImageText);
  if (checkpoint.config.layout != CheckpointLayout::kOriginal && image &&
      *image != checkpoint.config.image_token_index) {
    throw Error({.what = "the tokenizer has <image> as " + std::to_string(*image) +
                         ", config.json says " +
                         std::to_string(checkpoint.config.image_token_index),
                 .where = folder.string(),
                 .cause = "the tokenizer's files belong to another checkpoint",
                 .fix = "use the tokenizer files that came with these weights"});
  }
  ClipPreprocess preprocess = find_preprocess(checkpoint.config, folder, options.vision_tower);
  // What lies outside of the folder changes answers as well.
  std::string hash = checkpoint_hash(folder);
  if (checkpoint.config.layout == CheckpointLayout::kOriginal) {
    const fs::path tower = find_vision_tower(checkpoint.config, folder, options.vision_tower);
    hash = sha256_hex(hash + checkpoint_hash(tower));
  }
  if (!options.tokenizer.empty()) hash = sha256_hex(hash + tokenizer_hash(options.tokenizer));
  return {checkpoint.config, checkpoint.source, std::move(tokenizer), preprocess, hash};
}

}  // namespace vigor
