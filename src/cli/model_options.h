// The options that every command with --model has.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "cli/console.h"
#include "lvlm/open.h"

namespace vigor {

class ModelOptions {
 public:
  enum class Models {
    kAll,
    kNative,  // those that are computed here: nothing behind an endpoint, nothing recorded
  };
  // Without `own_device` the command has --dtype and --device itself, and hands them to
  // compute_with().
  void add_to(CLI::App& app, Models models = Models::kAll, bool own_device = true);
  void compute_with(const std::string& dtype, const std::string& device);
  bool given() const { return !options_.model.empty(); }
  const std::string& name() const { return options_.model; }
  // Recorded answers: no picture is opened.
  bool opens_pictures() const { return !options_.model.starts_with("recorded:"); }
  // As typed; null when not given.
  Json given_conversation() const;
  Json given_system_prompt() const;
  // Warns of what makes a native model slow here (reference BLAS), from the same check as doctor.
  void warn_about_machine(const Console& console) const;
  // What a model behind an endpoint was asked and cost; nothing for others. `measurements` are the
  // Lvlm's.
  void print_usage(const Console& console, Json measurements) const;
  // As typed, with the system prompt set only when --system-prompt was given. While an endpoint
  // does not answer, the console says so.
  LvlmOptions lvlm(uint64_t seed, const Console& console) const;

 private:
  LvlmOptions options_;
  bool one_at_a_time_ = false;
  std::string system_prompt_;
  CLI::Option* conversation_option_ = nullptr;
  CLI::Option* system_prompt_option_ = nullptr;
};

}  // namespace vigor
