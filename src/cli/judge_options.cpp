#include "cli/judge_options.h"

#include <unistd.h>

#include <cstdlib>

#include "judges/client/secret.h"

namespace vigor {

namespace fs = std::filesystem;

namespace {

// Those that the user sees first: beside the working folder, then those of the program.
std::vector<fs::path> known_configs() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error).parent_path();
  return {"configs/judges", (program / "../share/vigor-eval/configs/judges").lexically_normal(),
          fs::path(VIGOR_SOURCE_DIR) / "configs/judges"};
}

}  // namespace

void JudgeFlags::add_to(CLI::App& app) {
  app.add_option("--judge", options_.config,
                 "Judge: FILE.json (configs/judges), http(s)://host/v1#model, or "
                 "recorded:REPLIES.jsonl")
      ->type_name("JUDGE");
  app.add_option(
         "--judge-cache", options_.cache_mode,
         "write: ask what is not cached and keep it; read: ask nothing; off: ask everything")
      ->check(CLI::IsMember({"off", "read", "write"}))
      ->capture_default_str();
  app.add_option("--judge-cache-file", options_.cache_file,
                 "Cache of replies (default: vigor.db beside the run folder)")
      ->type_name("FILE");
  budget_option_ = app.add_option("--budget", budget_,
                                  "Most that all starts of the run may spend together, in the "
                                  "currency of the judge's prices; checked before anything is sent")
                       ->check(CLI::PositiveNumber);
  deadline_option_ =
      app.add_option("--deadline", deadline_s_, "Seconds after which the judge is asked no more")
          ->check(CLI::PositiveNumber);
}

std::unique_ptr<ChatClient> JudgeFlags::open(const CommandContext& context, const fs::path& run,
                                             const Opening& opening) const {
  JudgeOptions options = options_;
  if (options.cache_file.empty() && run.empty()) {
    options.cache_mode = "off";
  } else if (options.cache_file.empty()) {
    // A run folder may be written with a final slash.
    const fs::path plain = fs::absolute(run / ".").lexically_normal().parent_path();
    options.cache_file = plain.parent_path() / "vigor.db";
  }
  if (budget_option_->count() > 0) options.budget = budget_;
  if (deadline_option_->count() > 0) options.deadline_s = deadline_s_;
  if (opening.max_tries > 0) options.max_tries = opening.max_tries;
  if (opening.spends) options.spending_file = run / "judge_spending.json";
  options.known_configs = known_configs();
  forbid_core_dumps();
  return open_judge(options, {.environment = process_environment(),
                              .clock = context.console.clock,
                              .jitter_seed = static_cast<uint64_t>(::getpid()),
                              .trouble = trouble_on(context.console, "the judge")});
}

std::function<void(const std::string&)> trouble_on(const Console& console, const std::string& who) {
  return [console, who](const std::string& words) { console.warn(who + ": " + words); };
}

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

}  // namespace vigor
