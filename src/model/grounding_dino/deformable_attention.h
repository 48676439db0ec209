// Multi-scale deformable attention (Zhu et al., "Deformable DETR", 2021, equation 3): each query
// looks at a few points of each level instead of everywhere.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "model/grounding_dino/attention_kernel.h"
#include "model/parameters.h"

namespace vigor {

// (height, width) of each level, in the order of the flattened values.
using LevelShapes = std::vector<std::pair<int64_t, int64_t>>;

// value [batch, L, heads, size], L = the sum of height * width; locations
// [batch, Q, heads, levels, points, 2] as (x, y) in 0..1 of a level, outside counts as 0; weights
// [batch, Q, heads, levels, points] -> [batch, Q, heads * size] in the dtype of `value`.
// Plain tensors: any device, differentiable.
at::Tensor sample_levels(const at::Tensor& value, const LevelShapes& shapes,
                         const at::Tensor& locations, const at::Tensor& weights);

// What the layer computes from its projections, in one pass without intermediate tensors, for the
// CPU; autograd does not see it: offsets [batch, Q, heads, levels, points, 2] and scores
// [batch, Q, heads, levels, points] (softmax is over levels and points) as float32, reference
// points float32 [batch, Q, levels, 2 or 4], value float32 or bfloat16 as above.
at::Tensor fused_sample_levels(const at::Tensor& value, const LevelShapes& shapes,
                               const at::Tensor& offsets, const at::Tensor& scores,
                               const at::Tensor& reference_points);
// Its derivative, all float32: `gradient` [batch, Q, heads * size] is that of the result; reference
// points are constants. Sums do not depend on the number of threads.
struct SampleGradients {
  at::Tensor value, offsets, scores;  // the shapes of what they are of
};
SampleGradients fused_sample_gradients(const at::Tensor& gradient, const at::Tensor& value,
                                       const LevelShapes& shapes, const at::Tensor& offsets,
                                       const at::Tensor& scores,
                                       const at::Tensor& reference_points);

class DeformableAttention {
 public:
  DeformableAttention() = default;
  // Takes the parameters NAME.sampling_offsets, .attention_weights, .value_proj, .output_proj.
  DeformableAttention(const ParameterSource& source, const std::string& name, int64_t size,
                      int64_t heads, int64_t levels, int64_t points);

  // queries [batch, Q, d] with their positions added; memory [batch, L, d]; padding bool
  // [batch, L], true = padding, whose values are 0, or undefined; reference_points float32
  // [batch, Q, levels, 2 or 4] (x, y, then width, height) -> [batch, Q, d].
  at::Tensor forward(const at::Tensor& queries, const at::Tensor& memory, const at::Tensor& padding,
                     const at::Tensor& reference_points, const LevelShapes& shapes,
                     AttentionKernel kernel) const;

 private:
  Linear offsets_, weights_, value_, out_;
  int64_t heads_ = 1, levels_ = 1, points_ = 1;
};

}  // namespace vigor
