#include "reports/report_write.h"

#include <algorithm>

#include "reports/report_formats.h"

namespace vigor::reports {

const std::vector<std::pair<std::string, std::string>>& report_formats() {
  static const std::vector<std::pair<std::string, std::string>> kFormats = {
      {"html", "report.html"}, {"md", "report.md"},     {"json", "report.json"},
      {"csv", "report.csv"},   {"latex", "report.tex"}, {"junit", "junit.xml"}};
  return kFormats;
}

void check_report_formats(const std::vector<std::string>& formats) {
  std::vector<std::string> names;
  std::string list;
  for (const auto& [name, file] : report_formats()) {
    names.push_back(name);
    list += (list.empty() ? "" : ",") + name;
  }
  for (const std::string& format : formats) {
    if (std::find(names.begin(), names.end(), format) != names.end()) continue;
    const std::string near = nearest_name(format, names);
    throw Error({.what = "unknown format '" + printable(format) + "'" +
                         (near.empty() ? "" : ", did you mean '" + near + "'?"),
                 .where = "--formats",
                 .fix = "give one or more of " + list,
                 .exit_code = ExitCode::kUsage});
  }
}

std::vector<std::filesystem::path> write_formats(
    FileSystem& files, const std::filesystem::path& out_dir,
    const std::vector<std::pair<std::filesystem::path, std::string>>& made) {
  files.create_directories(out_dir);
  std::vector<std::filesystem::path> written;
  for (const auto& [path, text] : made) {
    write_atomic(files, path, text);
    written.push_back(path);
  }
  return written;
}

std::vector<std::filesystem::path> write_report(FileSystem& files, const Report& report,
                                                const std::filesystem::path& out_dir,
                                                const std::vector<std::string>& formats,
                                                const RunsReportOptions& options) {
  check_report_formats(formats);
  std::vector<std::pair<std::filesystem::path, std::string>> made;
  for (const auto& [format, file] : report_formats()) {
    if (std::find(formats.begin(), formats.end(), format) == formats.end()) continue;
    std::string text;
    if (format == "html") text = report_html(report, options);
    if (format == "md") text = report_markdown(report, options);
    if (format == "json") text = dump_json(report_json(report), 1) + "\n";
    if (format == "csv") text = report_csv(report);
    if (format == "latex") text = report_latex(report);
    if (format == "junit") text = report_junit(report);
    made.emplace_back(out_dir / file, std::move(text));
  }
  return write_formats(files, out_dir, made);
}

}  // namespace vigor::reports
