// Pieces that the HTML reports share. Arguments that are plain text become safe markup here.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace vigor::reports {

// The text, kept from reordering what stands around it.
std::string bdi(const std::string& text);

// A small square of a legend; `style` is the class of its colour ("fill-0").
std::string swatch(const std::string& style);

// One large figure with a note below. `name` is markup.
std::string tile(const std::string& name, const std::string& value, const std::string& note);

// The box that stands before the figures; `items` is a list of <li> elements, "" gives no box.
std::string warning_box(const std::string& items);

// The folded table of what decided the run, from flat_settings().
std::string settings_table(const std::vector<std::pair<std::string, std::string>>& rows);

// A <select>; `choices` are pairs of value and text.
std::string select_html(const char* id, const char* label,
                        const std::vector<std::pair<std::string, std::string>>& choices);

// The list that assets/list.js fills, its keys, and the dialog of one row. `label` names the list
// for a screen reader, `row` a row ("answer"); both are markup, as is `legend`, which may be "".
std::string list_html(const std::string& label, const std::string& row, const std::string& legend);

// Text of several lines, which stand as such where the style sheet keeps them (class "data").
std::string html_lines(const std::string& text);

// Long answers are cut for the page at a character's edge; samples.jsonl keeps them whole.
std::string cut_text(const std::string& text, size_t limit);

// Small print at the end of every page.
std::string page_footer();

}  // namespace vigor::reports
