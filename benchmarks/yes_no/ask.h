// Asks a model what a run folder does not hold yet: questions grouped by picture, identical ones
// asked once, samples written as pictures end.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/progress.h"
#include "lvlm/lvlm.h"
#include "run/run_folder.h"

namespace vigor::yes_no {

// One row of samples.jsonl, before it has an answer.
struct Row {
  std::string key;                // of the sample
  std::string image;              // rows with one `image` share a request; the sample's "image"
  std::filesystem::path picture;  // its file
  std::string question;           // the sample's "question"
  std::string asked;              // the words that the model gets
};

struct EvaluateResult {
  Json metrics;              // null when interrupted
  bool interrupted = false;  // stop was requested before every question was answered
  int64_t rows = 0;          // samples that this session wrote
  int64_t asked = 0;         // questions that the model was asked
};

// The settings that say who answers and how: max_new_tokens, temperature, seed, model. The hash
// names a checkpoint wherever it lies.
Json model_settings(const GenerationOptions& options, const Json& model_identity);

// The sample of rows[row] with this answer.
using SampleOf = std::function<Json(size_t row, const Answer& answer)>;

// A sample that the folder holds answers every row with the same picture and words: a run that
// stopped between two of them does not ask again. Of a model that computes pictures together, the
// batch in which a run was stopped is computed again, and what the folder holds of it stays. A
// missing or broken picture fails its samples, not the run. Leaves `metrics` null. Throws Error
// when the disk is full.
EvaluateResult ask_rows(Lvlm& model, RunFolder& folder, const std::vector<Row>& rows,
                        const GenerationOptions& options, const SampleOf& sample_of,
                        const std::string& benchmark, Progress& progress, std::stop_token stop);

}  // namespace vigor::yes_no
