#include "reports/html_parts.h"

#include "reports/page.h"

namespace vigor::reports {

std::string bdi(const std::string& text) {
  return "<bdi>" + html_text(text) + "</bdi>";
}

std::string swatch(const std::string& style) {
  return "<svg viewBox=\"0 0 12 12\" aria-hidden=\"true\"><rect width=\"12\" height=\"12\" "
         "rx=\"3\" class=\"" +
         style + "\"/></svg>";
}

std::string tile(const std::string& name, const std::string& value, const std::string& note) {
  return "<div class=\"tile\"><dt>" + name + "</dt><dd class=\"big\">" + html_text(value) +
         "</dd><dd class=\"note\">" + html_text(note) + "</dd></div>\n";
}

std::string warning_box(const std::string& items) {
  return items.empty() ? ""
                       : "<div class=\"warn\" role=\"note\"><strong>Before you read the "
                         "figures</strong><ul>" +
                             items + "</ul></div>\n";
}

std::string settings_table(const std::vector<std::pair<std::string, std::string>>& rows) {
  if (rows.empty()) return "";
  std::string out =
      "<details>\n<summary>Settings</summary>\n<div class=\"scroll\" tabindex=\"0\" "
      "role=\"region\" aria-label=\"Settings\"><table>\n<tbody>\n";
  for (const auto& [key, value] : rows) {
    out += "<tr><th scope=\"row\">" + bdi(key) + "</th><td><code class=\"data\">" +
           html_text(value) + "</code></td></tr>\n";
  }
  return out + "</tbody></table></div>\n</details>\n";
}

std::string page_footer() {
  return "<footer>Written by vigor-eval. This file holds everything it shows and reaches no "
         "network.</footer>\n";
}

}  // namespace vigor::reports
