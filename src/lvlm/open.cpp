#include "lvlm/open.h"

#include "base/error.h"
#include "lvlm/recorded.h"

namespace vigor {

std::unique_ptr<Lvlm> open_lvlm(const NativeOptions& options) {
  constexpr std::string_view kRecorded = "recorded:";
  if (options.model.starts_with(kRecorded)) {
    return std::make_unique<RecordedLvlm>(options.model.substr(kRecorded.size()));
  }
  if (options.model.starts_with("http://") || options.model.starts_with("https://")) {
    throw Error({.what = "models behind an endpoint are not supported yet",
                 .where = "--model " + printable(options.model),
                 .fix = "give a checkpoint folder, or score answers made elsewhere with --answers",
                 .exit_code = ExitCode::kUsage});
  }
  return open_native_lvlm(options);
}

}  // namespace vigor
