// Conversations as training examples: ids, and which of them are learned.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "text/conversation.h"
#include "text/prompt.h"

namespace vigor {

// Label of a token that has no loss.
inline constexpr int kIgnoredLabel = -100;

struct TrainingText {
  std::vector<int> ids;     // kImageMark stands for the image
  std::vector<int> labels;  // as many as ids: the id where it is learned, else kIgnoredLabel
};

// Ids of the whole conversation, loss on every answer and what ends it (</s> in most templates).
// The question part of each turn and its answer are encoded on their own, so that the ids before
// an answer are those that the model sees when it is asked. Every turn must have an answer.
TrainingText training_text(const Tokenizer& tokenizer, const Conversation& conversation,
                           std::span<const Turn> turns, ImageTokenStyle style);

struct ConversationOptions {
  // "<image>" becomes "<im_start><image><im_end>".
  bool mm_use_im_start_end = false;
  // "<image>" becomes "<Image><image></Image>" (the mmtag templates).
  bool image_tags = false;
};

// Turns from LLaVA's conversation JSON, [{"from": "human", "value": "<image>\n..."}, {"from":
// "gpt", "value": "..."}]. As LLaVA does, the image of a question is moved to its front. `where`
// names the list. Throws Error: not such a list, roles that do not alternate, an answer missing, an
// image in an answer.
std::vector<Turn> parse_conversation(const Json& list, const std::string& where,
                                     const ConversationOptions& options = {});

}  // namespace vigor
