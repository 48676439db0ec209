#include "reports/pope_report.h"

#include "reports/pope_formats.h"

namespace vigor::reports {

void write_pope_report(FileSystem& files, std::span<const std::filesystem::path> runs,
                       const ReportOptions& options) {
  if (runs.empty()) {
    throw Error({.what = "a report needs at least one run folder",
                 .where = "report",
                 .exit_code = ExitCode::kUsage});
  }
  std::vector<PopeRun> read;
  for (const std::filesystem::path& folder : runs) read.push_back(read_pope_run(folder));
  // Everything is made before anything is written: an error leaves the older report whole.
  const std::string markdown = pope_markdown(read, options);
  const std::string html = pope_html(read, options);
  files.create_directories(options.out_dir);
  write_atomic(files, options.out_dir / "report.md", markdown);
  write_atomic(files, options.out_dir / "report.html", html);
}

void write_pope_report(std::span<const std::filesystem::path> runs, const ReportOptions& options) {
  DiskFileSystem disk;
  write_pope_report(disk, runs, options);
}

}  // namespace vigor::reports
