#include "model/grounding_dino/text_mask.h"

#include <ATen/ATen.h>

namespace vigor {
namespace {

// Ids of BERT's uncased vocabulary; the official code holds the same numbers.
bool separates(int64_t id) {
  return id == 101 || id == 102 || id == 1012 || id == 1029;  // [CLS] [SEP] . ?
}

}  // namespace

TextMask sub_sentence_mask(const at::Tensor& input_ids) {
  const at::Tensor ids = input_ids.to(at::kCPU, at::kLong).contiguous();
  const int64_t batch = ids.size(0);
  const int64_t tokens = ids.size(1);
  const at::Tensor allowed =
      at::eye(tokens, at::TensorOptions().dtype(at::kBool)).repeat({batch, 1, 1});
  const at::Tensor positions = at::zeros({batch, tokens}, at::kLong);
  const auto id = ids.accessor<int64_t, 2>();
  auto may = allowed.accessor<bool, 3>();
  auto position = positions.accessor<int64_t, 2>();
  for (int64_t row = 0; row < batch; ++row) {
    int64_t before = 0;  // column of the separator before this one
    for (int64_t column = 0; column < tokens; ++column) {
      if (!separates(id[row][column])) continue;
      if (column > 0 && column < tokens - 1) {
        for (int64_t i = before + 1; i <= column; ++i) {
          position[row][i] = i - before - 1;
          for (int64_t j = before + 1; j <= column; ++j) may[row][i][j] = true;
        }
      }
      before = column;
    }
  }
  return {allowed.to(input_ids.device()), positions.to(input_ids.device())};
}

}  // namespace vigor
