// A model that repeats recorded answers: replays a run in another dialect, and stands in for a
// model in tests.
#pragma once

#include <map>
#include <utility>

#include "lvlm/lvlm.h"

namespace vigor {

// JSON lines (or one array) of {"image", "question", "answer"}; also "margin" (yes margin),
// "finish", "error" (the answer failed), and "delay_s" (waits so long before the image is
// answered, to try out progress and interrupts). samples.jsonl of a run folder is such a file:
// the template and system prompt that its run.json names belong to the identity. Images are not
// opened.
class RecordedLvlm : public Lvlm {
 public:
  // Throws Error naming file, line and key; a question that is recorded twice for an image with
  // different answers is refused.
  explicit RecordedLvlm(const std::filesystem::path& file);

  Json identity() const override;
  // A question that was not recorded fails with a message; every sample of it repeats the answer.
  void answer(std::span<const ImageRequest> requests, const GenerationOptions& options,
              const AnswersCallback& done, std::stop_token stop) override;

 private:
  struct Row {
    Answer answer;
    double delay_s = 0;
  };
  std::string name_;
  std::string hash_;
  Json prompt_ = Json::object();  // template and system prompt of the run that it records
  std::map<std::pair<std::string, std::string>, Row> rows_;  // (image key, question)
};

}  // namespace vigor
