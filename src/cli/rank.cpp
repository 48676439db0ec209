// vigor-eval rank: captions of several models ranked by a judge, or stored replies read.
#include <algorithm>
#include <exception>
#include <filesystem>
#include <set>

#include "base/files.h"
#include "benchmarks/captions/evaluate.h"
#include "benchmarks/captions/score.h"
#include "cli/judge_options.h"
#include "cli/registry.h"
#include "cli/run_record.h"
#include "judges/judge/usage_table.h"
#include "judges/ranking/reply.h"
#include "reports/ranking_report.h"
#include "run/measurement.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

class Rank : public Command {
 public:
  std::string name() const override { return "rank"; }
  std::string summary() const override {
    return "Captions of several models ranked by a judge on seven metrics (ViGoR's Table 1)";
  }
  std::string examples() const override {
    return "  vigor-eval rank --candidates LLaVA=llava.jsonl ViGoR=vigor.jsonl --images val2017 "
           "\\\n"
           "      --judge configs/judges/gpt-4o.json --out runs/ranking\n"
           "  vigor-eval rank ... --orders 2 --repeat-share 0.1     (how far is the judge right?)\n"
           "  vigor-eval rank ... --mode pairwise --orders 2        (every pair by itself)\n"
           "  vigor-eval rank --parse-replies replies.jsonl --json\n"
           "The candidates are files of vigor-eval caption. A run that stops goes on when the same "
           "command is\ngiven again; replies that the cache has cost nothing.\n";
  }
  void add_options(CLI::App& app) override {
    app.add_option("--candidates", candidates_, "Captions of each model, 2 to 25 of them")
        ->type_name("NAME=FILE.jsonl...");
    app.add_option("--images", options_.images, "Folder of the pictures")->type_name("DIR");
    app.add_option("--out", out_, "Run folder: made, or gone on with")->type_name("RUN");
    judge_.add_to(app);
    app.add_option("--mode", mode_, "batch: one call ranks all; pairwise: one call a pair")
        ->check(CLI::IsMember({"batch", "pairwise"}))
        ->capture_default_str();
    app.add_option("--samples", options_.calls.samples, "Images drawn from those that all have")
        ->check(CLI::Range(1, 1'000'000'000))
        ->capture_default_str();
    app.add_option("--seed", options_.calls.seed, "Seed of images, orders and canaries")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    app.add_option("--orders", options_.calls.orders,
                   "Rotations of the order that are asked and averaged")
        ->check(CLI::Range(1, 25))
        ->capture_default_str();
    app.add_option("--repeat-share", options_.calls.repeat_share,
                   "Share of the images that are asked twice, for self-agreement")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    app.add_option("--canary-every", options_.calls.canary_every,
                   "Every Nth call also shows a caption that only orders the judge to rank it "
                   "first (0: never)")
        ->check(CLI::Range(0, 1'000'000'000))
        ->capture_default_str();
    app.add_option("--prompt", options_.request,
                   "What the judge is told that the models were asked (default: the caption files' "
                   "prompt)");
    app.add_option("--template", template_,
                   "Another prompt for the judge (docs/format-ranking.md has the placeholders)")
        ->type_name("FILE");
    app.add_option("--max-reply-tokens", options_.max_tokens, "Tokens of a reply at most")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    app.add_option("--temperature", options_.temperature, "Of the judge; 0 is its likeliest reply")
        ->check(CLI::Range(0.0, 2.0))
        ->capture_default_str();
    app.add_option("--max-failures", options_.max_failures,
                   "Calls without a reply up to which scores are given; above, they are withheld "
                   "(exit 1)")
        ->check(CLI::Range(0, 1'000'000'000))
        ->capture_default_str();
    app.add_flag("!--no-report", report_, "Do not write report.html and report.md");
    app.add_option("--parse-replies", parse_, "Only read these stored replies; no judge is asked")
        ->type_name("FILE");
  }

  ExitCode run(const CommandContext& context) override {
    if (!parse_.empty()) return parse_replies(context);
    require_option(!candidates_.empty(), "--candidates", "the captions to be ranked");
    require_option(!options_.images.empty(), "--images", "the judge must see the pictures");
    require_option(judge_.given(), "--judge", "the model that ranks");
    require_option(!out_.empty(), "--out", "the folder of the run");
    if (!fs::is_directory(options_.images)) {
      throw Error({.what = "no such folder of pictures",
                   .where = printable(options_.images.string()),
                   .fix = "give the folder that the captions were made from with --images"});
    }
    if (mode_ == "pairwise") {
      options_.calls.mode = captions::Mode::kPairwise;
      options_.prompt = ranking::pair_template();
    }
    if (!template_.empty()) options_.prompt = ranking::read_template(template_);
    // One letter is kept for the canary.
    const captions::RankPlan plan = captions::make_plan(
        captions::read_candidates(candidates_, ranking::kMostCandidates - 1), options_);
    for (const std::string& warning : plan.warnings) context.console.warn(warning);

    const Json identity = judge_.identity(context, out_);
    RunFolder folder =
        RunFolder::open(*context.files, out_, captions::run_settings(plan, options_, identity),
                        {.uncompared = captions::uncompared_settings()});
    announce(context, folder);
    const std::unique_ptr<ChatClient> judge = judge_.open(context, out_, {.spends = true});
    Progress progress = context.console.progress();
    const double before = context.console.clock();
    captions::RankResult result;
    std::exception_ptr failure;
    const size_t held = folder.samples().size();
    try {
      result = captions::evaluate(*judge, folder, plan, options_, progress, context.stop);
    } catch (const Error&) {
      // Budget or deadline: what was judged is kept, and what it cost is recorded.
      failure = std::current_exception();
      result.rows = static_cast<int64_t>(folder.samples().size() - held);
    }
    const Json usage = judge->usage();
    if (result.rows > 0 || !folder.complete()) {
      Json keys = described(context, identity,
                            added_usage(folder.run().value("judge_usage", Json()), usage));
      keys.update(measured_keys(folder.run(), {.evaluate_s = context.console.clock() - before,
                                               .rows = result.rows,
                                               .asked = result.asked}));
      folder.update_run(keys);
    }
    *context.console.err << usage_table(usage);
    if (failure) std::rethrow_exception(failure);
    if (result.interrupted) {
      context.console.note("interrupted: " + std::to_string(folder.samples().size()) +
                           " calls are kept in " + out_ + "; the same command goes on from there");
      return ExitCode::kInterrupted;
    }
    return finish(context, folder, plan);
  }

 private:
  Json described(const CommandContext& context, const Json& identity, const Json& usage) const {
    std::vector<std::string> files;
    for (const std::string& candidate : candidates_) {
      files.push_back(candidate.substr(candidate.find('=') + 1));
    }
    Json keys = run_record(context, "ranking", Json::object(), files);
    keys["what"] = "rank";
    keys["dialect"] = mode_;
    keys["judge"] = identity;
    keys["judge_usage"] = usage;
    return keys;
  }

  ExitCode finish(const CommandContext& context, RunFolder& folder,
                  const captions::RankPlan& plan) const {
    captions::ScoreOptions scoring;
    scoring.mode = options_.calls.mode;
    for (const captions::Candidate& one : plan.candidates) scoring.candidates.push_back(one.name);
    scoring.images = plan.images;
    scoring.calls = static_cast<int64_t>(plan.calls.size());
    scoring.max_failures = options_.max_failures;
    scoring.warnings = plan.warnings;
    scoring.seed = options_.calls.seed;
    const Json metrics = captions::score_ranking(folder.samples(), scoring,
                                                 (folder.path() / "samples.jsonl").string());
    if (folder.run().value("status_counts", Json()) != metrics["counts"]) {
      folder.update_run({{"status_counts", metrics["counts"]}});
    }
    folder.write_metrics(metrics);
    if (report_) reports::write_ranking_report(*context.files, folder.path());
    if (context.json) {
      *context.console.out << dump_json(metrics, 2) << "\n";
    } else {
      *context.console.out << reports::ranking_table_text(metrics);
      if (report_) {
        *context.console.out << "\nreport: " << printable((folder.path() / "report.html").string())
                             << "\n";
      }
    }
    if (captions::scores_withheld(metrics)) {
      throw Error({.what = "the scores are withheld: " + metrics["reason"].get<std::string>(),
                   .where = printable(out_),
                   .cause = first_failure(folder),
                   .fix = "mend the cause and give the same command again (only the failed calls "
                          "are asked), or accept them with --max-failures"});
    }
    return ExitCode::kDone;
  }

  // {"id", "labels", "reply", "asked"} a line, an array of these, or an object with them under
  // "replies".
  ExitCode parse_replies(const CommandContext& context) const {
    static const std::vector<std::string> kAsked = {"order", "ranks", "json_order", "json_ranks"};
    const std::vector<JsonRow> rows = stored_replies();
    Json replies = Json::array(), counts = {{"ok", 0}, {"partial", 0}, {"unparsable", 0}};
    for (const JsonRow& row : rows) {
      ObjectReader reader(row.value, printable(parse_) + ":" + std::to_string(row.line));
      const auto labels = reader.require<std::vector<std::string>>("labels");
      const auto asked = reader.get<std::string>("asked", "order");
      if (std::find(kAsked.begin(), kAsked.end(), asked) == kAsked.end()) {
        throw Error({.what = "'asked' is '" + printable(asked) + "'",
                     .where = reader.where(),
                     .fix = "say order, ranks, json_order or json_ranks"});
      }
      if (std::set<std::string>(labels.begin(), labels.end()).size() != labels.size() ||
          labels.size() < 2 || std::find(labels.begin(), labels.end(), "") != labels.end()) {
        throw Error({.what = "a ranking needs at least two labels, no two of them alike",
                     .where = reader.where()});
      }
      Json read = ranking::reply_json(
          ranking::parse_reply(
              reader.require<std::string>("reply"), labels,
              asked.ends_with("ranks") ? ranking::Asked::kRanks : ranking::Asked::kOrder),
          labels);
      const Json* id = reader.find("id");
      read["id"] = id == nullptr ? Json(row.line) : *id;
      counts[read["status"].get<std::string>()] =
          counts[read["status"].get<std::string>()].get<int64_t>() + 1;
      replies.push_back(std::move(read));
    }
    if (context.json) {
      *context.console.out << dump_json({{"counts", counts}, {"replies", replies}}, 2) << "\n";
      return ExitCode::kDone;
    }
    for (const Json& read : replies) {
      const Json& id = read["id"];
      *context.console.out << printable(id.is_string() ? id.get<std::string>() : dump_json(id))
                           << "  " << read["status"].get<std::string>() << "\n";
    }
    *context.console.out << counts["ok"] << " whole, " << counts["partial"] << " in part, "
                         << counts["unparsable"] << " not at all\n";
    return ExitCode::kDone;
  }

  std::vector<JsonRow> stored_replies() const {
    const std::string text = read_file(parse_), where = printable(parse_);
    Json document;
    try {
      document = parse_json(text, where);
    } catch (const Error&) {
      return parse_json_rows(text, where);  // one a line
    }
    if (!document.is_object() || !document.contains("replies")) return parse_json_rows(text, where);
    std::vector<JsonRow> rows;
    for (const Json& row : document["replies"]) rows.push_back({rows.size() + 1, row});
    return rows;
  }

  JudgeFlags judge_;
  captions::RankOptions options_;
  std::vector<std::string> candidates_;
  std::string out_, mode_ = "batch", template_, parse_;
  bool report_ = true;
};

}  // namespace

std::unique_ptr<Command> rank_command() {
  return std::make_unique<Rank>();
}

}  // namespace vigor
