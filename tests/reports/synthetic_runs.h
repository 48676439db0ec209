// Run folders made up for tests of comparisons: POPE answered by models whose true accuracy is
// known, and written by the program's own scorer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "benchmarks/pope/answers.h"
#include "benchmarks/pope/dialect.h"

namespace vigor::testing {

struct SyntheticModel {
  // Questions of an image are right with the image's own probability, 0.75 to 0.95, less this.
  double drop = 0;
  // Share of the questions that this model answers independently of the others (0..1); the rest
  // follows the draws that all models of one world share.
  double own = 0.3;
  uint64_t seed = 0;  // of the model's own draws
};
struct SyntheticWorld {
  uint64_t seed = 0;
  int images = 60;
  int questions = 6;  // an image and split, half of them "yes"
  std::vector<std::string> splits = {"random", "popular", "adversarial"};
};

// Answers in the order of splits, images and questions; each has a margin that leans to its answer.
std::vector<pope::SampleOutcome> synthetic_answers(const SyntheticWorld& world,
                                                   const SyntheticModel& model);

struct SyntheticRun {
  std::string name = "model";  // of the checkpoint
  std::string hash = "0";      // of the checkpoint
  std::string suffix = {};     // of the prompt
  pope::Dialect dialect = pope::Dialect::kOfficial;
  int64_t max_failures = 0;
};
// run.json, samples.jsonl and metrics.json as `vigor-eval pope` writes them.
void write_pope_run(const std::filesystem::path& folder,
                    const std::vector<pope::SampleOutcome>& samples, const SyntheticRun& run = {});

// FOLDER/coco_pope_random.json and FOLDER/answers.jsonl, as POPE's authors write them: the answers
// to one split, made elsewhere.
void write_synthetic_answers(const std::filesystem::path& folder, const SyntheticModel& model);

// Any text as a file, its folder made.
void write_text(const std::filesystem::path& path, const std::string& text);

}  // namespace vigor::testing
