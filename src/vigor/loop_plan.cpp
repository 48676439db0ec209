#include "vigor/loop_plan.h"

#include <algorithm>
#include <cmath>

#include "vigor/reward_data.h"

namespace vigor {
namespace loop_parts {

// Of generated scenes with "train": LLaVA's conversation JSON.
constexpr char kConversationsFile[] = "llava_conversations.json";

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
  // The lists are written last; the pictures count by their names and sizes.
  std::vector<std::string> outputs = {"scenes/truth.jsonl", "scenes/objects.jsonl",
                                      "scenes/images"};
  if (pictures.scenes->value("train", false))
    outputs.emplace_back(std::string("scenes/") + kConversationsFile);
  const size_t job = plan.add({.kind = "scenes",
                               .title = "scenes " + what + ": " + std::to_string(pictures.count) +
                                        ", seed " + dump_json(pictures.scenes->at("seed")),
                               .command = {"scenes"},
                               .config = *pictures.scenes,
                               .out = "scenes",
                               .outputs = std::move(outputs),
                               .units = count,
                               .unit = "pictures"});
  const std::string folder = plan.result(job, "scenes");
  return {folder + "/images", folder, count};
}

}  // namespace loop_parts

namespace {

using namespace loop_parts;

// Conversations that are trained on beside the captions, as far as the plan knows: how many a file
// holds is known when it is read.
double beside_rows(const LoopBeside& beside) {
  const auto asked = static_cast<double>(beside.count);
  if (!beside.pictures.scenes) return asked;
  const double all = static_cast<double>(beside.pictures.count) *
                     option_number(*beside.pictures.scenes, "conversations", 1);
  return asked > 0 ? std::min(asked, all) : all;
}

// Fewer held-out pictures than this, as they are expected, say nothing; there may be none.
constexpr double kHeldOutPictures = 5;

// Jobs of one seed.
class LoopPlanner {
 public:
  LoopPlanner(const LoopConfig& config, Plan& plan, uint64_t seed)
      : config_(config), plan_(plan), seed_(seed), base_(plan.input(config.model)) {}
  LoopCheckpoint checkpoint(const LoopVariant& variant);
  // Nothing when too little is held out.
  void check(bool holistic, std::vector<LoopCheck>& checks);

 private:
  // What a reward model is taught from.
  struct Judged {
    std::string annotations;  // one of each caption
    std::string people;       // of every annotator; "" when the truth itself judged
    std::string captions;     // what was judged
    std::string truth;        // the scenes' ; "" when it is not known
    double count = 0;         // captions; 0: not known
  };
  struct TaughtModel {
    size_t data = 0, model = 0;
  };
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
  TaughtModel reward_model(bool holistic);
  std::string reward_start();
  Judged judged();
  size_t train_variant(const LoopVariant& variant);
  size_t sft(const std::string& title, const std::string& model, const std::string& data,
             const std::string& images, const Json& train, double rows,
             const std::optional<LoopBeside>& beside = std::nullopt);

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
  // What one seed asks of a detector, the next one finds.
  std::string resource = "detector";
  if (config["detector"] == Json("scenes")) {
    resource.clear();
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
                                .unit = "captions",
                                .resource = resource});
  return plan_.result(job, "rewards.jsonl");
}

// Whose captions are judged, and from whose weights the reward model starts.
std::string LoopPlanner::reward_start() {
  if (!config_.reward_model->from_automatic) return base_;
  const LoopVariant automatic{
      .name = "AT", .rewards = {{RewardStream::kAutomatic, 1}}, .beside = config_.beside};
  return plan_.result(train_variant(automatic), "sft/model");
}

LoopPlanner::Judged LoopPlanner::judged() {
  const RewardModelPart& part = *config_.reward_model;
  Judged out;
  Json config = part.annotate;
  std::string title = "annotate: judgements from a file";
  if (config.contains("file")) {
    config["file"] = plan_.input(config["file"].get<std::string>());
  } else {
    const PlannedPictures shown = plan_pictures(plan_, part.pictures, "to judge");
    const std::string model = reward_start();
    out.captions =
        captions(model, shown, part.sample,
                 part.from_automatic ? "AT, to be judged" : "base, to be judged", out.count);
    config["captions"] = out.captions;
    if (!shown.folder.empty()) config["truth"] = shown.folder + "/truth.jsonl";
    if (config["truth"].is_string()) out.truth = config["truth"];
    config["seed"] = seed_;
    title = named("annotate: captions judged");
  }
  const double annotators = option_number(config, "annotators", 0);
  const bool by_truth = !out.captions.empty() && annotators == 0;
  const size_t job = plan_.add({.kind = "annotate",
                                .title = title,
                                .command = {"train", "annotate"},
                                .config = std::move(config),
                                .out = "annotations.jsonl",
                                .units = out.count,
                                .unit = "captions"});
  out.annotations = plan_.result(job, "annotations.jsonl");
  if (out.captions.empty()) out.captions = out.annotations;
  if (!by_truth) out.people = out.annotations;
  if (annotators <= 1) return out;
  const size_t joined = plan_.add({.kind = "majority",
                                   .title = named("annotate: judgements joined"),
                                   .command = {"train", "annotate"},
                                   .config = {{"file", out.people}, {"majority", true}},
                                   .out = "annotations.jsonl",
                                   .units = out.count,
                                   .unit = "captions"});
  out.annotations = plan_.result(joined, "annotations.jsonl");
  return out;
}

LoopPlanner::TaughtModel LoopPlanner::reward_model(bool holistic) {
  const RewardModelPart& part = *config_.reward_model;
  const std::string which = holistic ? "holistic reward model" : "reward model";
  Json config = part.data;
  config["annotations"] = judged().annotations;
  config["holistic"] = holistic;
  config["seed"] = seed_;
  const size_t data = plan_.add({.kind = "reward-data",
                                 .title = named("reward-data: questions of the " + which),
                                 .command = {"train", "reward-data"},
                                 .config = std::move(config),
                                 .out = "questions.json",
                                 .outputs = {"questions.json", "questions.held-out.json"}});
  const std::string model = reward_start();
  const PlannedPictures shown = plan_pictures(plan_, part.pictures, "to judge");
  return {data, sft("sft: " + which, model, plan_.result(data, "questions.json"), shown.images,
                    part.train, 0)};
}

void LoopPlanner::check(bool holistic, std::vector<LoopCheck>& checks) {
  const RewardModelPart& part = *config_.reward_model;
  const double held_out = option_number(part.data, "held_out", RewardDataOptions{}.held_out);
  const PlannedPictures shown = plan_pictures(plan_, part.pictures, "to judge");
  if (held_out <= 0 || (shown.count > 0 && shown.count * held_out < kHeldOutPictures)) return;
  const TaughtModel taught = reward_model(holistic);
  const std::string away = plan_.result(taught.data, "questions.held-out.json");
  const Judged known = judged();
  const std::string which = holistic ? "holistic reward model" : "reward model";
  Json score = joined_options(model_options(plan_.result(taught.model, "sft/model")), part.score);
  score["reward"] = "model";
  score["captions"] = known.captions;
  score["images"] = shown.images;
  score["held_out"] = away;
  if (holistic) score["holistic"] = true;
  const size_t scored = plan_.add({.kind = "score-model",
                                   .title = named("score: " + which + " on what was held out"),
                                   .command = {"train", "score"},
                                   .config = std::move(score),
                                   .out = "rewards.jsonl",
                                   .units = known.count * held_out,
                                   .unit = "captions"});
  const auto add = [&](const std::string& annotations, const std::string& against,
                       const std::string& words) {
    const size_t job = plan_.add({.kind = "judge-check",
                                  .title = named("judge-check: " + which + " against " + words),
                                  .command = {"train", "judge-check"},
                                  .config = {{"rewards", plan_.result(scored, "rewards.jsonl")},
                                             {"annotations", annotations},
                                             {"held_out", away},
                                             {"by_sentence", holistic}},
                                  .out = "judge-check.json"});
    checks.push_back({holistic ? "holistic" : "fine-grained", against, seed_, job,
                      plan_.result(job, "judge-check.json")});
  };
  if (!known.people.empty()) add(known.people, "people", "people");
  if (known.truth.empty()) return;
  const size_t truth = plan_.add(
      {.kind = "annotate",
       .title = named("annotate: captions judged by the scenes' truth"),
       .command = {"train", "annotate"},
       .config = {{"format", "scenes"}, {"captions", known.captions}, {"truth", known.truth}},
       .out = "annotations.jsonl",
       .units = known.count,
       .unit = "captions"});
  add(plan_.result(truth, "annotations.jsonl"), "truth", "the scenes' truth");
}

std::string LoopPlanner::model_rewards(bool holistic) {
  const RewardModelPart& part = *config_.reward_model;
  const TaughtModel judge = reward_model(holistic);
  Json config = joined_options(model_options(plan_.result(judge.model, "sft/model")), part.score);
  // Creativity and detail are asked where the judgements had them.
  const auto taught = [&](const char* key) {
    const auto found = part.data.find(key);
    return found == part.data.end() || *found != Json(false);
  };
  if (taught("creative") || taught("detail")) {
    config["taught"] = plan_.result(judge.data, "questions.json");
  }
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
                        const std::string& images, const Json& train, double rows,
                        const std::optional<LoopBeside>& beside) {
  Json config = sft_options();
  config["model"] = model;
  config["data"] = data;
  config["images"] = images;
  config["train"] = joined_options(train, {{"seed", seed_}});
  if (beside) {
    const PlannedPictures shown =
        plan_pictures(plan_, beside->pictures, "to ask about in training");
    const std::string file = beside->pictures.scenes ? shown.folder + "/" + kConversationsFile
                                                     : plan_.input(beside->data);
    config["beside"] = {{"data", file}, {"images", shown.images}, {"count", beside->count}};
    rows += beside_rows(*beside);
  }
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
             pictures().images, joined_options(config_.train, variant.train), pictures().count,
             variant.beside);
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
      .checks = {},
      .evaluations = {}};
  for (const LoopVariant& variant : config.variants) {
    for (const uint64_t seed : config.seeds) {
      loop.checkpoints.push_back(LoopPlanner(config, loop.plan, seed).checkpoint(variant));
    }
  }
  if (evaluate && config.reward_model && config.reward_model->check) {
    for (const bool holistic : {false, true}) {
      const RewardStream stream = holistic ? RewardStream::kHolistic : RewardStream::kModel;
      const bool used =
          std::any_of(config.variants.begin(), config.variants.end(),
                      [&](const LoopVariant& one) { return one.rewards.contains(stream); });
      for (const uint64_t seed : config.seeds) {
        if (used) LoopPlanner(config, loop.plan, seed).check(holistic, loop.checks);
      }
    }
  }
  if (evaluate) plan_evaluations(config, loop);
  loop.plan.look();
  return loop;
}

}  // namespace vigor
