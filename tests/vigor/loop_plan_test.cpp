#include "vigor/loop_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"

namespace vigor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Json document() {
  return {{"out", "out"},
          {"model", "base"},
          {"pictures", {{"scenes", {{"seed", 1}, {"count", 10}}}}},
          {"sample", {{"samples", 5}, {"temperature", 0.7}}},
          {"automatic", {{"detector", "scenes"}}},
          {"reward_model",
           {{"pictures", {{"scenes", {{"seed", 2}, {"count", 4}}}}},
            {"annotate", {{"annotators", 3}}}}},
          {"train", {{"epochs", 2}}},
          {"variants", {"base", "AT", "RM", "All", "holistic"}},
          {"benchmarks",
           {{"scenes", {{"seed", 3}, {"count", 6}}},
            {"pope", Json::object()},
            {"captions", Json::object()},
            {"chair", Json::object()},
            {"sentences", Json::object()},
            {"rank", Json::object()}}}};
}

// With the kinds of numbers that a file has.
Json as_written(const Json& config) {
  return parse_json(dump_json(config), "loop.json");
}

LoopPlan planned(const Json& config, bool evaluate = true) {
  return plan_loop(parse_loop_config(as_written(config), "loop.json"), evaluate,
                   [](const std::string& path) -> std::optional<std::string> {
                     if (path == "base" || path == "judge.json") return "content of " + path;
                     return std::nullopt;
                   });
}

std::map<std::string, int> kinds(const LoopPlan& loop) {
  std::map<std::string, int> out;
  for (const PlannedJob& one : loop.plan.jobs()) ++out[one.job.kind];
  return out;
}

const PlannedJob& job(const LoopPlan& loop, const std::string& title) {
  const auto found = std::find_if(loop.plan.jobs().begin(), loop.plan.jobs().end(),
                                  [&](const PlannedJob& one) { return one.job.title == title; });
  if (found == loop.plan.jobs().end()) throw std::runtime_error("no job '" + title + "'");
  return *found;
}

TEST(LoopPlan, VariantsShareWhatIsTheSame) {
  const LoopPlan loop = planned(document(), false);
  EXPECT_THAT(kinds(loop),
              ElementsAre(std::pair("annotate", 1), std::pair("majority", 1),
                          std::pair("refine", 4), std::pair("reward-data", 2),
                          std::pair("sample", 2), std::pair("scenes", 2), std::pair("score", 1),
                          std::pair("score-model", 2), std::pair("select", 4), std::pair("sft", 6)))
      << "four variants and two reward models are trained";
  Json seeds = document();
  seeds["seeds"] = {0, 1};
  const auto two = kinds(planned(seeds, false));
  EXPECT_EQ(two.at("sft"), 12);
  EXPECT_EQ(two.at("scenes"), 2) << "the pictures are those of every seed";
}

TEST(LoopPlan, RewardModelsAreCheckedOnWhatTheyWereNotTaught) {
  Json config = document();
  config["reward_model"]["pictures"]["scenes"]["count"] = 60;
  const LoopPlan loop = planned(config);
  ASSERT_EQ(loop.checks.size(), 4u) << "two reward models, by people and by the truth";
  EXPECT_EQ(loop.checks[0].reward, "fine-grained");
  EXPECT_EQ(loop.checks[0].against, "people");
  EXPECT_EQ(loop.checks[3].reward, "holistic");
  EXPECT_EQ(loop.checks[3].against, "truth");
  const PlannedJob& score = job(loop, "score: reward model on what was held out (seed 0)");
  const PlannedJob& data = job(loop, "reward-data: questions of the reward model (seed 0)");
  EXPECT_EQ(score.job.config["held_out"], (data.folder / "questions.held-out.json").string());
  EXPECT_EQ(score.job.config["model"],
            (job(loop, "sft: reward model (seed 0)").folder / "sft/model").string());
  const PlannedJob& people = job(loop, "judge-check: reward model against people (seed 0)");
  EXPECT_EQ(people.job.config["annotations"],
            (job(loop, "annotate: captions judged (seed 0)").folder / "annotations.jsonl").string())
      << "of every annotator, not what they say together";
  EXPECT_EQ(job(loop, "judge-check: holistic reward model against people (seed 0)")
                .job.config["by_sentence"],
            true);
  EXPECT_TRUE(planned(config, false).checks.empty()) << "a loop evaluates nothing";
  config["reward_model"]["check"] = false;
  EXPECT_TRUE(planned(config).checks.empty());
  EXPECT_TRUE(planned(document()).checks.empty()) << "of 4 pictures none may be held out";
  config = document();
  config["reward_model"]["pictures"] = {{"images", "coco"}};
  config["reward_model"]["annotate"] = {{"file", "judged.jsonl"}};
  const LoopPlan from_file = planned(config);
  ASSERT_EQ(from_file.checks.size(), 2u) << "nobody knows the truth";
  const PlannedJob& judged = job(from_file, "annotate: judgements from a file");
  EXPECT_EQ(
      job(from_file, "score: reward model on what was held out (seed 0)").job.config["captions"],
      (judged.folder / "annotations.jsonl").string());
}

TEST(LoopPlan, CreativityAndDetailAreAskedAsTheyWereTaught) {
  Json config = document();
  const LoopPlan loop = planned(config, false);
  EXPECT_EQ(
      job(loop, "score: reward model (seed 0)").job.config["taught"],
      (job(loop, "reward-data: questions of the reward model (seed 0)").folder / "questions.json")
          .string());
  config["reward_model"]["data"] = {{"creative", false}, {"detail", false}};
  EXPECT_FALSE(
      job(planned(config, false), "score: reward model (seed 0)").job.config.contains("taught"));
}

TEST(LoopPlan, WhatSharesALimitOrACacheNeverRunsAtOnce) {
  Json config = document();
  config["automatic"] = {{"detector", "dino"}};
  config["judge"] = "judge.json";
  const LoopPlan loop = planned(config);
  EXPECT_EQ(job(loop, "score: automatic reward (seed 0)").job.resource, "detector");
  EXPECT_EQ(job(loop, "ranking of all variants, seed 0").job.resource, "judge");
  EXPECT_EQ(job(planned(document()), "score: automatic reward (seed 0)").job.resource, "")
      << "the scenes' truth costs nothing";
}

TEST(LoopPlan, TheRewardModelIsThatOfSection43) {
  const LoopPlan loop = planned(document(), false);
  const PlannedJob& at = job(loop, "sft: AT (seed 0)");
  const PlannedJob& judged = job(loop, "sample: captions by AT, to be judged (seed 0)");
  const PlannedJob& rm = job(loop, "sft: reward model (seed 0)");
  const std::string model = (at.folder / "sft/model").string();
  EXPECT_EQ(judged.job.config["model"], model) << "judged are captions by the automatic variant";
  EXPECT_EQ(rm.job.config["model"], model) << "and from its weights the reward model starts";
  const PlannedJob& score = job(loop, "score: reward model (seed 0)");
  EXPECT_EQ(score.job.config["model"], (rm.folder / "sft/model").string());
  EXPECT_EQ(score.job.config["captions"],
            (job(loop, "sample: captions by base (seed 0)").folder / "captions.jsonl").string());
  EXPECT_EQ(job(loop, "sft: All (seed 0)").job.config["model"], "base");
  EXPECT_TRUE(job(loop, "refine: nothing removed, RM (seed 0)").job.config["nouns"].is_null());
  EXPECT_EQ(job(loop, "score: automatic reward (seed 0)").job.config["detector"],
            "scenes:" + (loop.plan.jobs()[0].folder / "scenes/truth.jsonl").string());
}

TEST(LoopPlan, SeedsReachWhatIsDrawn) {
  Json config = document();
  config["seeds"] = {7};
  const LoopPlan loop = planned(config);
  EXPECT_EQ(job(loop, "sample: captions by base (seed 7)").job.config["seed"], 7);
  EXPECT_EQ(job(loop, "sft: AT (seed 7)").job.config["train"]["seed"], 7);
  EXPECT_EQ(job(loop, "annotate: captions judged (seed 7)").job.config["seed"], 7);
}

TEST(LoopPlan, AVariantsSettingsAreLaidOverTheCommonOnes) {
  Json config = document();
  config["variants"] = {"base",
                        {{"name", "fair"},
                         {"rewards", {{"automatic", 0.5}}},
                         {"select", {{"per_sentence", true}}},
                         {"refine", false},
                         {"train", {{"epochs", 3}}}}};
  const LoopPlan loop = planned(config, false);
  const Json& select = job(loop, "select: fair (seed 0)").job.config;
  EXPECT_EQ(select["per_sentence"], true);
  EXPECT_EQ(select["weights"]["automatic"], 0.5);
  EXPECT_EQ(job(loop, "sft: fair (seed 0)").job.config["train"]["epochs"], 3);
  EXPECT_EQ(kinds(loop).count("score-model"), 0u) << "no reward model is needed";
}

TEST(LoopPlan, QuestionsBesideTheCaptionsReachTheVariantsAndNoRewardModel) {
  Json config = document();
  config["beside"] = {{"scenes", {{"seed", 9}, {"count", 20}, {"caption_share", 0}}}, {"count", 5}};
  config["variants"] = {
      "base", "All", {{"name", "alone"}, {"rewards", {{"model", 1}}}, {"beside", false}}};
  LoopPlan loop = planned(config, false);
  const PlannedJob& made = job(loop, "scenes to ask about in training: 20, seed 9");
  EXPECT_EQ(made.job.config["train"], true) << "scenes without it have no conversations";
  EXPECT_THAT(made.job.outputs, testing::Contains("scenes/llava_conversations.json"));
  const PlannedJob& trained = job(loop, "sft: All (seed 0)");
  const Json& beside = trained.job.config["beside"];
  EXPECT_EQ(beside["data"], (made.folder / "scenes/llava_conversations.json").string());
  EXPECT_EQ(beside["images"], (made.folder / "scenes/images").string());
  EXPECT_EQ(beside["count"], 5);
  EXPECT_EQ(trained.job.units, (10 + 5) * 2) << "pictures and questions, two epochs";
  EXPECT_FALSE(job(loop, "sft: alone (seed 0)").job.config.contains("beside"));
  config["beside"]["count"] = 500;
  EXPECT_EQ(job(planned(config, false), "sft: All (seed 0)").job.units, (10 + 20) * 2)
      << "no more than there are";
  EXPECT_FALSE(job(loop, "sft: reward model (seed 0)").job.config.contains("beside"));

  config["variants"][2]["beside"] = {{"data", "base"}, {"images", "pictures"}};
  loop = planned(config, false);
  EXPECT_EQ(job(loop, "sft: alone (seed 0)").job.config["beside"]["data"], "base");
  EXPECT_EQ(job(loop, "sft: alone (seed 0)").job.config["beside"]["images"], "pictures");
}

TEST(LoopPlan, EveryCheckpointIsEvaluatedAndTheBaseOnce) {
  Json config = document();
  config["seeds"] = {0, 1, 2};
  LoopPlan loop = planned(config);
  EXPECT_EQ(kinds(loop).at("pope"), 1 + 4 * 3);
  EXPECT_EQ(kinds(loop).at("chair"), 1 + 4 * 3);
  EXPECT_EQ(kinds(loop).count("rank"), 0u);
  const auto ranking = std::find_if(loop.evaluations.begin(), loop.evaluations.end(),
                                    [](const auto& one) { return one.benchmark == "ranking"; });
  ASSERT_NE(ranking, loop.evaluations.end());
  EXPECT_EQ(ranking->reason, "no judge is given");
  EXPECT_FALSE(ranking->job);
  config["judge"] = "judge.json";
  loop = planned(config);
  EXPECT_EQ(kinds(loop).at("rank"), 3);
  const PlannedJob& rank = job(loop, "ranking of all variants, seed 1");
  EXPECT_EQ(rank.job.config["candidates"].size(), 5u);
  EXPECT_TRUE(
      rank.job.config["candidates"][1].get<std::string>().starts_with("AT=out/work/caption-"));
  EXPECT_EQ(rank.needs.size(), 6u) << "five files of captions and the pictures";
}

TEST(LoopPlan, MissingFilesAreNamedOnTheJobsThatReadThem) {
  Json config = document();
  config["model"] = "nowhere";
  const LoopPlan loop = planned(config);
  for (const PlannedJob& one : loop.plan.jobs()) {
    EXPECT_EQ(one.missing, one.job.config.value("model", "") == "nowhere" ? "nowhere" : "")
        << one.job.title;
  }
}

TEST(LoopConfigTest, MistakesAreNamed) {
  struct Mistake {
    const char* pointer;
    Json value;
    const char* message;
  };
  const Mistake mistakes[] = {
      {"/modell", 1, "unknown key 'modell'"},
      {"/seeds", Json::array(), "'seeds'"},
      {"/seeds", {1, 1}, "'seeds'"},
      {"/sample/seed", 3, "'seed' is decided by the plan"},
      {"/sample", 3, "'sample' must be an object"},
      {"/pictures", {{"folder", "x"}}, "'images'"},
      {"/pictures/scenes/count", 0, "'count'"},
      {"/pictures/scenes", {{"seed", 1}}, "'count'"},
      {"/variants", Json::array(), "'variants'"},
      {"/variants/0", "bass", "did you mean base?"},
      {"/variants/1", "base", "a second variant is named base"},
      {"/variants/1", {{"name", "a/b"}}, "'name' is 'a/b'"},
      {"/variants/1", {{"name", "x"}, {"train", {{"epochs", 1}}}}, "has no rewards"},
      {"/variants/1", {{"name", "x"}, {"rewards", {{"human", 1}}}}, "'human' is no stream"},
      {"/variants/1", {{"name", "x"}, {"rewards", {{"model", -1}}}}, "a weight is below 0"},
      {"/variants/1",
       {{"name", "x"}, {"rewards", {{"model", 1}}}, {"refine", true}},
       "refined without the automatic stream"},
      {"/variants/1", {{"name", "x"}, {"beside", false}}, "has no rewards"},
      {"/variants/1",
       {{"name", "x"}, {"rewards", {{"model", 1}}}, {"beside", true}},
       "variant 2: beside"},
      {"/beside", {{"data", "a.json"}}, "'data' with 'images'"},
      {"/beside", {{"data", ""}, {"images", "b"}}, "'data' with 'images'"},
      {"/beside", Json::object(), "'data' with 'images', or 'scenes'"},
      {"/beside", true, "'beside' is no object"},
      {"/beside",
       {{"scenes", {{"seed", 1}, {"count", 1}}}, {"data", "a"}},
       "not one source of conversations"},
      {"/beside", {{"scenes", {{"seed", 1}}}}, "'count'"},
      {"/beside",
       {{"scenes", {{"seed", 1}, {"count", 1}}}, {"count", -1}},
       "'count' is not between"},
      {"/beside",
       {{"scenes", {{"seed", 1}, {"count", 1}, {"train", true}}}},
       "decided by the plan"},
      {"/reward_model/start", "AT", "'start' is 'AT'"},
      {"/reward_model/annotate", {{"format", "faithscore"}}, "neither 'file'"},
      {"/automatic", Json::object(), "needs a detector"},
      {"/benchmarks/mmhal", Json::object(), "missing key 'data'"},
      {"/benchmarks/popee", Json::object(), "did you mean 'pope'?"},
  };
  for (const Mistake& mistake : mistakes) {
    Json config = document();
    config[Json::json_pointer(mistake.pointer)] = mistake.value;
    try {
      parse_loop_config(as_written(config), "loop.json");
      ADD_FAILURE() << mistake.pointer << " " << mistake.value.dump();
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(mistake.message));
      EXPECT_EQ(error.parts().exit_code, ExitCode::kUsage);
    }
  }
  Json config = document();
  config.erase("reward_model");
  EXPECT_THROW(parse_loop_config(as_written(config), "loop.json"), Error);
  config = document();
  config["benchmarks"].erase("captions");
  EXPECT_THROW(parse_loop_config(as_written(config), "loop.json"), Error);
  config = document();
  config.erase("out");
  EXPECT_THROW(planned(config), Error);
}

}  // namespace
}  // namespace vigor
