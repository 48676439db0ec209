// A judge that knows generated scenes by their truth: what a ranking says when the judge does not
// err. It answers the requests of `rank` (judges/ranking) behind `vigor-eval serve`, so that a
// sweep asks it as it would ask any other, over HTTP.
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "judges/ranking/metrics.h"
#include "judges/ranking/tie_groups.h"
#include "language/english.h"
#include "lvlm/lvlm.h"
#include "vigor/scene_truth.h"

namespace vigor {

// What a caption gets for each criterion (kMetrics), larger is better:
//   HL  - absent objects that it names       CA  - sentences with a wrong number
//   AA  - ... a wrong colour or size         RA  - ... a wrong relation or place in the picture
//   RL  - sentences that claim nothing       RS  0: the truth says nothing of conclusions
//   DL  claims of its sentences without an error
std::array<double, ranking::kMetricCount> judge_caption(
    const SceneFacts& scene, std::string_view caption,
    const std::vector<language::Span>& sentences);

// The captions between the lines `A: "..."`, `B: "..."` of a ranking request, in order; empty when
// it has none.
std::vector<std::string> captions_of_request(std::string_view text);

// Best group first; equal scores are one group.
ranking::TieGroups groups_of_scores(const std::vector<double>& scores);

// `folder` is one that `vigor-eval scenes` wrote. A picture that is none of its scenes, and a
// request without captions, fail. Not thread-safe.
class SceneJudge : public Lvlm {
 public:
  // Reads the truth and the pictures; `english` must outlive it. Throws Error naming the file.
  SceneJudge(const std::filesystem::path& folder, const language::English& english);

  Json identity() const override;
  void answer(std::span<const ImageRequest> requests, const GenerationOptions& options,
              const AnswersCallback& done, std::stop_token stop) override;

 private:
  Answer judge(const SceneFacts* scene, const std::string& question) const;

  const language::English& english_;
  std::map<std::string, SceneFacts> scenes_;  // by SHA-256 of the picture's file
  std::string truth_hash_;
};

}  // namespace vigor
