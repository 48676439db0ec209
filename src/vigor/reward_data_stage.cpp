#include "base/error.h"
#include "vigor/loop_stages.h"
#include "vigor/reward_data.h"
#include "vigor/stage.h"

namespace vigor {
namespace {

RewardQuestions read_questions(ObjectReader reader) {
  RewardQuestions out;
  out.sentence = reader.get<std::string>("sentence", out.sentence);
  out.caption = reader.get<std::string>("caption", out.caption);
  out.creative = reader.get<std::string>("creative", out.creative);
  out.detail = reader.get<std::string>("detail", out.detail);
  reader.reject_unknown();
  return out;
}

// How many questions of each kind have an answer that begins so.
Json count_answers(const std::vector<RewardQuestion>& questions) {
  Json out = Json::object();
  for (const RewardQuestion& one : questions) {
    const std::string first = one.answer.substr(0, one.answer.find_first_of(".:"));
    Json& count = out[one.kind][first];
    count = (count.is_null() ? 0 : count.get<int64_t>()) + 1;
  }
  return out;
}

std::filesystem::path held_out_path(const std::filesystem::path& out) {
  std::filesystem::path name = out.stem();
  name += ".held-out";
  name += out.extension();
  return out.parent_path() / name;
}

}  // namespace

StageResult reward_data_stage(FileSystem& files, const Json& config, const std::string& where) {
  ObjectReader reader(config, where);
  reader.has("comment");
  const std::filesystem::path annotations = reader.require<std::string>("annotations");
  RewardDataOptions options;
  options.holistic = reader.get<bool>("holistic", options.holistic);
  options.creative = reader.get<bool>("creative", options.creative);
  options.detail = reader.get<bool>("detail", options.detail);
  options.held_out = reader.get<double>("held_out", options.held_out);
  options.seed = reader.get<uint64_t>("seed", options.seed);
  if (reader.has("questions")) options.questions = read_questions(reader.child("questions"));
  const std::filesystem::path out = reader.require<std::string>("out");
  reader.reject_unknown();

  const RewardQuestions& questions = options.questions;
  StageKey key{.stage = "reward-data",
               .settings = {{"holistic", options.holistic},
                            {"creative", options.creative},
                            {"detail", options.detail},
                            {"held_out", options.held_out},
                            {"seed", options.seed},
                            {"questions",
                             {{"sentence", questions.sentence},
                              {"caption", questions.caption},
                              {"creative", questions.creative},
                              {"detail", questions.detail}}}},
               .inputs = {{"annotations", annotations}}};
  StageKey held_out_key = key;
  held_out_key.settings["side"] = "held-out";
  const std::filesystem::path held_out = held_out_path(out);
  if (auto summary = up_to_date(key, out); summary && up_to_date(held_out_key, held_out)) {
    return {out, false, std::move(*summary)};
  }
  const RewardData data = reward_data(read_annotations(annotations), options);
  if (data.training.empty()) {
    throw Error({.what = "the annotations give no question to train on",
                 .where = annotations.string(),
                 .cause = "no sentence was judged, or every image is held out"});
  }
  const Json summary = {{"training", count_answers(data.training)},
                        {"held_out", count_answers(data.held_out)},
                        {"held_out_file", held_out.string()},
                        {"unjudged_sentences", data.unjudged}};
  finish_stage(files, held_out_key, held_out,
               dump_json(reward_conversations(data.held_out), 1) + "\n", summary);
  finish_stage(files, key, out, dump_json(reward_conversations(data.training), 1) + "\n", summary);
  return {out, true, summary};
}

}  // namespace vigor
