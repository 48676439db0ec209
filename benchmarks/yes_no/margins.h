// Scores of the yes margin, ln(P(yes) / P(no)): how well a model tells yes from no whatever its
// bias, and whether its probabilities mean what they say.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/json.h"
#include "reports/statistics.h"

namespace vigor::yes_no {

struct MarginItem {
  double margin = 0;  // not NaN
  bool label_yes = false;
  size_t image = 0;  // below the number of images
};

// AUROC, its influences by image. Empty where one of the labels is missing.
std::optional<statistics::Estimate> margin_auroc(const std::vector<MarginItem>& items,
                                                 size_t images);

// Sets in `block`: "margins" (how many), "auroc" and ci95.auroc (clustered by image, at `level`),
// and "calibration" {"ece", "bins": [{"low", "high", "count", "mean_probability", "share_yes"}]}
// over `bins` bins (at least 1) of the probability 1 / (1 + exp(-margin)). AUROC and its interval
// are null where one of the labels is missing. Does nothing without items.
void add_margin_scores(const std::vector<MarginItem>& items, size_t images, double level, int bins,
                       Json* block);

}  // namespace vigor::yes_no
