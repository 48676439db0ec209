#include "train/training_loop.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>

#include "base/files.h"
#include "train/adamw.h"
#include "train/event_file.h"
#include "train/sampler.h"
#include "train/training_state.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

// train.jsonl, one line a step. A run that goes on drops the lines of steps that it makes again,
// and a torn last line.
class TrainLog {
 public:
  TrainLog(TrainingRun& run, int64_t steps_done) : wall_clock_(run.wall_clock) {
    run.files.create_directories(run.folder);
    const fs::path path = run.folder / "train.jsonl";
    if (fs::exists(path)) run.files.truncate(path, bytes_to_keep(read_file(path), steps_done));
    lines_ = run.files.append(path);
    events_.emplace(run.files, run.folder / "tensorboard", wall_clock_(), steps_done + 1);
  }

  void write(const StepReport& r) {
    const double rate = r.seconds > 0 ? static_cast<double>(r.tokens) / r.seconds : 0;
    const Json line = {{"step", r.step},        {"epoch", r.epoch},         {"loss", r.loss},
                       {"lr", r.learning_rate}, {"grad_norm", r.grad_norm}, {"tokens", r.tokens},
                       {"targets", r.targets},  {"tokens_per_s", rate},     {"seconds", r.seconds}};
    lines_->write(dump_json(line) + "\n");
    events_->scalars(wall_clock_(), r.step,
                     {{"train/loss", r.loss},
                      {"train/learning_rate", r.learning_rate},
                      {"train/grad_norm", r.grad_norm},
                      {"train/tokens_per_s", rate}});
  }

 private:
  static uint64_t bytes_to_keep(const std::string& text, int64_t steps_done) {
    size_t begin = 0;
    while (begin < text.size()) {
      const size_t end = text.find('\n', begin);
      if (end == std::string::npos) break;
      const Json line =
          Json::parse(text.begin() + static_cast<std::ptrdiff_t>(begin),
                      text.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
      if (!line.is_object() || !line.contains("step") || !line["step"].is_number_integer() ||
          line["step"].get<int64_t>() > steps_done) {
        break;
      }
      begin = end + 1;
    }
    return begin;
  }

  std::function<double()> wall_clock_;
  std::unique_ptr<WritableFile> lines_;
  std::optional<EventFile> events_;
};

void require_finite(double value, const char* what, int64_t step) {
  if (std::isfinite(value)) return;
  throw Error({.what = std::string(what) + " of step " + std::to_string(step) + " is not finite",
               .where = "training",
               .cause = "the learning rate is too high, or the starting weights are broken",
               .fix = "lower learning_rate or raise warmup_ratio and train into another folder"});
}

std::string progress_detail(const StepReport& r) {
  char text[96];
  std::snprintf(text, sizeof text, "loss %.4f, %.0f tokens/s", r.loss,
                r.seconds > 0 ? static_cast<double>(r.tokens) / r.seconds : 0.0);
  return text;
}

}  // namespace

TrainingResult run_training(TrainingTask& task, const LoopOptions& options, TrainingRun& run) {
  MasterParameters& parameters = task.parameters();
  Sampler sampler(options, task.size());
  AdamW optimiser(parameters.size(), parameters.decayed(), parameters.values().device(), options);
  TrainingState state;
  state.settings = task.settings();
  state.settings.update(loop_settings(options));
  state.settings["samples"] = task.size();
  if (!run.start.is_null()) state.settings["start"] = run.start;
  const fs::path states = run.folder / "state";
  const auto restored = load_training_state(states, state.settings, parameters, optimiser);
  if (restored) state.step = restored->step;

  TrainingResult result{.steps = state.step, .resumed_from = state.step};
  const int64_t total = total_steps(options, task.size());
  if (state.step >= total) return result;
  TrainLog log(run, state.step);
  Progress progress(run.progress, run.progress_options, run.clock);
  progress.start(run.name, "steps", static_cast<uint64_t>(total),
                 static_cast<uint64_t>(state.step));
  int64_t saved = state.step;
  const auto save = [&] {
    if (saved == state.step) return;
    save_training_state(run.files, states, state, parameters, optimiser, options.keep_checkpoints);
    saved = state.step;
  };
  while (state.step < total && !run.stop.stop_requested()) {
    const double started = run.clock();
    parameters.gradients().zero_();
    const BatchResult batch = task.run_batch(sampler.batch(state.step), state.step);
    StepReport report;
    report.step = state.step + 1;
    report.epoch = sampler.epoch(state.step);
    report.loss = batch.loss;
    report.tokens = batch.tokens;
    report.targets = batch.targets;
    report.learning_rate = learning_rate_at(options, state.step, total);
    require_finite(report.loss, "the loss", report.step);
    report.grad_norm = clip_gradient_norm(parameters.gradients(), options.max_grad_norm);
    require_finite(report.grad_norm, "the gradient norm", report.step);
    optimiser.step(parameters.values(), parameters.gradients(), report.learning_rate);
    parameters.refresh();
    ++state.step;
    report.seconds = run.clock() - started;
    result.loss = report.loss;
    log.write(report);
    if (run.on_step) run.on_step(report, parameters);
    progress.advance(1, progress_detail(report));
    if (options.checkpoint_every > 0 && state.step % options.checkpoint_every == 0) save();
  }
  save();
  progress.finish();
  result.steps = state.step;
  result.interrupted = state.step < total;
  return result;
}

}  // namespace vigor
