// The options that the yes/no benchmarks' commands have alike.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "benchmarks/yes_no/dialect.h"
#include "lvlm/lvlm.h"

namespace vigor {

// Where the options that a benchmark keeps among its own are written to.
struct YesNoTargets {
  std::string& prompt_suffix;
  int64_t& max_failures;
  int64_t& limit_images;
  GenerationOptions& generation;
};

class YesNoOptions {
 public:
  // --dialect, --prompt-suffix, --max-new-tokens, --max-failures, --seed, --limit, --no-report.
  // `suffix_help` says where the suffix stands, `limited` what --limit counts.
  void add_to(CLI::App& app, const YesNoTargets& targets, const std::string& suffix_help,
              const std::string& limited);
  yes_no::Dialect dialect() const { return yes_no::parse_dialect(dialect_); }
  const std::string& dialect_name() const { return dialect_; }
  bool report() const { return report_; }

 private:
  std::string dialect_ = "official";
  bool report_ = true;
};

// Throws a usage Error unless exactly one of --model and --answers says what is evaluated.
void require_model_or_answers(bool model, bool answers);

}  // namespace vigor
