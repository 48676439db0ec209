// The ten places of the generated world: what they look like and where things stand in them.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "scenes/raster.h"

namespace vigor::scenes {

// Where things can be, as shares of the picture's height from its top.
struct Stage {
  float horizon = 0.5f;  // where the ground or floor begins
  float water_top = -1;  // band where boats float; negative: none
  float water_bottom = -1;
  bool outdoors = true;
};

// A kind that belongs to the place, and how much more likely it is than others.
struct KindWeight {
  const char* kind;
  float weight;
};

struct Place {
  const char* name;
  std::vector<KindWeight> kinds;
};

const std::vector<Place>& place_table();

// Paints place `index` of place_table() over the whole layer; takes its variation from `random`.
Stage paint_background(int index, Layer& picture, CounterRandom& random, bool clutter);

}  // namespace vigor::scenes
