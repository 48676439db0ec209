// Benchmarks of every checkpoint, as jobs.
#include "vigor/loop_plan.h"

namespace vigor::loop_parts {
namespace {

const std::vector<std::string> kRunFiles = {"run/metrics.json", "run/samples.jsonl"};
// Its limits of requests and money are those of one command.
const char* const kJudge = "judge";

class EvaluationPlanner {
 public:
  EvaluationPlanner(const LoopConfig& config, LoopPlan& loop) : config_(config), loop_(loop) {
    const LoopBenchmarks& benchmarks = config.benchmarks;
    if (benchmarks.scenes) {
      scenes_ = plan_pictures(loop.plan, *benchmarks.scenes, "to evaluate on");
    }
  }
  void plan();

 private:
  Plan& jobs() { return loop_.plan; }
  std::string who(const LoopCheckpoint& checkpoint) const {
    return checkpoint.job ? checkpoint.variant + ", seed " + std::to_string(checkpoint.seed)
                          : checkpoint.variant;
  }
  // Files of the generated scenes where the options do not name others; what they name is an input.
  Json with_files(const Json& options, const std::map<std::string, Json>& of_scenes);
  Json of_model(const LoopCheckpoint& checkpoint, const Json& options);
  void run(const std::string& benchmark, size_t checkpoint, PlanJob job);
  void refused(const std::string& benchmark, size_t checkpoint, const std::string& reason) {
    loop_.evaluations.push_back({benchmark, checkpoint, std::nullopt, reason, ""});
  }
  void pope(size_t checkpoint);
  void mme(size_t checkpoint);
  void mmhal(size_t checkpoint);
  void captions(size_t checkpoint);
  void ranking(uint64_t seed);

  const LoopConfig& config_;
  LoopPlan& loop_;
  std::optional<PlannedPictures> scenes_;
  std::vector<std::string> captions_;  // by checkpoint
};

Json EvaluationPlanner::with_files(const Json& options,
                                   const std::map<std::string, Json>& of_scenes) {
  Json out = options;
  for (const auto& [key, value] : of_scenes) {
    if (!out.contains(key)) {
      out[key] = value;
      continue;
    }
    if (out[key].is_string()) jobs().input(out[key].get<std::string>());
    if (!out[key].is_array()) continue;
    for (const Json& one : out[key]) {
      if (one.is_string()) jobs().input(one.get<std::string>());
    }
  }
  return out;
}

Json EvaluationPlanner::of_model(const LoopCheckpoint& checkpoint, const Json& options) {
  return joined_options(joined_options(config_.model_options, {{"model", checkpoint.model}}),
                        options);
}

void EvaluationPlanner::run(const std::string& benchmark, size_t checkpoint, PlanJob job) {
  if (job.out.empty()) job.out = "run";
  if (job.outputs.empty()) job.outputs = kRunFiles;
  const std::string out = job.out;
  const size_t index = jobs().add(std::move(job));
  loop_.evaluations.push_back({benchmark, checkpoint, index, "", jobs().result(index, out)});
}

void EvaluationPlanner::pope(size_t c) {
  const LoopCheckpoint& checkpoint = loop_.checkpoints[c];
  std::map<std::string, Json> files = {{"images", ""}, {"questions", ""}};
  if (scenes_) {
    Json questions = Json::array();
    for (const char* split : {"random", "popular", "adversarial"}) {
      questions.push_back(scenes_->folder + "/scenes_pope_" + split + ".json");
    }
    files = {{"images", scenes_->images}, {"questions", std::move(questions)}};
  }
  run("pope", c,
      {.kind = "pope",
       .title = "pope: " + who(checkpoint),
       .command = {"pope"},
       .config = of_model(checkpoint, with_files(*config_.benchmarks.pope, files)),
       .out = "",
       .units = scenes_ ? scenes_->count : 0,
       .unit = "pictures"});
}

void EvaluationPlanner::mme(size_t c) {
  const LoopCheckpoint& checkpoint = loop_.checkpoints[c];
  const Json data = scenes_ ? Json(scenes_->folder + "/mme") : Json("");
  run("mme", c,
      {.kind = "mme",
       .title = "mme: " + who(checkpoint),
       .command = {"mme"},
       .config = of_model(checkpoint, with_files(*config_.benchmarks.mme, {{"data", data}})),
       .out = "",
       .units = scenes_ ? scenes_->count : 0,
       .unit = "pictures"});
}

void EvaluationPlanner::mmhal(size_t c) {
  if (config_.judge.empty()) return refused("mmhal", c, "no judge is given");
  const LoopCheckpoint& checkpoint = loop_.checkpoints[c];
  Json config =
      of_model(checkpoint, with_files(*config_.benchmarks.mmhal, {{"data", ""}, {"images", ""}}));
  config["judge"] = jobs().input(config_.judge);
  config["judge_cache_file"] = (jobs().out() / "vigor.db").string();
  run("mmhal", c,
      {.kind = "mmhal",
       .title = "mmhal: " + who(checkpoint),
       .command = {"mmhal"},
       .config = std::move(config),
       .out = "",
       .resource = kJudge});
}

void EvaluationPlanner::captions(size_t c) {
  const LoopCheckpoint& checkpoint = loop_.checkpoints[c];
  const LoopBenchmarks& benchmarks = config_.benchmarks;
  const Json images = scenes_ ? Json(scenes_->images) : Json("");
  Json config = of_model(checkpoint, with_files(*benchmarks.captions, {{"images", images}}));
  const double limit = option_number(config, "limit", 0);
  const double pictures = scenes_ ? scenes_->count : 0;
  const double count = limit > 0 && limit < pictures ? limit : pictures;
  const size_t job = jobs().add({.kind = "caption",
                                 .title = "captions: " + who(checkpoint),
                                 .command = {"caption"},
                                 .config = std::move(config),
                                 .out = "captions.jsonl",
                                 .units = count,
                                 .unit = "captions"});
  captions_[c] = jobs().result(job, "captions.jsonl");
  if (benchmarks.chair) {
    std::map<std::string, Json> files = {{"objects", ""}};
    if (scenes_) {
      files = {{"objects", scenes_->folder + "/objects.jsonl"},
               {"synonyms", scenes_->folder + "/synonyms.txt"}};
    }
    Json chair = with_files(*benchmarks.chair, files);
    chair["captions"] = captions_[c];
    run("chair", c,
        {.kind = "chair",
         .title = "chair: " + who(checkpoint),
         .command = {"chair"},
         .config = std::move(chair),
         .out = "",
         .units = count,
         .unit = "captions"});
  }
  if (benchmarks.sentences) {
    const Json truth = scenes_ ? Json(scenes_->folder + "/truth.jsonl") : Json("");
    Json sentences = with_files(*benchmarks.sentences, {{"truth", truth}});
    sentences["format"] = "scenes";
    sentences["captions"] = captions_[c];
    run("sentences", c,
        {.kind = "sentences",
         .title = "sentences by the scenes' truth: " + who(checkpoint),
         .command = {"train", "annotate"},
         .config = std::move(sentences),
         .out = "sentences.jsonl",
         .outputs = {"sentences.jsonl"},
         .units = count,
         .unit = "captions"});
  }
}

// All variants of a seed beside each other, as in the paper's Table 1.
void EvaluationPlanner::ranking(uint64_t seed) {
  std::vector<size_t> of_seed;
  for (size_t c = 0; c < loop_.checkpoints.size(); ++c) {
    if (loop_.checkpoints[c].seed == seed) of_seed.push_back(c);
  }
  if (config_.judge.empty() || of_seed.size() < 2) {
    const char* reason = config_.judge.empty() ? "no judge is given" : "one variant alone";
    for (const size_t c : of_seed) refused("ranking", c, reason);
    return;
  }
  const Json images = scenes_ ? Json(scenes_->images) : config_.benchmarks.captions->at("images");
  Json config = with_files(*config_.benchmarks.rank, {{"images", images}});
  Json candidates = Json::array();
  for (const size_t c : of_seed) {
    candidates.push_back(loop_.checkpoints[c].variant + "=" + captions_[c]);
  }
  config["candidates"] = std::move(candidates);
  config["judge"] = jobs().input(config_.judge);
  config["judge_cache_file"] = (jobs().out() / "vigor.db").string();
  const size_t job = jobs().add({.kind = "rank",
                                 .title = "ranking of all variants, seed " + std::to_string(seed),
                                 .command = {"rank"},
                                 .config = std::move(config),
                                 .out = "run",
                                 .outputs = kRunFiles,
                                 .resource = kJudge});
  for (const size_t c : of_seed) {
    loop_.evaluations.push_back(
        {"ranking", c, job, "", jobs().result(job, "run") + "#" + loop_.checkpoints[c].variant});
  }
}

void EvaluationPlanner::plan() {
  const LoopBenchmarks& benchmarks = config_.benchmarks;
  captions_.resize(loop_.checkpoints.size());
  for (size_t c = 0; c < loop_.checkpoints.size(); ++c) {
    if (benchmarks.pope) pope(c);
    if (benchmarks.mme) mme(c);
    if (benchmarks.captions) captions(c);
    if (benchmarks.mmhal) mmhal(c);
  }
  if (!benchmarks.rank) return;
  for (const uint64_t seed : config_.seeds) ranking(seed);
}

}  // namespace

void plan_evaluations(const LoopConfig& config, LoopPlan& loop) {
  EvaluationPlanner(config, loop).plan();
}

}  // namespace vigor::loop_parts
