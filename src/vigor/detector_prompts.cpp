#include "vigor/detector_prompts.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace vigor {

PromptRows make_prompt_rows(std::span<const std::vector<int>> rows, int pad) {
  size_t longest = 0;
  for (const std::vector<int>& row : rows) longest = std::max(longest, row.size());
  const auto count = static_cast<int64_t>(rows.size());
  const auto tokens = static_cast<int64_t>(longest);
  PromptRows prompts;
  prompts.ids = at::full({count, tokens}, pad, at::kLong);
  prompts.mask = at::zeros({count, tokens}, at::kLong);
  auto id = prompts.ids.accessor<int64_t, 2>();
  auto present = prompts.mask.accessor<int64_t, 2>();
  for (int64_t row = 0; row < count; ++row) {
    const std::vector<int>& values = rows[static_cast<size_t>(row)];
    for (size_t i = 0; i < values.size(); ++i) {
      id[row][static_cast<int64_t>(i)] = values[i];
      present[row][static_cast<int64_t>(i)] = 1;
    }
  }
  prompts.types = at::zeros_like(prompts.ids);
  return prompts;
}

std::vector<int> noun_tokens(const WordPieceTokenizer& tokenizer, const std::string& noun) {
  std::vector<int> ids = tokenizer.encode(noun);
  std::erase_if(ids, [&](int id) {
    return id == tokenizer.cls_id() || id == tokenizer.sep_id() || id == tokenizer.pad_id() ||
           id == kFullStopId || id == kQuestionMarkId;
  });
  return ids;
}

NounPrompt make_noun_prompt(const WordPieceTokenizer& tokenizer,
                            std::span<const std::vector<int>> nouns,
                            std::span<const size_t> group) {
  NounPrompt prompt;
  prompt.ids.push_back(tokenizer.cls_id());
  for (const size_t noun : group) {
    const auto begin = static_cast<int64_t>(prompt.ids.size());
    prompt.ids.insert(prompt.ids.end(), nouns[noun].begin(), nouns[noun].end());
    prompt.spans.push_back({noun, begin, static_cast<int64_t>(prompt.ids.size())});
    prompt.ids.push_back(kFullStopId);
  }
  prompt.ids.push_back(tokenizer.sep_id());
  return prompt;
}

}  // namespace vigor
