#include "base/base64.h"

#include <array>
#include <cstdint>

namespace vigor {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string base64(std::string_view bytes) {
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

std::optional<std::string> base64_decode(std::string_view text) {
  static const std::array<int8_t, 256> kValues = [] {
    std::array<int8_t, 256> values;
    values.fill(-1);
    for (int8_t i = 0; i < 64; ++i) values[static_cast<unsigned char>(kAlphabet[i])] = i;
    return values;
  }();
  if (text.size() % 4 != 0) return std::nullopt;
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (size_t i = 0; i < text.size(); i += 4) {
    const size_t held = i + 4 < text.size() ? 4 : 4 - padding;
    uint32_t four = 0;
    for (size_t k = 0; k < 4; ++k) {
      const int value = k < held ? kValues[static_cast<unsigned char>(text[i + k])] : 0;
      if (value < 0) return std::nullopt;
      four = four << 6 | static_cast<uint32_t>(value);
    }
    for (size_t k = 0; k + 1 < held; ++k) bytes += static_cast<char>(four >> (16 - 8 * k));
    if ((held == 3 && (four & 0xFF) != 0) || (held == 2 && (four & 0xFFFF) != 0))
      return std::nullopt;
  }
  return bytes;
}

}  // namespace vigor
