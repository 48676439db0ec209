// Style sheets and scripts of the HTML reports (reports/assets) and the published figures, embedded
// at build time.
#pragma once

#include <string_view>

namespace vigor::reports::assets {

extern const std::string_view kListJs;  // what the other scripts use: it comes before them
extern const std::string_view kReportCss;
extern const std::string_view kReportJs;
extern const std::string_view kRunsCss;  // additions for the report of several runs
extern const std::string_view kRunsJs;
extern const std::string_view kPublishedJson;  // data/published.json

}  // namespace vigor::reports::assets
