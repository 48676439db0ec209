#include "train/sft.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <map>

#include "train/packed_attention.h"
#include "train/recompute.h"
#include "train/save_model.h"

namespace vigor {
namespace {

TrainableOptions trainable_options(const SftOptions& options, at::Device device) {
  TrainableOptions out;
  out.trainable = options.trainable;
  if (out.trainable.empty()) {
    out.trainable = {"multi_modal_projector.*"};
    if (options.lora.rank == 0) out.trainable.push_back("language_model.*");
  }
  out.lora = options.lora;
  out.dtype = options.dtype == "bf16" ? at::kBFloat16 : at::kFloat;
  out.device = device;
  out.seed = options.loop.seed;
  return out;
}

[[noreturn]] void bad_sample(const std::string& id, const std::string& what,
                             const std::string& cause, const std::string& fix) {
  throw Error(
      {.what = what, .where = "sample '" + printable(id) + "'", .cause = cause, .fix = fix});
}

int64_t target_count(std::span<const ExpandedSample> samples) {
  int64_t count = 0;
  for (const ExpandedSample& sample : samples) count += sample.targets;
  return count;
}

}  // namespace

SftTask::SftTask(const SampleSource& samples, const LlavaConfig& config, ParameterSource source,
                 const SftOptions& options, at::Device device)
    : samples_(samples), config_(config), options_(options), device_(device) {
  parameters_ = std::make_unique<MasterParameters>(
      source, [&](const ParameterSource& recorder) { Llava network(config, recorder); },
      trainable_options(options, device));
  for (const TrainedParameter& p : parameters_->trained()) {
    vision_trained_ = vision_trained_ || p.name.starts_with("vision_tower.");
  }
  if (options.gradient_checkpointing) runner_ = recomputing_runner();
  if (!options.group_by_image) return;
  std::map<int64_t, size_t> known;
  for (uint64_t i = 0; i < samples.size(); ++i) {
    const int64_t picture = samples.picture(i);
    const auto [group, added] = known.emplace(picture, groups_.size());
    if (added || picture < 0 || groups_[group->second].size() >= kLargestGroup) {
      group->second = groups_.size();
      groups_.emplace_back();
    }
    groups_[group->second].push_back(i);
  }
}

Llava& SftTask::network() {
  // Adapted weights are part of a graph that one backward uses up.
  if (network_ == nullptr || parameters_->needs_rebuild()) {
    network_ = std::make_unique<Llava>(config_, parameters_->compute_source());
  }
  return *network_;
}

Json SftTask::settings() const {
  Json settings = sft_settings(options_);
  settings["data"] = samples_.identity();
  return settings;
}

ExpandedSample SftTask::expand(uint64_t index) {
  const TrainingSample sample = samples_.sample(index);
  const char* const data_fix = "build the training data with this checkpoint's tokenizer";
  if (sample.labels.size() != sample.ids.size()) {
    bad_sample(sample.id,
               "has " + std::to_string(sample.ids.size()) + " ids but " +
                   std::to_string(sample.labels.size()) + " labels",
               "", data_fix);
  }
  ExpandedSample out;
  out.id = sample.id;
  out.index = index;
  const auto fits = [&](int64_t id) { return id >= 0 && id < config_.text.vocab_size; };
  for (size_t i = 0; i < sample.ids.size(); ++i) {
    const int64_t id = sample.ids[i];
    if (id == kImageTokenId) {
      if (out.image_length > 0) {
        bad_sample(sample.id, "has more than one image", "", "give one image a sample");
      }
      out.image_begin = static_cast<int64_t>(out.ids.size());
      out.image_length = config_.image_tokens();
      out.ids.insert(out.ids.end(), static_cast<size_t>(out.image_length), 0);
      out.labels.insert(out.labels.end(), static_cast<size_t>(out.image_length), kNoLoss);
      continue;
    }
    if (!fits(id) || (sample.labels[i] != kNoLoss && !fits(sample.labels[i]))) {
      bad_sample(sample.id,
                 "token " + std::to_string(i) + " is " +
                     std::to_string(fits(id) ? sample.labels[i] : id) +
                     ", outside of the vocabulary of " + std::to_string(config_.text.vocab_size),
                 "the tokenizer does not match the checkpoint", data_fix);
    }
    out.ids.push_back(id);
    out.labels.push_back(sample.labels[i]);
  }
  const auto limit = static_cast<size_t>(options_.max_length);
  if (out.ids.size() > limit) {
    ++truncated_;
    out.ids.resize(limit);
    out.labels.resize(limit);
    out.image_length =
        std::clamp<int64_t>(options_.max_length - out.image_begin, 0, out.image_length);
  }
  if (out.ids.empty()) bad_sample(sample.id, "is empty", "", "remove it from the data");
  out.targets = static_cast<int64_t>(out.labels.size() - 1) -
                std::count(out.labels.begin() + 1, out.labels.end(), kNoLoss);
  return out;
}

// The samples of groups, or the samples themselves.
std::vector<ExpandedSample> SftTask::expand_all(std::span<const uint64_t> indices) {
  std::vector<ExpandedSample> out;
  for (size_t i = 0; i < indices.size(); ++i) {
    const auto add = [&](uint64_t sample) {
      out.push_back(expand(sample));
      out.back().group = static_cast<int64_t>(i);
    };
    if (options_.group_by_image) {
      for (const uint64_t sample : groups_.at(indices[i])) add(sample);
    } else {
      add(indices[i]);
    }
  }
  return out;
}

// The projected features of these samples' pictures, [pictures * image_tokens, hidden].
at::Tensor SftTask::image_rows(std::span<const uint64_t> pictures) {
  const Llava& llava = *network_;
  const auto dtype = llava.text().dtype();
  std::vector<at::Tensor> images;
  for (const uint64_t index : pictures) {
    at::Tensor image = samples_.image(index);
    const int64_t size = config_.vision.image_size;
    const bool pixels = image.dim() == 3 && image.sizes() == at::IntArrayRef({3, size, size});
    const bool features =
        image.dim() == 2 && !vision_trained_ &&
        image.sizes() == at::IntArrayRef({config_.image_tokens(), config_.vision.hidden_size});
    if ((!pixels && !features) || (!images.empty() && images[0].dim() != image.dim())) {
      bad_sample(samples_.sample(index).id, "its image is a tensor that the model does not take",
                 vision_trained_ && image.dim() == 2
                     ? "features were computed ahead, but the vision tower is trained"
                     : "it was prepared for another checkpoint",
                 "prepare the images for this checkpoint");
    }
    images.push_back(image.to(device_, dtype));
  }
  at::Tensor stacked = at::stack(images);
  if (stacked.dim() == 4) {
    at::AutoGradMode grad(vision_trained_ && at::GradMode::is_enabled());
    stacked = llava.select_features(stacked);
  }
  return llava.project(stacked).flatten(0, 1);
}

double SftTask::loss_sum(std::span<const ExpandedSample> batch, double scale) {
  const Llava& llava = network();
  const PackedSamples packed = pack_samples(batch, config_.image_tokens());
  const auto tensor = [&](const std::vector<int64_t>& v) {
    return at::tensor(v, at::kLong).to(device_);
  };
  at::Tensor x = llava.text().embed(tensor(packed.ids));
  if (!packed.pictures.empty()) {
    at::Tensor rows = image_rows(packed.pictures);
    // All rows in order, unless max_length cut an image or it stands at two places of a tree.
    if (rows.size(0) != static_cast<int64_t>(packed.image_rows.size()) || packed.shared)
      rows = rows.index_select(0, tensor(packed.image_rows));
    x = x.index_copy(0, tensor(packed.image_places), rows);
  }
  PackedCausalAttention attention(packed, device_);
  const at::Tensor hidden = llava.text().forward(x, tensor(packed.positions), attention, nullptr,
                                                 runner_ ? &runner_ : nullptr);
  const at::Tensor rows = tensor(packed.target_rows);
  const at::Tensor said = packed.shared ? hidden.index_select(0, rows)  // rows repeat
                                        : select_unique_rows(hidden, rows);
  const at::Tensor logits = llava.text().logits(said).to(at::kFloat);
  const at::Tensor loss =
      at::cross_entropy_loss(logits, tensor(packed.targets), {}, at::Reduction::Sum);
  const double value = loss.item<double>();
  // Here, because recomputed layers refer to `attention`.
  if (scale != 0) {
    (loss * scale).backward();
    parameters_->collect_gradients();
  }
  return value;
}

std::vector<std::span<const ExpandedSample>> SftTask::micro_batches(
    std::span<const ExpandedSample> batch) const {
  const int64_t micro = options_.micro_batch > 0 ? options_.micro_batch : options_.loop.batch_size;
  std::vector<std::span<const ExpandedSample>> parts;
  for (size_t begin = 0; begin < batch.size();) {
    size_t end = begin;
    while (end < batch.size() && batch[end].group < batch[begin].group + micro) ++end;
    parts.push_back(batch.subspan(begin, end - begin));
    begin = end;
  }
  return parts;
}

BatchResult SftTask::run_batch(std::span<const uint64_t> indices, int64_t) {
  const std::vector<ExpandedSample> batch = expand_all(indices);
  BatchResult result;
  for (const ExpandedSample& sample : batch) {
    result.tokens += static_cast<int64_t>(sample.ids.size());
    result.targets += sample.targets;
  }
  if (result.targets == 0) {
    bad_sample(batch[0].id, "no sample of its batch has a target token",
               "the answers are empty, or max_length cut them off",
               "raise max_length, or remove samples without an answer");
  }
  std::vector<std::span<const ExpandedSample>> parts;
  std::vector<int64_t> targets;
  for (const auto& part : micro_batches(batch)) {
    const int64_t count = target_count(part);
    if (count == 0) continue;
    parts.push_back(part);
    targets.push_back(count);
  }
  const bool by_tokens = options_.loss_normalisation == "tokens";
  for (size_t i = 0; i < parts.size(); ++i) {
    const double divisor =
        by_tokens ? static_cast<double>(result.targets)
                  : static_cast<double>(targets[i]) * static_cast<double>(parts.size());
    result.loss += loss_sum(parts[i], 1.0 / divisor) / divisor;
  }
  return result;
}

std::pair<double, int64_t> SftTask::evaluate(std::span<const uint64_t> indices) {
  c10::NoGradGuard no_grad;
  double sum = 0;
  int64_t targets = 0;
  const std::vector<ExpandedSample> batch = expand_all(indices);
  for (const auto& part : micro_batches(batch)) {
    const int64_t count = target_count(part);
    if (count == 0) continue;
    sum += loss_sum(part, 0);
    targets += count;
  }
  return {sum, targets};
}

TrainingResult run_sft(const SampleSource& samples, const LlavaConfig& config,
                       const ParameterSource& source, const SftOptions& options, TrainingRun& run,
                       const std::vector<std::filesystem::path>& copies, at::Device device) {
  SftTask task(samples, config, source, options, device);
  const TrainingResult result = run_training(task, options.loop, run);
  if (task.truncated() > 0 && run.progress != nullptr) {
    *run.progress << run.name << ": " << task.truncated()
                  << " samples were longer than max_length (" << options.max_length
                  << " tokens) and lost their end\n";
  }
  if (!result.interrupted) {
    save_trained_model(run.files, run.folder / "model", config, source, task.parameters(),
                       options.save_dtype, copies);
  }
  return result;
}

}  // namespace vigor
