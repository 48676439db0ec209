// Prompts with an image: from text with "<image>" to ids.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace vigor {

inline constexpr std::string_view kImageText = "<image>";
// Stands for an image in a sequence of ids; the model puts all its features there.
inline constexpr int kImageMark = -200;

// How "<image>" was turned into ids when the checkpoint was trained. With legacy tokenizers the
// two agree; without, the text behind the image starts differently.
enum class ImageTokenStyle {
  kSplit,       // original LLaVA: every piece around "<image>" is encoded on its own
  kAddedToken,  // llava-hf: one encode, "<image>" is an added token
};

// The ids of a prompt: BOS as the tokenizer's configuration has it, kImageMark for each "<image>".
// Throws Error when kAddedToken is asked of a tokenizer without "<image>".
std::vector<int> prompt_ids(const Tokenizer& tokenizer, std::string_view prompt,
                            ImageTokenStyle style);

// prompt_ids with ImageTokenStyle::kSplit: BOS of the first piece alone is kept.
std::vector<int> split_prompt(const Tokenizer& tokenizer, std::string_view prompt);

// "<image>\nQUESTION", or "<im_start><image><im_end>\nQUESTION" with mm_use_im_start_end: how
// LLaVA puts the image before a question. A question that places "<image>" itself keeps its place.
std::string image_question(std::string_view question, bool mm_use_im_start_end);

}  // namespace vigor
