#include "train/detector_training.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "model/hf_folder.h"

namespace vigor {
namespace {

// A layer that the config shares asks for the first one's parameters.
ParameterSource with_shared_heads(const GroundingDinoConfig& config,
                                  const ParameterSource& source) {
  return [config, source](const std::string& name, at::IntArrayRef shape) {
    const std::string head = "bbox_embed.";
    const std::string encoder_head = "model.encoder_output_bbox_embed.";
    if (config.decoder_bbox_embed_share && name.starts_with(head)) {
      return source(head + "0." + name.substr(name.find('.', head.size()) + 1), shape);
    }
    if (config.two_stage_bbox_embed_share && name.starts_with(encoder_head)) {
      return source(head + "0." + name.substr(encoder_head.size()), shape);
    }
    return source(name, shape);
  };
}

at::ScalarType type_of(const std::string& dtype) {
  return dtype == "bf16" ? at::kBFloat16 : dtype == "fp16" ? at::kHalf : at::kFloat;
}

// Share of pairs of a present and an absent noun that are in the right order, ties counted half.
double area_under_roc(std::vector<std::pair<float, bool>> scored) {
  std::sort(scored.begin(), scored.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  double present = 0, absent = 0, right = 0;
  for (size_t i = 0; i < scored.size();) {
    size_t end = i;
    double ties[2] = {0, 0};
    for (; end < scored.size() && scored[end].first == scored[i].first; ++end)
      ties[scored[end].second ? 1 : 0] += 1;
    right += ties[1] * (absent + ties[0] / 2);
    present += ties[1];
    absent += ties[0];
    i = end;
  }
  return right / (present * absent);
}

Json finite_or_null(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

void save_detector(FileSystem& files, const std::filesystem::path& folder,
                   const GroundingDinoConfig& config, MasterParameters& parameters,
                   const std::string& dtype, const DetectorFolder& with) {
  const at::ScalarType type = type_of(dtype);
  std::vector<TensorToSave> tensors;
  for (const TrainedParameter& p : parameters.trained()) {
    tensors.push_back(tensor_to_save(p.name, parameters.view(parameters.values(), p), type));
  }
  // A buffer that the files of transformers hold, one a block.
  for (size_t stage = 0; stage < config.backbone.depths.size(); ++stage) {
    for (int64_t block = 0; block < config.backbone.depths[stage]; ++block) {
      const std::string at = "model.backbone.conv_encoder.model.encoder.layers." +
                             std::to_string(stage) + ".blocks." + std::to_string(block) +
                             ".attention.self.relative_position_";
      if (!parameters.has(at + "bias_table")) continue;
      tensors.push_back(
          tensor_to_save(at + "index", relative_position_index(config.backbone.window_size)));
    }
  }
  Json saved = with.config;
  saved["architectures"] = {"GroundingDinoForObjectDetection"};
  saved["torch_dtype"] = type == at::kFloat  ? "float32"
                         : type == at::kHalf ? "float16"
                                             : "bfloat16";
  files.create_directories(folder.parent_path());
  HfFolderOptions options;
  options.replace = true;
  options.copies = with.copies;
  save_hf_folder(files, folder, saved, tensors, options);
}

}  // namespace

DetectorTrainOptions::DetectorTrainOptions() {
  loop.learning_rate = 1e-4;
  loop.weight_decay = 1e-4;
  loop.max_grad_norm = 0.1;
  loop.batch_size = 16;
  loop.epochs = 12;
}

DetectorTrainOptions parse_detector_train_options(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  DetectorTrainOptions options;
  options.loop = parse_loop_options(reader, options.loop);
  options.micro_batch = reader.get<int64_t>("micro_batch", options.micro_batch);
  options.dtype = reader.get<std::string>("dtype", options.dtype);
  options.save_dtype = reader.get<std::string>("save_dtype", options.save_dtype);
  SetPredictionOptions& loss = options.loss;
  const auto not_negative = [&](const char* key, double& field) {
    field = reader.get<double>(key, field);
    if (!(field >= 0) || !std::isfinite(field)) {
      out_of_range(where, key, Json(field).dump(), "at least 0");
    }
  };
  not_negative("class_cost", loss.class_cost);
  not_negative("box_cost", loss.box_cost);
  not_negative("giou_cost", loss.giou_cost);
  not_negative("class_weight", loss.class_weight);
  not_negative("box_weight", loss.box_weight);
  not_negative("giou_weight", loss.giou_weight);
  not_negative("focal_gamma", loss.focal_gamma);
  not_negative("place_weight", loss.place_weight);
  not_negative("focal_alpha", loss.focal_alpha);
  if (loss.focal_alpha > 1) {
    out_of_range(where, "focal_alpha", Json(loss.focal_alpha).dump(), "between 0 and 1");
  }
  options.threshold = reader.get<double>("threshold", options.threshold);
  if (!(options.threshold >= 0 && options.threshold <= 1)) {
    out_of_range(where, "threshold", Json(options.threshold).dump(), "between 0 and 1");
  }
  reader.has("comment");
  reader.reject_unknown();
  check_passes(options.loop, options.micro_batch, options.dtype, where);
  if (options.save_dtype != "fp32" && options.save_dtype != "bf16" &&
      options.save_dtype != "fp16") {
    out_of_range(where, "save_dtype", "'" + options.save_dtype + "'", "fp32, bf16 or fp16");
  }
  return options;
}

Json to_json(const DetectorScores& s) {
  return {{"pictures", s.pictures},
          {"nouns", {{"present", s.present}, {"absent", s.absent}}},
          {"auroc", finite_or_null(s.auroc)},
          {"threshold", s.threshold},
          {"precision", finite_or_null(s.precision)},
          {"recall", finite_or_null(s.recall)},
          {"accuracy", finite_or_null(s.accuracy)},
          {"box_share", finite_or_null(s.box_share)}};
}

DetectorScores score_detector(const GroundingDino& model, const DetectionSamples& samples,
                              int64_t at_once, double threshold) {
  const c10::NoGradGuard no_grad;
  DetectorScores scores{.pictures = static_cast<int64_t>(samples.size()), .threshold = threshold};
  std::vector<std::pair<float, bool>> scored;
  double called_absent = 0, rightly_absent = 0, right = 0, placed = 0;
  for (uint64_t first = 0; first < samples.size(); first += static_cast<uint64_t>(at_once)) {
    std::vector<uint64_t> indices;
    for (uint64_t i = first; i < std::min(samples.size(), first + static_cast<uint64_t>(at_once));
         ++i) {
      indices.push_back(i);
    }
    const DetectionSamples::Batch batch = samples.batch(indices, 0);
    const at::Device device = model.device();
    const GroundingDino::Output output = model.ground(
        model.encode_images(batch.pixels.to(device, model.dtype()), batch.pixel_mask.to(device)),
        model.encode_text(batch.ids.to(device), batch.types.to(device),
                          batch.attention.to(device)));
    const at::Tensor probabilities = at::sigmoid(output.logits).to(at::kCPU);
    const at::Tensor boxes = output.boxes.to(at::kCPU);
    for (size_t i = 0; i < indices.size(); ++i) {
      const auto row = static_cast<int64_t>(i);
      for (const AskedNoun& noun : batch.nouns[i]) {
        const at::Tensor fit =
            std::get<0>(probabilities[row].slice(1, noun.begin, noun.end).max(1));
        const auto best = fit.argmax().item<int64_t>();
        const float score = fit[best].item<float>();
        scored.emplace_back(score, noun.present);
        const bool found = static_cast<double>(score) > threshold;
        ++(noun.present ? scores.present : scores.absent);
        right += found == noun.present ? 1 : 0;
        called_absent += found ? 0 : 1;
        rightly_absent += !found && !noun.present ? 1 : 0;
        if (!noun.present) continue;
        const DetectionTargets& truth = batch.targets[i];
        const at::Tensor named = truth.tokens.select(1, noun.begin).gt(0).nonzero().squeeze(1);
        const at::Tensor iou =
            paired_iou(boxes[row][best].unsqueeze(0), truth.boxes.index_select(0, named), true);
        placed += iou.max().item<float>() >= 0.5f ? 1 : 0;
      }
    }
  }
  scores.auroc = area_under_roc(std::move(scored));
  scores.precision = rightly_absent / called_absent;
  scores.recall = rightly_absent / static_cast<double>(scores.absent);
  scores.accuracy = right / static_cast<double>(scores.absent + scores.present);
  scores.box_share = placed / static_cast<double>(scores.present);
  return scores;
}

DetectorTask::DetectorTask(const DetectionSamples& samples, const GroundingDinoConfig& config,
                           const ParameterSource& source, const DetectorTrainOptions& options,
                           at::Device device)
    : samples_(samples), config_(config), options_(options), device_(device) {
  TrainableOptions trainable;
  trainable.trainable = {"*"};
  trainable.dtype = type_of(options.dtype);
  trainable.device = device;
  parameters_ = std::make_unique<MasterParameters>(
      source,
      [&](const ParameterSource& recorder) {
        GroundingDino network(config_, with_shared_heads(config_, recorder));
      },
      trainable);
}

Json DetectorTask::settings() const {
  const SetPredictionOptions& loss = options_.loss;
  return {{"micro_batch", options_.micro_batch}, {"dtype", options_.dtype},
          {"class_cost", loss.class_cost},       {"box_cost", loss.box_cost},
          {"giou_cost", loss.giou_cost},         {"class_weight", loss.class_weight},
          {"box_weight", loss.box_weight},       {"giou_weight", loss.giou_weight},
          {"focal_alpha", loss.focal_alpha},     {"focal_gamma", loss.focal_gamma},
          {"place_weight", loss.place_weight},   {"data", samples_.identity()}};
}

GroundingDino DetectorTask::network() {
  return GroundingDino(config_, with_shared_heads(config_, parameters_->compute_source()));
}

BatchResult DetectorTask::run_batch(std::span<const uint64_t> indices, int64_t step) {
  DetectionSamples::Batch batch = samples_.batch(indices, step);
  const int64_t count = batch.pixels.size(0);
  BatchResult result;
  for (DetectionTargets& target : batch.targets) {
    result.targets += target.boxes.size(0);
    target.boxes = target.boxes.to(device_);
    target.tokens = target.tokens.to(device_);
  }
  const double things = static_cast<double>(std::max<int64_t>(1, result.targets));
  const int64_t micro = options_.micro_batch > 0 ? options_.micro_batch : count;
  for (int64_t first = 0; first < count; first += micro) {
    const int64_t size = std::min(micro, count - first);
    const auto part = [&](const at::Tensor& whole) {
      return whole.narrow(0, first, size).to(device_);
    };
    const std::vector<DetectionTargets> targets(batch.targets.begin() + first,
                                                batch.targets.begin() + first + size);
    // The backbone's bias tables are looked up when it is built: part of one graph each.
    const GroundingDino model = network();
    const VisionFeatures vision =
        model.encode_images(part(batch.pixels).to(model.dtype()), part(batch.pixel_mask));
    const TextFeatures text =
        model.encode_text(part(batch.ids), part(batch.types), part(batch.attention));
    const GroundingDino::EveryLayer out = model.ground_every_layer(vision, text);
    const auto set_loss = [&](const at::Tensor& logits, const at::Tensor& boxes) {
      return set_prediction_loss(logits, boxes, text.present, targets, things, options_.loss);
    };
    at::Tensor loss;
    for (const GroundingDino::Output& layer : out.layers) {
      const at::Tensor of_layer = set_loss(layer.logits, layer.boxes);
      loss = loss.defined() ? loss + of_layer : of_layer;
    }
    // The places that became queries, before the decoder changes them.
    const Queries::Places& places = out.places;
    const auto chosen = [&](const at::Tensor& rows) {
      return rows.gather(1, places.chosen.unsqueeze(-1).expand({-1, -1, rows.size(2)}));
    };
    loss = loss + set_loss(chosen(places.logits), chosen(places.boxes));
    if (options_.loss.place_weight > 0) {
      loss = loss + options_.loss.place_weight * static_cast<double>(size) /
                        static_cast<double>(count) *
                        place_loss(places.centres, places.useless, places.logits, places.boxes,
                                   text.present, targets, options_.loss);
    }
    loss.backward();
    parameters_->collect_gradients();
    result.loss += loss.item<double>();
    result.tokens += size * (vision.tokens.size(1) + text.tokens.size(1));
  }
  return result;
}

DetectorTrainResult run_detector_training(const DetectionSamples& samples,
                                          const DetectionSamples& held_out,
                                          const GroundingDinoConfig& config,
                                          const ParameterSource& source,
                                          const DetectorTrainOptions& options, TrainingRun& run,
                                          const DetectorFolder& folder, at::Device device) {
  DetectorTask task(samples, config, source, options, device);
  DetectorTrainResult result;
  result.training = run_training(task, options.loop, run);
  if (result.training.interrupted) return result;
  save_detector(run.files, run.folder / "model", config, task.parameters(), options.save_dtype,
                folder);
  {
    const c10::NoGradGuard no_grad;
    result.scores = score_detector(
        task.network(), held_out,
        options.micro_batch > 0 ? options.micro_batch : options.loop.batch_size, options.threshold);
  }
  const Json report = {{"steps", result.training.steps}, {"held_out", to_json(result.scores)}};
  write_atomic(run.files, run.folder / "detector.json", dump_json(report, 2) + "\n");
  return result;
}

}  // namespace vigor
