#include "train/loop_options.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace vigor {

void out_of_range(const std::string& where, const std::string& key, const std::string& value,
                  const std::string& range) {
  throw Error({.what = "'" + key + "' is " + printable(value) + ", but must be " + range,
               .where = where,
               .cause = "",
               .fix = "correct it, or leave it out for the default",
               .exit_code = ExitCode::kUsage});
}

LoopOptions parse_loop_options(ObjectReader& reader, LoopOptions options) {
  const std::string where = reader.where();
  const auto number = [&](const char* key, double& field, auto ok, const char* range) {
    field = reader.get<double>(key, field);
    if (!std::isfinite(field) || !ok(field)) out_of_range(where, key, Json(field).dump(), range);
  };
  const auto whole = [&](const char* key, int64_t& field, int64_t least) {
    field = reader.get<int64_t>(key, field);
    if (field < least || field > (int64_t{1} << 40)) {
      out_of_range(where, key, std::to_string(field), "at least " + std::to_string(least));
    }
  };
  const auto positive = [](double x) { return x > 0; };
  const auto not_negative = [](double x) { return x >= 0; };
  const auto share = [](double x) { return x >= 0 && x <= 1; };
  const auto beta = [](double x) { return x >= 0 && x < 1; };
  number("learning_rate", options.learning_rate, positive, "above 0");
  number("warmup_ratio", options.warmup_ratio, share, "between 0 and 1");
  number("weight_decay", options.weight_decay, not_negative, "at least 0");
  number("adam_beta1", options.adam_beta1, beta, "at least 0 and below 1");
  number("adam_beta2", options.adam_beta2, beta, "at least 0 and below 1");
  number("adam_epsilon", options.adam_epsilon, positive, "above 0");
  number("max_grad_norm", options.max_grad_norm, not_negative, "at least 0");
  whole("batch_size", options.batch_size, 1);
  whole("epochs", options.epochs, 1);
  whole("max_steps", options.max_steps, 0);
  whole("checkpoint_every", options.checkpoint_every, 0);
  whole("keep_checkpoints", options.keep_checkpoints, 1);
  options.shuffle = reader.get<bool>("shuffle", options.shuffle);
  options.seed = reader.get<uint64_t>("seed", options.seed);
  options.schedule = reader.get<std::string>("schedule", options.schedule);
  if (options.schedule != "cosine" && options.schedule != "linear" &&
      options.schedule != "constant") {
    out_of_range(where, "schedule", "'" + options.schedule + "'", "cosine, linear or constant");
  }
  return options;
}

void check_passes(const LoopOptions& options, int64_t micro_batch, const std::string& dtype,
                  const std::string& where) {
  if (micro_batch < 0 || micro_batch > options.batch_size) {
    out_of_range(where, "micro_batch", std::to_string(micro_batch),
                 "between 0 (the whole batch) and batch_size");
  }
  if (dtype != "fp32" && dtype != "bf16") {
    out_of_range(where, "dtype", "'" + dtype + "'", "fp32 or bf16");
  }
}

Json loop_settings(const LoopOptions& o) {
  return {{"learning_rate", o.learning_rate},
          {"schedule", o.schedule},
          {"warmup_ratio", o.warmup_ratio},
          {"weight_decay", o.weight_decay},
          {"adam_beta1", o.adam_beta1},
          {"adam_beta2", o.adam_beta2},
          {"adam_epsilon", o.adam_epsilon},
          {"max_grad_norm", o.max_grad_norm},
          {"batch_size", o.batch_size},
          {"epochs", o.epochs},
          {"max_steps", o.max_steps},
          {"shuffle", o.shuffle},
          {"seed", o.seed}};
}

int64_t steps_per_epoch(const LoopOptions& options, uint64_t samples) {
  const auto batch = static_cast<uint64_t>(options.batch_size);
  return static_cast<int64_t>((samples + batch - 1) / batch);
}

int64_t total_steps(const LoopOptions& options, uint64_t samples) {
  return options.max_steps > 0 ? options.max_steps
                               : options.epochs * steps_per_epoch(options, samples);
}

double learning_rate_at(const LoopOptions& options, int64_t step, int64_t total) {
  const auto warmup =
      static_cast<int64_t>(std::ceil(options.warmup_ratio * static_cast<double>(total)));
  if (step < warmup) {
    return options.learning_rate * static_cast<double>(step) / static_cast<double>(warmup);
  }
  const double progress = static_cast<double>(step - warmup) /
                          static_cast<double>(std::max<int64_t>(1, total - warmup));
  double factor = 1.0;
  if (options.schedule == "cosine") {
    factor = std::max(0.0, 0.5 * (1.0 + std::cos(std::numbers::pi * progress)));
  } else if (options.schedule == "linear") {
    factor = std::max(0.0, 1.0 - progress);
  }
  return options.learning_rate * factor;
}

}  // namespace vigor
