#include "train/sft_options.h"

#include <algorithm>

namespace vigor {
namespace {

std::string one_of(ObjectReader& reader, const std::string& key, const std::string& fallback,
                   const std::vector<std::string>& known) {
  const std::string value = reader.get<std::string>(key, fallback);
  if (std::find(known.begin(), known.end(), value) != known.end()) return value;
  std::string range;
  for (size_t i = 0; i < known.size(); ++i) {
    range += (i == 0 ? "" : i + 1 == known.size() ? " or " : ", ") + known[i];
  }
  out_of_range(reader.where(), key, "'" + value + "'", range);
}

LoraOptions parse_lora(ObjectReader reader) {
  LoraOptions lora;
  lora.rank = reader.get<int64_t>("rank", lora.rank);
  lora.alpha = reader.get<double>("alpha", lora.alpha);
  lora.targets = reader.get<std::vector<std::string>>("targets", lora.targets);
  reader.reject_unknown();
  if (lora.rank < 0 || lora.rank > 65536) {
    out_of_range(reader.where(), "rank", std::to_string(lora.rank), "between 0 and 65536");
  }
  if (!(lora.alpha > 0)) {
    out_of_range(reader.where(), "alpha", Json(lora.alpha).dump(), "above 0");
  }
  if (lora.rank > 0 && lora.targets.empty()) {
    out_of_range(reader.where(), "targets", "empty", "at least one name");
  }
  return lora;
}

}  // namespace

SftOptions parse_sft_options(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  SftOptions options;
  options.loop = parse_loop_options(reader);
  options.micro_batch = reader.get<int64_t>("micro_batch", options.micro_batch);
  options.group_by_image = reader.get<bool>("group_by_image", options.group_by_image);
  options.dtype = one_of(reader, "dtype", options.dtype, {"fp32", "bf16"});
  options.loss_normalisation =
      one_of(reader, "loss_normalisation", options.loss_normalisation, {"tokens", "mean_of_means"});
  options.gradient_checkpointing =
      reader.get<bool>("gradient_checkpointing", options.gradient_checkpointing);
  options.max_length = reader.get<int64_t>("max_length", options.max_length);
  options.trainable = reader.get<std::vector<std::string>>("trainable", options.trainable);
  options.save_dtype = one_of(reader, "save_dtype", options.save_dtype, {"fp32", "bf16", "fp16"});
  if (reader.has("lora")) options.lora = parse_lora(reader.child("lora"));
  reader.has("comment");
  reader.reject_unknown();
  if (options.micro_batch < 0 || options.micro_batch > options.loop.batch_size) {
    out_of_range(where, "micro_batch", std::to_string(options.micro_batch),
                 "between 0 (the whole batch) and batch_size");
  }
  if (options.max_length < 2) {
    out_of_range(where, "max_length", std::to_string(options.max_length), "at least 2");
  }
  return options;
}

Json sft_settings(const SftOptions& options) {
  Json settings = loop_settings(options.loop);
  settings["micro_batch"] = options.micro_batch;
  // Left out when false: runs begun before there was this setting go on.
  if (options.group_by_image) settings["group_by_image"] = true;
  settings["dtype"] = options.dtype;
  settings["loss_normalisation"] = options.loss_normalisation;
  settings["max_length"] = options.max_length;
  settings["trainable"] = options.trainable;
  settings["lora.rank"] = options.lora.rank;
  settings["lora.alpha"] = options.lora.alpha;
  settings["lora.targets"] = options.lora.targets;
  return settings;
}

}  // namespace vigor
