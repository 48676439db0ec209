// Scores of classifiers, for judging a vision tower.
#pragma once

#include <ATen/core/Tensor.h>

namespace vigor {

// scores [n, classes], truth [n, classes] 0 or 1, fp32 on the CPU. Mean over the classes that have
// a positive of average precision (the mean of the precision at each positive, by falling score).
// NaN when no class has one.
double mean_average_precision(const at::Tensor& scores, const at::Tensor& truth);

// F1 over all entries, predicted = score > 0 (a logit). NaN when nothing is true or predicted.
double micro_f1(const at::Tensor& scores, const at::Tensor& truth);

// predicted and truth [n] int64; entries whose truth is negative do not count. Share that is right,
// and the mean of the shares of each class that occurs. NaN when nothing counts.
struct ClassAccuracy {
  double accuracy = 0, mean_recall = 0;
};
ClassAccuracy class_accuracy(const at::Tensor& predicted, const at::Tensor& truth, int64_t classes);

}  // namespace vigor
