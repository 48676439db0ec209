// Supervised fine-tuning of LLaVA: next-token loss on answer tokens.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "model/llava.h"
#include "train/packed_samples.h"
#include "train/sft_options.h"
#include "train/training_loop.h"

namespace vigor {

struct TrainingSample {
  std::string id;  // names the sample in messages
  // Token ids; kImageTokenId stands for the whole image, at most once.
  std::vector<int64_t> ids = {};
  // As many: the id itself where the model must learn to say it, kNoLoss elsewhere.
  std::vector<int64_t> labels = {};
};
inline constexpr int64_t kNoLoss = -100;

// Samples in a fixed order. Called from one thread.
class SampleSource {
 public:
  virtual ~SampleSource() = default;
  virtual uint64_t size() const = 0;
  virtual TrainingSample sample(uint64_t index) const = 0;
  // The image of a sample that has kImageTokenId, fp32: pixel values [3, S, S], or, when the vision
  // tower is frozen and ran before, its selected features [image_tokens, vision hidden_size].
  virtual at::Tensor image(uint64_t index) const = 0;
  // Samples with the same number, 0 or more, have the same image; -1: none, or not known.
  virtual int64_t picture(uint64_t) const { return -1; }
  // Identifies the data: a run goes on only over the same ("file", "sha256", ...).
  virtual Json identity() const = 0;
};

// Samples of one group at most; a picture with more has several groups. Attention over a group
// takes memory by the square of its tokens.
inline constexpr size_t kLargestGroup = 32;

class SftTask : public TrainingTask {
 public:
  // Starts from `source` (canonical names). References must outlive the task. Throws Error for
  // settings that do not fit the model.
  SftTask(const SampleSource& samples, const LlavaConfig& config, ParameterSource source,
          const SftOptions& options, at::Device device = at::kCPU);

  // Samples, or with group_by_image groups of them: what the indices below count.
  uint64_t size() const override {
    return options_.group_by_image ? groups_.size() : samples_.size();
  }
  // Throws Error naming the sample that does not fit the model: an id outside of the vocabulary,
  // two images, labels of another length; and when no sample of the batch has a target.
  BatchResult run_batch(std::span<const uint64_t> indices, int64_t step) override;
  MasterParameters& parameters() override { return *parameters_; }
  Json settings() const override;

  // Samples that lost their end to max_length so far (a sample counts each time it is seen).
  uint64_t truncated() const { return truncated_; }
  // The sum of the loss over the target tokens of these, without gradients, and how many.
  std::pair<double, int64_t> evaluate(std::span<const uint64_t> indices);

 private:
  ExpandedSample expand(uint64_t index);
  std::vector<ExpandedSample> expand_all(std::span<const uint64_t> indices);
  std::vector<std::span<const ExpandedSample>> micro_batches(
      std::span<const ExpandedSample> batch) const;
  // The loss summed over the targets; unless `scale` is 0, adds the gradients of loss * scale.
  double loss_sum(std::span<const ExpandedSample> batch, double scale);
  at::Tensor image_rows(std::span<const uint64_t> pictures);
  Llava& network();

  const SampleSource& samples_;
  LlavaConfig config_;
  SftOptions options_;
  at::Device device_;
  bool vision_trained_ = false;
  std::vector<std::vector<uint64_t>> groups_;
  std::unique_ptr<MasterParameters> parameters_;
  std::unique_ptr<Llava> network_;
  LayerRunner runner_;
  uint64_t truncated_ = 0;
};

// Trains, and when it is done saves FOLDER/model in the llava-hf layout with `copies` (tokenizer
// files) beside the weights. Everything else of FOLDER is described at TrainingRun.
TrainingResult run_sft(const SampleSource& samples, const LlavaConfig& config,
                       const ParameterSource& source, const SftOptions& options, TrainingRun& run,
                       const std::vector<std::filesystem::path>& copies = {},
                       at::Device device = at::kCPU);

}  // namespace vigor
