// The style sheet and the script of the HTML report, embedded from reports/assets at build time.
#pragma once

#include <string_view>

namespace vigor::reports::assets {

extern const std::string_view kReportCss;
extern const std::string_view kReportJs;

}  // namespace vigor::reports::assets
