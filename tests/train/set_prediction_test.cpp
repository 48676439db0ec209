// The set-prediction loss against a plain reading of its formulas.
#include "train/set_prediction.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace vigor {
namespace {

constexpr float kAbsent = -std::numeric_limits<float>::infinity();

at::Tensor rows_of(std::vector<float> values, int64_t columns) {
  return at::tensor(values, at::kFloat).view({-1, columns});
}

double focal(double logit, bool fits, double alpha, double gamma) {
  const double p = 1 / (1 + std::exp(-logit));
  return fits ? -alpha * std::pow(1 - p, gamma) * std::log(p)
              : -(1 - alpha) * std::pow(p, gamma) * std::log(1 - p);
}

// Centre and size.
double giou_by_hand(const float* a, const float* b) {
  const auto low = [](const float* box, int d) { return double{box[d]} - box[d + 2] / 2.0; };
  const auto high = [](const float* box, int d) { return double{box[d]} + box[d + 2] / 2.0; };
  double shared = 1, hull = 1;
  for (const int d : {0, 1}) {
    shared *= std::max(0.0, std::min(high(a, d), high(b, d)) - std::max(low(a, d), low(b, d)));
    hull *= std::max(high(a, d), high(b, d)) - std::min(low(a, d), low(b, d));
  }
  const double together = double{a[2]} * a[3] + double{b[2]} * b[3] - shared;
  return shared / together - (hull - together) / hull;
}

TEST(SetPrediction, GeneralisedIouByHand) {
  // The same box; the right half of it; one that touches nothing.
  const at::Tensor a = rows_of({0.5f, 0.5f, 0.4f, 0.4f}, 4);
  const at::Tensor b = rows_of({0.5f, 0.5f, 0.4f, 0.4f,  //
                                0.6f, 0.5f, 0.2f, 0.4f,  //
                                0.1f, 0.1f, 0.2f, 0.2f},
                               4);
  const at::Tensor giou = generalised_iou(a, b);
  EXPECT_NEAR(giou[0][0].item<float>(), 1, 1e-6);
  EXPECT_NEAR(giou[0][1].item<float>(), 0.5, 1e-6);
  // Hull 0.7 * 0.7, together 0.16 + 0.04.
  EXPECT_NEAR(giou[0][2].item<float>(), -(0.49 - 0.2) / 0.49, 1e-6);
  EXPECT_TRUE(at::allclose(paired_iou(a.expand({3, 4}), b), giou[0]));
  EXPECT_NEAR(paired_iou(a, b.narrow(0, 1, 1), true)[0].item<float>(), 0.5, 1e-6);
}

struct Case {
  at::Tensor logits, boxes, present;
  std::vector<DetectionTargets> targets;
};

// Two pictures, five predictions, four places for tokens of which the second prompt has three.
Case make_case() {
  at::manual_seed(7);
  Case c;
  c.logits = at::randn({2, 5, 4});
  c.boxes = at::rand({2, 5, 4}) * 0.5 + 0.2;
  c.present = at::ones({2, 4}, at::kBool);
  c.present[1][3] = false;
  c.logits.select(0, 1).select(1, 3).fill_(kAbsent);
  c.targets = {{at::rand({2, 4}) * 0.5 + 0.2, rows_of({0, 1, 1, 0, 0, 0, 0, 1}, 4)},
               {at::rand({1, 4}) * 0.5 + 0.2, rows_of({0, 1, 0, 0}, 4)}};
  return c;
}

TEST(SetPrediction, CostsAndLossArePlainSums) {
  SetPredictionOptions options;
  options.class_cost = 1.5;
  options.class_weight = 0.7;
  const Case c = make_case();
  double expected = 0;
  for (int64_t image = 0; image < 2; ++image) {
    const DetectionTargets& truth = c.targets[static_cast<size_t>(image)];
    const int64_t things = truth.boxes.size(0);
    const auto logit = c.logits[image].contiguous();
    const auto box = c.boxes[image].contiguous();
    const auto cost = [&](int64_t thing, int64_t query) {
      double fit = 0, tokens = 0, distance = 0;
      for (int64_t t = 0; t < 4; ++t) {
        if (truth.tokens[thing][t].item<float>() == 0) continue;
        const double x = logit[query][t].item<float>();
        fit += focal(x, true, 0.25, 2) - focal(x, false, 0.25, 2);
        tokens += 1;
      }
      const float* a = truth.boxes.data_ptr<float>() + 4 * thing;
      const float* b = box.data_ptr<float>() + 4 * query;
      for (int d = 0; d < 4; ++d) distance += std::abs(double{a[d]} - b[d]);
      return 1.5 * fit / tokens + 5 * distance - 2 * giou_by_hand(a, b);
    };
    const at::Tensor costs = matching_costs(
        c.logits[image].masked_fill(c.logits[image].eq(kAbsent), -30), box, truth, options);
    for (int64_t thing = 0; thing < things; ++thing) {
      for (int64_t query = 0; query < 5; ++query) {
        EXPECT_NEAR(costs[thing][query].item<float>(), cost(thing, query), 1e-4);
      }
    }
    // The cheapest match by trying all.
    std::vector<int64_t> best;
    double least = 1e9;
    for (int64_t first = 0; first < 5; ++first) {
      for (int64_t second = 0; second < (things > 1 ? 5 : 1); ++second) {
        if (things > 1 && first == second) continue;
        const double sum = cost(0, first) + (things > 1 ? cost(1, second) : 0);
        if (sum < least) {
          least = sum;
          best = {first, second};
        }
      }
    }
    for (int64_t query = 0; query < 5; ++query) {
      for (int64_t t = 0; t < 4; ++t) {
        if (!c.present[image][t].item<bool>()) continue;
        bool fits = false;
        for (int64_t thing = 0; thing < things; ++thing) {
          fits = fits || (best[static_cast<size_t>(thing)] == query &&
                          truth.tokens[thing][t].item<float>() > 0);
        }
        expected += 0.7 * focal(logit[query][t].item<float>(), fits, 0.25, 2);
      }
    }
    for (int64_t thing = 0; thing < things; ++thing) {
      const float* a = truth.boxes.data_ptr<float>() + 4 * thing;
      const float* b = box.data_ptr<float>() + 4 * best[static_cast<size_t>(thing)];
      for (int d = 0; d < 4; ++d) expected += 5 * std::abs(double{a[d]} - b[d]);
      expected += 2 * (1 - giou_by_hand(a, b));
    }
  }
  const at::Tensor loss = set_prediction_loss(c.logits, c.boxes, c.present, c.targets, 3, options);
  EXPECT_NEAR(loss.item<float>(), expected / 3, 1e-4);
}

TEST(SetPrediction, GradientsAreThoseOfSmallChanges) {
  const Case c = make_case();
  const auto loss_of = [&](const at::Tensor& logits, const at::Tensor& boxes) {
    return set_prediction_loss(logits, boxes, c.present, c.targets, 3, {});
  };
  const at::Tensor logits = c.logits.clone().requires_grad_(true);
  const at::Tensor boxes = c.boxes.clone().requires_grad_(true);
  loss_of(logits, boxes).backward();
  EXPECT_TRUE(at::isfinite(logits.grad()).all().item<bool>());
  EXPECT_EQ(logits.grad()[1].select(1, 3).abs().max().item<float>(), 0.0f);
  for (const int64_t query : {0, 3}) {
    for (const int64_t i : {1, 2}) {
      at::Tensor up = c.logits.clone(), down = c.logits.clone();
      up[0][query][i] += 1e-2;
      down[0][query][i] -= 1e-2;
      const double slope = (loss_of(up, c.boxes) - loss_of(down, c.boxes)).item<float>() / 2e-2;
      EXPECT_NEAR(logits.grad()[0][query][i].item<float>(), slope, 2e-3);
      up = c.boxes.clone();
      down = c.boxes.clone();
      up[0][query][i] += 1e-3;
      down[0][query][i] -= 1e-3;
      const double moved = (loss_of(c.logits, up) - loss_of(c.logits, down)).item<float>() / 2e-3;
      EXPECT_NEAR(boxes.grad()[0][query][i].item<float>(), moved, 2e-2);
    }
  }
}

TEST(SetPrediction, APictureWithoutThingsTeachesThatNothingFits) {
  Case c = make_case();
  c.targets[0] = {at::empty({0, 4}), at::empty({0, 4})};
  c.targets[1] = c.targets[0];
  const at::Tensor loss = set_prediction_loss(c.logits, c.boxes, c.present, c.targets, 1, {});
  double expected = 0;
  for (int64_t image = 0; image < 2; ++image) {
    for (int64_t query = 0; query < 5; ++query) {
      for (int64_t t = 0; t < 4 - image; ++t) {
        expected += 2 * focal(c.logits[image][query][t].item<float>(), false, 0.25, 2);
      }
    }
  }
  EXPECT_NEAR(loss.item<float>(), expected, 1e-3);
}

// One picture, places on a row, one thing of which the middle half is hit by one place.
TEST(SetPrediction, PlacesInTheMiddleOfAThingFitIt) {
  const at::Tensor centres = rows_of({0.1f, 0.5f, 0.32f, 0.5f, 0.5f, 0.5f, 0.9f, 0.5f}, 2);
  at::Tensor useless = at::zeros({1, 4}, at::kBool);
  useless[0][3] = true;
  const at::Tensor logits = rows_of({0.3f, -1, 0.2f, 1, 0.5f, 2, 0, 0}, 2).unsqueeze(0);
  const at::Tensor boxes = rows_of({0.5f, 0.5f, 0.4f, 0.4f}, 4).repeat({4, 1}).unsqueeze(0);
  const at::Tensor present = at::ones({1, 2}, at::kBool);
  const std::vector<DetectionTargets> targets = {
      {rows_of({0.5f, 0.5f, 0.4f, 0.2f}, 4), rows_of({0, 1}, 2)}};
  const float* found = boxes.data_ptr<float>();
  const float* real = targets[0].boxes.data_ptr<float>();
  // The first place fits nothing; the second lies in the rim, where the thing's token does not
  // count; the third fits; the fourth is useless.
  const double classes = focal(0.3, false, 0.25, 2) + focal(-1, false, 0.25, 2) +
                         focal(0.2, false, 0.25, 2) + focal(0.5, false, 0.25, 2) +
                         focal(2, true, 0.25, 2);
  const double expected = 2 * classes + 5 * 0.2 + 2 * (1 - giou_by_hand(found, real));
  EXPECT_NEAR(
      place_loss(centres.unsqueeze(0), useless, logits, boxes, present, targets, {}).item<float>(),
      expected, 1e-5);
}

}  // namespace
}  // namespace vigor
