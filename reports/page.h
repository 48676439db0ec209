// One self-contained HTML page, and text made safe for it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace vigor::reports {

// Text for an element or a quoted attribute: control and bidirectional characters are shown
// escaped (printable() of base), then & < > " ' become entities.
std::string html_text(std::string_view text);

// JSON for a <script type="application/json"> block: < > & U+2028 U+2029 as \uXXXX, so that no
// value can end the element or start a comment.
std::string json_block(const Json& value);

// "sha256-..." of the text of an inline style or script, as Content-Security-Policy takes it.
std::string csp_hash(std::string_view text);

struct Page {
  std::string title;  // plain text
  std::string body;   // markup, already safe
  Json data;          // read by the script, element "data"
  // Further data by the id of their element, for what the script reads later.
  std::vector<std::pair<std::string, Json>> blocks = {};
};

// The whole file. The policy admits nothing but the two embedded texts and data: pictures, so the
// page reaches no network and runs no other script, whatever stands in it. Inline style attributes
// are refused by that policy as well: drawings use classes and presentation attributes.
std::string render_page(const Page& page, std::string_view css, std::string_view script);

}  // namespace vigor::reports
