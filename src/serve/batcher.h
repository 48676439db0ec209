// Brings questions that wait together into one call of the model.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string_view>
#include <vector>

#include "serve/chat_question.h"

namespace vigor::serve {

struct BatchOptions {
  size_t max_batch = 64;     // questions in one call of the model (1 or more)
  size_t max_waiting = 256;  // questions that may wait; more are refused (1 or more)
  double gather_s = 0.005;   // how long the first of a batch waits for others, seconds
};

// A question on its way, and what becomes of it. Called from the thread of run().
struct BatchJob {
  ChatQuestion question;
  // New text of a choice (0 to generation.samples - 1), "" between; false gives the question up.
  std::function<bool(int choice, std::string_view fresh)> progress;
  // At most once, and once unless the question was given up: generation.samples answers.
  std::function<void(std::vector<Answer>&& answers)> done;
};

struct BatchMeasurements {
  int64_t batches = 0;        // calls of the model
  int64_t questions = 0;      // answered in them, given up ones among them
  int64_t images = 0;         // pictures with their questions: what the model encodes
  int64_t prompt_tokens = 0;  // of the questions
  int64_t new_tokens = 0;     // of the answers
  size_t waiting = 0;
};

// Questions of a batch have the same generation options; those about the same picture, system
// prompt and earlier turns are one ImageRequest, so that the model computes what they share once,
// and a question that is there twice is computed once.
//
// submit(), close() and measurements() are thread-safe.
class Batcher {
 public:
  // The model must outlive the batcher and is used by the thread of run() alone.
  Batcher(Lvlm& model, BatchOptions options) : model_(model), options_(options) {}

  // False when too many wait, or after close().
  bool submit(BatchJob job);

  // Answers until close() was called and nothing waits. When `stop` is requested, what runs is
  // ended and what waits is answered with an error.
  void run(std::stop_token stop);

  // No more questions will come.
  void close();

  BatchMeasurements measurements() const;

 private:
  std::vector<BatchJob> next_batch(std::stop_token stop);
  void answer(std::vector<BatchJob> jobs, std::stop_token stop);

  Lvlm& model_;
  BatchOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<BatchJob> waiting_;
  bool closed_ = false;
  BatchMeasurements measurements_;
};

}  // namespace vigor::serve
