// MME (Fu et al. 2023, "MME: A Comprehensive Evaluation Benchmark for Multimodal Large Language
// Models"): two yes/no questions about each picture, in fourteen tasks.
//
// benchmarks/mme/ is a room without LibTorch. question.h reads dataset folders, results.h reads and
// writes the official result files, dialect.h turns an answer into a decision, score.h turns
// decisions into metrics.json, evaluate.h asks a model. docs/format-mme.md has the files.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace vigor::mme {

enum class Group { kPerception, kCognition };

struct TaskInfo {
  const char* name;
  Group group;
  int64_t published_questions;  // of the release
  bool shared_pictures;         // one of the four tasks that take pictures from one collection
};

// In the order of the official script, in which scores are summed.
inline constexpr std::array<TaskInfo, 14> kTasks{{
    {"existence", Group::kPerception, 60, true},
    {"count", Group::kPerception, 60, true},
    {"position", Group::kPerception, 60, true},
    {"color", Group::kPerception, 60, true},
    {"posters", Group::kPerception, 294, false},
    {"celebrity", Group::kPerception, 340, false},
    {"scene", Group::kPerception, 400, false},
    {"landmark", Group::kPerception, 400, false},
    {"artwork", Group::kPerception, 400, false},
    {"OCR", Group::kPerception, 40, false},
    {"commonsense_reasoning", Group::kCognition, 140, false},
    {"numerical_calculation", Group::kCognition, 40, false},
    {"text_translation", Group::kCognition, 40, false},
    {"code_reasoning", Group::kCognition, 40, false},
}};

// nullptr for a name that is no task. Case matters: "OCR".
const TaskInfo* find_task(std::string_view name);

// "perception", "cognition".
const char* group_name(Group group);

}  // namespace vigor::mme
