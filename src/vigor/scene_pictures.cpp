#include "vigor/scene_pictures.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

namespace vigor {
namespace {

// The object that covers most of each patch: index into scene.objects, or -1 where all objects
// together cover less than a quarter.
std::vector<int> patch_objects(const Scene& scene, int grid) {
  const int height = scene.image.height;
  const int width = scene.image.width;
  std::vector<int> winners;
  for (int row = 0; row < grid; ++row) {
    for (int column = 0; column < grid; ++column) {
      std::array<int, 256> cover{};
      int total = 0;
      for (int y = row * height / grid; y < (row + 1) * height / grid; ++y) {
        for (int x = column * width / grid; x < (column + 1) * width / grid; ++x) {
          ++cover[scene.label_map[static_cast<size_t>(y * width + x)]];
          ++total;
        }
      }
      const auto best = std::max_element(cover.begin(), cover.begin() + kBackgroundLabel);
      const int objects = total - cover[kBackgroundLabel];
      winners.push_back(4 * objects >= total && *best > 0 ? static_cast<int>(best - cover.begin())
                                                          : -1);
    }
  }
  return winners;
}

}  // namespace

void draw_scenes(const ScenePicturesOptions& options, Progress* progress,
                 const std::function<void(size_t, const Scene&)>& use) {
  if (options.count < 1) {
    throw Error({.what = "'count' of the scenes is " + std::to_string(options.count) +
                         ", but must be at least 1",
                 .exit_code = ExitCode::kUsage});
  }
  const auto count = static_cast<size_t>(options.count);
  std::atomic<size_t> next = 0;
  std::atomic<size_t> done = 0;
  const auto draw = [&](size_t i) { use(i, generate_scene(options.seed, options.first + i)); };
  const auto work = [&] {
    for (size_t i = next++; i < count; i = next++) {
      draw(i);
      ++done;
    }
  };
  if (progress != nullptr) progress->start("scenes", "pictures", count);
  std::vector<std::jthread> threads;
  const unsigned workers = std::max(1u, std::thread::hardware_concurrency());
  for (unsigned t = 1; t < workers; ++t) threads.emplace_back(work);
  size_t shown = 0;
  for (size_t i = next++; i < count; i = next++) {
    draw(i);
    const size_t now = ++done;
    if (progress != nullptr) progress->advance(now - shown);
    shown = now;
  }
  threads.clear();
  if (progress != nullptr) {
    progress->advance(count - shown);
    progress->finish();
  }
}

ScenePictures::ScenePictures(const ScenePicturesOptions& options, const ClipVisionConfig& config,
                             Progress* progress)
    : options_(options), side_(config.image_size), grid_(config.image_size / config.patch_size) {
  preprocess_.shortest_edge = preprocess_.crop_height = preprocess_.crop_width =
      static_cast<int>(side_);
  // A count that draw_scenes() refuses takes no memory before.
  const auto count = static_cast<size_t>(std::max<int64_t>(0, options.count));
  const size_t patches = static_cast<size_t>(grid_ * grid_);
  const size_t image = static_cast<size_t>(side_ * side_ * 3);
  const size_t classes = scene_kinds().size();
  pixels_.resize(count * image);
  kind_.resize(count * patches);
  colour_.resize(count * patches);
  presence_.resize(count * classes);
  std::map<std::string, uint8_t> colour_index;
  for (const std::string& colour : scene_colours()) {
    colour_index.emplace(colour, static_cast<uint8_t>(colour_index.size()));
  }
  const auto draw = [&](size_t i, const Scene& scene) {
    const Image small = clip_resize_crop(scene.image, preprocess_);
    std::copy(small.rgb.begin(), small.rgb.end(),
              pixels_.begin() + static_cast<std::ptrdiff_t>(i * image));
    const std::vector<int> objects = patch_objects(scene, static_cast<int>(grid_));
    for (size_t p = 0; p < patches; ++p) {
      const int object = objects[p];
      uint8_t kind = static_cast<uint8_t>(classes);
      uint8_t colour = kIgnoredPatch;
      if (object >= 0) {
        const SceneObject& shown = scene.objects[static_cast<size_t>(object)];
        kind = static_cast<uint8_t>(shown.kind_index);
        const auto found = colour_index.find(shown.colour);
        if (found != colour_index.end()) colour = found->second;
      }
      kind_[i * patches + p] = kind;
      colour_[i * patches + p] = colour;
    }
    for (const SceneObject& object : scene.objects) {
      presence_[i * classes + static_cast<size_t>(object.kind_index)] = 1;
    }
  };
  draw_scenes(options, progress, draw);
}

uint64_t ScenePictures::size() const {
  return static_cast<uint64_t>(options_.count) * (options_.mirror ? 2 : 1);
}
int64_t ScenePictures::kinds() const {
  return static_cast<int64_t>(scene_kinds().size()) + 1;
}
int64_t ScenePictures::colours() const {
  return static_cast<int64_t>(scene_colours().size());
}
int64_t ScenePictures::presences() const {
  return static_cast<int64_t>(scene_kinds().size());
}

LabelledPictures::Batch ScenePictures::batch(std::span<const uint64_t> indices) const {
  const auto count = static_cast<int64_t>(indices.size());
  const int64_t patches = grid_ * grid_;
  Batch batch;
  batch.pixels = at::empty({count, 3, side_, side_}, at::TensorOptions().dtype(at::kFloat));
  batch.patch_kind = at::empty({count, patches}, at::TensorOptions().dtype(at::kLong));
  batch.patch_colour = at::empty({count, patches}, at::TensorOptions().dtype(at::kLong));
  batch.presence = at::empty({count, presences()}, at::TensorOptions().dtype(at::kFloat));
  float* pixels = batch.pixels.data_ptr<float>();
  int64_t* kind = batch.patch_kind.data_ptr<int64_t>();
  int64_t* colour = batch.patch_colour.data_ptr<int64_t>();
  float* presence = batch.presence.data_ptr<float>();
  std::array<std::array<float, 256>, 3> value;
  for (size_t c = 0; c < 3; ++c) {
    for (size_t v = 0; v < 256; ++v) {
      value[c][v] = static_cast<float>((static_cast<double>(v) / 255 - preprocess_.mean[c]) /
                                       preprocess_.std[c]);
    }
  }
  for (int64_t b = 0; b < count; ++b) {
    const uint64_t index = indices[static_cast<size_t>(b)];
    const auto scene = static_cast<int64_t>(index % static_cast<uint64_t>(options_.count));
    const bool mirrored = index >= static_cast<uint64_t>(options_.count);
    const uint8_t* from = pixels_.data() + scene * side_ * side_ * 3;
    for (int64_t y = 0; y < side_; ++y) {
      for (int64_t x = 0; x < side_; ++x) {
        const uint8_t* pixel = from + (y * side_ + (mirrored ? side_ - 1 - x : x)) * 3;
        for (int64_t c = 0; c < 3; ++c) {
          pixels[((b * 3 + c) * side_ + y) * side_ + x] = value[static_cast<size_t>(c)][pixel[c]];
        }
      }
    }
    for (int64_t p = 0; p < patches; ++p) {
      const int64_t source = mirrored ? p / grid_ * grid_ + grid_ - 1 - p % grid_ : p;
      kind[b * patches + p] = kind_[static_cast<size_t>(scene * patches + source)];
      colour[b * patches + p] = colour_[static_cast<size_t>(scene * patches + source)];
    }
    for (int64_t k = 0; k < presences(); ++k) {
      presence[b * presences() + k] = presence_[static_cast<size_t>(scene * presences() + k)];
    }
  }
  return batch;
}

Json ScenePictures::identity() const {
  return {{"scenes_seed", options_.seed},
          {"first", options_.first},
          {"count", options_.count},
          {"mirror", options_.mirror},
          {"side", side_}};
}

}  // namespace vigor
