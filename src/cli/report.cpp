// vigor-eval report: several runs side by side, in every format that someone reads.
#include <filesystem>

#include "cli/registry.h"
#include "reports/report_formats.h"
#include "reports/report_write.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

class ReportCommand : public Command {
 public:
  std::string name() const override { return "report"; }
  std::string summary() const override {
    return "Several runs side by side: what differs, and whether that is more than chance";
  }
  std::string examples() const override {
    return "  vigor-eval report runs/llava runs/tuned --out reports/tuned\n"
           "  vigor-eval report runs/base-pope runs/tuned-pope runs/base-mme runs/tuned-mme \\\n"
           "      --out reports/tuned --formats html,md,junit --title \"Tuned, step 3000\"\n"
           "  vigor-eval report runs/ranking --out reports/ranking    (every candidate of it)\n"
           "  vigor-eval report runs/* --out reports/all --json | jq .headline\n"
           "The first run of each benchmark is the one that the others are compared with.\n";
  }
  void add_options(CLI::App& app) override {
    app.add_option("runs", runs_,
                   "Finished run folders of any benchmarks; of a ranking FOLDER#CANDIDATE is one "
                   "candidate")
        ->type_name("RUN...");
    app.add_option("--out", out_, "Folder of the report: made, its report written again")
        ->type_name("DIR");
    app.add_option("--formats", formats_, "Of html, md, json, csv, latex, junit")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name("LIST")
        ->capture_default_str();
    app.add_option("--title", options_.title, "Stands above the page")->type_name("TEXT");
    app.add_option("--picture-mb", picture_mb_,
                   "Megabytes of small pictures in the page at most, before base64; 0: none")
        ->check(CLI::Range(0.0, 1000.0))
        ->capture_default_str();
    app.add_flag(
        "--force", compare_.force,
        "Compare runs although dialect, prompt, questions or judge differ; marks the page");
  }

  ExitCode run(const CommandContext& context) override {
    require_option(!runs_.empty(), "RUN", "the folders of the runs, the base of comparison first");
    require_option(!out_.empty(), "--out", "the folder of the report");
    reports::check_report_formats(formats_);
    options_.thumbnail_bytes = static_cast<size_t>(picture_mb_ * (1 << 20));
    std::vector<reports::RunView> views;
    for (const std::string& spec : runs_) {
      const bool folder = fs::is_directory(spec);
      std::vector<reports::RunView> found;
      if (folder) {
        found = reports::open_runs(spec);
      } else {
        found.push_back(reports::open_run(spec));
      }
      for (reports::RunView& view : found) views.push_back(std::move(view));
      if (context.stop.stop_requested()) return ExitCode::kInterrupted;
    }
    reports::Report report = reports::gather_report(std::move(views), compare_);
    report.title = options_.title;
    if (context.stop.stop_requested()) return ExitCode::kInterrupted;
    for (const std::string& note : reports::report_notes(report)) context.console.warn(note);
    const std::vector<fs::path> written =
        reports::write_report(*context.files, report, out_, formats_, options_);
    if (context.json) {
      *context.console.out << dump_json(reports::report_json(report), 2) << "\n";
      return ExitCode::kDone;
    }
    const reports::ReportHeadline headline = reports::report_headline(report);
    *context.console.out << printable(headline.title) << "\n" << printable(headline.lead) << "\n\n";
    for (const fs::path& path : written) {
      *context.console.out << "report: " << printable(path.string()) << "\n";
    }
    return ExitCode::kDone;
  }

 private:
  std::vector<std::string> runs_;
  std::string out_;
  std::vector<std::string> formats_ = {"html", "md", "json"};
  reports::RunsReportOptions options_;
  reports::CompareOptions compare_;
  double picture_mb_ = 6;
};

}  // namespace

std::unique_ptr<Command> report_command() {
  return std::make_unique<ReportCommand>();
}

}  // namespace vigor
