// A model behind an OpenAI-compatible endpoint.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "judges/chat/chat.h"
#include "lvlm/lvlm.h"

namespace vigor {

struct HttpLvlmOptions {
  // Sent as the system's message; unset: none, and the server's own template decides.
  std::optional<std::string> system_prompt = {};
  // Images are taken up together until they have so many questions (1 or more; at least one image):
  // enough that the client always has something to send, few enough that a server's cache still
  // holds their prefixes when the other questions come. Their pictures are held in memory.
  size_t window = 192;
};

// Asks every question as a chat completion: the picture as a data URL, then the words.
//
// Of the questions of one image the first is sent alone and the others when it has its answer, so
// that a server with a prefix cache computes the picture once; those of other images go on
// meanwhile. Samples are requests of their own, with seeds drawn from (seed, image, question,
// sample). Greedy answers (temperature 0) are what the server takes for the likeliest.
//
// yes_margin is taken from the likeliest first tokens, as the native model takes it from all: the
// summed probability of "Yes" and "yes" over that of "No" and "no". Null when the endpoint gives no
// logprobs, or only one side is among them.
class HttpLvlm : public Lvlm {
 public:
  HttpLvlm(std::unique_ptr<ChatClient> client, HttpLvlmOptions options);

  // {"kind": "endpoint", "checkpoint": the model's name, "endpoint": the client's, ...}
  Json identity() const override;
  // Throws Error for top_k (endpoints have none), and what ends the client's run.
  void answer(std::span<const ImageRequest> requests, const GenerationOptions& options,
              const AnswersCallback& done, std::stop_token stop) override;
  // The client's usage(), its tokens as "prompt_tokens" and "new_tokens".
  Json measurements() const override;

 private:
  std::unique_ptr<ChatClient> client_;
  HttpLvlmOptions options_;
};

// Null when either side is missing.
std::optional<double> yes_margin_of(const std::vector<TokenLogprob>& first_token);

}  // namespace vigor
