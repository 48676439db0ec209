// Asks the judge what a run folder does not hold yet, one line of samples.jsonl a call.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "base/progress.h"
#include "benchmarks/captions/calls.h"
#include "benchmarks/captions/candidates.h"
#include "judges/chat/chat.h"
#include "judges/ranking/prompt.h"
#include "run/run_folder.h"

namespace vigor::captions {

struct RankOptions {
  CallOptions calls;
  std::filesystem::path images;  // folder of the pictures
  ranking::PromptTemplate prompt = ranking::batch_template();
  // What the judge is told that the models were asked; empty: what the caption files say.
  std::string request;
  int max_tokens = 1024;  // of a reply
  double temperature = 0;
  // Calls without a reply up to which scores are given (0 or more).
  int64_t max_failures = 0;
};

struct RankPlan {
  std::vector<Candidate> candidates;
  std::vector<std::string> images;    // chosen, sorted
  std::vector<std::string> requests;  // what the models were asked, parallel to images
  std::vector<Call> calls;
  std::vector<std::string> warnings;
};

// Reads nothing but the candidates; throws Error for image names that leave options.images, for
// different prompts, and (usage) for orders beyond the number of candidates.
RankPlan make_plan(std::vector<Candidate> candidates, const RankOptions& options);

// Everything that a reply depends on, and of it what may change between a run and its rerun.
Json run_settings(const RankPlan& plan, const RankOptions& options, const Json& judge);
std::vector<std::string> uncompared_settings();

struct RankResult {
  bool interrupted = false;
  int64_t rows = 0;   // samples that this session wrote
  int64_t asked = 0;  // calls that the judge was given
};

// States of a sample: "scored" (all metrics or some: `partial`), "unjudged" (the judge refused, or
// its reply ranks nothing; never asked again), "failed" (no reply, no picture, no caption; asked
// again by the next run). Throws what the judge throws (budget, deadline) after the replies in
// hand were written.
RankResult evaluate(ChatClient& judge, RunFolder& folder, const RankPlan& plan,
                    const RankOptions& options, Progress& progress, std::stop_token stop);

// One line of samples.jsonl; docs/format-ranking.md has the keys.
Json sample_row(const Call& call, const std::vector<Candidate>& candidates, const ChatReply& reply);

}  // namespace vigor::captions
