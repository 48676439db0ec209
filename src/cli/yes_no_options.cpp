#include "cli/yes_no_options.h"

#include "cli/command.h"

namespace vigor {

void YesNoOptions::add_to(CLI::App& app, const YesNoTargets& targets,
                          const std::string& suffix_help, const std::string& limited) {
  const CLI::Range count(0, 1'000'000'000);
  app.add_option("--dialect", dialect_, "How answers are read and counted (docs/dialects.md)")
      ->check(CLI::IsMember(yes_no::dialect_names()))
      ->capture_default_str();
  app.add_option("--prompt-suffix", targets.prompt_suffix,
                 suffix_help +
                     "; LLaVA and lmms-eval use \"Answer the question using a single word or "
                     "phrase.\"");
  app.add_option("--max-new-tokens", targets.generation.max_new_tokens,
                 "Tokens of an answer at most")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  app.add_option("--max-failures", targets.max_failures,
                 "Failed samples up to which scores are given; above, they are withheld (exit 1)")
      ->check(count)
      ->capture_default_str();
  app.add_option("--seed", targets.generation.seed, "Seed of random weights and samples")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--limit", targets.limit_images,
                 "Only the first N " + limited + " (0: all); marks the result")
      ->check(count)
      ->type_name("N");
  app.add_flag("!--no-report", report_, "Do not write report.html and report.md");
}

void require_model_or_answers(bool model, bool answers) {
  if (model && answers) {
    throw Error({.what = "--model and --answers were both given",
                 .cause = "a model is asked, or answers made elsewhere are scored",
                 .fix = "leave one of them out",
                 .exit_code = ExitCode::kUsage});
  }
  require_option(model || answers, "--model or --answers", "one of the two says what is evaluated");
}

}  // namespace vigor
