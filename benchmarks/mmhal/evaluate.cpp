#include "benchmarks/mmhal/evaluate.h"

#include <algorithm>
#include <map>

#include "lvlm/batches.h"

namespace vigor::mmhal {
namespace {

// What the endpoint said beside its text.
struct ReplyFacts {
  std::string model, finish;
  std::string raw;  // of a reply that could not be used
};

Json or_null(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

Json verdict_row(const Outcome& outcome, const Record& record, Dialect dialect,
                 const ReplyFacts& facts) {
  const Reading reading = read_outcome(outcome, dialect);
  const bool has_reply = outcome.failure.empty() && outcome.silence.empty();
  const std::string& error = outcome.failure.empty() ? outcome.silence : outcome.failure;
  Json row = {{"key", sample_key(outcome.record, outcome.repeat)},
              {"record", outcome.record},
              {"repeat", outcome.repeat},
              {"type", or_null(outcome.type)},
              {"image", outcome.image},
              {"question", or_null(record.question)},
              {"standard_answer", or_null(record.standard_answer)},
              {"answer", record.model_answer ? Json(*record.model_answer) : Json()},
              {"status", reading.status},
              {"rating", reading.score ? Json(*reading.score) : Json()},
              {"hallucination", reading.score ? Json(is_hallucination(*reading.score)) : Json()},
              {"reply", has_reply ? Json(outcome.reply) : Json()},
              {"reason", has_reply ? or_null(reading.reason) : Json()},
              {"judge_model", or_null(facts.model)},
              {"finish", or_null(facts.finish)},
              {"error", or_null(error)}};
  if (!outcome.silence.empty()) {
    row["raw"] = or_null(facts.raw);
    row[outcome.refused ? "refused" : "ask_again"] = true;
  }
  return row;
}

Outcome outcome_for(size_t index, const Record& record, int repeat) {
  Outcome outcome;
  outcome.record = index;
  outcome.repeat = repeat;
  outcome.type = record.type;
  for (const std::string* name : {&record.image_id, &record.image, &record.image_src}) {
    if (outcome.image.empty()) outcome.image = *name;
  }
  if (!record.model_answer) outcome.failure = record.failure;
  return outcome;
}

Outcome outcome_of_row(const Json& row, const std::string& where) {
  ObjectReader reader(row, where);
  Outcome outcome;
  outcome.record = reader.require<size_t>("record");
  outcome.repeat = reader.get<int>("repeat", 0);
  outcome.type = reader.get<std::string>("type", "");
  outcome.image = reader.get<std::string>("image", "");
  outcome.reply = reader.get<std::string>("reply", "");
  const Json* reply = reader.find("reply");
  if (reply == nullptr || reply->is_null()) {
    const std::string error =
        reader.get<std::string>("error", "no reply, without a reason in the row");
    const bool failed = reader.get<std::string>("status", "") == "failed";
    (failed ? outcome.failure : outcome.silence) = error;
    outcome.refused = reader.get<bool>("refused", false);
  }
  return outcome;
}

// One question about a picture, and every record that waits for its answer: none when the folder
// has it already, and it is asked again only because its batch is.
struct Ask {
  std::string words;
  std::vector<size_t> records;
};

}  // namespace

std::string sample_key(size_t record, int repeat) {
  return std::to_string(record) + (repeat == 0 ? "" : "#" + std::to_string(repeat));
}

StageResult answer_records(Lvlm& model, RunFolder& folder, std::vector<Record>& records,
                           const EvaluateOptions& options, Progress& progress,
                           std::stop_token stop) {
  const auto take = [&](const Json& row) {
    ObjectReader reader(row, (folder.path() / "samples.jsonl").string());
    const auto index = reader.require<size_t>("record");
    if (index >= records.size()) return;
    Record& record = records[index];
    record.model_answer.reset();
    record.failure = reader.get<std::string>("error", "");
    if (record.failure.empty()) record.model_answer = reader.require<std::string>("answer");
  };
  for (const Json& row : folder.samples()) take(row);

  // Every picture with all that is asked of it, what is answered already as well: the batch that a
  // run was stopped in is computed again as a whole.
  std::vector<ImageRequest> pictures;
  std::vector<std::vector<Ask>> asks;  // parallel to pictures and their questions
  std::vector<bool> open;
  std::map<std::string, size_t> place_of;
  size_t missing_answers = 0;
  for (size_t i = 0; i < records.size(); ++i) {
    const Record& record = records[i];
    const std::filesystem::path picture =
        picture_of(record, options.images, "record " + std::to_string(i + 1));
    const std::string name = picture.lexically_relative(options.images).generic_string();
    const auto [at, is_new] = place_of.try_emplace(name, pictures.size());
    const size_t p = at->second;
    if (is_new) {
      pictures.push_back({.key = name, .image = picture, .questions = {}});
      asks.emplace_back();
      open.push_back(false);
    }
    auto ask = std::find_if(asks[p].begin(), asks[p].end(),
                            [&](const Ask& other) { return other.words == record.question; });
    if (ask == asks[p].end()) ask = asks[p].insert(ask, {record.question, {}});
    if (folder.holds(sample_key(i, 0))) continue;
    ask->records.push_back(i);
    open[p] = true;
    ++missing_answers;
  }
  std::vector<ImageRequest> requests;
  std::vector<std::vector<Ask>> asked_by;  // parallel to requests
  const size_t together = model.images_together();
  for (const size_t p : pictures_to_ask(open, together)) {
    if (together == 0) std::erase_if(asks[p], [](const Ask& ask) { return ask.records.empty(); });
    for (const Ask& ask : asks[p]) pictures[p].questions.push_back(ask.words);
    requests.push_back(std::move(pictures[p]));
    asked_by.push_back(std::move(asks[p]));
  }

  StageResult result;
  progress.start("mmhal: answers", "questions", records.size(), records.size() - missing_answers);
  std::vector<bool> answered(requests.size());
  const auto write = [&](size_t request, const std::vector<Answer>& answers) {
    Answer missing;
    missing.error = "the model gave no answer";
    std::vector<Json> rows;
    for (size_t q = 0; q < asked_by[request].size(); ++q) {
      const Answer& answer = q < answers.size() ? answers[q] : missing;
      const bool failed = !answer.error.empty();
      for (const size_t i : asked_by[request][q].records) {
        rows.push_back({{"key", sample_key(i, 0)},
                        {"record", i},
                        {"image", requests[request].key},
                        {"question", records[i].question},
                        {"answer", failed ? Json() : Json(answer.text)},
                        {"status", failed ? "failed" : "answered"},
                        {"finish", answer.finish},
                        {"tokens", answer.tokens},
                        {"error", or_null(answer.error)}});
        take(rows.back());
      }
    }
    if (!rows.empty()) folder.append(rows);
    answered[request] = true;
    result.rows += static_cast<int64_t>(rows.size());
    result.asked += static_cast<int64_t>(asked_by[request].size());
    progress.advance(rows.size());
  };
  GenerationOptions generation = options.generation;
  generation.samples = 1;
  if (!requests.empty()) {
    model.answer(
        requests, generation,
        [&](size_t request, std::vector<Answer>&& answers) { write(request, answers); }, stop);
  }
  progress.finish();
  for (size_t i = 0; i < requests.size(); ++i) {
    if (answered[i]) continue;
    if (stop.stop_requested()) {
      result.interrupted = true;
      return result;
    }
    write(i, {});
  }
  return result;
}

StageResult judge_records(ChatClient& judge, RunFolder& folder, const std::vector<Record>& records,
                          const EvaluateOptions& options, Progress& progress,
                          std::stop_token stop) {
  struct Question {
    size_t record;
    int repeat;
  };
  std::vector<Question> open;
  std::vector<Json> failed;
  for (size_t i = 0; i < records.size(); ++i) {
    for (int repeat = 0; repeat < options.repeats; ++repeat) {
      if (folder.holds(sample_key(i, repeat))) continue;
      if (records[i].model_answer) {
        open.push_back({i, repeat});
      } else {
        failed.push_back(
            verdict_row(outcome_for(i, records[i], repeat), records[i], options.dialect, {}));
      }
    }
  }
  StageResult result;
  if (!failed.empty()) folder.append(failed);
  result.rows = static_cast<int64_t>(failed.size());
  const size_t all = records.size() * static_cast<size_t>(options.repeats);
  progress.start("mmhal: judge", "answers", all, all - open.size());
  // Another template does not allow a reply in the schema, and the published reading finds no
  // rating in one.
  const bool schema = options.prompt.is_default() && options.dialect == Dialect::kStrict;
  const auto make = [&](size_t index) {
    return options.prompt.request(records[open[index].record], open[index].repeat,
                                  options.judge_max_tokens, schema);
  };
  const auto done = [&](size_t index, ChatReply&& reply) {
    const Record& record = records[open[index].record];
    Outcome outcome = outcome_for(open[index].record, record, open[index].repeat);
    outcome.silence = reply.error;
    outcome.refused = reply.refused;
    outcome.reply = reply.text;
    const Json row =
        verdict_row(outcome, record, options.dialect, {reply.model, reply.finish, reply.raw});
    folder.append({&row, 1});
    ++result.rows;
    ++result.asked;
    progress.advance(1);
  };
  if (!open.empty()) judge.complete(open.size(), make, done, stop);
  progress.finish();
  if (result.asked < static_cast<int64_t>(open.size())) {
    if (!stop.stop_requested()) {
      throw Error({.what = "the judge left " +
                           std::to_string(open.size() - static_cast<size_t>(result.asked)) +
                           " answers without a verdict",
                   .fix = "give the same command again: it goes on from there"});
    }
    result.interrupted = true;
  }
  return result;
}

std::vector<Json> review_rows(const std::vector<Review>& reviews,
                              const std::vector<Record>& records, Dialect dialect,
                              const std::string& where) {
  std::vector<Json> rows;
  for (const Review& review : reviews) {
    if (!records.empty() && review.record >= records.size()) {
      throw Error({.what = "a reply to record " + std::to_string(review.record + 1) + " of " +
                           std::to_string(records.size()),
                   .where = where,
                   .cause = "the replies and the records are of different sets",
                   .fix = "give the records that were judged"});
    }
    Record record;
    record.model_answer.reset();
    if (!records.empty()) record = records[review.record];
    Outcome outcome = outcome_for(review.record, record, review.repeat);
    outcome.failure.clear();
    outcome.silence = review.text ? "" : review.failure;
    outcome.refused = review.refused;
    outcome.reply = review.text.value_or("");
    Json row = verdict_row(outcome, record, dialect, {review.model, "", ""});
    row.erase("ask_again");  // nobody can be asked
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<std::string> record_warnings(size_t records, const EvaluateOptions& options) {
  std::vector<std::string> warnings;
  if (options.limit > 0) {
    warnings.push_back("limited to the first " + std::to_string(options.limit) +
                       " records: not the published benchmark");
  } else if (records != kPublishedRecords) {
    warnings.push_back(std::to_string(records) + " records: the published benchmark has " +
                       std::to_string(kPublishedRecords));
  }
  return warnings;
}

Json score_folder(const RunFolder& folder, size_t records, const EvaluateOptions& options,
                  const Json& described) {
  const std::string where = (folder.path() / "samples.jsonl").string();
  std::vector<Outcome> outcomes;
  for (const Json& row : folder.samples()) outcomes.push_back(outcome_of_row(row, where));
  // Whatever the order in which they ended: sums of floating point numbers must not depend on a run
  // having been stopped.
  std::sort(outcomes.begin(), outcomes.end(), [](const Outcome& a, const Outcome& b) {
    return std::pair(a.record, a.repeat) < std::pair(b.record, b.repeat);
  });
  ScoreOptions scoring;
  scoring.records = records;
  scoring.repeats = options.repeats;
  scoring.max_failures = options.max_failures;
  scoring.warnings = record_warnings(records, options);
  scoring.complete = options.limit == 0;
  Json metrics = score_outcomes(outcomes, options.dialect, scoring);
  metrics.update(described);
  return metrics;
}

}  // namespace vigor::mmhal
