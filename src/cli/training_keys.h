// Every key of the documents that `vigor-eval train` reads: one table behind the check of a
// document, `train STAGE --help` and docs/training-keys.md.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace vigor {

enum class TrainStage { kTokenizer, kVision, kSft, kDetector };

enum class KeyType { kText, kNumber, kWhole, kBoolean, kTexts, kObject };
// "text", "number", "whole number", "true or false", "list of texts", "object".
const char* key_type_name(KeyType type);

struct TrainingKey {
  std::string name;  // dotted below the top: "train.lora.rank"
  KeyType type;
  // JSON of the value that a missing key stands for; "required"; or, in words, what happens.
  const char* fallback;
  const char* meaning;
};

// In the order of the documentation; the object before its keys.
const std::vector<TrainingKey>& training_keys(TrainStage stage);

// Throws Error (usage) for a key that is unknown (with the nearest known one), missing, or of
// another type. `where` names the document. Ranges are checked by whoever takes the value.
void check_training_keys(TrainStage stage, const Json& config, const std::string& where);

// Lines of --help: name, type, default.
std::string training_keys_help(TrainStage stage);

}  // namespace vigor
