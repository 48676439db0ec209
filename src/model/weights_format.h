// What the readers of weight files have in common: the dtype and place of a tensor in a file.
//
// The formats (safetensors.h, pickle.h) need no LibTorch, so that tools and fuzz targets can read
// them; weights.h makes tensors of what they find.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vigor {

enum class Dtype : uint8_t { kF64, kF32, kF16, kBF16, kI64, kI32, kI16, kI8, kU8, kBool };

// Bytes of one element.
uint64_t dtype_size(Dtype dtype);
// The name that safetensors uses: "F32", "BF16", "BOOL".
std::string_view dtype_name(Dtype dtype);
std::optional<Dtype> dtype_from_name(std::string_view name);

// A tensor inside a file. `begin` and `end` are bytes from the start of the FILE and lie in it;
// the checks of the reader guarantee that every element does.
struct TensorEntry {
  std::string name;
  Dtype dtype = Dtype::kF32;
  std::vector<int64_t> shape = {};  // empty: a scalar
  // In elements, as many as `shape`; empty means row-major without gaps.
  std::vector<int64_t> strides = {};
  uint64_t begin = 0;
  uint64_t end = 0;
};

// Elements of a shape; nothing when a dimension is negative or the product exceeds 2^63 - 1.
std::optional<uint64_t> element_count(std::span<const int64_t> shape);
// Bytes of a shape; nothing as above.
std::optional<uint64_t> tensor_bytes(std::span<const int64_t> shape, Dtype dtype);
// "[2, 3]"
std::string shape_text(std::span<const int64_t> shape);

// Throws Error when the bytes are none of a weight file but what a download leaves in its place:
// an empty file, a Git LFS pointer, a web page.
void reject_placeholder(std::span<const std::byte> file, const std::string& where);

}  // namespace vigor
