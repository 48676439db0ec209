#include "train/set_prediction.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "train/assignment.h"

namespace vigor {
namespace {

// What stands where there is no token: finite, so that no gradient is 0 times infinity.
constexpr double kNoToken = -30;

struct Corners {
  at::Tensor low, high;  // [..., 2]
  at::Tensor area() const {
    const at::Tensor size = (high - low).clamp_min(0);
    return size.select(-1, 0) * size.select(-1, 1);
  }
};

Corners corners_of(const at::Tensor& boxes) {
  const at::Tensor centre = boxes.narrow(-1, 0, 2), half = boxes.narrow(-1, 2, 2) / 2;
  return {centre - half, centre + half};
}

// The shapes of both broadcast.
at::Tensor iou_of(const Corners& a, const Corners& b, bool generalised) {
  const at::Tensor shared =
      Corners{at::max(a.low, b.low), at::min(a.high, b.high)}.area();  // 0 when they are apart
  const at::Tensor together = a.area() + b.area() - shared;
  const at::Tensor iou = shared / together.clamp_min(1e-9);
  if (!generalised) return iou;
  const at::Tensor hull = Corners{at::min(a.low, b.low), at::max(a.high, b.high)}.area();
  return iou - (hull - together) / hull.clamp_min(1e-9);
}

at::Tensor finite_logits(const at::Tensor& logits, const at::Tensor& present) {
  return logits.masked_fill(at::logical_not(present).unsqueeze(1), kNoToken);
}

}  // namespace

at::Tensor generalised_iou(const at::Tensor& a, const at::Tensor& b) {
  const Corners left = corners_of(a.unsqueeze(1)), right = corners_of(b.unsqueeze(0));
  return iou_of(left, right, true);
}

at::Tensor paired_iou(const at::Tensor& a, const at::Tensor& b, bool plain) {
  return iou_of(corners_of(a), corners_of(b), !plain);
}

at::Tensor focal_loss(const at::Tensor& logits, const at::Tensor& targets, double alpha,
                      double gamma) {
  const at::Tensor entropy =
      at::binary_cross_entropy_with_logits(logits, targets, {}, {}, at::Reduction::None);
  const at::Tensor p = at::sigmoid(logits);
  const at::Tensor miss = p + targets - 2 * p * targets;  // 1 - p_t
  const at::Tensor weight = (1 - alpha) + (2 * alpha - 1) * targets;
  return weight * at::pow(miss, gamma) * entropy;
}

at::Tensor matching_costs(const at::Tensor& logits, const at::Tensor& boxes,
                          const DetectionTargets& targets, const SetPredictionOptions& options) {
  const at::Tensor fits =
      focal_loss(logits, at::ones_like(logits), options.focal_alpha, options.focal_gamma);
  const at::Tensor misfits =
      focal_loss(logits, at::zeros_like(logits), options.focal_alpha, options.focal_gamma);
  const at::Tensor share = targets.tokens / targets.tokens.sum(-1, /*keepdim=*/true);
  const at::Tensor classes = at::matmul(share, (fits - misfits).transpose(0, 1));
  const at::Tensor distance =
      (targets.boxes.unsqueeze(1) - boxes.unsqueeze(0)).abs().sum(-1);  // [things, Q]
  return options.class_cost * classes + options.box_cost * distance -
         options.giou_cost * generalised_iou(targets.boxes, boxes);
}

at::Tensor set_prediction_loss(const at::Tensor& raw_logits, const at::Tensor& boxes,
                               const at::Tensor& present,
                               const std::vector<DetectionTargets>& targets, double things,
                               const SetPredictionOptions& options) {
  const at::Tensor logits = finite_logits(raw_logits, present);
  const at::Tensor wanted = at::zeros_like(logits);
  std::vector<at::Tensor> matched, truth;
  {
    c10::NoGradGuard no_grad;
    for (size_t i = 0; i < targets.size(); ++i) {
      const auto row = static_cast<int64_t>(i);
      const int64_t count = targets[i].boxes.size(0);
      if (count == 0) continue;
      const at::Tensor costs =
          matching_costs(logits[row].detach(), boxes[row].detach(), targets[i], options)
              .to(at::kCPU, at::kFloat)
              .contiguous();
      const std::vector<int64_t> columns = least_cost_assignment(
          {costs.data_ptr<float>(), static_cast<size_t>(costs.numel())}, count, costs.size(1));
      const at::Tensor index = at::tensor(columns, at::kLong).to(boxes.device());
      wanted[row].index_copy_(0, index, targets[i].tokens);
      matched.push_back(index + row * boxes.size(1));
      truth.push_back(targets[i].boxes);
    }
  }
  const at::Tensor classes =
      (focal_loss(logits, wanted, options.focal_alpha, options.focal_gamma) * present.unsqueeze(1))
          .sum();
  at::Tensor loss = options.class_weight * classes;
  if (!matched.empty()) {
    const at::Tensor found = boxes.flatten(0, 1).index_select(0, at::cat(matched));
    const at::Tensor real = at::cat(truth);
    loss = loss + options.box_weight * (found - real).abs().sum() +
           options.giou_weight * (1 - paired_iou(found, real)).sum();
  }
  return loss / things;
}

at::Tensor place_loss(const at::Tensor& centres, const at::Tensor& useless,
                      const at::Tensor& raw_logits, const at::Tensor& boxes,
                      const at::Tensor& present, const std::vector<DetectionTargets>& targets,
                      const SetPredictionOptions& options) {
  const at::Tensor logits = finite_logits(raw_logits, present);
  const at::Tensor wanted = at::zeros_like(logits);
  const at::Tensor counts = at::logical_not(useless)
                                .unsqueeze(-1)
                                .logical_and(present.unsqueeze(1))
                                .to(logits.scalar_type());  // [B, L, T]
  std::vector<at::Tensor> places, truth;
  for (size_t i = 0; i < targets.size(); ++i) {
    const auto row = static_cast<int64_t>(i);
    if (targets[i].boxes.size(0) == 0) continue;
    // Smallest first: argmax takes the first of those that fit.
    const at::Tensor area = targets[i].boxes.select(1, 2) * targets[i].boxes.select(1, 3);
    const at::Tensor order = area.argsort();
    const at::Tensor box = targets[i].boxes.index_select(0, order);
    const at::Tensor tokens = targets[i].tokens.index_select(0, order);
    // [L, things]: how far from the middle, in halves of the box.
    const at::Tensor away = ((centres[row].unsqueeze(1) - box.narrow(1, 0, 2).unsqueeze(0)) /
                             (box.narrow(1, 2, 2).unsqueeze(0) / 2))
                                .abs()
                                .amax(-1);
    const at::Tensor usable = at::logical_not(useless[row]).unsqueeze(1);
    const at::Tensor inner = away.lt(0.5).logical_and(usable);
    const at::Tensor rim = away.lt(1).logical_and(at::logical_not(inner));
    // A token of a thing in whose rim the place lies is neither right nor wrong.
    counts[row].masked_fill_(at::matmul(rim.to(tokens.scalar_type()), tokens).gt(0), 0);
    const at::Tensor any = inner.any(1);
    const at::Tensor fitting = any.nonzero().squeeze(1);
    if (fitting.numel() == 0) continue;
    const at::Tensor thing = inner.to(at::kInt).argmax(1).index_select(0, fitting);
    const at::Tensor right = tokens.index_select(0, thing);
    wanted[row].index_copy_(0, fitting, right);
    counts[row].index_copy_(0, fitting, at::max(counts[row].index_select(0, fitting), right));
    places.push_back(fitting + row * boxes.size(1));
    truth.push_back(box.index_select(0, thing));
  }
  const at::Tensor classes =
      (focal_loss(logits, wanted, options.focal_alpha, options.focal_gamma) * counts).sum();
  at::Tensor loss = options.class_weight * classes;
  double fitting = 1;
  if (!places.empty()) {
    const at::Tensor found = boxes.flatten(0, 1).index_select(0, at::cat(places));
    const at::Tensor real = at::cat(truth);
    fitting = static_cast<double>(real.size(0));
    loss = loss + options.box_weight * (found - real).abs().sum() +
           options.giou_weight * (1 - paired_iou(found, real)).sum();
  }
  return loss / fitting;
}

}  // namespace vigor
