#include "base/base64.h"

#include <cstdint>

namespace vigor {

std::string base64(std::string_view bytes) {
  static constexpr char kAlphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out(4 * ((bytes.size() + 2) / 3), '=');
  const auto byte = [&](size_t i) -> uint32_t {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0;
  };
  char* to = out.data();
  for (size_t i = 0; i < bytes.size(); i += 3, to += 4) {
    const uint32_t three = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    to[0] = kAlphabet[three >> 18];
    to[1] = kAlphabet[three >> 12 & 63];
    if (i + 1 < bytes.size()) to[2] = kAlphabet[three >> 6 & 63];
    if (i + 2 < bytes.size()) to[3] = kAlphabet[three & 63];
  }
  return out;
}

}  // namespace vigor
