// The one interface to a large vision-language model.
//
// lvlm/ holds its implementations: native (model/ and engine/), recorded answers, and later an
// OpenAI-compatible endpoint. The unit that crosses the interface is one image with everything
// that is asked of it: this is what lets an engine encode the image once and share its prefix.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace vigor {

struct GenerationOptions {
  // Tokens generated at most for one answer (1 to the model's context).
  int max_new_tokens = 64;
  // 0 is greedy; above, logits are divided by it.
  double temperature = 0.0;
  // Keep the k largest logits (ties of the k-th kept); 0 is off.
  int top_k = 0;
  // Keep the smallest set of tokens whose probability reaches p (0 < p <= 1); 1 is off.
  double top_p = 1.0;
  // Samples drawn for every question; each is its own answer. Greedy needs 1.
  int samples = 1;
  // Random numbers are keyed by (seed, ImageRequest::key, question and sample).
  uint64_t seed = 0;
  // An answer ends before the first of these strings, which is not part of the text.
  std::vector<std::string> stop;
  // Likeliest tokens reported for the first position of every answer (0 to 20); see Answer::likely.
  int top_logprobs = 0;
  // Called after every token of answers[answer] of a request, with the text that it adds and that
  // no later token changes (often ""); joined, this is a beginning of the answer's text. False ends
  // the answer there, as "length". May be empty; models that answer at once never call it.
  std::function<bool(size_t request, size_t answer, std::string_view fresh)> progress;
};

// A question of a dialogue that has its answer.
struct EarlierTurn {
  std::string question;
  std::string answer;
};

// One image with all that is asked of it.
struct ImageRequest {
  // Names the image for random numbers and messages; unique within a run.
  std::string key;
  // The picture's file.
  std::filesystem::path image;
  // The user's words, without template; the model's conversation template is applied to each.
  // The caller removes duplicates: each of these is computed.
  std::vector<std::string> questions;
  // The picture's file in memory; when set, `image` is not read.
  std::shared_ptr<const std::string> image_bytes = nullptr;
  // Questions about no picture: neither `image` nor `image_bytes` is read.
  bool without_image = false;
  // Replaces the model's system prompt for these questions.
  std::optional<std::string> system_prompt = std::nullopt;
  // What was said before each question. The picture stands before the first words of the dialogue,
  // or where a turn (here or in `questions`) has the text "<image>".
  std::vector<EarlierTurn> earlier = {};
};

struct LikelyToken {
  std::string token;   // its text
  double logprob = 0;  // natural log
};

struct Answer {
  std::string text;
  int tokens = 0;
  // Of the prompt, the image's among them; 0 for models that do not say.
  int prompt_tokens = 0;
  // "stop": an end token or stop string; "length": max_new_tokens reached.
  std::string finish;
  // Natural log of P(yes) / P(no) at the first token, each summed over its spellings ("Yes", "yes";
  // "No", "no"); null for models that give no logits.
  std::optional<double> yes_margin;
  // With GenerationOptions::top_logprobs, of the first position: the token that was taken, and the
  // likeliest, followed by the spellings of yes and no that are not among them. Else empty.
  std::optional<LikelyToken> first;
  std::vector<LikelyToken> likely;
  // Not empty: this answer does not exist, and why ("image: cannot be decoded: ...").
  std::string error;
  // With `error`: the question or its picture cannot be answered by this model, whenever asked.
  bool request_at_fault = false;
};

// Called once for every request, in any order, from the thread that called answer().
// answers.size() == questions.size() * samples, question-major.
using AnswersCallback = std::function<void(size_t request, std::vector<Answer>&& answers)>;

// Not thread-safe: one caller at a time.
class Lvlm {
 public:
  virtual ~Lvlm() = default;

  // What a result must record about the model: {"kind", "checkpoint", "checkpoint_hash",
  // "conversation", "system_prompt", "dtype", "device", ...}. Two runs whose `identity` objects
  // differ are not continued by one another.
  virtual Json identity() const = 0;

  // Answers all requests. A request that fails (image missing, endpoint refused) reports its error
  // in its answers; what ends the whole run is an exception. When stop is requested, returns
  // early: requests without a callback are unanswered.
  virtual void answer(std::span<const ImageRequest> requests, const GenerationOptions& options,
                      const AnswersCallback& done, std::stop_token stop) = 0;

  // Pictures, in the order of the requests, that are computed in one batch with all that is asked
  // of them: the last digits of an answer depend on its company. 0: on nothing but itself. A run
  // that goes on asks for whole batches again, so that its figures are those of an undisturbed one.
  virtual size_t images_together() const { return 0; }

  // Measurements since construction for run.json: {"phases": {NAME: seconds}, "useful_flops",
  // "images_encoded", "prompt_tokens", "new_tokens"}. Empty object when not measured.
  virtual Json measurements() const { return Json::object(); }
};

}  // namespace vigor
