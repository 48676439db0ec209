// Reading what torch.save wrote (pytorch_model*.bin): a zip file with a pickle that describes
// tensors and one record of raw data for each storage. No code of the file ever runs.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "model/weights_format.h"

namespace vigor {

// The tensors of a whole file (usually mapped; data pages are not touched). A dictionary inside the
// dictionary gives names joined by dots ("model.backbone.weight"); what is no tensor is left out.
// Tensors that share a storage give entries that overlap. Strides are given where they are not
// those of a row-major tensor. Throws Error: cut-off or re-packed zip, a global that is not on the
// allow-list (named), the format before PyTorch 1.6, a tensor that reaches out of its storage or
// is larger than it, big-endian data, no tensor at all. `where` names the file in messages.
std::vector<TensorEntry> parse_torch_file(std::span<const std::byte> file,
                                          const std::string& where);

}  // namespace vigor
