// What `train score` needs of a kind of reward; each is one file beside train_score.cpp.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>

#include "cli/command.h"
#include "cli/text_options.h"
#include "vigor/picture_captions.h"
#include "vigor/reward_truth.h"

namespace vigor {

// The options that all kinds share, as far as a kind needs them.
struct ScoreInputs {
  std::string images;  // folder of the pictures; "" when not given
  std::string out;     // the file of the rewards
  std::string dtype = "auto", device = "cpu";
  TextOptions text;
};

class RewardKind {
 public:
  virtual ~RewardKind() = default;
  virtual std::string name() const = 0;       // as --reward has it
  virtual std::string benchmark() const = 0;  // as run.json and metrics.json have it
  // Options that this kind alone reads; the others' are refused when this kind is asked for.
  virtual void add_options(CLI::App& app) = 0;
  // Throws Error (usage) for an option that is missing; nothing is opened yet.
  virtual void check(const ScoreInputs& inputs) const = 0;
  // Opens what scores. The calls below follow it.
  virtual void open(const CommandContext& context, const ScoreInputs& inputs) = 0;
  virtual Json identity() const = 0;
  // Everything that a reward depends on, beside the captions.
  virtual Json settings() const = 0;
  virtual ScoringResult score(const std::vector<PictureCaptions>& pictures, RunFolder& folder,
                              Progress& progress, std::stop_token stop) = 0;
  // Of the session, for run.json; for people, on the console.
  virtual Json usage() const = 0;
  virtual void print_usage(const CommandContext&) const {}
  virtual std::unique_ptr<RewardFigures> figures() const = 0;
  virtual void print(std::ostream& out, const Json& metrics) const = 0;
};

std::unique_ptr<RewardKind> automatic_reward_kind();
std::unique_ptr<RewardKind> model_reward_kind();

// "hallucinated nouns %             12.50   95 % 7.10..20.02"; "-" for a figure that is null.
void print_share(std::ostream& out, const char* label, const Json& figures, const char* name);

}  // namespace vigor
