#include "cli/benchmark_run.h"

#include <filesystem>

#include "cli/run_record.h"
#include "lvlm/open.h"
#include "run/measurement.h"

namespace vigor {

ExitCode run_on_model(const CommandContext& context, const ModelOptions& model,
                      const BenchmarkRun& run) {
  model.warn_about_machine(context.console);
  SessionMeasurement session;
  const double before_load = context.console.clock();
  const std::unique_ptr<Lvlm> lvlm = open_lvlm(model.lvlm(run.seed, context.console));
  session.load_s = context.console.clock() - before_load;

  const Json identity = lvlm->identity();
  RunFolder folder = RunFolder::open(*context.files, run.out, run.settings(identity),
                                     {.uncompared = run.uncompared});
  announce(context, folder);
  Progress progress = context.console.progress();
  const double before = context.console.clock();
  const yes_no::EvaluateResult result = run.evaluate(*lvlm, folder, progress);
  session.evaluate_s = context.console.clock() - before;
  session.rows = result.rows;
  session.asked = result.asked;
  session.model = lvlm->measurements();
  model.print_usage(context.console, session.model);
  if (result.rows > 0 || !folder.complete()) {
    Json keys = run.record(identity);
    keys.update(measured_keys(folder.run(), session));
    folder.update_run(keys);
  }
  if (result.interrupted) {
    context.console.note("interrupted: " + std::to_string(folder.samples().size()) +
                         " samples are kept in " + run.out +
                         "; the same command goes on from there");
    return ExitCode::kInterrupted;
  }
  return run.finish(folder, result.metrics);
}

namespace {

// Throws when `given`, which may be null, is not what `recorded` has; a run that does not know its
// own (answers made elsewhere) is not contradicted.
void same_as_recorded(const std::string& option, const Json& given, const Json& recorded,
                      const std::filesystem::path& run) {
  if (!given.is_string() || !recorded.is_string() || given == recorded) return;
  throw Error({.what = "the recorded answers were given to another " + option,
               .where = printable(run.string()),
               .cause = "theirs is '" + printable(recorded.get<std::string>()) + "'",
               .fix = "leave " + option + " out: that of the recorded run is taken",
               .exit_code = ExitCode::kUsage});
}

}  // namespace

bool inherit_recorded_prompt(const ModelOptions& model, std::string* suffix) {
  namespace fs = std::filesystem;
  constexpr std::string_view kRecorded = "recorded:";
  if (!model.name().starts_with(kRecorded)) return false;
  if (model.name() == kRecorded) {
    throw Error({.what = "recorded: names no file",
                 .where = "--model",
                 .fix = "write recorded:runs/NAME/samples.jsonl",
                 .exit_code = ExitCode::kUsage});
  }
  const fs::path run = fs::path(model.name().substr(kRecorded.size())).parent_path() / "run.json";
  if (!fs::exists(run)) return true;
  const Json record = read_json_file(run);
  const auto recorded = [&](const char* pointer) {
    return record.value(Json::json_pointer(pointer), Json());
  };
  same_as_recorded("--conversation", model.given_conversation(),
                   recorded("/settings/model/conversation"), run);
  same_as_recorded("--system-prompt", model.given_system_prompt(),
                   recorded("/settings/model/system_prompt"), run);
  const Json theirs = recorded("/settings/prompt/suffix");
  same_as_recorded("--prompt-suffix", suffix->empty() ? Json() : Json(*suffix), theirs, run);
  if (theirs.is_string()) *suffix = theirs.get<std::string>();
  return true;
}

ExitCode finish_run(const CommandContext& context, RunFolder& folder, const Json& metrics,
                    const FinishOptions& options) {
  const Json counts = metrics.contains("counts") ? metrics["counts"] : Json::object();
  if (folder.run().value("status_counts", Json()) != counts) {
    folder.update_run({{"status_counts", counts}});
  }
  folder.write_metrics(metrics);
  if (options.write_report) options.write_report();
  if (context.json) {
    *context.console.out << dump_json(metrics, 2) << "\n";
  } else {
    *context.console.out << options.table();
    if (options.write_report) {
      *context.console.out << "\nreport: " << printable((folder.path() / "report.html").string())
                           << "\n";
    }
  }
  if (metrics.value("withheld", false)) {
    throw Error(
        {.what = "the scores are withheld: " + counts.value("failed", Json(0)).dump() +
                 " samples failed, and --max-failures allows " +
                 std::to_string(options.max_failures),
         .where = printable(folder.path().string()),
         .cause = first_failure(folder),
         .fix = options.from_model
                    ? "mend the cause and give the same command again (only the failed samples "
                      "are asked), or accept them with --max-failures"
                    : "mend the answers and give another --out, or accept the failures with "
                      "--max-failures"});
  }
  return ExitCode::kDone;
}

}  // namespace vigor
