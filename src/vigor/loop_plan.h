// The jobs that a LoopConfig comes to (ViGoR section 3, in this order for every seed and variant):
//
//   captions of the pictures -> rewards (detector; reward model) -> select -> refine -> sft
//   reward model: captions of other pictures by the automatic variant -> judgements ->
//                 conversations -> sft from that variant's weights
//   reward models -> judge-check on the sentences that were held out
//   every checkpoint -> benchmarks
//
// What variants and seeds share is one job.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "vigor/loop_config.h"
#include "vigor/plan.h"

namespace vigor {

// A variant with one seed.
struct LoopCheckpoint {
  std::string variant;
  uint64_t seed = 0;
  std::string model;          // folder of the checkpoint
  std::optional<size_t> job;  // that trains it; empty: the base
};

// One benchmark of one checkpoint.
struct LoopEvaluation {
  std::string benchmark;      // "pope", "mme", "mmhal", "chair", "sentences", "ranking"
  size_t checkpoint = 0;      // into LoopPlan::checkpoints
  std::optional<size_t> job;  // empty: not asked, and why
  std::string reason;
  // Run folder; of a ranking "FOLDER#CANDIDATE"; of sentences the file of judgements.
  std::string run;
};

// What a reward model says of sentences that it was not taught, beside what others say of them.
struct LoopCheck {
  std::string reward;   // "fine-grained" or "holistic"
  std::string against;  // "people" or "truth"
  uint64_t seed = 0;
  size_t job = 0;
  std::string file;  // figures (docs/format-rewards.md, judge-check)
};

struct LoopPlan {
  Plan plan;
  std::vector<LoopCheckpoint> checkpoints;  // by variant, then by seed
  std::vector<LoopCheck> checks;            // by reward model, then by seed
  std::vector<LoopEvaluation> evaluations;  // by checkpoint; empty without benchmarks
};

// `evaluate`: with the benchmarks and the checks. Throws Error (usage) for what cannot be planned.
LoopPlan plan_loop(const LoopConfig& config, bool evaluate, ContentHash content);

namespace loop_parts {

// `over` laid on `base`, key by key.
Json joined_options(const Json& base, const Json& over);
// A number among options, or `fallback` when it is absent or of another type.
double option_number(const Json& options, const std::string& key, double fallback);

// Pictures as later jobs name them.
struct PlannedPictures {
  std::string images;
  std::string folder;  // of generated scenes, below which their files lie; "" else
  double count = 0;
};
PlannedPictures plan_pictures(Plan& plan, const LoopPictures& pictures, const std::string& what);

// Adds the benchmarks of every checkpoint.
void plan_evaluations(const LoopConfig& config, LoopPlan& loop);

}  // namespace loop_parts

}  // namespace vigor
