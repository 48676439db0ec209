// Gradient checkpointing (Chen et al., 2016), a layer at a time; and row selection whose gradient
// is cheap.
#pragma once

#include <ATen/core/Tensor.h>

#include "model/llama.h"

namespace vigor {

// Keeps a layer's input alone and runs the layer again in the backward pass. Gradients are
// bit-identical to those without. What the layer refers to (network, attention) must live until
// the backward is done.
LayerRunner recomputing_runner();

// x [n, ...], rows [m] int64 without repetition -> [m, ...]. The gradient writes rows instead of
// adding them one by one, as that of index_select does.
at::Tensor select_unique_rows(const at::Tensor& x, const at::Tensor& rows);

}  // namespace vigor
