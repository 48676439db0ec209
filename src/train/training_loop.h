// The loop that every training here runs in: sampler, task, clipping, AdamW, log, checkpoints.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <ostream>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/json.h"
#include "base/progress.h"
#include "train/loop_options.h"
#include "train/master_parameters.h"

namespace vigor {

struct BatchResult {
  double loss = 0;      // before the update, normalised as the task says
  int64_t tokens = 0;   // what throughput is counted in: text and image tokens, or patches
  int64_t targets = 0;  // what the loss is a mean over
};

// What is trained. One caller at a time.
class TrainingTask {
 public:
  virtual ~TrainingTask() = default;
  virtual uint64_t size() const = 0;  // samples
  // Adds the gradients of one batch to parameters().gradients(). `step` keys random numbers.
  virtual BatchResult run_batch(std::span<const uint64_t> samples, int64_t step) = 0;
  virtual MasterParameters& parameters() = 0;
  // What must be the same, beside the loop's own settings, when a stopped run goes on.
  virtual Json settings() const = 0;
};

struct StepReport {
  int64_t step = 0;                                   // counts from 1
  int64_t epoch = 0;                                  // counts from 0
  double loss = 0, learning_rate = 0, grad_norm = 0;  // the norm before clipping
  int64_t tokens = 0, targets = 0;
  double seconds = 0;
};

// Everything that varies from the outside.
struct TrainingRun {
  FileSystem& files;
  // Receives train.jsonl, tensorboard/ and state/. A folder with a state is gone on with.
  std::filesystem::path folder;
  // What the parameters start from ("checkpoint_hash", ...): a run goes on only over the same.
  Json start = {};
  std::string name = "train";        // in the progress line
  std::ostream* progress = nullptr;  // null: silent
  ProgressOptions progress_options = {};
  Clock clock = {};                         // steady, seconds
  std::function<double()> wall_clock = {};  // seconds since 1970, for TensorBoard
  // When it is requested, the step at hand is finished and the state written.
  std::stop_token stop = {};
  // Called after every update.
  std::function<void(const StepReport&, MasterParameters&)> on_step = {};
};

struct TrainingResult {
  bool interrupted = false;
  int64_t steps = 0;         // done, in all runs of this folder
  int64_t resumed_from = 0;  // steps that were done before this call
  double loss = 0;           // of the last step of this call; nothing when it made none
};

// Runs to the end or to the stop, bit-identically whether stopped on the way or not (on a CPU with
// the same number of threads). Throws Error when a loss or gradient is not finite: nothing of that
// step is kept, the states before it are.
TrainingResult run_training(TrainingTask& task, const LoopOptions& options, TrainingRun& run);

}  // namespace vigor
