// A model for tests of what a benchmark asks: counts every question, fails on pictures whose name
// holds "broken" until they are mended, and stops when told to.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "lvlm/lvlm.h"

namespace vigor::testing {

class CountingLvlm : public Lvlm {
 public:
  // The answer to a question about the picture `key`, the request's `place` in what was asked.
  using Reply =
      std::function<Answer(const std::string& key, const std::string& question, size_t place)>;
  explicit CountingLvlm(Reply reply) : reply_(std::move(reply)) {}

  Json identity() const override {
    return {{"kind", "test"}, {"checkpoint", place}, {"checkpoint_hash", "abc"}};
  }
  void answer(std::span<const ImageRequest> requests, const GenerationOptions&,
              const AnswersCallback& done, std::stop_token stop) override {
    // Backwards: the order in which pictures end must not matter.
    for (size_t i = requests.size(); i-- > 0;) {
      if (stop.stop_requested()) return;
      std::vector<Answer> answers;
      for (const std::string& question : requests[i].questions) {
        ++asked[{requests[i].key, question}];
        Answer answer;
        if (requests[i].key.find("broken") != std::string::npos && !mended) {
          answer.error = "image: cannot be decoded";
        } else {
          answer = reply_(requests[i].key, question, i);
          answer.finish = "stop";
        }
        answers.push_back(std::move(answer));
      }
      done(i, std::move(answers));
      if (stop_after > 0 && --stop_after == 0) source.request_stop();
    }
  }

  std::map<std::pair<std::string, std::string>, int> asked;  // (picture, question): times
  std::string place = "here";                                // where the checkpoint lies
  bool mended = false;
  int stop_after = 0;  // pictures; 0: never
  std::stop_source source;

 protected:
  Reply reply_;
};

// Two pictures a batch, in the order of the requests. An answer depends on all that is asked in its
// batch: the reply's `place` is a number made of it, and the margin's last digits are as well.
class BatchingLvlm : public CountingLvlm {
 public:
  using CountingLvlm::CountingLvlm;
  size_t images_together() const override { return 2; }
  void answer(std::span<const ImageRequest> requests, const GenerationOptions&,
              const AnswersCallback& done, std::stop_token stop) override {
    for (size_t first = 0; first < requests.size() && !stop.stop_requested(); first += 2) {
      const size_t end = std::min(requests.size(), first + 2);
      size_t company = 0;
      for (size_t i = first; i < end; ++i) {
        for (const std::string& question : requests[i].questions)
          company = company * 31 + std::hash<std::string>()(requests[i].key + question) % 1000;
      }
      for (size_t i = first; i < end; ++i) {
        std::vector<Answer> answers;
        for (const std::string& question : requests[i].questions) {
          ++asked[{requests[i].key, question}];
          Answer answer = reply_(requests[i].key, question, company % 997);
          answer.yes_margin = 0.1 + 1e-6 * static_cast<double>(company % 997);
          answer.finish = "stop";
          answers.push_back(std::move(answer));
        }
        done(i, std::move(answers));
      }
    }
  }
};

}  // namespace vigor::testing
