#include "train/sft.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>

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

}  // namespace

// A sample with the image's tokens in place.
struct SftTask::Expanded {
  std::string id;
  uint64_t index = 0;
  std::vector<int64_t> ids;     // 0 at the image's places
  std::vector<int64_t> labels;  // kNoLoss there
  int64_t image_begin = 0;
  int64_t image_length = 0;  // 0: no image; less than image_tokens when the cut fell into it
  int64_t targets = 0;
};

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

SftTask::Expanded SftTask::expand(uint64_t index) {
  const TrainingSample sample = samples_.sample(index);
  const char* const data_fix = "build the training data with this checkpoint's tokenizer";
  if (sample.labels.size() != sample.ids.size()) {
    bad_sample(sample.id,
               "has " + std::to_string(sample.ids.size()) + " ids but " +
                   std::to_string(sample.labels.size()) + " labels",
               "", data_fix);
  }
  Expanded out;
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

// The projected features of all images, one after another, cut as their samples are.
at::Tensor SftTask::image_rows(std::span<const Expanded> batch) {
  const Llava& llava = *network_;
  const auto dtype = llava.text().dtype();
  std::vector<at::Tensor> images;
  for (const Expanded& sample : batch) {
    if (sample.image_length == 0) continue;
    at::Tensor image = samples_.image(sample.index);
    const int64_t size = config_.vision.image_size;
    const bool pixels = image.dim() == 3 && image.sizes() == at::IntArrayRef({3, size, size});
    const bool features =
        image.dim() == 2 && !vision_trained_ &&
        image.sizes() == at::IntArrayRef({config_.image_tokens(), config_.vision.hidden_size});
    if ((!pixels && !features) || (!images.empty() && images[0].dim() != image.dim())) {
      bad_sample(sample.id, "its image is a tensor that the model does not take",
                 vision_trained_ && image.dim() == 2
                     ? "features were computed ahead, but the vision tower is trained"
                     : "it was prepared for another checkpoint",
                 "prepare the images for this checkpoint");
    }
    images.push_back(image.to(device_, dtype));
  }
  if (images.empty()) return {};
  at::Tensor stacked = at::stack(images);
  if (stacked.dim() == 4) {
    at::AutoGradMode grad(vision_trained_ && at::GradMode::is_enabled());
    stacked = llava.select_features(stacked);
  }
  const at::Tensor projected = llava.project(stacked);
  std::vector<at::Tensor> rows;
  bool cut = false;
  int64_t next = 0;
  for (const Expanded& sample : batch) {
    if (sample.image_length == 0) continue;
    cut = cut || sample.image_length < config_.image_tokens();
    rows.push_back(projected.select(0, next++).narrow(0, 0, sample.image_length));
  }
  return cut ? at::cat(rows) : projected.flatten(0, 1);
}

double SftTask::loss_sum(std::span<const Expanded> batch, double scale) {
  const Llava& llava = network();
  std::vector<int64_t> ids, positions, image_places, target_rows, targets, lengths;
  for (const Expanded& sample : batch) {
    const auto start = static_cast<int64_t>(ids.size());
    const auto length = static_cast<int64_t>(sample.ids.size());
    ids.insert(ids.end(), sample.ids.begin(), sample.ids.end());
    for (int64_t t = 0; t < length; ++t) {
      positions.push_back(t);
      const int64_t label = t + 1 < length ? sample.labels[static_cast<size_t>(t + 1)] : kNoLoss;
      if (label == kNoLoss) continue;
      target_rows.push_back(start + t);
      targets.push_back(label);
    }
    for (int64_t t = 0; t < sample.image_length; ++t) {
      image_places.push_back(start + sample.image_begin + t);
    }
    lengths.push_back(length);
  }
  const auto tensor = [&](const std::vector<int64_t>& v) {
    return at::tensor(v, at::kLong).to(device_);
  };
  at::Tensor x = llava.text().embed(tensor(ids));
  const at::Tensor images = image_rows(batch);
  if (images.defined()) x = x.index_copy(0, tensor(image_places), images);
  PackedCausalAttention attention(lengths, device_);
  const at::Tensor hidden =
      llava.text().forward(x, tensor(positions), attention, nullptr, runner_ ? &runner_ : nullptr);
  const at::Tensor logits =
      llava.text().logits(select_unique_rows(hidden, tensor(target_rows))).to(at::kFloat);
  const at::Tensor loss = at::cross_entropy_loss(logits, tensor(targets), {}, at::Reduction::Sum);
  const double value = loss.item<double>();
  // Here, because recomputed layers refer to `attention`.
  if (scale != 0) {
    (loss * scale).backward();
    parameters_->collect_gradients();
  }
  return value;
}

BatchResult SftTask::run_batch(std::span<const uint64_t> indices, int64_t) {
  std::vector<Expanded> batch;
  BatchResult result;
  for (const uint64_t index : indices) {
    Expanded sample = expand(index);
    result.tokens += static_cast<int64_t>(sample.ids.size());
    result.targets += sample.targets;
    batch.push_back(std::move(sample));
  }
  if (result.targets == 0) {
    bad_sample(batch[0].id, "no sample of its batch has a target token",
               "the answers are empty, or max_length cut them off",
               "raise max_length, or remove samples without an answer");
  }
  const auto micro = static_cast<size_t>(options_.micro_batch > 0 ? options_.micro_batch
                                                                  : options_.loop.batch_size);
  std::vector<std::span<const Expanded>> parts;
  std::vector<int64_t> targets;
  for (size_t begin = 0; begin < batch.size(); begin += micro) {
    const auto part =
        std::span<const Expanded>(batch).subspan(begin, std::min(micro, batch.size() - begin));
    int64_t count = 0;
    for (const Expanded& sample : part) count += sample.targets;
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
  const auto micro = static_cast<size_t>(options_.micro_batch > 0 ? options_.micro_batch
                                                                  : options_.loop.batch_size);
  double sum = 0;
  int64_t targets = 0;
  for (size_t begin = 0; begin < indices.size(); begin += micro) {
    std::vector<Expanded> part;
    int64_t count = 0;
    for (const uint64_t index : indices.subspan(begin, std::min(micro, indices.size() - begin))) {
      part.push_back(expand(index));
      count += part.back().targets;
    }
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
