// A model that answers by a function, for tests of the server: no LibTorch.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "lvlm/lvlm.h"

namespace vigor::testing {

class FakeLvlm : public Lvlm {
 public:
  // The answer to one question, in the words that are streamed.
  using Script = std::function<std::vector<std::string>(const ImageRequest&, const std::string&)>;
  explicit FakeLvlm(Script script) : script_(std::move(script)) {}
  // Repeats the question.
  FakeLvlm()
      : FakeLvlm([](const ImageRequest&, const std::string& question) {
          return std::vector<std::string>{"You asked: ", question};
        }) {}

  Json identity() const override {
    return {
        {"kind", "fake"}, {"checkpoint", "/secret/place"}, {"checkpoint_hash", "0123456789abcdef"}};
  }

  void answer(std::span<const ImageRequest> requests, const GenerationOptions& options,
              const AnswersCallback& done, std::stop_token stop) override {
    {
      const std::scoped_lock lock(mutex_);
      calls_.push_back({{requests.begin(), requests.end()}, options});
    }
    while (held && !stop.stop_requested()) std::this_thread::yield();
    if (stop.stop_requested()) return;
    for (size_t r = 0; r < requests.size(); ++r) {
      std::vector<Answer> answers;
      for (const std::string& question : requests[r].questions) {
        for (int s = 0; s < options.samples; ++s) {
          answers.push_back(one(requests, r, answers.size(), question, options));
        }
      }
      done(r, std::move(answers));
    }
  }

  struct Call {
    std::vector<ImageRequest> requests;
    GenerationOptions options;
  };
  std::vector<Call> calls() const {
    const std::scoped_lock lock(mutex_);
    return calls_;
  }

  // While true, calls wait.
  std::atomic<bool> held = false;

 private:
  Answer one(std::span<const ImageRequest> requests, size_t r, size_t index,
             const std::string& question, const GenerationOptions& options) {
    Answer answer;
    answer.finish = "stop";
    answer.prompt_tokens = 7;
    if (question == "fault") {
      answer.error = "the picture is broken";
      answer.request_at_fault = true;
      return answer;
    }
    if (question == "failure") {
      answer.error = "not finite";
      return answer;
    }
    for (const std::string& word : script_(requests[r], question)) {
      answer.text += word;
      ++answer.tokens;
      if (options.progress && !options.progress(r, index, word)) {
        answer.finish = "length";
        break;
      }
    }
    if (options.top_logprobs > 0) {
      answer.first = LikelyToken{"Yes", -0.25};
      answer.likely = {{"Yes", -0.25}, {"No", -2.0}};
    }
    return answer;
  }

  Script script_;
  mutable std::mutex mutex_;
  std::vector<Call> calls_;
};

}  // namespace vigor::testing
