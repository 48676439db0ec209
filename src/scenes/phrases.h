// Pieces of sentences about a scene, shared by captions and questions.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "scenes/scene.h"

namespace vigor::scenes {

// "in a kitchen", "on a street", "at a harbor".
std::string place_phrase(const std::string& background);
// "an office", "a mountain": what goes before "scene".
std::string place_noun(const std::string& background);
// "on the left side", "in the middle", "on the right side".
std::string side_phrase(const std::string& position);
// "red cup", "banana", "person in red".
std::string described(const std::string& kind, const std::string& colour);
std::string described(const SceneObject& object);
// "a", "a and b", "a, b and c".
std::string join(const std::vector<std::string>& parts);
std::string capitalised(std::string text);

// One phrase a kind, in a random order that starts_plural() agrees with: "two red cups", "a dog".
// `plain` leaves some colours out.
std::vector<std::string> group_phrases(const Scene& scene, CounterRandom& random, bool plain);
// Whether the first of group_phrases() is a plural.
bool starts_plural(const Scene& scene);

template <typename T>
void shuffle(std::vector<T>& values, CounterRandom& random) {
  for (size_t i = values.size(); i > 1; --i) {
    std::swap(values[i - 1], values[random.below(static_cast<uint32_t>(i))]);
  }
}

}  // namespace vigor::scenes
