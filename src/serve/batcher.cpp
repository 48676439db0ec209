#include "serve/batcher.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <tuple>

namespace vigor::serve {
namespace {

bool same_generation(const GenerationOptions& a, const GenerationOptions& b) {
  const auto all = [](const GenerationOptions& o) {
    return std::tie(o.max_new_tokens, o.temperature, o.top_k, o.top_p, o.samples, o.stop,
                    o.top_logprobs);
  };
  return all(a) == all(b);
}

// What questions must agree on to share a prefix. Random numbers are keyed by it, the seed among
// it, so that an answer does not depend on what else is in the batch.
std::string shared_key(const ChatQuestion& question) {
  Json key =
      Json::array({question.image_hash,
                   question.generation.temperature > 0 ? Json(question.generation.seed) : Json()});
  key.push_back(question.system_prompt ? Json(*question.system_prompt) : Json());
  for (const EarlierTurn& turn : question.earlier) {
    key.push_back(turn.question);
    key.push_back(turn.answer);
  }
  return dump_json(key);
}

// One batch as the model takes it: jobs_of[request][question] are those that asked it.
struct Plan {
  std::vector<ImageRequest> requests;
  std::vector<std::vector<std::vector<BatchJob*>>> jobs_of;
};

Plan plan_batch(std::vector<BatchJob>& jobs) {
  Plan plan;
  std::map<std::string, size_t> places;
  for (BatchJob& job : jobs) {
    const ChatQuestion& question = job.question;
    std::string key = shared_key(question);
    const auto [place, added] = places.try_emplace(key, plan.requests.size());
    if (added) {
      ImageRequest request;
      request.key = std::move(key);
      request.image_bytes = question.image;
      request.without_image = question.image == nullptr;
      request.system_prompt = question.system_prompt;
      request.earlier = question.earlier;
      plan.requests.push_back(std::move(request));
      plan.jobs_of.emplace_back();
    }
    std::vector<std::string>& questions = plan.requests[place->second].questions;
    const auto found = std::find(questions.begin(), questions.end(), question.question);
    const auto index = static_cast<size_t>(found - questions.begin());
    if (found == questions.end()) {
      questions.push_back(question.question);
      plan.jobs_of[place->second].emplace_back();
    }
    plan.jobs_of[place->second][index].push_back(&job);
  }
  return plan;
}

std::vector<Answer> failed(size_t count, const std::string& why) {
  Answer answer;
  answer.error = why;
  return std::vector<Answer>(count, answer);
}

}  // namespace

bool Batcher::submit(BatchJob job) {
  {
    const std::scoped_lock lock(mutex_);
    if (closed_ || waiting_.size() >= options_.max_waiting) return false;
    waiting_.push_back(std::move(job));
  }
  changed_.notify_one();
  return true;
}

void Batcher::close() {
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
  }
  changed_.notify_one();
}

BatchMeasurements Batcher::measurements() const {
  const std::scoped_lock lock(mutex_);
  BatchMeasurements measurements = measurements_;
  measurements.waiting = waiting_.size();
  return measurements;
}

void Batcher::run(std::stop_token stop) {
  while (true) {
    std::vector<BatchJob> jobs = next_batch(stop);
    if (jobs.empty()) return;
    answer(std::move(jobs), stop);
  }
}

// The oldest question, and those behind it that can run with it. Empty at the end.
std::vector<BatchJob> Batcher::next_batch(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop, [&] { return closed_ || !waiting_.empty(); });
  if (!stop.stop_requested() && !waiting_.empty()) {
    const auto full = [&] { return closed_ || waiting_.size() >= options_.max_batch; };
    changed_.wait_for(lock, stop, std::chrono::duration<double>(options_.gather_s), full);
  }
  std::vector<BatchJob> jobs;
  if (stop.stop_requested()) {
    // A stop that is requested while nothing waits ends run(); close() follows it.
    std::move(waiting_.begin(), waiting_.end(), std::back_inserter(jobs));
    waiting_.clear();
    if (jobs.empty()) closed_ = true;
    return jobs;
  }
  for (auto job = waiting_.begin(); job != waiting_.end() && jobs.size() < options_.max_batch;) {
    if (jobs.empty() || same_generation(jobs[0].question.generation, job->question.generation)) {
      jobs.push_back(std::move(*job));
      job = waiting_.erase(job);
    } else {
      ++job;
    }
  }
  return jobs;
}

void Batcher::answer(std::vector<BatchJob> jobs, std::stop_token stop) {
  // Those whose client has gone while they waited cost nothing.
  std::erase_if(jobs, [](const BatchJob& job) { return !job.progress(0, ""); });
  if (jobs.empty()) return;
  Plan plan = plan_batch(jobs);
  GenerationOptions generation = jobs[0].question.generation;
  generation.seed = 0;  // in the key
  const auto samples = static_cast<size_t>(generation.samples);
  generation.progress = [&](size_t request, size_t answer, std::string_view fresh) {
    bool wanted = false;
    for (const BatchJob* job : plan.jobs_of[request][answer / samples]) {
      wanted = job->progress(static_cast<int>(answer % samples), fresh) || wanted;
    }
    return wanted;
  };
  BatchMeasurements batch{.batches = 1,
                          .questions = static_cast<int64_t>(jobs.size()),
                          .images = static_cast<int64_t>(plan.requests.size())};
  const auto finish = [&](size_t request, std::vector<Answer>&& answers) {
    for (size_t q = 0; q < plan.jobs_of[request].size(); ++q) {
      const auto first = answers.begin() + static_cast<std::ptrdiff_t>(q * samples);
      const std::vector<Answer> own(first, first + static_cast<std::ptrdiff_t>(samples));
      for (const Answer& each : own) batch.new_tokens += each.tokens;
      batch.prompt_tokens += own[0].prompt_tokens;
      for (BatchJob* job : plan.jobs_of[request][q]) {
        job->done(std::vector<Answer>(own));
        job->done = nullptr;
      }
    }
  };
  std::string why = "the server is stopping";
  if (!stop.stop_requested()) {
    try {
      model_.answer(plan.requests, generation, finish, stop);
    } catch (const std::exception& error) {
      why = error.what();
    }
  }
  for (BatchJob& job : jobs) {
    if (job.done) job.done(failed(samples, why));
  }
  const std::scoped_lock lock(mutex_);
  measurements_.batches += batch.batches;
  measurements_.questions += batch.questions;
  measurements_.images += batch.images;
  measurements_.prompt_tokens += batch.prompt_tokens;
  measurements_.new_tokens += batch.new_tokens;
}

}  // namespace vigor::serve
