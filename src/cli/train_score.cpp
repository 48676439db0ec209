// vigor-eval train score: a reward for every caption.
#include "cli/train_score.h"

#include <algorithm>
#include <iomanip>
#include <map>
#include <set>

#include "base/atomic_file.h"
#include "base/files.h"
#include "cli/registry.h"
#include "cli/run_record.h"
#include "run/measurement.h"
#include "vigor/judge_check.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

class TrainScore : public Command {
 public:
  TrainScore() {
    kinds_.push_back(automatic_reward_kind());
    kinds_.push_back(model_reward_kind());
  }
  std::string name() const override { return "score"; }
  std::string summary() const override {
    return "A reward for every caption: its nouns looked for in the picture, or its sentences "
           "judged by a reward model";
  }
  std::string examples() const override {
    return "  vigor-eval train score --captions samples.jsonl --images train2017 \\\n"
           "      --detector grounding-dino-tiny --out rewards.jsonl\n"
           "  vigor-eval train score --captions samples.jsonl --images train2017 \\\n"
           "      --detector http://gpu:8000/v1#grounding-dino --out part3.jsonl --shard 3/8\n"
           "  vigor-eval train score --reward model --captions samples.jsonl --images train2017 "
           "\\\n"
           "      --model reward-model --out judged.jsonl\n"
           "FILE.jsonl.run is the run folder: a run that stops goes on with the same command, and\n"
           "FILE.jsonl appears when it is finished.\n";
  }
  void add_options(CLI::App& app) override {
    app.add_option("--reward", reward_,
                   "automatic: nouns looked for by a detector; model: sentences judged by a reward "
                   "model")
        ->check(CLI::IsMember({"automatic", "model"}))
        ->capture_default_str();
    app.add_option("--captions", captions_, "JSON lines of {image, caption, sample}")
        ->type_name("FILE");
    app.add_option("--images", inputs_.images, "Folder of the pictures")->type_name("DIR");
    app.add_option("--out", inputs_.out, "JSON lines of rewards")->type_name("FILE.jsonl");
    app.add_option("--shard", shard_, "This part of the pictures alone, such as 2/8")
        ->type_name("I/N");
    app.add_option("--limit", limit_, "Only the first N pictures of the captions (0: all)")
        ->check(CLI::Range(0, 1'000'000'000))
        ->type_name("N");
    app.add_option(
           "--held-out", held_out_,
           "Only pictures of these conversations: those that reward-data kept from training")
        ->type_name("FILE.json");
    app.add_option("--max-failures", max_failures_,
                   "Captions without a reward that are accepted (else exit 1)")
        ->check(CLI::Range(0, 1'000'000'000))
        ->capture_default_str();
    app.add_option("--dtype", inputs_.dtype,
                   "Numbers that the network computes with; auto: bfloat16 where there are bf16 "
                   "matrix units")
        ->check(CLI::IsMember({"auto", "float32", "bfloat16", "float16"}))
        ->capture_default_str();
    app.add_option("--device", inputs_.device, "cpu, cuda or cuda:N")->capture_default_str();
    inputs_.text.add_to(app);
    for (const auto& kind : kinds_) {
      const std::vector<CLI::Option*> before = app.get_options();
      kind->add_options(app);
      for (CLI::Option* option : app.get_options()) {
        if (std::find(before.begin(), before.end(), option) != before.end()) continue;
        option->group("--reward " + kind->name());
        own_options_[kind->name()].push_back(option);
      }
    }
  }

  ExitCode run(const CommandContext& context) override {
    RewardKind& kind = chosen();
    require_option(!captions_.empty(), "--captions", "the captions to score");
    kind.check(inputs_);
    require_option(!inputs_.out.empty(), "--out", "the file of the rewards");
    check_out();
    const Shard shard = shard_.empty() ? Shard{} : parse_shard(shard_);
    std::vector<PictureCaptions> pictures = parse_picture_captions(read_file(captions_), captions_);
    if (!held_out_.empty()) {
      const std::set<std::string> images = conversation_images(read_file(held_out_), held_out_);
      std::erase_if(pictures, [&](const auto& one) { return !images.contains(one.image); });
      if (pictures.empty()) {
        throw Error({.what = "no picture of the captions is among those held out",
                     .where = printable(held_out_),
                     .fix = "give the captions that reward-data's judgements are of"});
      }
    }
    if (limit_ > 0 && pictures.size() > static_cast<size_t>(limit_))
      pictures.resize(static_cast<size_t>(limit_));
    pictures = part_of(std::move(pictures), shard);

    SessionMeasurement session;
    const double before_load = context.console.clock();
    kind.open(context, inputs_);
    session.load_s = context.console.clock() - before_load;
    RunFolder folder = RunFolder::open(
        *context.files, inputs_.out + ".run", settings(kind, shard),
        {.keep_samples = false, .uncompared = {"images", "max_failures", "limit", "text_folder"}});
    announce(context, folder);
    Progress progress = context.console.progress();
    const double before = context.console.clock();
    const ScoringResult result = kind.score(pictures, folder, progress, context.stop);
    session.evaluate_s = context.console.clock() - before;
    session.rows = result.rows;
    session.asked = result.pictures;
    session.model = kind.usage();
    kind.print_usage(context);
    if (session.rows > 0 || !folder.complete()) {
      Json keys = run_record(context, kind.benchmark(), kind.identity(), {captions_});
      keys.update(measured_keys(folder.run(), session));
      folder.update_run(keys);
    }
    if (result.interrupted) {
      context.console.note("interrupted: " + std::to_string(folder.count()) +
                           " rewards are kept in " + inputs_.out +
                           ".run; the same command goes on from there");
      return ExitCode::kInterrupted;
    }
    return finish(context, kind, pictures, folder);
  }

 private:
  // Options of another kind are a mistake: they would be ignored.
  RewardKind& chosen() const {
    RewardKind* found = nullptr;
    for (const auto& kind : kinds_) {
      if (kind->name() == reward_) {
        found = kind.get();
        continue;
      }
      for (const CLI::Option* option : own_options_.at(kind->name())) {
        if (option->count() == 0) continue;
        throw Error({.what = option->get_name() + " is an option of --reward " + kind->name() +
                             ", not of --reward " + reward_,
                     .fix = "leave it out, or give --reward " + kind->name(),
                     .exit_code = ExitCode::kUsage});
      }
    }
    return *found;
  }

  void check_out() const {
    const std::string& out = inputs_.out;
    if (fs::is_directory(out)) {
      throw Error({.what = "--out is a folder, and the rewards are one file",
                   .where = printable(out),
                   .fix = "give a file name in it, such as " +
                          printable((fs::path(out) / "rewards.jsonl").string()),
                   .exit_code = ExitCode::kUsage});
    }
    if (fs::exists(out) && !fs::exists(out + ".run")) {
      throw Error({.what = "the file exists and no score run made it",
                   .where = printable(out),
                   .cause = "it belongs to something else, or its .run folder was removed",
                   .fix = "give another name, or remove the file"});
    }
  }

  Json settings(const RewardKind& kind, const Shard& shard) const {
    Json settings = {{"what", "score"},
                     {"reward", reward_},
                     {"captions", file_record(captions_)},
                     {"shard", shard.text()},
                     {"images", inputs_.images},
                     {"limit", limit_},
                     {"max_failures", max_failures_}};
    // Not a key of runs that were begun without it.
    if (!held_out_.empty()) settings["held_out"] = file_record(held_out_);
    settings.update(kind.settings());
    return settings;
  }

  ExitCode finish(const CommandContext& context, const RewardKind& kind,
                  const std::vector<PictureCaptions>& pictures, RunFolder& folder) const {
    // Rows of all captions do not fit into memory: they pass through, in the order of the captions.
    std::vector<std::string> keys;
    for (const PictureCaptions& picture : pictures) {
      for (const SampledCaption& caption : picture.captions)
        keys.push_back(caption.key(picture.image));
    }
    const std::unique_ptr<RewardFigures> figures = kind.figures();
    std::string failure;
    AtomicFile out(*context.files, inputs_.out);
    folder.for_each_line(keys, [&](std::string_view line) {
      const Json row = parse_json(line, inputs_.out);
      figures->add(row);
      if (failure.empty()) failure = failure_of(row);
      out.write(line);
      out.write("\n");
    });
    out.commit();
    Json metrics = figures->figures(max_failures_);
    metrics["benchmark"] = kind.benchmark();
    folder.write_metrics(metrics);
    if (context.json) {
      *context.console.out << dump_json(metrics, 2) << "\n";
    } else {
      kind.print(*context.console.out, metrics);
      *context.console.out << printable(inputs_.out) << "\n";
    }
    const auto failed = metrics["counts"]["failed"].get<int64_t>();
    if (failed > max_failures_) {
      throw Error({.what = std::to_string(failed) +
                           " captions have no reward, and --max-failures allows " +
                           std::to_string(max_failures_),
                   .where = printable(inputs_.out),
                   .cause = failure,
                   .fix = "mend the cause and give the same command again: only these are asked"});
    }
    return ExitCode::kDone;
  }

  std::vector<std::unique_ptr<RewardKind>> kinds_;
  std::map<std::string, std::vector<CLI::Option*>> own_options_;  // by kind
  std::string reward_ = "automatic", captions_, shard_, held_out_;
  ScoreInputs inputs_;
  int64_t limit_ = 0, max_failures_ = 0;
};

}  // namespace

void print_share(std::ostream& out, const char* label, const Json& figures, const char* name) {
  out << std::left << std::setw(28) << label << std::right << std::fixed << std::setprecision(2);
  if (figures[name].is_number()) {
    out << std::setw(7) << figures[name].get<double>() * 100;
  } else {
    out << std::setw(7) << "-";
  }
  const Json& interval = figures["ci95"][name];
  if (interval.is_array()) {
    out << "   95 % " << interval[0].get<double>() * 100 << ".." << interval[1].get<double>() * 100;
  }
  out << "\n";
}

std::unique_ptr<Command> train_score_command() {
  return std::make_unique<TrainScore>();
}

}  // namespace vigor
