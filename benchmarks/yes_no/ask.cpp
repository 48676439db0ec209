#include "benchmarks/yes_no/ask.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "benchmarks/yes_no/said.h"
#include "lvlm/batches.h"

namespace vigor::yes_no {
namespace {

// One question about a picture, and every row that waits for its answer: none when the folder has
// it already, and it is asked again only because its batch is.
struct Ask {
  std::string words;
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

Work plan(const RunFolder& folder, const std::vector<Row>& rows, const SampleOf& sample_of,
          size_t together) {
  const std::map<Words, Answer> answered = answered_in(folder);
  Work work;
  std::vector<ImageRequest> pictures;
  std::vector<std::vector<Ask>> asks;
  std::vector<bool> open;
  std::unordered_map<std::string, size_t> picture_of;
  std::map<Words, size_t> ask_of;
  for (size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    const auto [place, is_new] = picture_of.try_emplace(row.image, pictures.size());
    const size_t p = place->second;
    if (is_new) {
      pictures.push_back({.key = row.image, .image = row.picture, .questions = {}});
      asks.emplace_back();
      open.push_back(false);
    }
    const Words words(row.image, row.question);
    const auto [ask, new_ask] = ask_of.try_emplace(words, asks[p].size());
    if (new_ask) asks[p].push_back({.words = row.asked, .rows = {}});
    if (folder.holds(row.key)) continue;
    if (const auto found = answered.find(words); found != answered.end()) {
      work.known.push_back(sample_of(i, found->second));
      continue;
    }
    asks[p][ask->second].rows.push_back(i);
    open[p] = true;
    ++work.rows;
  }
  for (const size_t p : pictures_to_ask(open, together)) {
    if (together == 0) std::erase_if(asks[p], [](const Ask& ask) { return ask.rows.empty(); });
    for (const Ask& ask : asks[p]) pictures[p].questions.push_back(ask.words);
    work.requests.push_back(std::move(pictures[p]));
    work.asks.push_back(std::move(asks[p]));
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
  const Work work = plan(folder, rows, sample_of, model.images_together());
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
    if (!samples.empty()) folder.append(samples);
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
