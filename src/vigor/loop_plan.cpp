#include "vigor/loop_plan.h"

#include <cmath>

namespace vigor {
namespace loop_parts {

Json joined_options(const Json& base, const Json& over) {
  Json out = base;
  for (const auto& [name, value] : over.items()) out[name] = value;
  return out;
}

double option_number(const Json& options, const std::string& key, double fallback) {
  const auto found = options.find(key);
  return found != options.end() && found->is_number() ? found->get<double>() : fallback;
}

PlannedPictures plan_pictures(Plan& plan, const LoopPictures& pictures, const std::string& what) {
  if (!pictures.scenes) {
    return {plan.input(pictures.images), "", static_cast<double>(pictures.count)};
  }
  const auto count = static_cast<double>(pictures.count);
  const size_t job =
      plan.add({.kind = "scenes",
                .title = "scenes " + what + ": " + std::to_string(pictures.count) + ", seed " +
                         dump_json(pictures.scenes->at("seed")),
                .command = {"scenes"},
                .config = *pictures.scenes,
                .out = "scenes",
                // The lists are written last; the pictures count by their names and sizes.
                .outputs = {"scenes/truth.jsonl", "scenes/objects.jsonl", "scenes/images"},
                .units = count,
                .unit = "pictures"});
  const std::string folder = plan.result(job, "scenes");
  return {folder + "/images", folder, count};
}

}  // namespace loop_parts

namespace {

using namespace loop_parts;

// Jobs of one seed.
class LoopPlanner {
 public:
  LoopPlanner(const LoopConfig& config, Plan& plan, uint64_t seed)
      : config_(config), plan_(plan), seed_(seed), base_(plan.input(config.model)) {}
  LoopCheckpoint checkpoint(const LoopVariant& variant);

 private:
  std::string named(const std::string& what) const {
    return what + " (seed " + std::to_string(seed_) + ")";
  }
  Json model_options(const std::string& model) const {
    return joined_options(config_.model_options, {{"model", model}});
  }
  // Options of a model that a training takes.
  Json sft_options() const {
    Json out = config_.sft;
    for (const char* key : {"conversation", "system_prompt", "vision_tower"}) {
      if (config_.model_options.contains(key)) out[key] = config_.model_options[key];
    }
    return out;
  }
  const PlannedPictures& pictures();
  std::string captions(const std::string& model, const PlannedPictures& pictures,
                       const Json& options, const std::string& who, double& count);
  const std::string& samples();
  std::string automatic_rewards();
  std::string model_rewards(bool holistic);
  std::string rewards(RewardStream stream);
  size_t reward_model(bool holistic);
  std::string reward_start();
  std::string annotations();
  size_t train_variant(const LoopVariant& variant);
  size_t sft(const std::string& title, const std::string& model, const std::string& data,
             const std::string& images, const Json& train, double rows);

  const LoopConfig& config_;
  Plan& plan_;
  const uint64_t seed_;
  const std::string base_;
  std::optional<PlannedPictures> pictures_;
  std::string samples_;
  double sampled_ = 0;  // captions
};

const PlannedPictures& LoopPlanner::pictures() {
  if (!pictures_) pictures_ = plan_pictures(plan_, config_.pictures, "to learn from");
  return *pictures_;
}

std::string LoopPlanner::captions(const std::string& model, const PlannedPictures& pictures,
                                  const Json& options, const std::string& who, double& count) {
  const double samples = option_number(options, "samples", 1);
  const double limit = option_number(options, "limit", 0);
  count = (limit > 0 ? std::min(limit, pictures.count) : pictures.count) * samples;
  Json config = joined_options(model_options(model), options);
  config["images"] = pictures.images;
  config["seed"] = seed_;
  const size_t job = plan_.add({.kind = "sample",
                                .title = named("sample: captions by " + who),
                                .command = {"caption"},
                                .config = std::move(config),
                                .out = "captions.jsonl",
                                .units = count,
                                .unit = "captions"});
  return plan_.result(job, "captions.jsonl");
}

const std::string& LoopPlanner::samples() {
  if (samples_.empty()) samples_ = captions(base_, pictures(), config_.sample, "base", sampled_);
  return samples_;
}

std::string LoopPlanner::automatic_rewards() {
  Json config = config_.automatic;
  config["reward"] = "automatic";
  config["captions"] = samples();
  config["images"] = pictures().images;
  if (config["detector"] == Json("scenes")) {
    config["detector"] = "scenes:" + pictures().folder + "/truth.jsonl";
    // A detector errs alike whatever the seed; the rate is its own, not the training's.
  } else {
    // Scores of a picture's nouns are kept for all seeds.
    config["detections_cache"] = (plan_.out() / "detections.db").string();
  }
  const size_t job = plan_.add({.kind = "score",
                                .title = named("score: automatic reward"),
                                .command = {"train", "score"},
                                .config = std::move(config),
                                .out = "rewards.jsonl",
                                .units = sampled_,
                                .unit = "captions"});
  return plan_.result(job, "rewards.jsonl");
}

// Whose captions are judged, and from whose weights the reward model starts.
std::string LoopPlanner::reward_start() {
  if (!config_.reward_model->from_automatic) return base_;
  const LoopVariant automatic{.name = "AT", .rewards = {{RewardStream::kAutomatic, 1}}};
  return plan_.result(train_variant(automatic), "sft/model");
}

std::string LoopPlanner::annotations() {
  const RewardModelPart& part = *config_.reward_model;
  Json config = part.annotate;
  std::string title = "annotate: judgements from a file";
  double count = 0;
  if (config.contains("file")) {
    config["file"] = plan_.input(config["file"].get<std::string>());
  } else {
    const PlannedPictures shown = plan_pictures(plan_, part.pictures, "to judge");
    const std::string model = reward_start();
    config["captions"] =
        captions(model, shown, part.sample,
                 part.from_automatic ? "AT, to be judged" : "base, to be judged", count);
    if (!shown.folder.empty()) config["truth"] = shown.folder + "/truth.jsonl";
    config["seed"] = seed_;
    title = named("annotate: captions judged");
  }
  const bool several = option_number(config, "annotators", 0) > 1;
  const size_t job = plan_.add({.kind = "annotate",
                                .title = title,
                                .command = {"train", "annotate"},
                                .config = std::move(config),
                                .out = "annotations.jsonl",
                                .units = count,
                                .unit = "captions"});
  const std::string judged = plan_.result(job, "annotations.jsonl");
  if (!several) return judged;
  const size_t joined = plan_.add({.kind = "majority",
                                   .title = named("annotate: judgements joined"),
                                   .command = {"train", "annotate"},
                                   .config = {{"file", judged}, {"majority", true}},
                                   .out = "annotations.jsonl",
                                   .units = count,
                                   .unit = "captions"});
  return plan_.result(joined, "annotations.jsonl");
}

size_t LoopPlanner::reward_model(bool holistic) {
  const RewardModelPart& part = *config_.reward_model;
  const std::string judged = annotations();
  const std::string which = holistic ? "holistic reward model" : "reward model";
  Json config = part.data;
  config["annotations"] = judged;
  config["holistic"] = holistic;
  config["seed"] = seed_;
  const size_t data = plan_.add({.kind = "reward-data",
                                 .title = named("reward-data: questions of the " + which),
                                 .command = {"train", "reward-data"},
                                 .config = std::move(config),
                                 .out = "questions.json"});
  const std::string model = reward_start();
  const PlannedPictures shown = plan_pictures(plan_, part.pictures, "to judge");
  return sft("sft: " + which, model, plan_.result(data, "questions.json"), shown.images, part.train,
             0);
}

std::string LoopPlanner::model_rewards(bool holistic) {
  const size_t judge = reward_model(holistic);
  Json config =
      joined_options(model_options(plan_.result(judge, "sft/model")), config_.reward_model->score);
  config["reward"] = "model";
  config["captions"] = samples();
  config["images"] = pictures().images;
  if (holistic) config["holistic"] = true;
  const size_t job =
      plan_.add({.kind = "score-model",
                 .title = named(holistic ? "score: holistic reward model" : "score: reward model"),
                 .command = {"train", "score"},
                 .config = std::move(config),
                 .out = "rewards.jsonl",
                 .units = sampled_,
                 .unit = "captions"});
  return plan_.result(job, "rewards.jsonl");
}

std::string LoopPlanner::rewards(RewardStream stream) {
  if (stream == RewardStream::kAutomatic) return automatic_rewards();
  return model_rewards(stream == RewardStream::kHolistic);
}

size_t LoopPlanner::sft(const std::string& title, const std::string& model, const std::string& data,
                        const std::string& images, const Json& train, double rows) {
  Json config = sft_options();
  config["model"] = model;
  config["data"] = data;
  config["images"] = images;
  config["train"] = joined_options(train, {{"seed", seed_}});
  const double steps = option_number(train, "max_steps", 0);
  const double units = steps > 0 ? steps * option_number(train, "batch_size", 32)
                                 : rows * option_number(train, "epochs", 1);
  return plan_.add({.kind = "sft",
                    .title = named(title),
                    .command = {"train", "sft"},
                    .config = std::move(config),
                    .out = "sft",
                    .outputs = {"sft/model"},
                    // Of a 7B model 84 GB.
                    .scratch = {"sft/state"},
                    .units = units,
                    .unit = "conversations"});
}

size_t LoopPlanner::train_variant(const LoopVariant& variant) {
  Json select = joined_options(config_.select, variant.select);
  std::string nouns;
  for (const auto& [stream, weight] : variant.rewards) {
    const std::string file = rewards(stream);
    if (stream == RewardStream::kAutomatic) nouns = file;
    select["rewards"][name_of(stream)] = file;
    select["weights"][name_of(stream)] = weight;
  }
  const size_t selected = plan_.add({.kind = "select",
                                     .title = named("select: " + variant.name),
                                     .command = {"train", "select"},
                                     .config = std::move(select),
                                     .out = "selected.jsonl",
                                     .units = sampled_,
                                     .unit = "captions"});
  Json refine = joined_options(config_.refine, variant.refine_options);
  refine["selected"] = plan_.result(selected, "selected.jsonl");
  refine["captions"] = samples();
  if (variant.refine) {
    refine["nouns"] = nouns;
  } else {
    refine["nouns"] = nullptr;
  }
  const size_t refined = plan_.add(
      {.kind = "refine",
       .title = named((variant.refine ? "refine: " : "refine: nothing removed, ") + variant.name),
       .command = {"train", "refine"},
       .config = std::move(refine),
       .out = "conversations.json",
       .units = pictures().count,
       .unit = "pictures"});
  return sft("sft: " + variant.name, base_, plan_.result(refined, "conversations.json"),
             pictures().images, joined_options(config_.train, variant.train), pictures().count);
}

LoopCheckpoint LoopPlanner::checkpoint(const LoopVariant& variant) {
  if (variant.base()) return {variant.name, seed_, base_, std::nullopt};
  const size_t job = train_variant(variant);
  return {variant.name, seed_, plan_.result(job, "sft/model"), job};
}

}  // namespace

LoopPlan plan_loop(const LoopConfig& config, bool evaluate, ContentHash content) {
  if (config.out.empty()) {
    throw Error({.what = "missing --out: the folder of all results",
                 .fix = "give --out, or the key 'out'",
                 .exit_code = ExitCode::kUsage});
  }
  LoopPlan loop{
      .plan = Plan(std::filesystem::path(config.out).lexically_normal(), std::move(content)),
      .checkpoints = {},
      .evaluations = {}};
  for (const LoopVariant& variant : config.variants) {
    for (const uint64_t seed : config.seeds) {
      loop.checkpoints.push_back(LoopPlanner(config, loop.plan, seed).checkpoint(variant));
    }
  }
  if (evaluate) plan_evaluations(config, loop);
  loop.plan.look();
  return loop;
}

}  // namespace vigor
