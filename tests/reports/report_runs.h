// Run folders for tests and measurements of reports: synthetic_runs.h with pictures, failures and
// hostile texts, and MME beside POPE. The same options give the same bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace vigor::testing {

struct ReportRun {
  std::string name = "model";  // of the checkpoint
  double drop = 0;             // how much less often it is right than the best, 0 to 0.9
  uint64_t seed = 1;           // of this run's own luck; the questions are always the same
  int images = 20;             // six questions each and split
  std::string dialect = "official";
  std::string suffix = {};  // of the prompt
  std::filesystem::path pictures = {};
  int64_t failed = 0;  // the first so many questions of "adversarial" failed
  // Taken in turn as answers, questions and picture names, to see what becomes of them.
  std::vector<std::string> hostile = {};
};

// Splits random, popular, adversarial of 6 questions an image.
void make_pope_run(const std::filesystem::path& folder, const ReportRun& options);
// The 14 tasks of MME with `images` pictures each, two questions a picture.
void make_mme_run(const std::filesystem::path& folder, const ReportRun& options);
// JPEG files as the runs name them.
void make_pictures(const std::filesystem::path& folder, int count, int width, int height);

}  // namespace vigor::testing
