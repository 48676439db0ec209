// vigor-eval mmhal: MMHal-Bench on a model, on answers made elsewhere, or on a judge's stored
// replies.
#include <algorithm>
#include <filesystem>

#include "benchmarks/mmhal/evaluate.h"
#include "cli/judge_options.h"
#include "cli/model_options.h"
#include "cli/registry.h"
#include "cli/run_record.h"
#include "judges/judge/usage_table.h"
#include "lvlm/open.h"
#include "reports/mmhal_report.h"
#include "run/measurement.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

class Mmhal : public Command {
 public:
  Mmhal() { options_.generation.max_new_tokens = 1024; }
  std::string name() const override { return "mmhal"; }
  std::string summary() const override {
    return "MMHal-Bench: a judge rates answers for information and hallucination";
  }
  std::string examples() const override {
    return "  vigor-eval mmhal --model llava-v1.5-7b --data response_template.json --images "
           "images \\\n"
           "      --judge configs/judges/gpt-4o.json --out runs/llava-mmhal\n"
           "  vigor-eval mmhal --responses answers.json --judge http://127.0.0.1:8000/v1#name "
           "--out runs/theirs\n"
           "  vigor-eval mmhal --reviews gpt4_reviews.json --dialect official --out "
           "runs/published\n"
           "  vigor-eval mmhal --reviews runs/theirs/samples.jsonl --dialect official --out "
           "runs/theirs-official\n"
           "A run that stops goes on when the same command is given again.\n";
  }
  void add_options(CLI::App& app) override {
    model_.add_to(app);
    app.add_option("--data", data_, "The benchmark's records (response_template.json)")
        ->type_name("FILE");
    app.add_option("--images", options_.images,
                   "Folder of the pictures, named as image_src ends or by image_id")
        ->type_name("DIR");
    app.add_option("--responses", responses_, "Answers made elsewhere, instead of --model")
        ->type_name("FILE");
    app.add_option("--reviews", reviews_, "A judge's stored replies, instead of --judge")
        ->type_name("FILE");
    judge_.add_to(app);
    app.add_option("--template", template_,
                   "What the judge is asked (docs/format-mmhal.md); default: our own prompt")
        ->type_name("FILE");
    app.add_option("--repeats", options_.repeats,
                   "Times that each answer is judged, to see the judge's own spread")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    app.add_option("--judge-max-tokens", options_.judge_max_tokens,
                   "Tokens of a judge's reply at most")
        ->check(CLI::Range(1, 65536))
        ->capture_default_str();
    app.add_option("--dialect", dialect_, "How a judge's reply is read (docs/dialects.md)")
        ->check(CLI::IsMember({"strict", "official"}))
        ->capture_default_str();
    app.add_option("--out", out_, "Run folder: made, or gone on with")->type_name("RUN");
    app.add_option("--max-new-tokens", options_.generation.max_new_tokens,
                   "Tokens of an answer at most")
        ->check(CLI::Range(1, 4096))
        ->capture_default_str();
    app.add_option("--max-failures", options_.max_failures,
                   "Answers that failed and answers the judge gave no reply to, up to which scores "
                   "are given; above, they are withheld (exit 1)")
        ->check(CLI::Range(0, 1'000'000'000))
        ->capture_default_str();
    app.add_option("--seed", options_.generation.seed, "Seed of random weights")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    app.add_option("--limit", options_.limit, "Only the first N records (0: all); marks the result")
        ->check(CLI::Range(0, 1'000'000'000))
        ->type_name("N");
    app.add_flag("!--no-report", report_, "Do not write report.html and report.md");
  }

  ExitCode run(const CommandContext& context) override {
    require_option(!out_.empty(), "--out", "the folder of the run");
    const int sources = (model_.given() ? 1 : 0) + (responses_.empty() ? 0 : 1);
    require_option(reviews_.empty() ? sources == 1 : !model_.given(),
                   "--model, --responses or --reviews", "one of them says what is evaluated");
    options_.dialect = mmhal::parse_dialect(dialect_);
    if (!template_.empty()) options_.prompt = mmhal::JudgePrompt::read(template_);
    if (!reviews_.empty()) return score_reviews(context);
    require_option(judge_.given(), "--judge", "who rates the answers");
    std::vector<mmhal::Record> records;
    if (model_.given()) {
      require_option(!data_.empty(), "--data", "the records of MMHal-Bench");
      require_option(!options_.images.empty(), "--images", "the folder of the pictures");
      if (!fs::is_directory(options_.images)) {
        throw Error({.what = "no such folder of pictures",
                     .where = printable(options_.images.string()),
                     .fix = "give the folder of MMHal-Bench's pictures with --images"});
      }
      records = limited(mmhal::read_records(data_));
    } else {
      records = limited(mmhal::read_records(responses_));
      mmhal::require_answers(records, printable(responses_));
    }
    return judge_answers(context, std::move(records));
  }

 private:
  std::vector<mmhal::Record> limited(std::vector<mmhal::Record> records) const {
    const auto limit = static_cast<size_t>(options_.limit);
    if (limit > 0 && records.size() > limit) records.resize(limit);
    return records;
  }

  Json settings(const Json& model, const Json& judge, const std::string& data) const {
    return {{"benchmark", "mmhal"},
            {"dialect", dialect_},
            {"model", model},
            {"data", data.empty() ? Json() : file_record(data)},
            {"judge", judge},
            {"limit", options_.limit},
            {"max_failures", options_.max_failures}};
  }

  ExitCode judge_answers(const CommandContext& context, std::vector<mmhal::Record> records) {
    // Opened before anything is computed, so that a missing key is said at once; and again when the
    // judging begins, since its deadline counts from there.
    const Json judge_identity = judge_.identity(context, out_);
    const std::string& data = model_.given() ? data_ : responses_;
    SessionMeasurement session;
    std::unique_ptr<Lvlm> model;
    Json identity = {{"kind", "answers"}, {"name", fs::path(responses_).stem().string()}};
    if (model_.given()) {
      model_.warn_about_machine(context.console);
      const double before = context.console.clock();
      model = open_lvlm(model_.lvlm(options_.generation.seed, context.console));
      session.load_s = context.console.clock() - before;
      identity = model->identity();
    }
    Json same_model = identity;
    if (same_model.value("checkpoint_hash", Json()).is_string()) same_model.erase("checkpoint");
    Json keys = settings(same_model, judge_identity, data);
    keys["template"] = options_.prompt.identity();
    keys["repeats"] = options_.repeats;
    keys["judge_max_tokens"] = options_.judge_max_tokens;
    if (model != nullptr) {
      keys["max_new_tokens"] = options_.generation.max_new_tokens;
      keys["seed"] = options_.generation.seed;
      keys["images"] = options_.images.string();
    }
    RunFolder folder =
        RunFolder::open(*context.files, out_, keys, {.uncompared = {"images", "max_failures"}});
    announce(context, folder);
    const double before = context.console.clock();
    bool interrupted = false;
    if (model != nullptr) interrupted = answer(context, *model, folder, keys, records, session);
    Json usage = Json::object();
    const auto record = [&] {
      session.evaluate_s = context.console.clock() - before;
      if (session.rows == 0 && folder.complete()) return;
      Json described = run_record(context, "mmhal", identity, {data});
      described["dialect"] = dialect_;
      described.update(measured_keys(folder.run(), session));
      if (!usage.empty()) {
        described["judge_usage"] = added_usage(folder.run().value("judge_usage", Json()), usage);
      }
      folder.update_run(described);
    };
    if (model != nullptr) {
      session.model = model->measurements();
      model_.print_usage(context.console, session.model);
    }
    if (!interrupted) {
      model.reset();  // its memory is not needed while the judge is waited for
      const std::unique_ptr<ChatClient> judge = judge_.open(context, out_, {.spends = true});
      try {
        interrupted = rate(context, *judge, folder, records, session);
      } catch (const Error&) {
        usage = judge->usage();
        record();
        *context.console.err << usage_table(usage);
        throw;
      }
      usage = judge->usage();
    }
    record();
    *context.console.err << usage_table(usage);
    if (interrupted) {
      context.console.note("interrupted: " + std::to_string(folder.samples().size()) +
                           " verdicts are kept in " + out_ +
                           "; the same command goes on from there");
      return ExitCode::kInterrupted;
    }
    return finish(context, folder, records.size(),
                  {{"judge", judge_identity}, {"template", options_.prompt.identity()}});
  }

  // True when it was interrupted. The answers have a folder of their own in the run, and stand in
  // responses.json in the benchmark's form, for other programs and for --responses.
  bool answer(const CommandContext& context, Lvlm& model, const RunFolder& run, Json keys,
              std::vector<mmhal::Record>& records, SessionMeasurement& session) {
    for (const char* judging : {"judge", "template", "repeats", "judge_max_tokens", "dialect"}) {
      keys.erase(judging);
    }
    RunFolder folder = RunFolder::open(*context.files, run.path() / "answers", keys,
                                       {.uncompared = {"images", "max_failures"}});
    Progress progress = context.console.progress();
    const mmhal::StageResult result =
        mmhal::answer_records(model, folder, records, options_, progress, context.stop);
    session.asked += result.asked;
    if (result.interrupted) return true;
    write_atomic(*context.files, run.path() / "responses.json", mmhal::responses_json(records));
    return false;
  }

  bool rate(const CommandContext& context, ChatClient& judge, RunFolder& folder,
            const std::vector<mmhal::Record>& records, SessionMeasurement& session) {
    Progress progress = context.console.progress();
    const mmhal::StageResult result =
        mmhal::judge_records(judge, folder, records, options_, progress, context.stop);
    session.rows += result.rows;
    return result.interrupted;
  }

  ExitCode score_reviews(const CommandContext& context) {
    const std::string& data = responses_.empty() ? data_ : responses_;
    std::vector<mmhal::Record> records;
    if (!data.empty()) records = mmhal::read_records(data);
    const std::vector<mmhal::Review> reviews = mmhal::read_reviews(reviews_);
    for (const mmhal::Review& review : reviews) {
      options_.repeats = std::max(options_.repeats, review.repeat + 1);
    }
    Json judge = {{"kind", "reviews"}, {"models", Json::array()}};
    for (const mmhal::Review& review : reviews) {
      if (review.model.empty()) continue;
      Json& models = judge["models"];
      if (std::find(models.begin(), models.end(), review.model) == models.end()) {
        models.push_back(review.model);
      }
    }
    judge["file"] = file_record(reviews_);
    const Json identity = {{"kind", "reviews"}, {"name", fs::path(reviews_).stem().string()}};
    RunFolder folder = RunFolder::open(*context.files, out_, settings(identity, judge, data),
                                       {.uncompared = {"max_failures"}});
    announce(context, folder);
    std::vector<Json> rows;
    for (Json& row : mmhal::review_rows(reviews, records, options_.dialect, printable(reviews_))) {
      if (!folder.holds(row["key"].get<std::string>())) rows.push_back(std::move(row));
    }
    folder.append(rows);
    std::vector<std::string> dataset = {reviews_};
    if (!data.empty()) dataset.push_back(data);
    Json keys = run_record(context, "mmhal", identity, dataset);
    keys["dialect"] = dialect_;
    folder.update_run(keys);
    size_t count = records.size();
    for (const mmhal::Review& review : reviews) count = std::max(count, review.record + 1);
    return finish(context, folder, count, {{"judge", judge}, {"template", nullptr}});
  }

  ExitCode finish(const CommandContext& context, RunFolder& folder, size_t records,
                  const Json& described) const {
    const Json metrics = mmhal::score_folder(folder, records, options_, described);
    if (folder.run().value("status_counts", Json()) != metrics["counts"]) {
      folder.update_run({{"status_counts", metrics["counts"]}});
    }
    folder.write_metrics(metrics);
    if (report_) reports::write_mmhal_report(*context.files, folder.path(), folder.path());
    if (context.json) {
      *context.console.out << dump_json(metrics, 2) << "\n";
    } else {
      *context.console.out << reports::mmhal_table_text(metrics);
      if (report_) {
        *context.console.out << "\nreport: " << printable((folder.path() / "report.html").string())
                             << "\n";
      }
    }
    if (mmhal::scores_withheld(metrics)) {
      // A run of given files takes no others: the folder knows them by their hashes.
      const bool of_files =
          !reviews_.empty() || (!responses_.empty() && metrics["counts"].value("failed", 0) > 0);
      throw Error({.what = "the scores are withheld: " + metrics["reason"].get<std::string>(),
                   .where = printable(out_),
                   .cause = first_cause(folder),
                   .fix = of_files ? "mend the file and give another --out, or accept them with "
                                     "--max-failures"
                                   : "mend the cause and give the same command again (only these "
                                     "are asked), or accept them with --max-failures"});
    }
    return ExitCode::kDone;
  }

  static std::string first_cause(const RunFolder& folder) {
    const std::string failure = first_failure(folder);
    if (!failure.empty()) return failure;
    for (const Json& sample : folder.samples()) {
      if (sample["reply"].is_null() && sample["error"].is_string()) {
        const std::string error = sample["error"];
        return "record " + sample["key"].get<std::string>() + ": " +
               printable(error.substr(0, error.find('\n')));
      }
    }
    return "";
  }

  ModelOptions model_;
  JudgeFlags judge_;
  mmhal::EvaluateOptions options_;
  std::string data_, responses_, reviews_, template_, out_, dialect_ = "strict";
  bool report_ = true;
};

}  // namespace

std::unique_ptr<Command> mmhal_command() {
  return std::make_unique<Mmhal>();
}

}  // namespace vigor
