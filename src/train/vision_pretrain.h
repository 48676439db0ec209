// Pretraining of a CLIP vision tower from nothing, on pictures whose content is known.
//
// A language model that is trained end to end with an untrained tower learns what usually stands
// together and never looks. So the tower first learns to say, from its hidden states through linear
// heads, what every patch shows and what is in the picture at all; then it is frozen, as LLaVA
// freezes CLIP. The heads are thrown away.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/clip.h"
#include "train/training_loop.h"

namespace vigor {

// Pictures with labels. Called from one thread.
class LabelledPictures {
 public:
  virtual ~LabelledPictures() = default;
  virtual uint64_t size() const = 0;
  // Classes of patch_kind, of patch_colour, and of presence.
  virtual int64_t kinds() const = 0;
  virtual int64_t colours() const = 0;
  virtual int64_t presences() const = 0;
  struct Batch {
    at::Tensor pixels;        // [B, 3, S, S] fp32, normalised
    at::Tensor patch_kind;    // [B, patches] int64, row-major; kIgnoredPatch: no label
    at::Tensor patch_colour;  // as patch_kind
    at::Tensor presence;      // [B, presences()] fp32, 0 or 1
  };
  virtual Batch batch(std::span<const uint64_t> indices) const = 0;
  virtual Json identity() const = 0;
};
// -100 is taken as well.
inline constexpr int64_t kIgnoredPatch = 255;

struct VisionPretrainOptions {
  // Defaults differ from fine-tuning's: learning_rate 1e-3, weight_decay 0.05, warmup_ratio 0.05,
  // batch_size 64, epochs 10.
  LoopOptions loop;
  int64_t micro_batch = 0;     // pictures of one forward (0: the whole batch)
  std::string dtype = "fp32";  // or "bf16"
  // Weights of the three losses (0 or more).
  double kind_weight = 1.0, colour_weight = 1.0, presence_weight = 1.0;

  VisionPretrainOptions();
};
VisionPretrainOptions parse_vision_pretrain_options(const Json& json, const std::string& where);

// How well one hidden state tells what is in a picture.
struct VisionScores {
  std::string state;           // "selected" (what LLaVA takes) or "last"
  double kind_accuracy = 0;    // share of labelled patches
  double kind_recall = 0;      // mean over the kinds that occur: background does not drown them
  double colour_accuracy = 0;  // share of labelled patches
  double presence_map = 0;     // mean over classes with a positive of average precision
  double presence_f1 = 0;      // all classes together, at probability 0.5
};
Json to_json(const VisionScores& scores);

class VisionPretrainTask : public TrainingTask {
 public:
  // Heads sit on the hidden state `selected_layer` and, if that is another, on the last, the latter
  // behind post_layernorm. `source` gives the starting parameters, of the heads as well.
  VisionPretrainTask(const LabelledPictures& pictures, const ClipVisionConfig& config,
                     int64_t selected_layer, const ParameterSource& source,
                     const VisionPretrainOptions& options, at::Device device = at::kCPU);
  ~VisionPretrainTask() override;

  uint64_t size() const override { return pictures_.size(); }
  BatchResult run_batch(std::span<const uint64_t> indices, int64_t step) override;
  MasterParameters& parameters() override { return *parameters_; }
  Json settings() const override;

  // On pictures that were not trained on.
  std::vector<VisionScores> evaluate(const LabelledPictures& held_out);

 private:
  struct Network;
  std::unique_ptr<Network> build(const ParameterSource& source) const;

  const LabelledPictures& pictures_;
  ClipVisionConfig config_;
  int64_t selected_layer_;
  VisionPretrainOptions options_;
  at::Device device_;
  std::unique_ptr<MasterParameters> parameters_;
  std::unique_ptr<Network> network_;
};

// Trains, and when done writes FOLDER/vision.safetensors (canonical names, fp32) and
// FOLDER/vision.json with the scores on `held_out`, which are returned.
struct VisionPretrainResult {
  TrainingResult training;
  std::vector<VisionScores> scores;
};
VisionPretrainResult run_vision_pretrain(const LabelledPictures& pictures,
                                         const LabelledPictures& held_out,
                                         const ClipVisionConfig& config, int64_t selected_layer,
                                         const ParameterSource& source,
                                         const VisionPretrainOptions& options, TrainingRun& run,
                                         at::Device device = at::kCPU);

// Parameters of `file` where it has them, else those of `rest`: a pretrained tower and a language
// model from nothing.
ParameterSource with_weights(const std::filesystem::path& file, ParameterSource rest);

}  // namespace vigor
