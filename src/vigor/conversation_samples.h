// LLaVA's conversation JSON as training samples: tokens, labels, pictures.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "image/clip_preprocess.h"
#include "model/llava.h"
#include "text/conversation.h"
#include "text/tokenizer.h"
#include "train/sft.h"

namespace vigor {

// Conversations that are trained on beside the others, so that what the model was taught before
// (questions, say) is not forgotten over captions alone.
struct BesideOptions {
  std::filesystem::path data, images;  // as below
  uint64_t count = 0;                  // that are drawn of the file at most, each once; 0: all
  uint64_t seed = 0;                   // of the draw
};

struct ConversationSamplesOptions {
  std::filesystem::path data;  // [{"id", "image", "conversations": [{"from", "value"}, ...]}, ...]
  std::filesystem::path images;         // folder that "image" is relative to
  std::optional<BesideOptions> beside;  // its samples come after those of `data`
  std::string conversation = "vicuna_v1";
  std::optional<std::string> system_prompt;
  bool mm_use_im_start_end = false;
};

// All rows are read and tokenised at once, so that a mistake in the last row is found in the first
// second. Throws Error naming file and row. Holds references: tokenizer and model must outlive it.
class ConversationSamples : public SampleSource {
 public:
  // With `frozen`, pictures go through its vision tower once and their features are kept (fp32,
  // image_tokens x vision hidden_size numbers a picture): for training with a frozen tower.
  // Without, image() gives pixels.
  ConversationSamples(const ConversationSamplesOptions& options, const Tokenizer& tokenizer,
                      const ClipPreprocess& preprocess, const Llava* frozen, Progress* progress);

  uint64_t size() const override { return samples_.size(); }
  TrainingSample sample(uint64_t index) const override { return samples_[index]; }
  at::Tensor image(uint64_t index) const override;
  int64_t picture(uint64_t index) const override { return picture_[index]; }
  Json identity() const override;

  // Every text of the file, for training a tokenizer: prompts and answers without image marks.
  static std::vector<std::string> texts(const std::filesystem::path& data,
                                        const std::string& conversation,
                                        const std::optional<std::string>& system_prompt);

 private:
  // The rows of one file that `of` keeps (all without it).
  void add(const std::filesystem::path& data, const std::filesystem::path& images,
           const BesideOptions* of, const Conversation& conversation, const Tokenizer& tokenizer);
  at::Tensor pixels(const std::filesystem::path& file) const;
  void encode_all(const Llava& model, Progress* progress);

  ConversationSamplesOptions options_;
  ClipPreprocess preprocess_;
  std::vector<TrainingSample> samples_;
  std::vector<int64_t> picture_;                 // sample -> pictures_, -1: none
  std::vector<std::filesystem::path> pictures_;  // distinct files
  at::Tensor features_;                          // [pictures, image_tokens, hidden], when frozen
  std::string data_hash_, beside_hash_;
};

}  // namespace vigor
