// Time, throughput and memory of a run, over all the sessions that it took.
#pragma once

#include <cstdint>

#include "base/json.h"

namespace vigor {

// What one session (one start of the program) adds.
struct SessionMeasurement {
  double load_s = 0;      // opening the model
  double evaluate_s = 0;  // answering
  int64_t rows = 0;       // samples that this session wrote
  int64_t asked = 0;      // questions that the model was asked; rows that share one count once
  Json model = Json::object();  // Lvlm::measurements() at the end of the session
};

// The keys of run.json that measure the run so far, `run` being its content before this session:
//   timing {load_s, evaluate_s, phases {NAME: s}, sessions}, rows, questions_asked, rows_per_s
//   (null before anything was answered), useful_flops (null when not measured), peak_memory_bytes,
//   and the sums of the model's other counts under "model_counts".
// Times and counts of sessions add up; the time of a session that was killed is lost, and its rows
// with it, so that rows_per_s stays honest.
Json measured_keys(const Json& run, const SessionMeasurement& session);

// Largest resident memory of this process so far, in bytes.
int64_t peak_memory_bytes();

}  // namespace vigor
