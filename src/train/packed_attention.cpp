#include "train/packed_attention.h"

#include <ATen/ATen.h>

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>

#include "train/recompute.h"

namespace vigor {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

// softmax(scale q k^T + bias) v for q [n, rows, d], k and v [n, m, d], bias [rows, m] or, for
// trees, [batch, 1, rows, m] with n = batch * heads. Scores are the largest tensors of a training
// step, so scale and bias are folded into the product, and the weights alone are kept for the
// backward.
struct FusedAttention : torch::autograd::Function<FusedAttention> {
  static Variable forward(AutogradContext* context, const Variable& q, const Variable& k,
                          const Variable& v, const Variable& bias, double scale) {
    const bool tree = bias.dim() == 4;
    at::Tensor scores = at::baddbmm(tree ? at::zeros({1, 1, 1}, q.options()) : bias.unsqueeze(0), q,
                                    k.transpose(1, 2), /*beta=*/tree ? 0 : 1, /*alpha=*/scale);
    if (tree) scores.view({bias.size(0), -1, bias.size(2), bias.size(3)}).add_(bias);
    const at::Tensor weights = at::softmax(scores, -1);
    context->save_for_backward({q, k, v, weights});
    context->saved_data["scale"] = scale;
    return at::bmm(weights, v);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2], &weights = saved[3];
    const double scale = context->saved_data["scale"].toDouble();
    const at::Tensor grad = gradients[0].contiguous();
    const at::Tensor grad_v = at::bmm(weights.transpose(1, 2), grad);
    at::Tensor grad_scores = at::bmm(grad, v.transpose(1, 2));
    grad_scores = at::_softmax_backward_data(grad_scores, weights, -1, weights.scalar_type());
    return {at::bmm(grad_scores, k).mul_(scale),
            at::bmm(grad_scores.transpose(1, 2), q).mul_(scale), grad_v, Variable(), Variable()};
  }
};

}  // namespace

PackedCausalAttention::PackedCausalAttention(const PackedSamples& packed, at::Device device)
    : batch_(static_cast<int64_t>(packed.lengths.size())),
      longest_(*std::max_element(packed.lengths.begin(), packed.lengths.end())) {
  std::vector<int64_t> places;
  if (packed.branches) tree_ = at::zeros({batch_, longest_, longest_}, at::kBool);
  int64_t first = 0;  // token of the group
  for (int64_t i = 0; i < batch_; ++i) {
    const int64_t length = packed.lengths[static_cast<size_t>(i)];
    for (int64_t t = 0; t < length; ++t) places.push_back(i * longest_ + t);
    if (packed.branches) {
      // What the token in front sees, and the token itself.
      bool* const rows = tree_.data_ptr<bool>() + i * longest_ * longest_;
      for (int64_t t = 0; t < length; ++t) {
        const int64_t parent = packed.parents[static_cast<size_t>(first + t)];
        if (parent >= 0) {
          std::copy_n(rows + (parent - first) * longest_, longest_, rows + t * longest_);
        }
        rows[t * longest_ + t] = true;
      }
    }
    first += length;
  }
  if (tree_.defined()) tree_ = tree_.to(device);
  if (static_cast<int64_t>(places.size()) == batch_ * longest_) return;
  places_ = at::tensor(places, at::kLong).to(device);
}

at::Tensor PackedCausalAttention::attend(int64_t, const at::Tensor& q, const at::Tensor& k,
                                         const at::Tensor& v) {
  const auto pad = [&](const at::Tensor& t) {
    if (!places_.defined()) return t;
    return at::zeros({batch_ * longest_, t.size(1), t.size(2)}, t.options().requires_grad(false))
        .index_copy(0, places_, t);
  };
  const at::Tensor out = q.scalar_type() == at::kFloat ? attend_fused(pad(q), pad(k), pad(v))
                                                       : attend_plain(pad(q), pad(k), pad(v));
  return places_.defined() ? select_unique_rows(out, places_) : out;
}

// The smallest finite number where a token does not look, so that rows of padding stay finite.
at::Tensor PackedCausalAttention::bias(const at::TensorOptions& options) const {
  const at::Tensor looks = tree_.defined()
                               ? tree_.unsqueeze(1)
                               : at::ones({longest_, longest_}, options.dtype(at::kBool)).tril();
  const double lowest = options.dtype() == at::kHalf ? -65504.0 : -3.3895313892515355e38;
  return at::zeros(looks.sizes(), options).masked_fill(looks.logical_not(), lowest);
}

at::Tensor PackedCausalAttention::attend_plain(const at::Tensor& q, const at::Tensor& k,
                                               const at::Tensor& v) {
  if (!bias_.defined()) bias_ = bias(q.options().requires_grad(false));
  const auto split = [&](const at::Tensor& t) {
    return t.view({batch_, longest_, t.size(1), t.size(2)}).transpose(1, 2);
  };
  return attention_core(split(q), split(k), split(v), bias_)
      .transpose(1, 2)
      .reshape({batch_ * longest_, q.size(1) * q.size(2)});
}

at::Tensor PackedCausalAttention::attend_fused(const at::Tensor& q, const at::Tensor& k,
                                               const at::Tensor& v) {
  const int64_t size = q.size(2);
  const int64_t groups = q.size(1) / k.size(1);
  if (!bias_.defined()) {
    // Query heads that share a key head are extra rows of one product.
    bias_ = bias(q.options().requires_grad(false));
    bias_ = tree_.defined() ? bias_.repeat({1, 1, groups, 1}) : bias_.repeat({groups, 1});
  }
  const auto split = [&](const at::Tensor& t) {
    return t.view({batch_, longest_, t.size(1), size})
        .transpose(1, 2)
        .reshape({batch_ * k.size(1), -1, size});
  };
  return FusedAttention::apply(split(q), split(k), split(v), bias_,
                               1.0 / std::sqrt(static_cast<double>(size)))
      .view({batch_, q.size(1), longest_, size})
      .transpose(1, 2)
      .reshape({batch_ * longest_, q.size(1) * size});
}

}  // namespace vigor
