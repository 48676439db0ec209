#include "reports/svg.h"

#include <fmt/format.h>

#include "reports/page.h"

namespace vigor::reports::svg {

std::string open(const std::string& title, double width, double height, const std::string& style) {
  return fmt::format(
      "<svg class=\"{}\" viewBox=\"0 0 {:.0f} {:.0f}\" width=\"{:.0f}\" height=\"{:.0f}\" "
      "role=\"img\" "
      "aria-label=\"{}\">",
      style, width, height, width, height, html_text(title));
}

std::string line(double x1, double y1, double x2, double y2, const std::string& style) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" class=\"{}\"/>",
                     x1, y1, x2, y2, style);
}

std::string text(double x, double y, const std::string& style, const std::string& content) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\">{}</text>", x, y, style,
                     html_text(content));
}

std::string circle(double x, double y, double radius, const std::string& style) {
  return fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\" class=\"{}\"/>", x, y,
                     radius, style);
}

std::string short_label(const std::string& label, size_t limit) {
  size_t characters = 0;
  for (size_t i = 0; i < label.size(); ++i) {
    if ((static_cast<unsigned char>(label[i]) & 0xC0) != 0x80 && ++characters > limit) {
      return label.substr(0, i) + "\xE2\x80\xA6";
    }
  }
  return label;
}

}  // namespace vigor::reports::svg
