// The kinds of things in the generated world: how each is drawn, where it stands, how big it is.
#pragma once

#include <string>
#include <vector>

#include "scenes/pen.h"

namespace vigor::scenes {

enum class Habitat { kGround, kSky, kWall, kWater, kPerch /* ground or sky */ };

// What varies between two objects of one kind.
struct Look {
  Rgb main;            // the named colour, jittered
  Rgb second;          // another colour for details
  float vary[4] = {};  // 0 to 1 each; a kind uses them for pose and form
};

struct Kind {
  const char* name;
  const char* plural;
  float half_width;  // in the object's coordinates, where its half height is 1
  float min_side;    // longer side as a share of the picture's
  float max_side;
  Habitat habitat;
  float max_turns;  // rotation at most, either way
  bool casts_shadow;
  // Indices into scene_colours() that the kind can have; empty: its natural colours, unnamed.
  std::vector<int> colours;
  void (*draw)(Pen&, const Look&);
};

const std::vector<Kind>& kind_table();
Rgb colour_value(int colour);

// One function a kind, in kinds_*.cpp.
void draw_person(Pen&, const Look&);
void draw_dog(Pen&, const Look&);
void draw_cat(Pen&, const Look&);
void draw_bird(Pen&, const Look&);
void draw_sheep(Pen&, const Look&);
void draw_teddy_bear(Pen&, const Look&);
void draw_car(Pen&, const Look&);
void draw_bus(Pen&, const Look&);
void draw_bicycle(Pen&, const Look&);
void draw_train(Pen&, const Look&);
void draw_airplane(Pen&, const Look&);
void draw_boat(Pen&, const Look&);
void draw_traffic_light(Pen&, const Look&);
void draw_stop_sign(Pen&, const Look&);
void draw_bench(Pen&, const Look&);
void draw_umbrella(Pen&, const Look&);
void draw_tree(Pen&, const Look&);
void draw_house(Pen&, const Look&);
void draw_kite(Pen&, const Look&);
void draw_chair(Pen&, const Look&);
void draw_table(Pen&, const Look&);
void draw_lamp(Pen&, const Look&);
void draw_clock(Pen&, const Look&);
void draw_cup(Pen&, const Look&);
void draw_bottle(Pen&, const Look&);
void draw_book(Pen&, const Look&);
void draw_laptop(Pen&, const Look&);
void draw_vase(Pen&, const Look&);
void draw_apple(Pen&, const Look&);
void draw_banana(Pen&, const Look&);
void draw_orange(Pen&, const Look&);
void draw_ball(Pen&, const Look&);

}  // namespace vigor::scenes
