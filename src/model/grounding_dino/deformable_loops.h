// What the forward and the backward kernel of deformable attention share; for these two files.
#pragma once

#include <cstdint>

#include "model/grounding_dino/vector_loops.h"

namespace vigor::deformable {

struct Level {
  int64_t height = 0, width = 0, start = 0;
};

struct Arguments {
  const float* offsets = nullptr;
  const float* scores = nullptr;
  const float* reference = nullptr;
  const Level* levels = nullptr;
  int64_t level_count = 0, points = 0, heads = 0, size = 0, queries = 0, places = 0;
  int64_t reference_size = 2;  // 2 or 4 numbers a reference point
};

// Where a query looks on one level: place = start + offset * step, in places of the level.
struct Aim {
  float x_start = 0, y_start = 0, x_step = 1, y_step = 1;
};
VIGOR_INLINE Aim aim_at(const Arguments& args, int64_t row, int64_t l) {
  const Level& level = args.levels[l];
  const float* at = args.reference + (row * args.level_count + l) * args.reference_size;
  const auto width = static_cast<float>(level.width);
  const auto height = static_cast<float>(level.height);
  Aim aim;
  if (args.reference_size == 4) {
    const float spread = 0.5f / static_cast<float>(args.points);
    aim.x_step = at[2] * spread * width;
    aim.y_step = at[3] * spread * height;
  }
  aim.x_start = at[0] * width - 0.5f;
  aim.y_start = at[1] * height - 0.5f;
  return aim;
}

// The four places around (x, y) and their weights in the bilinear mix.
struct Corners {
  int64_t place[4] = {0, 0, 0, 0};  // upper left, upper right, lower left, lower right
  bool there[4] = {false, false, false, false};
  float right = 0, down = 0;  // how far (x, y) lies from the upper left one, 0 to 1
};
// False where no corner is inside. A corner outside stands at a place inside, so that there is one
// loop for all; its weight is 0.
VIGOR_INLINE bool corners_around(const Level& level, float x, float y, Corners& corners) {
  // Written so that NaN falls outside too: nothing is read through it.
  const bool inside = y > -1.0f && x > -1.0f && y < static_cast<float>(level.height) &&
                      x < static_cast<float>(level.width);
  if (!inside) return false;
  const float top = __builtin_floorf(y), left = __builtin_floorf(x);
  corners.down = y - top;
  corners.right = x - left;
  const auto row = static_cast<int64_t>(top), column = static_cast<int64_t>(left);
  const bool has_top = row >= 0, has_bottom = row + 1 < level.height;
  const bool has_left = column >= 0, has_right = column + 1 < level.width;
  const int64_t upper = (has_top ? row : 0) * level.width;
  const int64_t lower = (has_bottom ? row + 1 : level.height - 1) * level.width;
  const int64_t first = has_left ? column : 0;
  const int64_t second = has_right ? column + 1 : level.width - 1;
  corners.place[0] = upper + first;
  corners.place[1] = upper + second;
  corners.place[2] = lower + first;
  corners.place[3] = lower + second;
  corners.there[0] = has_top && has_left;
  corners.there[1] = has_top && has_right;
  corners.there[2] = has_bottom && has_left;
  corners.there[3] = has_bottom && has_right;
  return true;
}
VIGOR_INLINE float corner_weight(const Corners& corners, int i) {
  if (!corners.there[i]) return 0.0f;
  return (i < 2 ? 1 - corners.down : corners.down) *
         (i % 2 == 0 ? 1 - corners.right : corners.right);
}

// weight[0..samples) = softmax of the scores of one query and head.
VIGOR_INLINE void sample_weights(const float* score, int64_t samples, float* weight) {
  float largest = score[0], total = 0;
  for (int64_t i = 1; i < samples; ++i) largest = score[i] > largest ? score[i] : largest;
  for (int64_t i = 0; i < samples; ++i) {
    weight[i] = __builtin_expf(score[i] - largest);
    total += weight[i];
  }
  for (int64_t i = 0; i < samples; ++i) weight[i] /= total;
}

}  // namespace vigor::deformable
