// Which of two ways attention takes.
#pragma once

namespace vigor {

enum class AttentionKernel {
  // Fused where it can be: on the CPU, in float32 or bfloat16. With gradients only deformable
  // attention is, in float32.
  kAuto,
  kPlain,  // plain tensors everywhere
};

}  // namespace vigor
