// The body of a request to the server. What is understood must be within the limits.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "serve/chat_question.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigor::serve;
  try {
    const ChatLimits limits;
    const ChatQuestion question =
        parse_chat_question({reinterpret_cast<const char*>(data), size}, limits);
    const vigor::GenerationOptions& generation = question.generation;
    const bool right =
        generation.max_new_tokens >= 1 && generation.max_new_tokens <= limits.max_tokens &&
        generation.samples >= 1 && question.choices >= generation.samples &&
        question.choices <= limits.max_choices && generation.top_p > 0 && generation.top_p <= 1 &&
        generation.temperature >= 0 && generation.temperature <= 2 &&
        generation.top_logprobs <= 20 && (question.image == nullptr) == question.image_hash.empty();
    if (!right) std::abort();
  } catch (const ApiError& error) {
    if (error.status != 400 ||
        error.body().dump(-1, ' ', false, vigor::Json::error_handler_t::replace).empty()) {
      std::abort();
    }
  }
  return 0;
}
