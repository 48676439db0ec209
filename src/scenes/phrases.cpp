#include "scenes/phrases.h"

#include <algorithm>
#include <cctype>

#include "scenes/language.h"

namespace vigor::scenes {

std::string place_phrase(const std::string& background) {
  if (background == "street") return "on a street";
  if (background == "beach") return "on a beach";
  if (background == "harbor") return "at a harbor";
  if (background == "mountains") return "in the mountains";
  return "in " + with_article(background);
}

std::string place_noun(const std::string& background) {
  return with_article(background == "mountains" ? "mountain" : background);
}

std::string side_phrase(const std::string& position) {
  return position == "middle" ? "in the middle" : "on the " + position + " side";
}

std::string described(const std::string& kind, const std::string& colour) {
  if (colour.empty()) return kind;
  return kind == "person" ? "person in " + colour : colour + " " + kind;
}

std::string described(const SceneObject& object) {
  return described(object.kind, object.colour);
}

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += i + 1 == parts.size() ? " and " : ", ";
    text += parts[i];
  }
  return text;
}

std::string capitalised(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

std::vector<std::string> group_phrases(const Scene& scene, CounterRandom& random, bool plain) {
  // In the order of scene_kinds(): what lives first, then what is large, then what lies about.
  std::vector<int> order;
  for (const SceneObject& object : scene.objects) {
    if (std::find(order.begin(), order.end(), object.kind_index) == order.end())
      order.push_back(object.kind_index);
  }
  std::sort(order.begin(), order.end());
  const auto counts = kind_counts(scene);
  std::vector<std::string> phrases;
  for (const int kind : order) {
    const std::string& name = scene_kinds()[kind];
    std::string colour;
    bool same = true;
    for (const SceneObject& object : scene.objects) {
      if (object.kind_index != kind) continue;
      if (!colour.empty() && colour != object.colour) same = false;
      colour = object.colour;
    }
    if (!same || (plain && random.below(2) == 0)) colour.clear();
    if (counts[kind] == 1) {
      phrases.push_back(with_article(described(name, colour)));
    } else if (name == "person" && !colour.empty()) {
      phrases.push_back(number_word(counts[kind]) + " people in " + colour);
    } else {
      phrases.push_back(number_word(counts[kind]) + " " + (colour.empty() ? "" : colour + " ") +
                        plural_of(name));
    }
  }
  return phrases;
}

bool starts_plural(const Scene& scene) {
  const auto first =
      std::min_element(scene.objects.begin(), scene.objects.end(),
                       [](const auto& a, const auto& b) { return a.kind_index < b.kind_index; });
  return kind_counts(scene)[first->kind_index] > 1;
}

}  // namespace vigor::scenes
