// A detector behind a chat endpoint: the same client, retries and keys as judges have.
#pragma once

#include <memory>

#include "judges/chat/chat.h"
#include "vigor/detector.h"

namespace vigor {

struct ChatDetectorOptions {
  // Pictures that are asked about together, 1 or more: the client sends them at once.
  size_t pictures_together = 32;
  // Nouns of one request, 1 or more; a picture with more takes several.
  size_t nouns_per_request = 40;
};

// One request for each picture and nouns_per_request nouns: the picture, then detector_prompt(). A
// request that fails or is not answered in that form fails its picture, never a noun. Throws Error
// (usage) for options out of their range.
std::unique_ptr<Detector> make_chat_detector(std::unique_ptr<ChatClient> client,
                                             ChatDetectorOptions options = {});

}  // namespace vigor
