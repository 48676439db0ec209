#include "benchmarks/yes_no/margins.h"

#include <cmath>

namespace vigor::yes_no {

std::optional<statistics::Estimate> margin_auroc(const std::vector<MarginItem>& items,
                                                 size_t images) {
  std::vector<statistics::RankedItem> ranked;
  for (const MarginItem& item : items) {
    ranked.push_back({item.margin, item.label_yes, item.image});
  }
  return statistics::auroc_estimate(ranked, images);
}

void add_margin_scores(const std::vector<MarginItem>& items, size_t images, double level, int bins,
                       Json* block) {
  if (items.empty()) return;
  std::vector<statistics::ProbabilityItem> probabilities;
  for (const MarginItem& item : items) {
    probabilities.push_back({1 / (1 + std::exp(-item.margin)), item.label_yes});
  }
  const auto auroc = margin_auroc(items, images);
  (*block)["margins"] = items.size();
  (*block)["auroc"] = auroc ? Json(auroc->value) : Json(nullptr);
  const auto interval = auroc ? statistics::share_interval(*auroc, level) : std::nullopt;
  (*block)["ci95"]["auroc"] =
      interval ? Json::array({interval->low, interval->high}) : Json(nullptr);
  const auto curve = statistics::calibration(probabilities, bins);
  if (!curve) return;
  Json list = Json::array();
  for (const statistics::CalibrationBin& bin : curve->bins) {
    const bool empty = bin.count == 0;
    list.push_back({{"low", bin.low},
                    {"high", bin.high},
                    {"count", bin.count},
                    {"mean_probability", empty ? Json(nullptr) : Json(bin.mean_probability)},
                    {"share_yes", empty ? Json(nullptr) : Json(bin.share_positive)}});
  }
  (*block)["calibration"] = {{"ece", curve->ece}, {"bins", list}};
}

}  // namespace vigor::yes_no
