// What a client of /v1/chat/completions asks, read from the request's body.
//
// serve/ is the native model behind an OpenAI-compatible endpoint: this parser and chat_answer.h
// are pure functions, batcher.h brings requests that wait together into one call of the model,
// server.h speaks HTTP. No file and no address that a client names is ever opened: pictures come
// inside of the request as data URLs.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lvlm/lvlm.h"
#include "serve/api_error.h"

namespace vigor::serve {

struct ChatLimits {
  int max_tokens = 4096;     // that a request may ask for (1 or more)
  int default_tokens = 512;  // when it does not say (1 to max_tokens)
  int max_choices = 16;      // `n` at most (1 or more)
};

struct ChatQuestion {
  std::string model;
  std::optional<std::string> system_prompt;
  std::vector<EarlierTurn> earlier;
  // With "<image>\n" in front when the picture stands in a later message than the first.
  std::string question;
  std::shared_ptr<const std::string> image;  // the file's bytes; null: text alone
  std::string image_hash;                    // SHA-256 of `image`, "" without
  // `samples` is what the model must draw: 1 when greedy, whatever `choices` is. `seed` only when
  // `seeded`; without, the server draws one.
  GenerationOptions generation;
  bool seeded = false;
  int choices = 1;
  bool logprobs = false;
  bool stream = false;
  bool include_usage = false;  // stream_options.include_usage
};

// Throws ApiError (400) for what is not JSON, not understood, out of range or not supported;
// nothing that a request asks for is left out in silence. Parameters that are at the value that
// changes nothing (penalties of 0, response_format "text") pass.
ChatQuestion parse_chat_question(std::string_view body, const ChatLimits& limits = {});

// The bytes of "data:image/jpeg;base64,..." (jpeg, png or webp). Throws ApiError (400) for any
// other address.
std::string image_of_data_url(std::string_view url);

}  // namespace vigor::serve
