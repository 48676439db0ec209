// Grounding DINO (Liu et al., 2023): boxes in a picture for what a text names.
//
//   const GroundingDinoCheckpoint checkpoint = open_grounding_dino(folder, at::kFloat, at::kCPU);
//   const GroundingDino model(checkpoint.config, checkpoint.source);
//   const VisionFeatures vision = model.encode_images(pixel_values, pixel_mask);  // once a picture
//   const TextFeatures text = model.encode_text(ids, types, mask);                // once a prompt
//   const auto [logits, boxes] = model.ground(vision, text);
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <filesystem>
#include <memory>
#include <vector>

#include "model/grounding_dino/bert.h"
#include "model/grounding_dino/config.h"
#include "model/grounding_dino/decoder.h"
#include "model/grounding_dino/encoder.h"
#include "model/grounding_dino/swin.h"

namespace vigor {

// Immutable; const methods are thread-safe. Values are computed in the dtype of the parameters,
// places and boxes in float32.
class GroundingDino {
 public:
  // Takes the parameters of Hugging Face's GroundingDinoForObjectDetection, box heads by layer
  // ("bbox_embed.N") whether they are shared or not.
  GroundingDino(const GroundingDinoConfig& config, const ParameterSource& source);

  // pixel_values [images, 3, H, W] in the model's dtype, pixel_mask int64 [images, H, W] with 1 =
  // picture. Independent of any text.
  VisionFeatures encode_images(const at::Tensor& pixel_values, const at::Tensor& pixel_mask,
                               const Tap& tap = {}) const;
  // int64 [prompts, T] each, T <= max_text_len; attention_mask 0 at padding. Throws Error when the
  // text is too long or an id is outside of the vocabulary.
  TextFeatures encode_text(const at::Tensor& input_ids, const at::Tensor& token_type_ids,
                           const at::Tensor& attention_mask, const Tap& tap = {}) const;

  struct Output {
    at::Tensor logits;  // float32 [batch, num_queries, max_text_len], -inf where there is no token
    at::Tensor boxes;   // float32 [batch, num_queries, 4], centre and size in 0..1 of the picture
  };
  // Row i of `vision` with row i of `text`; VisionFeatures::select repeats a picture.
  Output ground(const VisionFeatures& vision, const TextFeatures& text, const Tap& tap = {}) const;

  // What training compares with the truth. Gradients must be recorded.
  struct EveryLayer {
    std::vector<Output> layers;  // of the decoder; logits end with the prompts: [batch, Q, T]
    Queries::Places places;
  };
  EveryLayer ground_every_layer(const VisionFeatures& vision, const TextFeatures& text) const;

  // Plain tensors or the fused kernels.
  void set_kernel(AttentionKernel kernel) { kernel_ = kernel; }

  const GroundingDinoConfig& config() const { return config_; }
  at::ScalarType dtype() const { return level_embedding_.scalar_type(); }
  at::Device device() const { return level_embedding_.device(); }

 private:
  // A convolution, then GroupNorm in 32 groups.
  struct Projection {
    at::Tensor weight, bias, norm_weight, norm_bias;
    int64_t stride = 1, padding = 0;
    at::Tensor operator()(const at::Tensor& map) const;
  };
  // Sine embedding of the place within the picture, [images, d_model, h, w].
  at::Tensor place_embedding(const at::Tensor& present) const;

  GroundingDinoConfig config_;
  SwinBackbone backbone_;
  BertEncoder text_;
  Linear text_projection_;
  std::vector<Projection> projections_;
  at::Tensor level_embedding_;
  FeatureEnhancer enhancer_;
  QuerySelection selection_;
  CrossModalityDecoder decoder_;
  AttentionKernel kernel_ = AttentionKernel::kAuto;
};

struct GroundingDinoCheckpoint {
  GroundingDinoConfig config;
  ParameterSource source;
};

// A Hugging Face folder (grounding-dino-tiny, -base). Box heads that the file holds once are tied.
// Throws Error naming what is missing or misshapen.
GroundingDinoCheckpoint open_grounding_dino(const std::filesystem::path& folder,
                                            at::ScalarType dtype, at::Device device);

// Random parameters as a detector starts its training. Matrices are normal with the deviation of
// Glorot and Bengio (2010), the last layers of box heads 0; sampling points lie spread around their
// places, all weighing alike (Deformable DETR); fusion starts at 1e-4 of its change. Every token
// fits every place with a probability of about 0.01 (Lin et al., "Focal Loss", 2017, section 4.1):
// the dot product of both has no bias, so the norms before it start with biases of opposite sign.
ParameterSource random_grounding_dino(const GroundingDinoConfig& config, uint64_t seed,
                                      at::ScalarType dtype, at::Device device);

// (centre x, centre y, width, height) in 0..1 -> (x0, y0, x1, y1) in pixels, not clipped.
std::array<float, 4> box_corners(const std::array<float, 4>& box, int64_t height, int64_t width);

// One box of one picture.
struct GroundedBox {
  std::array<float, 4> box = {};   // x0, y0, x1, y1 in pixels, not clipped to the picture
  float score = 0;                 // of the best token, 0..1
  std::vector<int64_t> positions;  // tokens above the text threshold, [CLS] and the last place not
};

// Of one picture: logits [num_queries, T], boxes [num_queries, 4]. Boxes whose score is above
// `box_threshold`, in the order of the queries, as transformers' post_process_grounded_object_
// detection gives them.
std::vector<GroundedBox> grounded_boxes(const at::Tensor& logits, const at::Tensor& boxes,
                                        int64_t height, int64_t width, double box_threshold,
                                        double text_threshold);

}  // namespace vigor
