#include "vigor/detector.h"

#include "base/error.h"

namespace vigor {

std::vector<PictureFindings> Detector::find_all(std::span<const PictureNouns> requests,
                                                std::stop_token stop) {
  std::vector<PictureFindings> answers(requests.size());
  for (size_t i = 0; i < requests.size(); ++i) {
    if (stop.stop_requested()) {
      answers[i].error = kStopped;
      continue;
    }
    try {
      answers[i].findings = find(requests[i].picture, requests[i].nouns);
    } catch (const Error& error) {
      answers[i].error = error.what();
    }
  }
  return answers;
}

}  // namespace vigor
