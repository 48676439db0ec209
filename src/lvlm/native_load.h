// Inside of the native model: what is read from a checkpoint before the first question.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "image/clip_preprocess.h"
#include "lvlm/native.h"
#include "model/llava.h"
#include "text/tokenizer.h"

namespace vigor {

struct LoadedNative {
  LlavaConfig config;
  ParameterSource source;
  Tokenizer tokenizer;
  ClipPreprocess preprocess;
  std::string hash;  // of all files that answers depend on
};

// "auto" and the other names of NativeOptions::dtype. Throws Error (usage) for what this device
// does not compute.
at::ScalarType parse_dtype(const std::string& name, const at::Device& device);

// Throws Error naming what is wrong with the folder.
LoadedNative load_native(const NativeOptions& options, at::ScalarType dtype,
                         const at::Device& device);

}  // namespace vigor
