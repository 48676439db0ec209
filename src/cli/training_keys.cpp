#include "cli/training_keys.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace vigor {
namespace {

using enum KeyType;

constexpr const char* kRequired = "required";
const TrainingKey kComment = {"comment", kText, "nothing", "words for people; not read"};
const TrainingKey kOut = {"out", kText, kRequired, "folder of the result; --out wins over it"};
const TrainingKey kConversation = {"conversation", kText, "\"vicuna_v1\"",
                                   "conversation template, as `--conversation` of `pope`"};
using Keys = std::vector<TrainingKey>;

void append(Keys& keys, const Keys& more) {
  keys.insert(keys.end(), more.begin(), more.end());
}

// Of an object of generated scenes.
Keys scene_keys(const std::string& object) {
  return {
      {object + ".seed", kWhole, "0", "seed of the scenes, as `vigor-eval scenes --seed`"},
      {object + ".first", kWhole, "0", "index of the first scene"},
      {object + ".count", kWhole, "1000", "number of scenes, at least 1"},
      {object + ".mirror", kBoolean, "true", "also show every scene mirrored: twice the pictures"}};
}

// What differs between the training loops' defaults.
struct LoopDefaults {
  const char* learning_rate;
  const char* warmup_ratio;
  const char* weight_decay;
  const char* batch_size;
  const char* epochs;
  const char* max_grad_norm = "1.0";
};

Keys loop_keys(const LoopDefaults& defaults) {
  return {
      {"train", kObject, kRequired, "how to step; may be empty"},
      {"train.comment", kText, kComment.fallback, kComment.meaning},
      {"train.learning_rate", kNumber, defaults.learning_rate,
       "highest learning rate, reached at the end of the warm-up; above 0"},
      {"train.schedule", kText, "\"cosine\"",
       "after the warm-up: `cosine` to 0, `linear` to 0, or `constant`"},
      {"train.warmup_ratio", kNumber, defaults.warmup_ratio,
       "share of the steps that warm up linearly from 0, rounded up; 0 to 1"},
      {"train.weight_decay", kNumber, defaults.weight_decay,
       "decoupled weight decay, not of norms and biases; at least 0"},
      {"train.adam_beta1", kNumber, "0.9", "AdamW; at least 0 and below 1"},
      {"train.adam_beta2", kNumber, "0.999", "AdamW; at least 0 and below 1"},
      {"train.adam_epsilon", kNumber, "1e-8", "AdamW; above 0"},
      {"train.max_grad_norm", kNumber, defaults.max_grad_norm,
       "gradients are scaled down to this global norm; 0 is off"},
      {"train.batch_size", kWhole, defaults.batch_size, "samples of one step of the optimiser"},
      {"train.micro_batch", kWhole, "0",
       "samples of one forward and backward, at most batch_size; 0: the whole batch"},
      {"train.epochs", kWhole, defaults.epochs,
       "times that every sample is seen, unless max_steps is above 0"},
      {"train.max_steps", kWhole, "0",
       "ends after so many steps, the schedule with it, whatever epochs says; 0: as epochs says"},
      {"train.shuffle", kBoolean, "true", "a new order every epoch, a function of seed and epoch"},
      {"train.seed", kWhole, "0", "of the order and of adapters"},
      {"train.checkpoint_every", kWhole, "500",
       "steps between checkpoints; 0: only at the end and when interrupted"},
      {"train.keep_checkpoints", kWhole, "2", "newest checkpoints that are kept"},
      {"train.dtype", kText, "\"fp32\"",
       "`fp32`, or `bf16`: forward and backward in bf16 on fp32 master weights"},
  };
}

Keys tokenizer_keys() {
  return {
      kComment,
      {"data", kText, kRequired, "LLaVA conversation JSON whose texts are learned from"},
      kOut,
      {"vocab_size", kWhole, "512", "pieces, the three special ones and 256 bytes among them"},
      kConversation,
  };
}

Keys vision_keys() {
  Keys keys = {
      kComment,
      {"geometry", kText, kRequired, "`config.json` of the LLaVA that the tower is for"},
      kOut,
      {"seed", kWhole, "0", "of the random weights that training starts from"},
      {"scenes", kObject, kRequired, "generated scenes to train on"},
  };
  append(keys, scene_keys("scenes"));
  append(keys, {{"held_out", kObject, kRequired,
                 "generated scenes to score on; another seed than `scenes`"}});
  append(keys, scene_keys("held_out"));
  append(keys, loop_keys({"0.001", "0.05", "0.05", "64", "10"}));
  append(keys, {{"train.kind_weight", kNumber, "1.0",
                 "weight of the loss of what a patch shows; at least 0"},
                {"train.colour_weight", kNumber, "1.0", "of a patch's colour; at least 0"},
                {"train.presence_weight", kNumber, "1.0",
                 "of what is in the picture at all; at least 0"}});
  return keys;
}

Keys sft_keys() {
  Keys keys = {
      kComment,
      {"model", kText, kRequired, "checkpoint folder to start from, or `random:GEOMETRY.json`"},
      {"data", kText, kRequired, "LLaVA conversation JSON"},
      {"images", kText, kRequired, "folder that the data's pictures are named from"},
      {"beside", kObject, "nothing",
       "further conversations that are trained on as well (shuffled among those of `data` unless "
       "`train.shuffle` is false), so that what the model was taught before is not forgotten"},
      {"beside.comment", kText, kComment.fallback, kComment.meaning},
      {"beside.data", kText, kRequired, "their LLaVA conversation JSON"},
      {"beside.images", kText, kRequired,
       "folder that their pictures are named from; may be that of `data`"},
      {"beside.count", kWhole, "0", "how many are drawn at most, by `train.seed`; 0: all"},
      kOut,
      kConversation,
      {"system_prompt", kText, "the template's", "replaces the template's system prompt"},
      {"vision_tower", kText, "beside the checkpoint",
       "tower of a checkpoint in the original layout"},
      {"vision_weights", kText, "the model's", "`vision.safetensors` of `train vision`"},
      {"tokenizer", kText, "the model's", "folder of `tokenizer.model`; a random model needs it"},
      {"align_words", kObject, "not done",
       "random models: words start where the patches of these scenes lie that show what they "
       "name"},
  };
  append(keys, scene_keys("align_words"));
  append(keys, {{"device", kText, "\"cpu\"", "`cpu`, `cuda` or `cuda:N`"},
                {"seed", kWhole, "0", "of a random model's weights"}});
  append(keys, loop_keys({"2e-5", "0.03", "0.0", "32", "1"}));
  append(keys,
         {{"train.loss_normalisation", kText, "\"tokens\"",
           "`tokens`: over all target tokens of a batch; `mean_of_means`: the mean of the "
           "micro-batches' means"},
          {"train.gradient_checkpointing", kBoolean, "false",
           "recompute activations in the backward pass: less memory, a third more arithmetic"},
          {"train.group_by_image", kBoolean, "false",
           "samples about one picture are drawn together, at most 32, and what they begin with "
           "alike is computed once; batch_size and micro_batch then count pictures"},
          {"train.max_length", kWhole, "2048",
           "longest sequence in tokens with the image's; longer ones lose their end, and are "
           "counted"},
          {"train.trainable", kTexts, "[]",
           "names of the trained parameters, `*` matches anything; empty: projector and language "
           "model, with LoRA the projector alone"},
          {"train.save_dtype", kText, "\"fp32\"", "of the saved weights: `fp32`, `bf16` or `fp16`"},
          {"train.lora", kObject, "off", "low-rank adapters, merged into the weights when saved"},
          {"train.lora.rank", kWhole, "0", "rank of the adapters, at most 65536; 0 is off"},
          {"train.lora.alpha", kNumber, "16.0", "the update is scaled by alpha / rank; above 0"},
          {"train.lora.targets", kTexts,
           "[\"q_proj\", \"k_proj\", \"v_proj\", \"o_proj\", \"gate_proj\", \"up_proj\", "
           "\"down_proj\"]",
           "linear layers that get an adapter, by the last part of their name"}});
  return keys;
}

Keys detector_keys() {
  Keys keys = {
      kComment,
      {"model", kText, kRequired,
       "checkpoint folder of a Grounding DINO to start from, or `random:GEOMETRY.json`"},
      kOut,
      {"side", kWhole, "0",
       "shortest side of the picture that the network sees, in pixels; 0: the checkpoint's, which "
       "random models have not"},
      {"device", kText, "\"cpu\"", "`cpu`, `cuda` or `cuda:N`"},
      {"seed", kWhole, "0", "of a random model's weights and of what prompts ask"},
      {"absent_nouns", kWhole, "16",
       "most kinds of a prompt that are not in the picture; drawn evenly from 0"},
      {"left_out", kNumber, "0.1",
       "chance that a kind that is in the picture is left out of the prompt; 0 to 1"},
      {"plural", kNumber, "0.15", "chance that a kind is named in the plural; 0 to 1"},
      {"scenes", kObject, kRequired, "generated scenes to train on"},
  };
  append(keys, scene_keys("scenes"));
  append(keys, {{"held_out", kObject, kRequired,
                 "generated scenes to score on; another seed than `scenes`"}});
  append(keys, scene_keys("held_out"));
  append(keys, loop_keys({"0.0001", "0.03", "0.0001", "16", "12", "0.1"}));
  append(
      keys,
      {{"train.save_dtype", kText, "\"fp32\"", "of the saved weights: `fp32`, `bf16` or `fp16`"},
       {"train.class_cost", kNumber, "1.0",
        "of the match between things and predictions: fit of the name; at least 0"},
       {"train.box_cost", kNumber, "5.0", "of the match: L1 distance of boxes; at least 0"},
       {"train.giou_cost", kNumber, "2.0", "of the match: generalised IoU; at least 0"},
       {"train.class_weight", kNumber, "2.0",
        "weight of the focal loss over predictions and tokens; at least 0"},
       {"train.box_weight", kNumber, "5.0", "weight of the boxes' L1 distance; at least 0"},
       {"train.giou_weight", kNumber, "2.0", "weight of 1 - GIoU; at least 0"},
       {"train.focal_alpha", kNumber, "0.25",
        "weight of tokens that fit in the focal loss; 0 to 1"},
       {"train.focal_gamma", kNumber, "2.0", "exponent for easy tokens; at least 0"},
       {"train.place_weight", kNumber, "0.0",
        "weight of a loss of every place of the picture, which small models learn faster with; "
        "0 is the published loss"},
       {"train.threshold", kNumber, "0.25",
        "of the scores on `held_out`: a noun whose score is not above it is called not there; 0 to "
        "1"}});
  return keys;
}

bool has_type(const Json& value, KeyType type) {
  switch (type) {
    case kText:
      return value.is_string();
    case kNumber:
      return value.is_number();
    case kWhole:
      return value.is_number_integer();
    case kBoolean:
      return value.is_boolean();
    case kTexts:
      return value.is_array() && std::all_of(value.begin(), value.end(),
                                             [](const Json& one) { return one.is_string(); });
    case kObject:
      break;
  }
  return value.is_object();
}

Error usage_error(std::string what, const std::string& where, std::string fix) {
  return Error({.what = std::move(what),
                .where = where,
                .fix = std::move(fix),
                .exit_code = ExitCode::kUsage});
}

// The keys of the object that `prefix` names ("" or "train.").
void check_object(const Keys& keys, const std::string& prefix, const Json& object,
                  const std::string& where) {
  std::vector<const TrainingKey*> own;
  std::vector<std::string> names;
  for (const TrainingKey& key : keys) {
    const std::string& name = key.name;
    if (!name.starts_with(prefix) || name.find('.', prefix.size()) != name.npos) continue;
    own.push_back(&key);
    names.push_back(name.substr(prefix.size()));
  }
  for (const auto& [name, value] : object.items()) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    const std::string near = nearest_name(name, names);
    throw usage_error("unknown key '" + printable(name) + "'", where,
                      near.empty() ? "remove it; docs/training-keys.md lists the known keys"
                                   : "did you mean '" + near + "'?");
  }
  for (size_t i = 0; i < own.size(); ++i) {
    const TrainingKey& key = *own[i];
    const auto found = object.find(names[i]);
    if (found == object.end()) {
      if (std::string_view(key.fallback) == kRequired) {
        throw usage_error("key '" + names[i] + "' is missing: " + key.meaning, where, "add it");
      }
      continue;
    }
    if (!has_type(*found, key.type)) {
      throw usage_error("key '" + names[i] + "' must be " +
                            (key.type == kObject    ? "an "
                             : key.type == kBoolean ? ""
                                                    : "a ") +
                            key_type_name(key.type) + ", found " +
                            printable(dump_json(*found).substr(0, 60)),
                        where, "correct the value");
    }
    if (key.type == kObject) {
      check_object(keys, key.name + ".", *found, where + ": " + names[i]);
    }
  }
}

}  // namespace

const char* key_type_name(KeyType type) {
  switch (type) {
    case kText:
      return "text";
    case kNumber:
      return "number";
    case kWhole:
      return "whole number";
    case kBoolean:
      return "true or false";
    case kTexts:
      return "list of texts";
    case kObject:
      break;
  }
  return "object";
}

const std::vector<TrainingKey>& training_keys(TrainStage stage) {
  static const Keys kTokenizer = tokenizer_keys(), kVision = vision_keys(), kSft = sft_keys(),
                    kDetector = detector_keys();
  switch (stage) {
    case TrainStage::kTokenizer:
      return kTokenizer;
    case TrainStage::kVision:
      return kVision;
    case TrainStage::kDetector:
      return kDetector;
    case TrainStage::kSft:
      break;
  }
  return kSft;
}

void check_training_keys(TrainStage stage, const Json& config, const std::string& where) {
  if (!config.is_object()) {
    throw usage_error("the settings must be one JSON object", where,
                      "write them as {\"key\": value, ...}");
  }
  check_object(training_keys(stage), "", config, where);
}

std::string training_keys_help(TrainStage stage) {
  std::string text;
  for (const TrainingKey& key : training_keys(stage)) {
    std::string line = "  " + key.name;
    line.resize(std::max<size_t>(line.size() + 1, 33), ' ');
    text += line + key_type_name(key.type) + "; " + key.fallback + "\n";
  }
  return text;
}

}  // namespace vigor
