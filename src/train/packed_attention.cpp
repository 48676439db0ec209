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

// softmax(scale q k^T + bias) v for q [n, rows, d], k and v [n, m, d], bias [rows, m]. Scores are
// the largest tensors of a training step, so scale and bias are folded into the product, and the
// weights alone are kept for the backward.
struct FusedAttention : torch::autograd::Function<FusedAttention> {
  static Variable forward(AutogradContext* context, const Variable& q, const Variable& k,
                          const Variable& v, const Variable& bias, double scale) {
    const at::Tensor scores =
        at::baddbmm(bias.unsqueeze(0), q, k.transpose(1, 2), /*beta=*/1, /*alpha=*/scale);
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

PackedCausalAttention::PackedCausalAttention(const std::vector<int64_t>& lengths, at::Device device)
    : batch_(static_cast<int64_t>(lengths.size())),
      longest_(*std::max_element(lengths.begin(), lengths.end())),
      padded_(batch_, longest_, at::Tensor()) {
  std::vector<int64_t> places;
  for (int64_t i = 0; i < batch_; ++i) {
    for (int64_t t = 0; t < lengths[static_cast<size_t>(i)]; ++t) {
      places.push_back(i * longest_ + t);
    }
  }
  if (static_cast<int64_t>(places.size()) == batch_ * longest_) return;
  places_ = at::tensor(places, at::kLong).to(device);
}

at::Tensor PackedCausalAttention::attend(int64_t layer, const at::Tensor& q, const at::Tensor& k,
                                         const at::Tensor& v) {
  const auto pad = [&](const at::Tensor& t) {
    if (!places_.defined()) return t;
    return at::zeros({batch_ * longest_, t.size(1), t.size(2)}, t.options().requires_grad(false))
        .index_copy(0, places_, t);
  };
  at::Tensor out;
  if (q.scalar_type() == at::kFloat) {
    out = attend_fused(pad(q), pad(k), pad(v));
  } else {
    out = padded_.attend(layer, pad(q), pad(k), pad(v));  // its softmax is in fp32
  }
  return places_.defined() ? select_unique_rows(out, places_) : out;
}

at::Tensor PackedCausalAttention::attend_fused(const at::Tensor& q, const at::Tensor& k,
                                               const at::Tensor& v) {
  const int64_t size = q.size(2);
  const int64_t groups = q.size(1) / k.size(1);
  if (!bias_.defined()) {
    // Query heads that share a key head are extra rows of one product.
    bias_ = at::zeros({longest_, longest_}, q.options().requires_grad(false))
                .masked_fill(at::ones({longest_, longest_}, q.options().dtype(at::kBool)).triu(1),
                             -3.3895313892515355e38)
                .repeat({groups, 1});
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
