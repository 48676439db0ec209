// Which text tokens see which: Grounding DINO's sub-sentence mask (section 3.4 of its paper).
#pragma once

#include <ATen/core/Tensor.h>

namespace vigor {

struct TextMask {
  at::Tensor allowed;       // bool [batch, T, T], true = may attend
  at::Tensor position_ids;  // int64 [batch, T], from 0 again after every separator
};

// input_ids int64 [batch, T] of BERT's uncased vocabulary. [CLS], [SEP], "." and "?" separate: the
// tokens after one separator up to and with the next see each other; a separator in the first or
// last column sees itself alone, and so does a token that no separator closes (padding).
TextMask sub_sentence_mask(const at::Tensor& input_ids);

}  // namespace vigor
