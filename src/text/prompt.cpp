#include "text/prompt.h"

#include <algorithm>

#include "base/error.h"

namespace vigor {

std::vector<int> split_prompt(const Tokenizer& tokenizer, std::string_view prompt) {
  std::vector<int> ids;
  for (size_t start = 0;;) {
    const size_t image = prompt.find(kImageText, start);
    const std::vector<int> piece = tokenizer.encode(prompt.substr(start, image - start),
                                                    start == 0 && tokenizer.config().add_bos_token);
    ids.insert(ids.end(), piece.begin(), piece.end());
    if (image == std::string_view::npos) return ids;
    ids.push_back(kImageMark);
    start = image + kImageText.size();
  }
}

std::vector<int> prompt_ids(const Tokenizer& tokenizer, std::string_view prompt,
                            ImageTokenStyle style) {
  if (style == ImageTokenStyle::kSplit) return split_prompt(tokenizer, prompt);
  const std::optional<int> image = tokenizer.id_of(kImageText);
  if (!image.has_value() && prompt.find(kImageText) != std::string_view::npos) {
    throw Error({.what = "the tokenizer has no token '<image>'",
                 .where = "",
                 .cause = "the checkpoint says that it is in the llava-hf layout, whose tokenizer "
                          "holds '<image>' as an added token",
                 .fix = "use the tokenizer files that came with the checkpoint"});
  }
  std::vector<int> ids = tokenizer.encode(prompt, tokenizer.config().add_bos_token);
  if (image.has_value()) std::replace(ids.begin(), ids.end(), *image, kImageMark);
  return ids;
}

std::string image_question(std::string_view question, bool mm_use_im_start_end) {
  std::string text(question);
  if (text.find(kImageText) == std::string::npos) text = std::string(kImageText) + "\n" + text;
  if (!mm_use_im_start_end) return text;
  std::string wrapped;
  size_t start = 0;
  for (size_t at; (at = text.find(kImageText, start)) != std::string::npos;) {
    wrapped.append(text, start, at - start).append("<im_start><image><im_end>");
    start = at + kImageText.size();
  }
  return wrapped.append(text, start);
}

}  // namespace vigor
