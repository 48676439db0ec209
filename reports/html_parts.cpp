#include "reports/html_parts.h"

#include <fmt/format.h>

#include <algorithm>

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

std::string select_html(const char* id, const char* label,
                        const std::vector<std::pair<std::string, std::string>>& choices) {
  std::string out = fmt::format("<select id=\"{}\" aria-label=\"{}\">", id, label);
  for (const auto& [value, text] : choices) {
    out += "<option value=\"" + html_text(value) + "\">" + html_text(text) + "</option>";
  }
  return out + "</select>\n";
}

std::string list_html(const std::string& label, const std::string& row, const std::string& legend) {
  return "<div class=\"list\" id=\"list\" role=\"listbox\" tabindex=\"0\" aria-label=\"" + label +
         "\"><div class=\"space\" id=\"space\" role=\"presentation\"></div><p class=\"empty\" "
         "id=\"empty\" hidden>No " +
         row +
         " fits these filters.</p></div>\n"
         "<p class=\"note keys\"><kbd>j</kbd> <kbd>k</kbd> next, previous \xC2\xB7 "
         "<kbd>Enter</kbd> "
         "open \xC2\xB7 <kbd>/</kbd> search \xC2\xB7 <kbd>Esc</kbd> back" +
         (legend.empty() ? "" : " \xC2\xB7 " + legend) +
         "</p>\n"
         "<dialog id=\"sheet\" aria-labelledby=\"where\"><div class=\"sheet\"><header><span "
         "class=\"note\" id=\"where\"></span><span class=\"buttons\"><button type=\"button\" "
         "id=\"previous\" aria-label=\"Previous " +
         row + "\">\xE2\x86\x91</button><button type=\"button\" id=\"next\" aria-label=\"Next " +
         row +
         "\">\xE2\x86\x93</button><button type=\"button\" id=\"close\">Close</button></span>"
         "</header><div id=\"detail\" class=\"detail\"></div></div></dialog>\n";
}

std::string html_lines(const std::string& text) {
  std::string out;
  for (size_t start = 0;;) {
    const size_t end = text.find('\n', start);
    std::string line = text.substr(start, end - start);
    if (line.ends_with('\r')) line.pop_back();
    out += html_text(line);
    if (end == std::string::npos) return out;
    out += '\n';
    start = end + 1;
  }
}

std::string cut_text(const std::string& text, size_t limit) {
  limit = std::max<size_t>(limit, 64);
  if (text.size() <= limit) return text;
  size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) +
         fmt::format("\xE2\x80\xA6 [{} more bytes in samples.jsonl]", text.size() - end);
}

std::string page_footer() {
  return "<footer>Written by vigor-eval. This file holds everything it shows and reaches no "
         "network.</footer>\n";
}

}  // namespace vigor::reports
