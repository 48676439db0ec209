#include "benchmarks/mme/task.h"

namespace vigor::mme {

const TaskInfo* find_task(std::string_view name) {
  for (const TaskInfo& task : kTasks) {
    if (name == task.name) return &task;
  }
  return nullptr;
}

const char* group_name(Group group) {
  return group == Group::kPerception ? "perception" : "cognition";
}

}  // namespace vigor::mme
