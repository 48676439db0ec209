#include "vigor/scene_judge.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "run/image_path.h"
#include "run/sha256.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

Answer refused_answer(const std::string& why) {
  Answer answer;
  answer.error = why;
  answer.request_at_fault = true;
  return answer;
}

}  // namespace

std::array<double, ranking::kMetricCount> judge_caption(
    const SceneFacts& scene, std::string_view caption,
    const std::vector<language::Span>& sentences) {
  double absent = 0, count = 0, attribute = 0, relation = 0, silent = 0, right = 0;
  for (const language::Span& span : sentences) {
    const CheckedSentence checked =
        check_sentence(scene, caption.substr(span.begin, span.end - span.begin));
    const auto any = [&](std::initializer_list<SentenceError> kinds) {
      return std::any_of(kinds.begin(), kinds.end(),
                         [&](SentenceError kind) { return checked.errors.count(kind) != 0; });
    };
    using enum SentenceError;
    absent += static_cast<double>(checked.absent.size());
    count += any({kCount});
    attribute += any({kColour, kSize, kMaterial, kAttribute});
    relation += any({kRelation, kLocation});
    silent += checked.claims == 0;
    if (checked.errors.empty()) right += checked.claims;
  }
  // In the order of kMetrics: HL CA AA RA RL RS DL.
  return {-absent, -count, -attribute, -relation, -silent, 0, right};
}

std::vector<std::string> captions_of_request(std::string_view text) {
  std::vector<std::string> out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    const bool lettered = line.size() > 4 && line.substr(1, 3) == ": \"" && line.back() == '"';
    if (!lettered || line[0] != static_cast<char>('A' + out.size())) continue;
    try {
      const Json caption = parse_json(line.substr(3), "caption");
      if (caption.is_string()) out.push_back(caption.get<std::string>());
    } catch (const Error&) {
      return {};
    }
  }
  return out;
}

ranking::TieGroups groups_of_scores(const std::vector<double>& scores) {
  std::map<double, std::vector<size_t>, std::greater<>> by_score;
  for (size_t i = 0; i < scores.size(); ++i) by_score[scores[i]].push_back(i);
  ranking::TieGroups groups;
  for (auto& [score, members] : by_score) groups.push_back(std::move(members));
  return groups;
}

SceneJudge::SceneJudge(const fs::path& folder, const language::English& english)
    : english_(english) {
  const fs::path truth = folder / "truth.jsonl";
  const std::string text = read_file(truth);
  truth_hash_ = sha256_hex(text);
  for (auto& [image, scene] : parse_scene_facts(text, truth.string())) {
    const fs::path file = image_path(folder / "images", image, truth.string());
    scenes_.emplace(sha256_file(file), std::move(scene));
  }
}

Json SceneJudge::identity() const {
  return {{"kind", "scenes-truth"}, {"truth", truth_hash_}};
}

Answer SceneJudge::judge(const SceneFacts* scene, const std::string& question) const {
  if (scene == nullptr) return refused_answer("the picture is none of the scenes that are known");
  const std::vector<std::string> captions = captions_of_request(question);
  if (captions.empty()) return refused_answer("the request holds no captions to be ranked");
  std::vector<std::array<double, ranking::kMetricCount>> scores;
  for (const std::string& caption : captions) {
    scores.push_back(judge_caption(*scene, caption, english_.sentences.split_finely(caption)));
  }
  Json reply = Json::object();
  for (size_t m = 0; m < ranking::kMetricCount; ++m) {
    std::vector<double> of_metric;
    for (const auto& one : scores) of_metric.push_back(one[m]);
    Json groups = Json::array();
    for (const std::vector<size_t>& group : groups_of_scores(of_metric)) {
      Json letters = Json::array();
      for (const size_t i : group) letters.push_back(std::string(1, static_cast<char>('A' + i)));
      groups.push_back(std::move(letters));
    }
    reply[std::string(ranking::kMetrics[m].code)] = std::move(groups);
  }
  Answer answer;
  answer.text = dump_json(reply);
  answer.finish = "stop";
  return answer;
}

void SceneJudge::answer(std::span<const ImageRequest> requests, const GenerationOptions& options,
                        const AnswersCallback& done, std::stop_token stop) {
  for (size_t r = 0; r < requests.size() && !stop.stop_requested(); ++r) {
    const ImageRequest& request = requests[r];
    const SceneFacts* scene = nullptr;
    std::string trouble;
    if (!request.without_image) {
      try {
        const auto found = scenes_.find(request.image_bytes ? sha256_hex(*request.image_bytes)
                                                            : sha256_file(request.image));
        if (found != scenes_.end()) scene = &found->second;
      } catch (const Error& error) {
        trouble = error.parts().what;
      }
    }
    std::vector<Answer> answers;
    for (const std::string& question : request.questions) {
      const Answer one = trouble.empty() ? judge(scene, question) : refused_answer(trouble);
      answers.insert(answers.end(), static_cast<size_t>(std::max(options.samples, 1)), one);
    }
    done(r, std::move(answers));
  }
}

}  // namespace vigor
