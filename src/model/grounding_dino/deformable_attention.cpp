#include "model/grounding_dino/deformable_attention.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <initializer_list>

namespace vigor {
namespace {

bool wants_gradient(std::initializer_list<at::Tensor> tensors) {
  if (!c10::GradMode::is_enabled()) return false;
  for (const at::Tensor& tensor : tensors) {
    if (tensor.requires_grad()) return true;
  }
  return false;
}

// fused_sample_levels() for autograd.
struct FusedSampling : torch::autograd::Function<FusedSampling> {
  using Context = torch::autograd::AutogradContext;
  using List = torch::autograd::variable_list;

  static at::Tensor forward(Context* context, const at::Tensor& value, const at::Tensor& offsets,
                            const at::Tensor& scores, const at::Tensor& reference,
                            const LevelShapes& shapes) {
    context->save_for_backward({value, offsets, scores, reference});
    std::vector<int64_t> sizes;
    for (const auto& [height, width] : shapes) sizes.insert(sizes.end(), {height, width});
    context->saved_data["shapes"] = sizes;
    return fused_sample_levels(value, shapes, offsets, scores, reference);
  }
  static List backward(Context* context, List gradients) {
    const List saved = context->get_saved_variables();
    const std::vector<int64_t> sizes = context->saved_data["shapes"].toIntVector();
    LevelShapes shapes;
    for (size_t i = 0; i < sizes.size(); i += 2) shapes.emplace_back(sizes[i], sizes[i + 1]);
    const SampleGradients g =
        fused_sample_gradients(gradients[0], saved[0], shapes, saved[1], saved[2], saved[3]);
    return {g.value, g.offsets, g.scores, at::Tensor(), at::Tensor()};
  }
};

// (x, y) in 0..1 of each level. A 2-d reference point is moved by offsets in places of the level, a
// 4-d one by offsets in halves of its box, spread over the points.
at::Tensor locations_of(const at::Tensor& offsets, const at::Tensor& reference_points,
                        const LevelShapes& shapes) {
  const at::Tensor centre =
      reference_points.narrow(-1, 0, 2).unsqueeze(2).unsqueeze(4);  // [batch, Q, 1, levels, 1, 2]
  if (reference_points.size(-1) == 4) {
    const at::Tensor box = reference_points.narrow(-1, 2, 2).unsqueeze(2).unsqueeze(4);
    return centre + offsets / static_cast<double>(offsets.size(4)) * box * 0.5;
  }
  std::vector<float> sizes;
  for (const auto& [height, width] : shapes) {
    sizes.push_back(static_cast<float>(width));
    sizes.push_back(static_cast<float>(height));
  }
  const at::Tensor scale =
      at::tensor(sizes).to(offsets.device()).view({static_cast<int64_t>(shapes.size()), 1, 2});
  return centre + offsets / scale;
}

}  // namespace

at::Tensor sample_levels(const at::Tensor& value, const LevelShapes& shapes,
                         const at::Tensor& locations, const at::Tensor& weights) {
  const int64_t batch = value.size(0);
  const int64_t heads = value.size(2);
  const int64_t size = value.size(3);
  const int64_t queries = locations.size(1);
  const int64_t points = locations.size(4);
  // Sampling in float32: grid_sample has no bfloat16 on the CPU, and places need the precision.
  const at::Tensor grid = 2 * locations - 1;
  at::Tensor sum;
  int64_t start = 0;
  for (size_t level = 0; level < shapes.size(); ++level) {
    const auto [height, width] = shapes[level];
    const at::Tensor map = value.narrow(1, start, height * width)
                               .permute({0, 2, 3, 1})
                               .reshape({batch * heads, size, height, width})
                               .to(at::kFloat);
    start += height * width;
    const auto at_level = static_cast<int64_t>(level);
    const at::Tensor places =
        grid.select(3, at_level).transpose(1, 2).reshape({batch * heads, queries, points, 2});
    // 0, 0: bilinear, zeros outside. [batch * heads, size, Q, points]
    const at::Tensor sampled = at::grid_sampler_2d(map, places, 0, 0, /*align_corners=*/false);
    const at::Tensor weight =
        weights.select(3, at_level).transpose(1, 2).reshape({batch * heads, 1, queries, points});
    const at::Tensor part = (sampled * weight).sum(-1);
    sum = sum.defined() ? sum + part : part;
  }
  return sum.view({batch, heads * size, queries})
      .transpose(1, 2)
      .to(value.scalar_type())
      .contiguous();
}

DeformableAttention::DeformableAttention(const ParameterSource& source, const std::string& name,
                                         int64_t size, int64_t heads, int64_t levels,
                                         int64_t points)
    : offsets_(
          make_linear(source, name + ".sampling_offsets", size, heads * levels * points * 2, true)),
      weights_(
          make_linear(source, name + ".attention_weights", size, heads * levels * points, true)),
      value_(make_linear(source, name + ".value_proj", size, size, true)),
      out_(make_linear(source, name + ".output_proj", size, size, true)),
      heads_(heads),
      levels_(levels),
      points_(points) {}

at::Tensor DeformableAttention::forward(const at::Tensor& queries, const at::Tensor& memory,
                                        const at::Tensor& padding,
                                        const at::Tensor& reference_points,
                                        const LevelShapes& shapes, AttentionKernel kernel) const {
  const int64_t batch = queries.size(0);
  const int64_t count = queries.size(1);
  at::Tensor value = value_(memory);
  if (padding.defined()) value = value.masked_fill(padding.unsqueeze(-1), 0);
  value = value.view({batch, memory.size(1), heads_, -1});
  const at::Tensor offsets =
      offsets_(queries).to(at::kFloat).view({batch, count, heads_, levels_, points_, 2});
  const at::Tensor scores =
      weights_(queries).to(at::kFloat).view({batch, count, heads_, levels_ * points_});

  const at::Tensor by_point = scores.view({batch, count, heads_, levels_, points_});
  const at::ScalarType type = value.scalar_type();
  if (kernel == AttentionKernel::kAuto && value.is_cpu()) {
    if (!wants_gradient({value, offsets, scores, reference_points})) {
      if (type == at::kFloat || type == at::kBFloat16) {
        return out_(fused_sample_levels(value, shapes, offsets, by_point, reference_points));
      }
    } else if (type == at::kFloat && !reference_points.requires_grad()) {
      return out_(FusedSampling::apply(value, offsets, by_point, reference_points, shapes));
    }
  }
  const at::Tensor weights = at::softmax(scores, -1).view({batch, count, heads_, levels_, points_});
  return out_(
      sample_levels(value, shapes, locations_of(offsets, reference_points, shapes), weights));
}

}  // namespace vigor
