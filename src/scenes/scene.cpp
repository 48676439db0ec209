#include "scenes/scene.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "scenes/background.h"
#include "scenes/kinds.h"

namespace vigor {
namespace scenes {
namespace {

// An object before it is drawn: what it is and where it stands.
struct Plan {
  int kind = 0;
  int colour = -1;
  Placement placement;
  float half_width = 0, half_height = 0;  // pixels
  float depth = 0;                        // larger is nearer
  bool on_ground = true;
  bool large = false;
  Look look;
};

struct Drawn {
  Plan plan;
  Layer layer;
  int pixels = 0;  // of the whole object
};

float lerp(float a, float b, float t) {
  return a + (b - a) * t;
}

void check(const SceneOptions& o) {
  const auto refuse = [](const char* what) {
    throw Error({.what = what,
                 .where = "scene options",
                 .cause = "",
                 .fix = "see scenes/scene.h for the ranges",
                 .exit_code = ExitCode::kUsage});
  };
  if (o.width < 64 || o.width > 2048 || o.height < 64 || o.height > 2048)
    refuse("the picture's sides must be 64 to 2048 pixels");
  if (o.min_objects < 1 || o.max_objects < o.min_objects || o.max_objects > 12)
    refuse("the number of objects must be 1 to 12, the smallest first");
  for (const double share : {o.surprise, o.repeat, o.min_visible}) {
    if (!(share >= 0 && share <= 1)) refuse("chances and shares must be 0 to 1");
  }
}

int pick_kind(const Place& place, CounterRandom& random, double surprise) {
  const auto& kinds = scene_kinds();
  if (random.uniform() < surprise)
    return static_cast<int>(random.below(static_cast<uint32_t>(kinds.size())));
  float total = 0;
  for (const auto& w : place.kinds) total += w.weight;
  float left = static_cast<float>(random.uniform()) * total;
  const char* name = place.kinds.back().kind;
  for (const auto& w : place.kinds) {
    left -= w.weight;
    if (left < 0) {
      name = w.kind;
      break;
    }
  }
  return static_cast<int>(std::find(kinds.begin(), kinds.end(), name) - kinds.begin());
}

Rgb jittered(Rgb c, CounterRandom& random) {
  const float brightness = static_cast<float>(0.9 + 0.18 * random.uniform());
  const auto channel = [&](float v) {
    return std::clamp(v * brightness + static_cast<float>(random.uniform() * 14 - 7), 12.0f,
                      250.0f);
  };
  const float r = channel(c.r), g = channel(c.g), b = channel(c.b);
  return {r, g, b};
}

// Chooses form, size and place; the overlap with other objects is judged by the caller.
Plan make_plan(int kind_index, bool want_large, const Stage& stage, const SceneOptions& options,
               CounterRandom& random) {
  const Kind& kind = kind_table()[kind_index];
  const auto uniform = [&] { return static_cast<float>(random.uniform()); };
  Plan plan;
  plan.kind = kind_index;
  if (!kind.colours.empty()) {
    plan.colour = kind.colours[random.below(static_cast<uint32_t>(kind.colours.size()))];
    plan.look.main = jittered(colour_value(plan.colour), random);
  }
  plan.look.second = jittered(colour_value(static_cast<int>(random.below(6))), random);
  for (float& v : plan.look.vary) v = uniform();

  const float width = static_cast<float>(options.width),
              height = static_cast<float>(options.height);
  const float side = std::min(width, height);
  constexpr float kLarge = 0.31f;
  float low = kind.min_side, high = kind.max_side;
  if (low < kLarge && high > kLarge) (want_large ? low : high) = kLarge;
  const float longer = lerp(low, high, uniform());
  plan.large = longer >= kLarge;
  const float unit = longer * side / (2 * std::max(1.0f, kind.half_width));
  plan.placement.scale = unit;
  plan.placement.mirrored = random.below(2) == 1 && std::string(kind.name) != "stop sign";
  plan.placement.turns = (uniform() * 2 - 1) * kind.max_turns;
  plan.half_width = unit * kind.half_width;
  plan.half_height = unit;

  const bool flying = kind.habitat == Habitat::kSky ||
                      (kind.habitat == Habitat::kPerch && stage.outdoors && uniform() < 0.45f);
  float x = lerp(plan.half_width * 0.96f, width - plan.half_width * 0.96f, uniform());
  if (plan.half_width * 2 > width) x = width * 0.5f;
  float y;
  if (flying || kind.habitat == Habitat::kWall) {
    const float bottom =
        std::max(plan.half_height * 1.15f, stage.horizon * height - plan.half_height * 0.7f);
    y = lerp(plan.half_height * 1.05f, bottom, uniform());
    plan.depth = -1 + uniform() * 0.1f;
    plan.on_ground = false;
  } else if (kind.habitat == Habitat::kWater && stage.water_top >= 0) {
    const float base = lerp(stage.water_top, stage.water_bottom, uniform()) * height;
    y = base - plan.half_height;
    plan.depth = base / height;
  } else {
    const float top = std::max(stage.horizon + 0.07f, 2 * plan.half_height / height + 0.02f);
    const float base = lerp(std::min(top, 0.95f), 0.975f, uniform()) * height;
    y = base - plan.half_height;
    plan.depth = base / height;
  }
  y = std::max(y, plan.half_height * 1.02f);
  plan.placement.centre = {x, y};
  return plan;
}

float overlap(const Plan& a, const Plan& b) {
  const auto span = [](float ca, float ha, float cb, float hb) {
    return std::max(0.0f, std::min(ca + ha, cb + hb) - std::max(ca - ha, cb - hb));
  };
  return span(a.placement.centre.x, a.half_width, b.placement.centre.x, b.half_width) *
         span(a.placement.centre.y, a.half_height, b.placement.centre.y, b.half_height);
}

// Whether every object of `plans` with `next` keeps enough of its rectangle uncovered.
bool fits(const std::vector<Plan>& plans, const Plan& next) {
  constexpr float kCovered = 0.42f;
  float over_next = 0;
  for (size_t i = 0; i < plans.size(); ++i) {
    const float shared = overlap(plans[i], next);
    if (shared <= 0) continue;
    if (plans[i].depth > next.depth) {
      over_next += shared;
      continue;
    }
    float over = shared;
    for (const Plan& other : plans) {
      if (&other != &plans[i] && other.depth > plans[i].depth) over += overlap(plans[i], other);
    }
    if (over > kCovered * 4 * plans[i].half_width * plans[i].half_height) return false;
    // Things of one kind that touch cannot be counted.
    if (plans[i].kind == next.kind && shared > 0.25f * 4 * next.half_width * next.half_height)
      return false;
  }
  return over_next <= kCovered * 4 * next.half_width * next.half_height;
}

Drawn draw(const Plan& plan, Point light, uint32_t key) {
  const float margin_x = plan.half_width * 1.14f + plan.half_height * 0.12f + 3;
  const float margin_y = plan.half_height * 1.14f + plan.half_width * 0.12f + 3;
  const int x0 = static_cast<int>(std::floor(plan.placement.centre.x - margin_x));
  const int y0 = static_cast<int>(std::floor(plan.placement.centre.y - margin_y));
  Drawn drawn{plan,
              Layer(x0, y0, static_cast<int>(2 * margin_x) + 2, static_cast<int>(2 * margin_y) + 2,
                    light, key),
              0};
  Pen pen(drawn.layer, plan.placement);
  kind_table()[plan.kind].draw(pen, plan.look);
  for (int y = 0; y < drawn.layer.height(); ++y) {
    for (int x = 0; x < drawn.layer.width(); ++x) drawn.pixels += drawn.layer.at(x, y).a >= 0.5f;
  }
  return drawn;
}

void label(std::vector<uint8_t>& map, const SceneOptions& o, const std::vector<Drawn>& objects) {
  std::fill(map.begin(), map.end(), kBackgroundLabel);
  for (size_t i = 0; i < objects.size(); ++i) {
    const Layer& layer = objects[i].layer;
    for (int y = std::max(0, -layer.y0()); y < layer.height() && y + layer.y0() < o.height; ++y) {
      uint8_t* row = map.data() + static_cast<size_t>(y + layer.y0()) * o.width + layer.x0();
      for (int x = std::max(0, -layer.x0()); x < layer.width() && x + layer.x0() < o.width; ++x) {
        if (layer.at(x, y).a >= 0.5f) row[x] = static_cast<uint8_t>(i);
      }
    }
  }
}

std::vector<int> count_labels(const std::vector<uint8_t>& map, size_t objects) {
  std::vector<int> counts(objects, 0);
  for (const uint8_t v : map) {
    if (v != kBackgroundLabel) ++counts[v];
  }
  return counts;
}

// A soft ellipse of shade at the foot, drawn out away from the light.
void cast_shadow(Layer& picture, const Plan& plan, Point light, float strength) {
  const float foot = plan.placement.centre.y + plan.half_height * 0.95f;
  const float rx = plan.half_width * 1.12f, ry = std::max(3.0f, plan.half_height * 0.16f);
  const float cx = plan.placement.centre.x - light.x * plan.half_width * 0.35f;
  const int y0 = std::max(0, static_cast<int>(foot - ry)),
            y1 = std::min(picture.height(), static_cast<int>(foot + ry) + 1);
  const int x0 = std::max(0, static_cast<int>(cx - rx)),
            x1 = std::min(picture.width(), static_cast<int>(cx + rx) + 1);
  for (int y = y0; y < y1; ++y) {
    const float dy = (static_cast<float>(y) - foot) / ry;
    for (int x = x0; x < x1; ++x) {
      const float dx = (static_cast<float>(x) - cx) / rx;
      const float d = 1.0f - dx * dx - dy * dy;
      if (d <= 0) continue;
      const float keep = 1.0f - strength * std::min(1.0f, 1.6f * d);
      Layer::Pixel& p = picture.at(x, y);
      p.r *= keep, p.g *= keep, p.b *= keep;
    }
  }
}

void composite(Layer& picture, const Layer& layer) {
  for (int y = std::max(0, -layer.y0()); y < layer.height() && y + layer.y0() < picture.height();
       ++y) {
    for (int x = std::max(0, -layer.x0()); x < layer.width() && x + layer.x0() < picture.width();
         ++x) {
      const Layer::Pixel& over = layer.at(x, y);
      if (over.a <= 0) continue;
      Layer::Pixel& p = picture.at(x + layer.x0(), y + layer.y0());
      const float keep = 1.0f - over.a;
      p.r = p.r * keep + over.r, p.g = p.g * keep + over.g, p.b = p.b * keep + over.b;
    }
  }
}

// The camera: tint, exposure, vignette and noise; rounds to bytes.
Image develop(const Layer& picture, CounterRandom& random, bool photographic) {
  Image image{picture.height(), picture.width(), {}};
  image.rgb.resize(static_cast<size_t>(image.height) * image.width * 3);
  const float exposure = photographic ? static_cast<float>(0.92 + 0.14 * random.uniform()) : 1.0f;
  const float warmth = photographic ? static_cast<float>(random.uniform() * 0.08 - 0.04) : 0.0f;
  const float vignette = photographic ? static_cast<float>(0.22 * random.uniform()) : 0.0f;
  const float noise = photographic ? static_cast<float>(2 + 5 * random.uniform()) : 0.0f;
  const uint32_t key = random.next();
  const float gain[3] = {exposure * (1 + warmth), exposure, exposure * (1 - warmth)};
  const float to_x = 2.0f / static_cast<float>(image.width),
              to_y = 2.0f / static_cast<float>(image.height);
  for (int y = 0; y < image.height; ++y) {
    const float ny = (static_cast<float>(y) + 0.5f) * to_y - 1;
    uint8_t* out = image.rgb.data() + static_cast<size_t>(y) * image.width * 3;
    for (int x = 0; x < image.width; ++x) {
      const float nx = (static_cast<float>(x) + 0.5f) * to_x - 1;
      const float dim = 1.0f - vignette * 0.5f * (nx * nx + ny * ny);
      const uint32_t h = hash_pixel(static_cast<uint32_t>(x), static_cast<uint32_t>(y), key);
      // Two 16-bit halves: grain common to the channels, and a little of each channel's own.
      const float grain = (static_cast<float>(h & 0xFFFF) * (2.0f / 65535.0f) - 1.0f) * noise;
      const Layer::Pixel& p = picture.at(x, y);
      const float rgb[3] = {p.r, p.g, p.b};
      for (int c = 0; c < 3; ++c) {
        const float own =
            (static_cast<float>((h >> (16 + 5 * c)) & 31) * (2.0f / 31.0f) - 1.0f) * noise * 0.5f;
        out[3 * x + c] = static_cast<uint8_t>(
            std::clamp(rgb[c] * gain[c] * dim + grain + own + 0.5f, 0.0f, 255.0f));
      }
    }
  }
  return image;
}

void describe(Scene& scene, const SceneOptions& options, const std::vector<Drawn>& drawn) {
  const auto counts = count_labels(scene.label_map, drawn.size());
  std::vector<Box> boxes(drawn.size(), Box{options.width, options.height, 0, 0});
  for (int y = 0; y < options.height; ++y) {
    for (int x = 0; x < options.width; ++x) {
      const uint8_t v = scene.label_map[static_cast<size_t>(y) * options.width + x];
      if (v == kBackgroundLabel) continue;
      Box& b = boxes[v];
      b = {std::min(b.x0, x), std::min(b.y0, y), std::max(b.x1, x + 1), std::max(b.y1, y + 1)};
    }
  }
  for (size_t i = 0; i < drawn.size(); ++i) {
    const Plan& plan = drawn[i].plan;
    SceneObject object;
    object.kind_index = plan.kind;
    object.kind = scene_kinds()[plan.kind];
    if (plan.colour >= 0) object.colour = scene_colours()[plan.colour];
    object.size = plan.large ? "large" : "small";
    object.box = boxes[i];
    object.visible_fraction = static_cast<double>(counts[i]) / std::max(1, drawn[i].pixels);
    const int middle = (boxes[i].x0 + boxes[i].x1) * 3;  // in sixths of the width
    object.position = middle < 2 * options.width    ? "left"
                      : middle >= 4 * options.width ? "right"
                                                    : "middle";
    scene.objects.push_back(std::move(object));
  }
}

void relate(Scene& scene, const SceneOptions& options, const std::vector<Drawn>& drawn) {
  const auto& objects = scene.objects;
  const auto alone = [&](int kind) {
    return std::count_if(objects.begin(), objects.end(),
                         [&](const auto& o) { return o.kind_index == kind; }) == 1;
  };
  const auto middle_x = [](const Box& b) { return 0.5 * (b.x0 + b.x1); };
  for (size_t i = 0; i < objects.size(); ++i) {
    for (size_t j = 0; j < objects.size(); ++j) {
      if (i == j || !alone(objects[i].kind_index) || !alone(objects[j].kind_index)) continue;
      const Box &a = objects[i].box, &b = objects[j].box;
      const auto add = [&](const char* predicate) {
        scene.relations.push_back({static_cast<int>(i), static_cast<int>(j), predicate});
      };
      const double apart = 0.18 * options.width;
      if (middle_x(a) + apart < middle_x(b)) add("to the left of");
      if (middle_x(a) > middle_x(b) + apart) add("to the right of");
      if (a.y1 <= b.y0 + 2) add("above");
      if (a.y0 + 2 >= b.y1) add("below");
      const bool meet = a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1;
      if (meet && drawn[i].plan.on_ground && drawn[j].plan.on_ground) {
        if (drawn[i].plan.depth > drawn[j].plan.depth + 0.02f) add("in front of");
        if (drawn[i].plan.depth + 0.02f < drawn[j].plan.depth) add("behind");
      }
    }
  }
}

}  // namespace
}  // namespace scenes

Scene generate_scene(uint64_t seed, uint64_t index, const SceneOptions& options) {
  using namespace scenes;
  check(options);
  CounterRandom random(seed, "scene", index);
  Scene scene;
  scene.seed = seed;
  scene.index = index;
  const int place_index =
      static_cast<int>(random.below(static_cast<uint32_t>(place_table().size())));
  const Place& place = place_table()[place_index];
  scene.background = place.name;

  // Light from above, left or right.
  const Point light = direction(static_cast<float>(0.58 + 0.34 * random.uniform()));
  Layer picture(0, 0, options.width, options.height, light, random.next());
  const Stage stage = paint_background(place_index, picture, random, options.clutter);

  std::vector<Plan> plans;
  const int wanted = options.min_objects + static_cast<int>(random.below(static_cast<uint32_t>(
                                               options.max_objects - options.min_objects + 1)));
  for (int tries = 0; tries < wanted * 6 && static_cast<int>(plans.size()) < wanted; ++tries) {
    const bool again = !plans.empty() && random.uniform() < options.repeat;
    const int kind = again ? plans[random.below(static_cast<uint32_t>(plans.size()))].kind
                           : pick_kind(place, random, options.surprise);
    // Crowds are of smaller things.
    const bool want_large = random.uniform() < (wanted <= 3 ? 0.65 : 0.35);
    for (int attempt = 0; attempt < 8; ++attempt) {
      const Plan plan = make_plan(kind, want_large, stage, options, random);
      if (!fits(plans, plan)) continue;
      plans.push_back(plan);
      break;
    }
  }
  std::stable_sort(plans.begin(), plans.end(),
                   [](const Plan& a, const Plan& b) { return a.depth < b.depth; });
  std::vector<Drawn> drawn;
  drawn.reserve(plans.size());
  for (const Plan& plan : plans) drawn.push_back(draw(plan, light, random.next()));

  // What would be too hidden to be called visible is taken out, the least visible first.
  scene.label_map.resize(static_cast<size_t>(options.width) * options.height);
  while (true) {
    label(scene.label_map, options, drawn);
    const auto counts = count_labels(scene.label_map, drawn.size());
    size_t worst = 0;
    double least = 2;
    for (size_t i = 0; i < drawn.size(); ++i) {
      const double visible = static_cast<double>(counts[i]) / std::max(1, drawn[i].pixels);
      if (visible < least) least = visible, worst = i;
    }
    if (drawn.size() <= 1 || least >= options.min_visible) break;
    drawn.erase(drawn.begin() + static_cast<std::ptrdiff_t>(worst));
  }

  const float shade = static_cast<float>((stage.outdoors ? 0.3 : 0.22) + 0.2 * random.uniform());
  for (const Drawn& object : drawn) {
    if (object.plan.on_ground && kind_table()[object.plan.kind].casts_shadow)
      cast_shadow(picture, object.plan, light, shade);
    composite(picture, object.layer);
  }
  scene.image = develop(picture, random, options.photographic);
  describe(scene, options, drawn);
  relate(scene, options, drawn);
  return scene;
}

std::vector<int> patch_kinds(const Scene& scene, int grid, double min_share) {
  std::vector<int> kinds(static_cast<size_t>(grid) * grid, -1);
  const int width = scene.image.width, height = scene.image.height;
  std::vector<int> counts(scene_kinds().size());
  for (int gy = 0; gy < grid; ++gy) {
    for (int gx = 0; gx < grid; ++gx) {
      std::fill(counts.begin(), counts.end(), 0);
      const int x0 = gx * width / grid, x1 = (gx + 1) * width / grid;
      const int y0 = gy * height / grid, y1 = (gy + 1) * height / grid;
      int covered = 0;
      for (int y = y0; y < y1; ++y) {
        for (int x = x0; x < x1; ++x) {
          const uint8_t v = scene.label_map[static_cast<size_t>(y) * width + x];
          if (v == kBackgroundLabel) continue;
          ++counts[scene.objects[v].kind_index];
          ++covered;
        }
      }
      if (covered == 0 || covered < min_share * (x1 - x0) * (y1 - y0)) continue;
      kinds[static_cast<size_t>(gy) * grid + gx] =
          static_cast<int>(std::max_element(counts.begin(), counts.end()) - counts.begin());
    }
  }
  return kinds;
}

}  // namespace vigor
