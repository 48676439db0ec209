#include "benchmarks/yes_no/ask.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "benchmarks/yes_no/said.h"

namespace vigor::yes_no {
namespace {

// One question to ask, and every row that its answer is for.
struct Ask {
  std::vector<size_t> rows;
};

struct Work {
  std::vector<ImageRequest> requests;
  std::vector<std::vector<Ask>> asks;  // parallel to requests and their questions
  std::vector<Json> known;             // rows whose answer another row of the folder already has
  size_t rows = 0;                     // that have to be asked
};

using Words = std::pair<std::string, std::string>;  // picture and question

std::map<Words, Answer> answered_in(const RunFolder& folder) {
  std::map<Words, Answer> answered;
  const std::string where = (folder.path() / "samples.jsonl").string();
  for (const Json& sample : folder.samples()) {
    ObjectReader reader(sample, where);
    Words words(reader.require<std::string>("image"), reader.require<std::string>("question"));
    Said said = read_said(reader);
    if (!said.error.empty()) continue;
    Answer answer;
    answer.text = std::move(said.answer);
    answer.finish = std::move(said.finish);
    answer.yes_margin = said.margin;
    answered.emplace(std::move(words), std::move(answer));
  }
  return answered;
}

Work plan(const RunFolder& folder, const std::vector<Row>& rows, const SampleOf& sample_of) {
  const std::map<Words, Answer> answered = answered_in(folder);
  Work work;
  std::unordered_map<std::string, size_t> request_of;
  std::map<Words, size_t> ask_of;
  for (size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    if (folder.holds(row.key)) continue;
    const Words words(row.image, row.question);
    if (const auto found = answered.find(words); found != answered.end()) {
      work.known.push_back(sample_of(i, found->second));
      continue;
    }
    const auto [place, is_new] = request_of.try_emplace(row.image, work.requests.size());
    if (is_new) {
      work.requests.push_back({.key = row.image, .image = row.picture, .questions = {}});
      work.asks.emplace_back();
    }
    std::vector<Ask>& asks = work.asks[place->second];
    const auto [ask, new_ask] = ask_of.try_emplace(words, asks.size());
    if (new_ask) {
      asks.emplace_back();
      work.requests[place->second].questions.push_back(row.asked);
    }
    asks[ask->second].rows.push_back(i);
    ++work.rows;
  }
  return work;
}

}  // namespace

Json model_settings(const GenerationOptions& options, const Json& model_identity) {
  Json model = model_identity;
  if (const auto hash = model.find("checkpoint_hash"); hash != model.end() && hash->is_string()) {
    model.erase("checkpoint");
  }
  return {{"max_new_tokens", options.max_new_tokens},
          {"temperature", options.temperature},
          {"seed", options.seed},
          {"model", model}};
}

EvaluateResult ask_rows(Lvlm& model, RunFolder& folder, const std::vector<Row>& rows,
                        const GenerationOptions& options, const SampleOf& sample_of,
                        const std::string& benchmark, Progress& progress, std::stop_token stop) {
  EvaluateResult result;
  const Work work = plan(folder, rows, sample_of);
  if (!work.known.empty()) {
    folder.append(work.known);
    result.rows += static_cast<int64_t>(work.known.size());
  }
  progress.start(benchmark, "questions", rows.size(), rows.size() - work.rows);

  std::vector<bool> answered(work.requests.size());
  const auto write = [&](size_t request, const std::vector<Answer>& answers) {
    const std::vector<Ask>& asks = work.asks[request];
    std::vector<Json> samples;
    for (size_t i = 0; i < asks.size(); ++i) {
      Answer missing;
      missing.error = "the model gave no answer";
      const Answer& answer = i < answers.size() ? answers[i] : missing;
      for (const size_t row : asks[i].rows) samples.push_back(sample_of(row, answer));
    }
    // One write for a picture: a full disk or a kill loses whole pictures, not halves.
    folder.append(samples);
    answered[request] = true;
    result.rows += static_cast<int64_t>(samples.size());
    result.asked += static_cast<int64_t>(asks.size());
    progress.advance(samples.size());
  };
  GenerationOptions generation = options;
  generation.samples = 1;
  if (!work.requests.empty()) {
    model.answer(
        work.requests, generation,
        [&](size_t request, std::vector<Answer>&& answers) { write(request, answers); }, stop);
  }
  progress.finish();
  const bool all = std::all_of(answered.begin(), answered.end(), [](bool done) { return done; });
  if (!all && stop.stop_requested()) {
    result.interrupted = true;
    return result;
  }
  for (size_t i = 0; i < answered.size(); ++i) {
    if (!answered[i]) write(i, {});
  }
  return result;
}

}  // namespace vigor::yes_no
