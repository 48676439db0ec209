#pragma once

#include <cstddef>

namespace vigor::language {

// A half-open range of bytes of a UTF-8 text.
struct Span {
  size_t begin = 0;
  size_t end = 0;

  bool operator==(const Span&) const = default;
};

}  // namespace vigor::language
