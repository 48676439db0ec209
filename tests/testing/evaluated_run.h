// What tests of a benchmark's evaluate() look at: the run folder it leaves.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/file_system.h"
#include "base/files.h"
#include "base/json.h"
#include "base/progress.h"
#include "run/run_folder.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::testing {

class EvaluatedRun : public ::testing::Test {
 protected:
  // Opens the run folder with `settings`, lets `evaluate(folder, progress)` fill it, and writes its
  // metrics unless it was interrupted. Returns what `evaluate` does.
  template <typename Evaluate>
  auto evaluated(FileSystem& files, const Json& settings,
                 const std::vector<std::string>& uncompared, const Evaluate& evaluate) {
    Progress progress(nullptr, {}, [] { return 0.0; });
    RunFolder folder =
        RunFolder::open(files, folder_ / "run", settings, {.uncompared = uncompared});
    auto result = evaluate(folder, progress);
    if (!result.interrupted) folder.write_metrics(result.metrics);
    return result;
  }
  // By key; a key that stands twice is a failure.
  std::map<std::string, Json> samples() {
    std::map<std::string, Json> rows;
    for_each_jsonl(read_file(folder_ / "run/samples.jsonl"), "samples.jsonl",
                   [&](size_t, Json&& row) {
                     const std::string key = row["key"];
                     EXPECT_TRUE(rows.emplace(key, std::move(row)).second) << key;
                   });
    return rows;
  }
  std::string metrics() { return read_file(folder_ / "run/metrics.json"); }

  TemporaryFolder folder_;
  DiskFileSystem files_;
};

}  // namespace vigor::testing
