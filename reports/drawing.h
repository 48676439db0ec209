// The figures of a report as inline SVG. Colours, fonts and dark mode come from the style sheet by
// class; geometry is in presentation attributes, because the page's policy refuses style
// attributes. Every drawing carries its numbers as text, so colour is never the only carrier.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reports/pope_run.h"

namespace vigor::reports {

// One bar: a fraction of 1 with its 95 % interval. `series` picks the colour (0 to 5).
struct Bar {
  std::string label;  // drawn left of the bar; empty continues the group above
  Figure figure;
  int series = 0;
};
// What a fraction of 1 is called along the axis.
struct Scale {
  double highest = 100;                              // of the fraction 1
  std::vector<double> ticks = {0, 25, 50, 75, 100};  // in the scale's own unit
  int decimals = 1;                                  // of the numbers behind the bars
};
// Horizontal bars from 0 to 1 with intervals as whiskers; `reference` draws a dashed line.
std::string draw_bars(const std::string& title, const std::vector<Bar>& bars,
                      std::optional<double> reference, const Scale& scale = {});

// Two by two: truth down, answer across; cells shaded by their share of the row.
std::string draw_confusion(const std::string& title, int64_t tp, int64_t fp, int64_t tn,
                           int64_t fn);

// How far the share of "yes" answers lies from the share of questions whose object is there.
struct Lean {
  std::string label;
  Figure said;                  // share of "yes" answers
  std::optional<double> truth;  // share of questions whose answer is yes
  int series = 0;
};
std::string draw_lean(const std::string& title, const std::vector<Lean>& leans);

// Stated probability of "yes" against how often yes was right; the diagonal is perfect.
struct ReliabilityPoint {
  double probability = 0, share = 0;  // both of 1
  int64_t count = 0;
};
struct ReliabilityCurve {
  std::string label;
  std::vector<ReliabilityPoint> points;
  int series = 0;
};
std::string draw_reliability(const std::string& title, const std::vector<ReliabilityCurve>& curves);

// Parts of a whole as one stacked bar.
struct Part {
  std::string label;
  double amount = 0;
  std::string style;  // class of the piece
};
std::string draw_parts(const std::string& title, const std::vector<Part>& parts);

}  // namespace vigor::reports
