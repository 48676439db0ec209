// The document of `train loop` and `sweep`: what is trained in which variants, with which seeds,
// and what every checkpoint is evaluated with (docs/sweep.md).
//
// Options of commands stand here as objects whose keys are those of the command's own --config;
// what the plan decides itself (model, pictures, seeds, results) is refused in them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace vigor {

// Pictures: generated ones, or a folder.
struct LoopPictures {
  std::optional<Json> scenes;  // options of `scenes`: {"seed", "count", ...}
  std::string images;          // else a folder
  int64_t count = 0;           // how many there are, for estimates; 0: not known
};

// What variants are trained on beside their captions (`train sft`'s key `beside`).
struct LoopBeside {
  LoopPictures pictures;  // generated ones are made with conversations ("train": true)
  std::string data;       // LLaVA conversation JSON; "" for generated ones
  int64_t count = 0;      // conversations that are drawn at most, by the seed; 0: all
};

// Streams that a variant can select by.
enum class RewardStream { kAutomatic, kModel, kHolistic };
// "automatic", "model", "holistic".
const char* name_of(RewardStream stream);

// A way to make a checkpoint from the base; without rewards it is the base itself.
struct LoopVariant {
  std::string name;                        // letters, digits, '-' and '_'
  std::map<RewardStream, double> rewards;  // weights, at least 0
  Json select = Json::object();            // over LoopConfig::select
  bool refine = true;                      // section 3.4; needs the automatic stream
  Json refine_options = Json::object();    // over LoopConfig::refine
  Json train = Json::object();             // over LoopConfig::train
  std::optional<LoopBeside> beside{};      // its own, or LoopConfig::beside
  bool base() const { return rewards.empty(); }
};

// Section 4.3: people judge captions of other pictures, by a model that was trained with the
// automatic reward, and from its weights the reward model starts.
struct RewardModelPart {
  bool from_automatic = true;  // "start": "automatic", or "base"
  LoopPictures pictures;
  Json sample = Json::object();    // options of `caption`; default LoopConfig::sample
  Json annotate = Json::object();  // options of `train annotate`
  Json data = Json::object();      // options of `train reward-data`
  Json train = Json::object();     // the object `train` of `train sft`
  Json score = Json::object();     // options of `train score --reward model`
  // A sweep says how right the reward models are about the sentences that were held out.
  bool check = true;
};

// What a benchmark is given; absent in the document: not asked.
struct LoopBenchmarks {
  std::optional<LoopPictures> scenes;          // files of all benchmarks come from these
  std::optional<Json> pope, mme, mmhal;        // options of the command
  std::optional<Json> captions;                // options of `caption`
  std::optional<Json> chair, sentences, rank;  // of the captions; `sentences` is {"truth"}
};

struct LoopConfig {
  std::string title;
  std::string out;    // folder of all results
  std::string model;  // checkpoint folder that everything starts from
  // Options of every command that opens a model: {"dtype", "conversation", ...}.
  Json model_options = Json::object();
  std::vector<uint64_t> seeds = {0};
  LoopPictures pictures;
  Json sample = Json::object();     // options of `caption`
  Json automatic = Json::object();  // options of `train score`; detector "scenes": their truth
  std::optional<RewardModelPart> reward_model;
  Json select = Json::object();      // options of `train select`
  Json refine = Json::object();      // options of `train refine`
  Json train = Json::object();       // the object `train` of `train sft`
  Json sft = Json::object();         // further keys of `train sft`
  std::optional<LoopBeside> beside;  // of all variants; never of reward models
  std::vector<LoopVariant> variants;
  LoopBenchmarks benchmarks;
  std::string judge;  // file or address; "" is none
};

// `where` names the document in messages. Throws Error (usage) naming the key: unknown ones,
// missing ones, streams without what makes them, names that stand twice.
LoopConfig parse_loop_config(const Json& document, const std::string& where);

}  // namespace vigor
