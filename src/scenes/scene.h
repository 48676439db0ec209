// The generated world: pictures in which everything is known exactly.
//
// scenes/ makes lit, textured, cluttered, overlapping objects of 32 kinds on ten backgrounds, with
// the truth about them (boxes, visibility, a label map, relations), text that is true of them
// (scenes/language.h), and folders of both (scenes/write.h). It is for the demo, tests and
// ablations; photographs it is not.
//
// A scene is a pure function of (seed, index, options): the same bytes on any machine with IEEE 754
// floats. Random numbers are counter-based, the room is compiled without fused multiply-add, and no
// value comes from libm except sqrt. Nothing is global: scenes can be made on many threads at once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/image.h"

namespace vigor {

struct SceneOptions {
  // Pixels, 64 to 2048.
  int width = 256;
  int height = 256;
  // Objects wanted in a scene, 1 to 12; fewer come out where they would hide one another.
  int min_objects = 2;
  int max_objects = 7;
  // Chance of an object that does not belong to the place (a bus in a bedroom), 0 to 1.
  double surprise = 0.12;
  // Chance that an object is one more of a kind that is already there, 0 to 1.
  double repeat = 0.22;
  // An object less visible than this after occlusion is not in the scene at all, 0 to 1.
  double min_visible = 0.4;
  // Unnamed small shapes that a detector should ignore: pebbles, leaves, crumbs.
  bool clutter = true;
  // Photographic noise and vignette.
  bool photographic = true;
};

// Pixels, x1 and y1 exclusive.
struct Box {
  int x0 = 0, y0 = 0, x1 = 0, y1 = 0;
  bool operator==(const Box&) const = default;
};

struct SceneObject {
  std::string kind;    // of scene_kinds()
  int kind_index = 0;  // its place in scene_kinds()
  std::string
      colour;        // of scene_colours(); empty where the kind has its natural colours (a banana)
  std::string size;  // "small" or "large": its longer side is below or above 0.31 of the picture's
  Box box;           // of the visible pixels
  double visible_fraction = 1;  // visible pixels / pixels of the whole object
  // "left", "middle" or "right" third of the picture, by the middle of the box.
  std::string position;
};

// "the <subject> is <predicate> the <object>"; only between objects whose kinds occur once, so that
// the sentence names them without doubt.
struct Relation {
  int subject = 0;  // index into Scene::objects
  int object = 0;
  std::string
      predicate;  // "to the left of", "to the right of", "above", "below", "in front of", "behind"
};

struct Scene {
  uint64_t seed = 0;
  uint64_t index = 0;
  Image image;
  std::string background;            // of scene_backgrounds()
  std::vector<SceneObject> objects;  // from the farthest to the nearest; at least one
  std::vector<Relation> relations;
  // [height, width], row-major: index of the object on top at each pixel, 255 for the background.
  std::vector<uint8_t> label_map;
};

inline constexpr uint8_t kBackgroundLabel = 255;

// Throws Error when an option is out of its range.
Scene generate_scene(uint64_t seed, uint64_t index, const SceneOptions& options = {});

// Names as captions and questions use them, in a fixed order.
const std::vector<std::string>& scene_kinds();
const std::vector<std::string>& scene_colours();
const std::vector<std::string>& scene_backgrounds();
// "people", "buses", "teddy bears".
std::string plural_of(const std::string& kind);
// "an airplane", "a red bus" (the article for whatever follows it).
std::string with_article(const std::string& words);

// What a vision tower's patches show, for its pretraining: [grid * grid], row-major, the kind that
// covers most of the patch, or -1 where all objects together cover less than `min_share` of it.
std::vector<int> patch_kinds(const Scene& scene, int grid, double min_share = 0.25);

}  // namespace vigor
