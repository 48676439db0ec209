// The strokes that the drawings are made of. Text becomes safe markup here; `style` is a class.
#pragma once

#include <string>

namespace vigor::reports::svg {

// <svg ...> of a drawing with its title as the accessible name; close it with "</svg>".
std::string open(const std::string& title, double width, double height, const std::string& style);
std::string line(double x1, double y1, double x2, double y2, const std::string& style);
std::string text(double x, double y, const std::string& style, const std::string& content);
std::string circle(double x, double y, double radius, const std::string& style);

// At most `characters` characters, then an ellipsis: names come from outside, room is limited.
std::string short_label(const std::string& label, size_t characters = 13);

}  // namespace vigor::reports::svg
