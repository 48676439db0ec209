// The part of Python's pickle language that tensors need, interpreted without running anything.
//
// A pickle is a program for a small stack machine that may call any Python function. This machine
// knows five functions, all of which build tensors or dictionaries, and refuses the file at the
// first name that is another (pickle_machine.cpp: kAllowed).
// The language: CPython's Lib/pickletools.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/weights_format.h"

namespace vigor {

enum class PickleKind : uint8_t {
  kNone,
  kBool,
  kInt,
  kFloat,
  kText,  // text or bytes
  kTuple,
  kList,
  kDict,     // items: key, value, key, value
  kGlobal,   // an allowed name; `global` is its index
  kStorage,  // persistent id ("storage", dtype, record, device, elements)
  kTensor,
};

// A value; containers hold indices into PickleResult::values, so that shared and even circular
// structures cost nothing.
struct PickleValue {
  PickleKind kind = PickleKind::kNone;
  Dtype dtype = Dtype::kF32;  // storage
  uint8_t global = 0;
  int64_t number = 0;                // bool, int; storage: elements
  std::string_view text = {};        // text; storage: record name (bytes of the pickle)
  std::vector<uint32_t> items = {};  // tuple, list, dict
  uint32_t storage = 0;              // tensor: its storage
  int64_t offset = 0;                // tensor: first element in the storage
  std::vector<int64_t> shape = {}, strides = {};  // tensor
};

struct PickleResult {
  std::vector<PickleValue> values;
  uint32_t root = 0;
};

// Runs the program. Texts of the result are views of `pickle`. Throws Error: foreign global,
// operation that tensors do not need, stack or memo misuse, program that ends early, more than 16
// million operations or 4 million values. `where` names the file in messages.
PickleResult run_pickle(std::span<const std::byte> pickle, const std::string& where);

}  // namespace vigor
