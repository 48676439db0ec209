#include "train/vision_pretrain.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "model/hf_folder.h"
#include "model/weights.h"
#include "train/vision_scores.h"

namespace vigor {
namespace {

const char* const kTower = "vision_tower.vision_model.";

// The head's labels with everything ignored as -100. Throws for a label that is no class.
at::Tensor checked_labels(const at::Tensor& labels, int64_t classes, const char* what) {
  const at::Tensor flat = labels.flatten().to(at::kLong);
  const at::Tensor clean = flat.masked_fill(flat.eq(kIgnoredPatch), -100);
  const at::Tensor wrong = clean.ne(-100).logical_and(clean.lt(0).logical_or(clean.ge(classes)));
  if (wrong.any().item<bool>()) {
    throw Error({.what = std::string(what) + " label " +
                         std::to_string(clean.masked_select(wrong)[0].item<int64_t>()) +
                         " is none of the " + std::to_string(classes) + " classes",
                 .where = "labelled pictures",
                 .cause = "the labels were made with another list of classes",
                 .fix = "make the labels again"});
  }
  return clean;
}

Json number_or_null(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

}  // namespace

VisionPretrainOptions::VisionPretrainOptions() {
  loop.learning_rate = 1e-3;
  loop.weight_decay = 0.05;
  loop.warmup_ratio = 0.05;
  loop.batch_size = 64;
  loop.epochs = 10;
}

VisionPretrainOptions parse_vision_pretrain_options(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  VisionPretrainOptions options;
  options.loop = parse_loop_options(reader, options.loop);
  options.micro_batch = reader.get<int64_t>("micro_batch", options.micro_batch);
  options.dtype = reader.get<std::string>("dtype", options.dtype);
  options.kind_weight = reader.get<double>("kind_weight", options.kind_weight);
  options.colour_weight = reader.get<double>("colour_weight", options.colour_weight);
  options.presence_weight = reader.get<double>("presence_weight", options.presence_weight);
  reader.has("comment");
  reader.reject_unknown();
  check_passes(options.loop, options.micro_batch, options.dtype, where);
  const std::array weights = {std::pair{"kind_weight", options.kind_weight},
                              std::pair{"colour_weight", options.colour_weight},
                              std::pair{"presence_weight", options.presence_weight}};
  for (const auto& [key, weight] : weights) {
    if (!(weight >= 0)) out_of_range(where, key, Json(weight).dump(), "at least 0");
  }
  return options;
}

Json to_json(const VisionScores& s) {
  return {{"state", s.state},
          {"kind_accuracy", number_or_null(s.kind_accuracy)},
          {"kind_recall", number_or_null(s.kind_recall)},
          {"colour_accuracy", number_or_null(s.colour_accuracy)},
          {"presence_map", number_or_null(s.presence_map)},
          {"presence_f1", number_or_null(s.presence_f1)}};
}

// The tower with its heads.
struct VisionPretrainTask::Network {
  struct Head {
    std::string state;
    int64_t layer = 0;
    LayerNorm norm;
    Linear kind, colour, presence;
  };
  struct Logits {
    at::Tensor kind, colour;  // [B * patches, classes] fp32
    at::Tensor presence;      // [B, presences] fp32
  };

  ClipVision tower;
  std::vector<Head> heads;

  std::vector<Logits> forward(const at::Tensor& pixels) const {
    std::vector<at::Tensor> states;
    tower.forward(pixels.to(tower.dtype()), &states);
    std::vector<Logits> out;
    for (const Head& head : heads) {
      const at::Tensor x = head.norm(states[static_cast<size_t>(head.layer)]);
      const at::Tensor patches = x.narrow(1, 1, x.size(1) - 1).flatten(0, 1);
      out.push_back({head.kind(patches).to(at::kFloat), head.colour(patches).to(at::kFloat),
                     head.presence(x.select(1, 0)).to(at::kFloat)});
    }
    return out;
  }
};

std::unique_ptr<VisionPretrainTask::Network> VisionPretrainTask::build(
    const ParameterSource& source) const {
  const ParameterSource tower = with_prefix(source, kTower);
  auto network =
      std::make_unique<Network>(Network{ClipVision(config_, tower, config_.num_hidden_layers), {}});
  const int64_t hidden = config_.hidden_size;
  const auto add = [&](const std::string& state, int64_t layer, LayerNorm norm) {
    const std::string name = "heads." + state + ".";
    network->heads.push_back(
        {state, layer, std::move(norm),
         make_linear(source, name + "kind", hidden, pictures_.kinds(), true),
         make_linear(source, name + "colour", hidden, pictures_.colours(), true),
         make_linear(source, name + "presence", hidden, pictures_.presences(), true)});
  };
  const LayerNorm last = make_layer_norm(tower, "post_layernorm", hidden, config_.layer_norm_eps);
  if (selected_layer_ != config_.num_hidden_layers) {
    add("selected", selected_layer_,
        make_layer_norm(source, "heads.selected.norm", hidden, config_.layer_norm_eps));
  }
  add("last", config_.num_hidden_layers, last);
  return network;
}

VisionPretrainTask::VisionPretrainTask(const LabelledPictures& pictures,
                                       const ClipVisionConfig& config, int64_t selected_layer,
                                       const ParameterSource& source,
                                       const VisionPretrainOptions& options, at::Device device)
    : pictures_(pictures),
      config_(config),
      selected_layer_(selected_layer),
      options_(options),
      device_(device) {
  TrainableOptions trainable;
  trainable.trainable = {"*"};
  trainable.dtype = options.dtype == "bf16" ? at::kBFloat16 : at::kFloat;
  trainable.device = device;
  parameters_ = std::make_unique<MasterParameters>(
      source, [&](const ParameterSource& recorder) { build(recorder); }, trainable);
  network_ = build(parameters_->compute_source());
}

VisionPretrainTask::~VisionPretrainTask() = default;

Json VisionPretrainTask::settings() const {
  return {{"micro_batch", options_.micro_batch},
          {"dtype", options_.dtype},
          {"kind_weight", options_.kind_weight},
          {"colour_weight", options_.colour_weight},
          {"presence_weight", options_.presence_weight},
          {"selected_layer", selected_layer_},
          {"data", pictures_.identity()}};
}

BatchResult VisionPretrainTask::run_batch(std::span<const uint64_t> indices, int64_t) {
  const LabelledPictures::Batch batch = pictures_.batch(indices);
  const int64_t count = batch.pixels.size(0);
  const int64_t patches = config_.patches();
  const at::Tensor kinds = checked_labels(batch.patch_kind, pictures_.kinds(), "kind").to(device_);
  const at::Tensor colours =
      checked_labels(batch.patch_colour, pictures_.colours(), "colour").to(device_);
  const at::Tensor presence = batch.presence.to(device_, at::kFloat);
  const at::Tensor pixels = batch.pixels.to(device_);
  // Each loss is a mean over its labels in the whole batch, whatever the micro-batch.
  const auto labelled = [](const at::Tensor& labels) {
    return static_cast<double>(std::max<int64_t>(1, labels.ge(0).sum().item<int64_t>()));
  };
  const auto states = static_cast<double>(network_->heads.size());
  const double kind_scale = options_.kind_weight / labelled(kinds) / states;
  const double colour_scale = options_.colour_weight / labelled(colours) / states;
  const double presence_scale = options_.presence_weight /
                                static_cast<double>(std::max<int64_t>(1, presence.numel())) /
                                states;

  const int64_t micro = options_.micro_batch > 0 ? options_.micro_batch : count;
  BatchResult result{.tokens = count * (patches + 1), .targets = kinds.ge(0).sum().item<int64_t>()};
  for (int64_t begin = 0; begin < count; begin += micro) {
    const int64_t size = std::min(micro, count - begin);
    const auto sum = [&](const at::Tensor& logits, const at::Tensor& labels) {
      return at::cross_entropy_loss(logits, labels.narrow(0, begin * patches, size * patches), {},
                                    at::Reduction::Sum);
    };
    at::Tensor loss = at::zeros({}, at::TensorOptions().dtype(at::kFloat).device(device_));
    for (const Network::Logits& logits : network_->forward(pixels.narrow(0, begin, size))) {
      loss = loss + sum(logits.kind, kinds) * kind_scale +
             sum(logits.colour, colours) * colour_scale +
             at::binary_cross_entropy_with_logits(logits.presence, presence.narrow(0, begin, size),
                                                  {}, {}, at::Reduction::Sum) *
                 presence_scale;
    }
    loss.backward();
    parameters_->collect_gradients();
    result.loss += loss.item<double>();
  }
  return result;
}

std::vector<VisionScores> VisionPretrainTask::evaluate(const LabelledPictures& held_out) {
  c10::NoGradGuard no_grad;
  struct Collected {
    std::vector<at::Tensor> kind, colour, presence;
  };
  std::vector<Collected> predicted(network_->heads.size());
  Collected truth;
  const auto step = static_cast<uint64_t>(options_.loop.batch_size);
  for (uint64_t begin = 0; begin < held_out.size(); begin += step) {
    std::vector<uint64_t> indices;
    for (uint64_t i = begin; i < std::min(held_out.size(), begin + step); ++i) indices.push_back(i);
    const LabelledPictures::Batch batch = held_out.batch(indices);
    truth.kind.push_back(checked_labels(batch.patch_kind, pictures_.kinds(), "kind"));
    truth.colour.push_back(checked_labels(batch.patch_colour, pictures_.colours(), "colour"));
    truth.presence.push_back(batch.presence.to(at::kFloat));
    const auto logits = network_->forward(batch.pixels.to(device_));
    for (size_t i = 0; i < logits.size(); ++i) {
      predicted[i].kind.push_back(logits[i].kind.argmax(1).to(at::kCPU));
      predicted[i].colour.push_back(logits[i].colour.argmax(1).to(at::kCPU));
      predicted[i].presence.push_back(logits[i].presence.to(at::kCPU));
    }
  }
  std::vector<VisionScores> scores;
  for (size_t i = 0; i < predicted.size() && !truth.kind.empty(); ++i) {
    const ClassAccuracy kind =
        class_accuracy(at::cat(predicted[i].kind), at::cat(truth.kind), pictures_.kinds());
    const ClassAccuracy colour =
        class_accuracy(at::cat(predicted[i].colour), at::cat(truth.colour), pictures_.colours());
    const at::Tensor logits = at::cat(predicted[i].presence);
    const at::Tensor present = at::cat(truth.presence);
    scores.push_back({network_->heads[i].state, kind.accuracy, kind.mean_recall, colour.accuracy,
                      mean_average_precision(logits, present), micro_f1(logits, present)});
  }
  return scores;
}

VisionPretrainResult run_vision_pretrain(const LabelledPictures& pictures,
                                         const LabelledPictures& held_out,
                                         const ClipVisionConfig& config, int64_t selected_layer,
                                         const ParameterSource& source,
                                         const VisionPretrainOptions& options, TrainingRun& run,
                                         at::Device device) {
  VisionPretrainTask task(pictures, config, selected_layer, source, options, device);
  VisionPretrainResult result;
  result.training = run_training(task, options.loop, run);
  if (result.training.interrupted) return result;
  MasterParameters& parameters = task.parameters();
  std::vector<TensorToSave> tensors;
  for (const TrainedParameter& p : parameters.trained()) {
    if (!p.name.starts_with(kTower)) continue;
    tensors.push_back(tensor_to_save(p.name, parameters.view(parameters.values(), p)));
  }
  save_safetensors(run.files, run.folder / "vision.safetensors", tensors);
  result.scores = task.evaluate(held_out);
  Json report = {{"steps", result.training.steps}, {"scores", Json::array()}};
  for (const VisionScores& scores : result.scores) report["scores"].push_back(to_json(scores));
  write_atomic(run.files, run.folder / "vision.json", dump_json(report, 2) + "\n");
  return result;
}

ParameterSource with_weights(const std::filesystem::path& file, ParameterSource rest) {
  const Weights weights = Weights::open_file(file);
  return [weights, rest = std::move(rest)](const std::string& name, at::IntArrayRef shape) {
    return weights.has(name) ? weights.get(name, shape) : rest(name, shape);
  };
}

}  // namespace vigor
