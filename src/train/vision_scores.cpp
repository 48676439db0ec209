#include "train/vision_scores.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace vigor {
namespace {

double mean_of(double sum, int64_t count) {
  return count > 0 ? sum / static_cast<double>(count) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

double mean_average_precision(const at::Tensor& scores, const at::Tensor& truth) {
  double sum = 0;
  int64_t classes = 0;
  for (int64_t k = 0; k < scores.size(1); ++k) {
    const at::Tensor order = scores.select(1, k).argsort(0, /*descending=*/true);
    const at::Tensor sorted = truth.select(1, k).index_select(0, order).contiguous();
    const float* is_true = sorted.data_ptr<float>();
    double precision_sum = 0;
    int64_t hits = 0;
    for (int64_t i = 0; i < sorted.numel(); ++i) {
      if (is_true[i] < 0.5f) continue;
      ++hits;
      precision_sum += static_cast<double>(hits) / static_cast<double>(i + 1);
    }
    if (hits == 0) continue;
    sum += precision_sum / static_cast<double>(hits);
    ++classes;
  }
  return mean_of(sum, classes);
}

double micro_f1(const at::Tensor& scores, const at::Tensor& truth) {
  const at::Tensor predicted = scores.gt(0);
  const at::Tensor actual = truth.gt(0.5);
  const auto hits = predicted.logical_and(actual).sum().item<int64_t>();
  const auto all = predicted.sum().item<int64_t>() + actual.sum().item<int64_t>();
  return mean_of(2.0 * static_cast<double>(hits), all);
}

ClassAccuracy class_accuracy(const at::Tensor& predicted, const at::Tensor& truth,
                             int64_t classes) {
  const at::Tensor kept = truth.ge(0).nonzero().flatten();
  const at::Tensor labels = truth.index_select(0, kept).contiguous();
  const at::Tensor guesses = predicted.index_select(0, kept).contiguous();
  std::vector<int64_t> seen(static_cast<size_t>(classes)), right(static_cast<size_t>(classes));
  for (int64_t i = 0; i < labels.numel(); ++i) {
    const auto label = static_cast<size_t>(labels.data_ptr<int64_t>()[i]);
    ++seen[label];
    right[label] += guesses.data_ptr<int64_t>()[i] == static_cast<int64_t>(label) ? 1 : 0;
  }
  double recall_sum = 0;
  int64_t occurring = 0;
  for (size_t k = 0; k < seen.size(); ++k) {
    if (seen[k] == 0) continue;
    recall_sum += static_cast<double>(right[k]) / static_cast<double>(seen[k]);
    ++occurring;
  }
  const auto all_right = std::accumulate(right.begin(), right.end(), int64_t{0});
  return {mean_of(static_cast<double>(all_right), labels.numel()), mean_of(recall_sum, occurring)};
}

}  // namespace vigor
