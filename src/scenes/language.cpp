#include "scenes/language.h"

#include <algorithm>

#include "base/error.h"
#include "scenes/background.h"
#include "scenes/kinds.h"
#include "scenes/phrases.h"

namespace vigor {

using namespace scenes;

std::string number_word(int count) {
  static const char* const kWords[] = {"zero",  "one",   "two",  "three", "four",   "five",  "six",
                                       "seven", "eight", "nine", "ten",   "eleven", "twelve"};
  return count >= 0 && count <= 12 ? kWords[count] : std::to_string(count);
}

std::vector<int> kind_counts(const Scene& scene) {
  std::vector<int> counts(scene_kinds().size(), 0);
  for (const SceneObject& object : scene.objects) ++counts[object.kind_index];
  return counts;
}

std::vector<std::string> plausible_absent(const Scene& scene) {
  const auto counts = kind_counts(scene);
  const auto& kinds = scene_kinds();
  const auto absent = [&](const std::string& name) {
    const auto found = std::find(kinds.begin(), kinds.end(), name);
    return counts[static_cast<size_t>(found - kinds.begin())] == 0;
  };
  std::vector<KindWeight> here;
  for (const Place& place : place_table()) {
    if (scene.background != place.name) continue;
    for (const KindWeight& w : place.kinds) {
      if (absent(w.kind)) here.push_back(w);
    }
  }
  std::stable_sort(here.begin(), here.end(),
                   [](const auto& a, const auto& b) { return a.weight > b.weight; });
  std::vector<std::string> out;
  for (const KindWeight& w : here) out.emplace_back(w.kind);
  for (const std::string& kind : kinds) {
    if (absent(kind) && std::find(out.begin(), out.end(), kind) == out.end()) out.push_back(kind);
  }
  return out;
}

Scene stereotyped(const Scene& scene, double share, CounterRandom& random) {
  Scene told = scene;
  const auto usual = [&] { return random.uniform() < share; };
  for (SceneObject& object : told.objects) {
    const auto index = static_cast<size_t>(object.kind_index);
    const Kind& kind = kind_table()[index];
    if (usual() && !kind.colours.empty())
      object.colour =
          scene_colours()[static_cast<size_t>(kind.colours[index % kind.colours.size()])];
    if (usual()) object.position = "middle";
    if (usual()) object.size = kind.min_side + kind.max_side < 0.62f ? "small" : "large";
  }
  for (Relation& relation : told.relations) {
    if (!usual()) continue;
    if (relation.predicate == "to the right of") relation.predicate = "to the left of";
    if (relation.predicate == "below") relation.predicate = "above";
    if (relation.predicate == "behind") relation.predicate = "in front of";
  }
  return told;
}

std::string short_caption(const Scene& scene, CounterRandom& random) {
  const std::string things = join(group_phrases(scene, random, true));
  const std::string place = place_phrase(scene.background);
  switch (random.below(5)) {
    case 0:
      return capitalised(things) + " " + place + ".";
    case 1:
      return "A picture of " + things + " " + place + ".";
    case 2:
      return "There " + std::string(starts_plural(scene) ? "are " : "is ") + things + " " + place +
             ".";
    case 3:
      return capitalised(place_noun(scene.background)) + " scene with " + things + ".";
    default:
      return "The image shows " + things + " " + place + ".";
  }
}

std::string long_caption(const Scene& scene, CounterRandom& random,
                         const std::vector<std::string>& also) {
  std::vector<std::string> sentences;
  const std::string place = place_noun(scene.background);
  const std::string things = join(group_phrases(scene, random, false));
  switch (random.below(4)) {
    case 0:
      sentences.push_back("The image shows " + place + " scene with " + things + ".");
      break;
    case 1:
      sentences.push_back("The image features " + things + " " + place_phrase(scene.background) +
                          ".");
      break;
    case 2:
      sentences.push_back("In this picture there " +
                          std::string(starts_plural(scene) ? "are " : "is ") + things + " " +
                          place_phrase(scene.background) + ".");
      break;
    default:
      sentences.push_back("This is " + place + " scene. It contains " + things + ".");
      break;
  }
  // Where things are: only what its name tells apart.
  const auto counts = kind_counts(scene);
  std::vector<std::string> details;
  for (const SceneObject& object : scene.objects) {
    if (counts[object.kind_index] != 1) continue;
    const std::string name = random.below(2) == 0 ? object.kind : described(object);
    switch (random.below(3)) {
      case 0:
        details.push_back("The " + name + " is " + side_phrase(object.position) + ".");
        break;
      case 1:
        details.push_back(capitalised(side_phrase(object.position)) + " there is " +
                          with_article(name) + ".");
        break;
      default:
        details.push_back("The " + name + " is " + object.size + " and can be seen " +
                          side_phrase(object.position) + ".");
        break;
    }
  }
  for (const Relation& relation : scene.relations) {
    if (random.below(3) != 0) continue;
    details.push_back("The " + scene.objects[relation.subject].kind + " is " + relation.predicate +
                      " the " + scene.objects[relation.object].kind + ".");
  }
  shuffle(details, random);
  details.resize(std::min<size_t>(details.size(), 2 + random.below(3)));
  for (const std::string& kind : also) {
    static const char* const kTails[] = {" in the background.", " nearby.", " in the scene."};
    details.insert(details.begin() + static_cast<std::ptrdiff_t>(
                                         random.below(static_cast<uint32_t>(details.size() + 1))),
                   "There is also " + with_article(kind) + kTails[random.below(3)]);
  }
  for (std::string& detail : details) sentences.push_back(std::move(detail));
  if (random.below(3) == 0 && scene.objects.size() > 1 && also.empty()) {
    sentences.push_back("In total, there are " +
                        number_word(static_cast<int>(scene.objects.size())) +
                        " objects in the image.");
  }
  std::string text;
  for (const std::string& sentence : sentences) text += (text.empty() ? "" : " ") + sentence;
  return text;
}

std::vector<YesNoPair> mme_pairs(const Scene& scene, CounterRandom& random) {
  const std::string suffix = " Please answer yes or no.";
  const auto counts = kind_counts(scene);
  std::vector<YesNoPair> pairs;
  const auto& object = scene.objects[random.below(static_cast<uint32_t>(scene.objects.size()))];
  const auto absent = plausible_absent(scene);
  const auto& other =
      absent[random.below(static_cast<uint32_t>(std::min<size_t>(absent.size(), 6)))];
  pairs.push_back({"existence",
                   "Is there " + with_article(object.kind) + " in this image?" + suffix,
                   "Is there " + with_article(other) + " in this image?" + suffix,
                   {object.kind, other}});

  const int count = counts[object.kind_index];
  const int wrong = count == 1 || random.below(2) == 0 ? count + 1 : count - 1;
  const auto how_many = [&](int n) {
    return (n == 1 ? "Is there only one " + object.kind
                   : "Are there " + number_word(n) + " " + plural_of(object.kind)) +
           " in this image?" + suffix;
  };
  pairs.push_back({"count", how_many(count), how_many(wrong), {object.kind}});

  std::vector<const Relation*> sides;
  for (const Relation& relation : scene.relations) {
    if (relation.predicate == "to the left of" || relation.predicate == "to the right of")
      sides.push_back(&relation);
  }
  if (!sides.empty()) {
    const Relation& relation = *sides[random.below(static_cast<uint32_t>(sides.size()))];
    const bool left = relation.predicate == "to the left of";
    const auto ask = [&](bool on_left) {
      return "Is the " + scene.objects[relation.subject].kind + " on the " +
             (on_left ? "left" : "right") + " side of the " + scene.objects[relation.object].kind +
             "?" + suffix;
    };
    pairs.push_back({"position",
                     ask(left),
                     ask(!left),
                     {scene.objects[relation.subject].kind, scene.objects[relation.object].kind}});
  }

  for (const SceneObject& coloured : scene.objects) {
    if (coloured.colour.empty()) continue;
    // A colour that no object of this kind has.
    std::vector<std::string> free;
    for (const std::string& colour : scene_colours()) {
      const bool taken =
          std::any_of(scene.objects.begin(), scene.objects.end(), [&](const SceneObject& o) {
            return o.kind_index == coloured.kind_index && o.colour == colour;
          });
      if (!taken) free.push_back(colour);
    }
    const std::string& not_it = free[random.below(static_cast<uint32_t>(free.size()))];
    pairs.push_back(
        {"color",
         "Is there " + with_article(described(coloured.kind, coloured.colour)) + " in the image?" +
             suffix,
         "Is there " + with_article(described(coloured.kind, not_it)) + " in the image?" + suffix,
         {coloured.kind}});
    break;
  }
  return pairs;
}

std::string scene_synonyms() {
  static const char* const kMore[][2] = {
      {"person", "man, woman, boy, girl, child, people, men, women, children"},
      {"dog", "puppy"},
      {"cat", "kitten"},
      {"sheep", "lamb"},
      {"teddy bear", "teddy, stuffed bear"},
      {"car", "automobile"},
      {"bicycle", "bike"},
      {"train", "locomotive"},
      {"airplane", "plane, aeroplane, jet"},
      {"boat", "sailboat, ship"},
      {"traffic light", "stoplight, traffic signal"},
      {"umbrella", "parasol"},
      {"house", "cottage"},
      {"cup", "mug"},
      {"laptop", "notebook computer"},
      {"vase", "flower vase"},
  };
  std::string text;
  for (const std::string& kind : scene_kinds()) {
    text += kind;
    for (const auto& more : kMore) {
      if (kind == more[0]) text += std::string(", ") + more[1];
    }
    text += "\n";
  }
  return text;
}

}  // namespace vigor
