// Training of Grounding DINO, from nothing or from a checkpoint, on pictures whose things are
// known.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/grounding_dino/grounding_dino.h"
#include "train/set_prediction.h"
#include "train/training_loop.h"

namespace vigor {

// A noun of a prompt: tokens [begin, end), and whether the picture shows it.
struct AskedNoun {
  int64_t begin = 0, end = 0;
  bool present = false;
};

// Pictures with prompts and the truth about them. Called from one thread.
class DetectionSamples {
 public:
  virtual ~DetectionSamples() = default;
  virtual uint64_t size() const = 0;
  struct Batch {
    at::Tensor pixels;                          // float32 [B, 3, H, W], normalised
    at::Tensor pixel_mask;                      // int64 [B, H, W], 1 = picture
    at::Tensor ids, types, attention;           // int64 [B, T]
    std::vector<DetectionTargets> targets;      // B, on the CPU
    std::vector<std::vector<AskedNoun>> nouns;  // B
  };
  // `step` keys what is drawn at random: the nouns of the prompts and their order.
  virtual Batch batch(std::span<const uint64_t> indices, int64_t step) const = 0;
  virtual Json identity() const = 0;
};

struct DetectorTrainOptions {
  // Defaults differ from fine-tuning's: learning_rate 1e-4, weight_decay 1e-4, max_grad_norm 0.1
  // (the published training's), batch_size 16, epochs 12.
  LoopOptions loop;
  // Pictures of one forward and backward (0: the whole batch).
  int64_t micro_batch = 0;
  std::string dtype = "fp32";       // or "bf16": forward and backward
  std::string save_dtype = "fp32";  // or "bf16", "fp16"
  SetPredictionOptions loss;
  // A noun whose score is not above it is called not there, in the scores on held-out pictures.
  double threshold = 0.25;

  DetectorTrainOptions();
};
// Throws Error (usage) for an unknown key or a value out of its range.
DetectorTrainOptions parse_detector_train_options(const Json& json, const std::string& where);

// How well a detector answers "is it in the picture", which is what the automatic reward asks.
struct DetectorScores {
  int64_t pictures = 0;
  int64_t present = 0, absent = 0;  // nouns that were asked for
  double auroc = 0;                 // of the best score of a noun
  double threshold = 0.25;
  // Of the verdict "not there" (score not above the threshold).
  double precision = 0, recall = 0;
  double accuracy = 0;   // of both verdicts
  double box_share = 0;  // present nouns whose best box has an IoU of 0.5 or more with one of them
};
// What is undefined (no absent nouns, say) is null.
Json to_json(const DetectorScores& scores);
// All nouns of each prompt, `at_once` pictures in a forward, without gradients.
DetectorScores score_detector(const GroundingDino& model, const DetectionSamples& samples,
                              int64_t at_once, double threshold = 0.25);

class DetectorTask : public TrainingTask {
 public:
  // `source` gives the starting parameters, all of which are trained; box heads that the config
  // shares are one.
  DetectorTask(const DetectionSamples& samples, const GroundingDinoConfig& config,
               const ParameterSource& source, const DetectorTrainOptions& options,
               at::Device device = at::kCPU);

  uint64_t size() const override { return samples_.size(); }
  BatchResult run_batch(std::span<const uint64_t> indices, int64_t step) override;
  MasterParameters& parameters() override { return *parameters_; }
  Json settings() const override;

  // The network over the present parameters; good for one backward.
  GroundingDino network();

 private:
  const DetectionSamples& samples_;
  GroundingDinoConfig config_;
  DetectorTrainOptions options_;
  at::Device device_;
  std::unique_ptr<MasterParameters> parameters_;
};

// What a trained detector is saved with.
struct DetectorFolder {
  Json config;  // config.json; its "torch_dtype" and "architectures" are set
  std::vector<std::filesystem::path> copies;  // vocab.txt, preprocessor_config.json, ...
};

// Trains, and when done writes FOLDER/model (a Hugging Face folder) and FOLDER/detector.json with
// the scores on `held_out`, which are returned.
struct DetectorTrainResult {
  TrainingResult training;
  DetectorScores scores;
};
DetectorTrainResult run_detector_training(const DetectionSamples& samples,
                                          const DetectionSamples& held_out,
                                          const GroundingDinoConfig& config,
                                          const ParameterSource& source,
                                          const DetectorTrainOptions& options, TrainingRun& run,
                                          const DetectorFolder& folder,
                                          at::Device device = at::kCPU);

}  // namespace vigor
