#include "model/weights_format.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/error.h"

namespace vigor {
namespace {

struct DtypeRow {
  std::string_view name;
  uint64_t size;
};

// In the order of the enum.
constexpr std::array<DtypeRow, 10> kDtypes{{{"F64", 8},
                                            {"F32", 4},
                                            {"F16", 2},
                                            {"BF16", 2},
                                            {"I64", 8},
                                            {"I32", 4},
                                            {"I16", 2},
                                            {"I8", 1},
                                            {"U8", 1},
                                            {"BOOL", 1}}};

constexpr uint64_t kMaxCount = std::numeric_limits<int64_t>::max();

}  // namespace

uint64_t dtype_size(Dtype dtype) {
  return kDtypes[static_cast<size_t>(dtype)].size;
}

std::string_view dtype_name(Dtype dtype) {
  return kDtypes[static_cast<size_t>(dtype)].name;
}

std::optional<Dtype> dtype_from_name(std::string_view name) {
  for (size_t i = 0; i < kDtypes.size(); ++i) {
    if (kDtypes[i].name == name) return static_cast<Dtype>(i);
  }
  return std::nullopt;
}

std::optional<uint64_t> element_count(std::span<const int64_t> shape) {
  // A zero does not excuse the other dimensions: LibTorch makes strides of their products.
  uint64_t count = 1;
  bool empty = false;
  for (const int64_t dim : shape) {
    if (dim < 0) return std::nullopt;
    const auto size = static_cast<uint64_t>(dim);
    empty = empty || size == 0;
    if (size != 0 && count > kMaxCount / size) return std::nullopt;
    count *= std::max<uint64_t>(size, 1);
  }
  return empty ? 0 : count;
}

std::optional<uint64_t> tensor_bytes(std::span<const int64_t> shape, Dtype dtype) {
  const auto count = element_count(shape);
  if (!count || *count > kMaxCount / dtype_size(dtype)) return std::nullopt;
  return *count * dtype_size(dtype);
}

std::string shape_text(std::span<const int64_t> shape) {
  std::string text = "[";
  for (const int64_t dim : shape) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(dim);
  }
  return text + "]";
}

void reject_placeholder(std::span<const std::byte> file, const std::string& where) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  if (text.empty()) {
    throw Error({.what = "the file is empty",
                 .where = where,
                 .cause = "the download did not start, or the disk was full",
                 .fix = "download it again"});
  }
  if (text.starts_with("version https://git-lfs")) {
    throw Error({.what = "this is a Git LFS pointer and not the weights",
                 .where = where,
                 .cause = "the repository was cloned without Git LFS",
                 .fix = "run 'git lfs install' and 'git lfs pull' in the checkpoint's folder"});
  }
  const size_t first = text.substr(0, 64).find_first_not_of(" \t\r\n");
  const std::string_view start = first == std::string_view::npos ? "" : text.substr(first, 9);
  if (start.starts_with("<!DOCTYPE") || start.starts_with("<!doctype") ||
      start.starts_with("<html")) {
    throw Error(
        {.what = "this is a web page and not the weights",
         .where = where,
         .cause = "the download was answered by a log-in or error page",
         .fix = "download the file itself, with access to a gated model where it needs it"});
  }
}

}  // namespace vigor
