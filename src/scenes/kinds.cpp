#include "scenes/kinds.h"

#include "scenes/scene.h"

namespace vigor {
namespace scenes {
namespace {

enum Colour { kRed, kYellow, kGreen, kBlue, kPurple, kPink, kBrown, kBlack, kWhite, kGray };

const std::vector<int> kAny = {kRed,  kYellow, kGreen, kBlue,  kPurple,
                               kPink, kBrown,  kBlack, kWhite, kGray};
const std::vector<int> kBright = {kRed, kYellow, kGreen, kBlue, kPurple, kPink};
const std::vector<int> kFur = {kBrown, kBlack, kWhite, kGray, kYellow};

}  // namespace

const std::vector<Kind>& kind_table() {
  using enum Habitat;
  static const std::vector<Kind> table = {
      {"person", "people", 0.42f, 0.34f, 0.60f, kGround, 0.0f, true, kAny, draw_person},
      {"dog", "dogs", 1.25f, 0.22f, 0.42f, kGround, 0.0f, true, kFur, draw_dog},
      {"cat", "cats", 0.85f, 0.20f, 0.38f, kGround, 0.0f, true, kFur, draw_cat},
      {"bird", "birds", 1.35f, 0.18f, 0.32f, kPerch, 0.03f, true, kBright, draw_bird},
      {"sheep",
       "sheep",
       1.3f,
       0.24f,
       0.42f,
       kGround,
       0.0f,
       true,
       {kWhite, kBlack, kGray, kBrown},
       draw_sheep},
      {"teddy bear",
       "teddy bears",
       0.75f,
       0.22f,
       0.42f,
       kGround,
       0.02f,
       true,
       {kBrown, kPink, kWhite, kYellow},
       draw_teddy_bear},
      {"car", "cars", 2.1f, 0.30f, 0.56f, kGround, 0.0f, true, kAny, draw_car},
      {"bus", "buses", 1.95f, 0.40f, 0.68f, kGround, 0.0f, true, kBright, draw_bus},
      {"bicycle", "bicycles", 1.6f, 0.30f, 0.50f, kGround, 0.0f, true, kAny, draw_bicycle},
      {"train", "trains", 2.6f, 0.48f, 0.75f, kGround, 0.0f, true, kBright, draw_train},
      {"airplane",
       "airplanes",
       2.1f,
       0.26f,
       0.46f,
       kSky,
       0.04f,
       false,
       {kWhite, kGray, kRed, kBlue, kYellow},
       draw_airplane},
      {"boat", "boats", 1.05f, 0.28f, 0.48f, kWater, 0.01f, true, kAny, draw_boat},
      {"traffic light",
       "traffic lights",
       0.30f,
       0.30f,
       0.50f,
       kGround,
       0.0f,
       true,
       {},
       draw_traffic_light},
      {"stop sign", "stop signs", 0.48f, 0.28f, 0.46f, kGround, 0.0f, true, {}, draw_stop_sign},
      {"bench",
       "benches",
       1.7f,
       0.30f,
       0.48f,
       kGround,
       0.0f,
       true,
       {kBrown, kGreen, kGray, kBlue, kRed},
       draw_bench},
      {"umbrella", "umbrellas", 1.05f, 0.28f, 0.46f, kGround, 0.03f, true, kBright, draw_umbrella},
      {"tree", "trees", 0.72f, 0.38f, 0.62f, kGround, 0.0f, true, {}, draw_tree},
      {"house",
       "houses",
       1.1f,
       0.36f,
       0.58f,
       kGround,
       0.0f,
       true,
       {kRed, kYellow, kBlue, kWhite, kPink, kBrown},
       draw_house},
      {"kite", "kites", 0.62f, 0.26f, 0.42f, kSky, 0.06f, false, kBright, draw_kite},
      {"chair", "chairs", 0.56f, 0.28f, 0.48f, kGround, 0.0f, true, kAny, draw_chair},
      {"table",
       "tables",
       1.6f,
       0.34f,
       0.56f,
       kGround,
       0.0f,
       true,
       {kBrown, kWhite, kBlack, kGray},
       draw_table},
      {"lamp", "lamps", 0.58f, 0.24f, 0.44f, kGround, 0.0f, true, kBright, draw_lamp},
      {"clock", "clocks", 1.0f, 0.18f, 0.32f, kWall, 0.0f, false, kAny, draw_clock},
      {"cup", "cups", 1.2f, 0.18f, 0.30f, kGround, 0.0f, true, kAny, draw_cup},
      {"bottle",
       "bottles",
       0.34f,
       0.24f,
       0.42f,
       kGround,
       0.0f,
       true,
       {kGreen, kBrown, kBlue, kRed, kWhite},
       draw_bottle},
      {"book", "books", 1.25f, 0.18f, 0.32f, kGround, 0.02f, true, kAny, draw_book},
      {"laptop",
       "laptops",
       1.3f,
       0.22f,
       0.38f,
       kGround,
       0.0f,
       true,
       {kGray, kBlack, kWhite},
       draw_laptop},
      {"vase", "vases", 0.62f, 0.26f, 0.44f, kGround, 0.0f, true, kAny, draw_vase},
      {"apple",
       "apples",
       0.95f,
       0.17f,
       0.27f,
       kGround,
       0.02f,
       true,
       {kRed, kGreen, kYellow},
       draw_apple},
      {"banana", "bananas", 1.7f, 0.20f, 0.34f, kGround, 0.03f, true, {}, draw_banana},
      {"orange", "oranges", 1.0f, 0.17f, 0.27f, kGround, 0.03f, true, {}, draw_orange},
      {"ball", "balls", 1.0f, 0.17f, 0.30f, kGround, 0.1f, true, kBright, draw_ball},
  };
  return table;
}

Rgb colour_value(int colour) {
  static constexpr Rgb kValues[] = {{208, 40, 38},   {240, 208, 48},  {48, 150, 62}, {42, 92, 208},
                                    {132, 62, 172},  {242, 138, 184}, {126, 78, 42}, {40, 40, 44},
                                    {238, 238, 234}, {138, 141, 146}};
  return kValues[colour];
}

}  // namespace scenes

const std::vector<std::string>& scene_kinds() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const auto& kind : scenes::kind_table()) out.emplace_back(kind.name);
    return out;
  }();
  return names;
}

const std::vector<std::string>& scene_colours() {
  static const std::vector<std::string> names = {"red",  "yellow", "green", "blue",  "purple",
                                                 "pink", "brown",  "black", "white", "gray"};
  return names;
}

std::string plural_of(const std::string& kind) {
  for (const auto& entry : scenes::kind_table()) {
    if (kind == entry.name) return entry.plural;
  }
  return kind + "s";
}

std::string with_article(const std::string& words) {
  const bool vowel = !words.empty() && std::string("aeiou").find(words[0]) != std::string::npos;
  return (vowel ? "an " : "a ") + words;
}

}  // namespace vigor
