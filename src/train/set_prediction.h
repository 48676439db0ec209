// What a detector's boxes and token scores are compared with: the set-prediction loss of Grounding
// DINO (Liu et al., 2023, section 3.5; after DETR, Carion et al., 2020), and a dense one beside it.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "base/json.h"

namespace vigor {

// Defaults are those of transformers' GroundingDinoConfig and its loss, which are those of the
// published training: class_cost 1, bbox_cost 5, giou_cost 2, loss_ce 2, bbox_loss 5, giou_loss 2,
// focal_alpha 0.25, gamma 2.
struct SetPredictionOptions {
  // Of the matching cost and of the loss (0 or more).
  double class_cost = 1, box_cost = 5, giou_cost = 2;
  double class_weight = 2, box_weight = 5, giou_weight = 2;
  // Focal loss: weight of the tokens that fit (0 to 1), and exponent for easy ones (0 or more).
  double focal_alpha = 0.25, focal_gamma = 2;
  // Weight of place_loss() (0 or more; 0 is the published loss).
  double place_weight = 0;
};

// The truth about one picture, for the things that its prompt names.
struct DetectionTargets {
  at::Tensor boxes;   // float32 [things, 4], centre and size in 0..1
  at::Tensor tokens;  // float32 [things, T], 1 at the tokens of the thing's name, at least one
};

// Boxes as centre and size; [N, 4] and [M, 4] -> [N, M] in -1..1 (Rezatofighi et al., "Generalized
// Intersection over Union", 2019).
at::Tensor generalised_iou(const at::Tensor& a, const at::Tensor& b);
// Of each row with the same row: [N, 4], [N, 4] -> [N]. `plain`: intersection over union.
at::Tensor paired_iou(const at::Tensor& a, const at::Tensor& b, bool plain = false);

// Elementwise alpha_t (1 - p_t)^gamma * cross-entropy (Lin et al., "Focal Loss", 2017, equation 5);
// `targets` are 0 or 1.
at::Tensor focal_loss(const at::Tensor& logits, const at::Tensor& targets, double alpha,
                      double gamma);

// logits [Q, T] (-inf where there is no token), boxes [Q, 4] -> [things, Q]: class_cost * (mean
// over the name's tokens of focal loss as a fit minus that as a misfit) + box_cost * L1 - giou_cost
// * GIoU.
at::Tensor matching_costs(const at::Tensor& logits, const at::Tensor& boxes,
                          const DetectionTargets& targets, const SetPredictionOptions& options);

// One set of predictions: logits [B, Q, T], boxes [B, Q, 4], present bool [B, T]. Every thing is
// matched with one prediction; focal loss over all predictions and present tokens, L1 and 1 - GIoU
// over the pairs; each is a sum, weighted, and divided by `things` (those of the whole batch).
at::Tensor set_prediction_loss(const at::Tensor& logits, const at::Tensor& boxes,
                               const at::Tensor& present,
                               const std::vector<DetectionTargets>& targets, double things,
                               const SetPredictionOptions& options);

// A loss for every place that queries are chosen from, which learns faster than the few matched
// ones (one-to-many supervision as in Zong et al., "Co-DETR", 2023, with the places of Tian et al.,
// "FCOS", 2019): a place in the middle half of a thing's box fits it (the smallest such thing); in
// the rest of the box its tokens do not count. Each part is divided by the number of places that
// fit. centres [B, L, 2], useless bool [B, L], logits [B, L, T], boxes [B, L, 4].
at::Tensor place_loss(const at::Tensor& centres, const at::Tensor& useless,
                      const at::Tensor& logits, const at::Tensor& boxes, const at::Tensor& present,
                      const std::vector<DetectionTargets>& targets,
                      const SetPredictionOptions& options);

}  // namespace vigor
