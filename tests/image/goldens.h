// Reads the reference tensors of the image tests.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "image/image.h"

namespace vigor::testing {

struct Golden {
  std::string dtype;  // as safetensors spells it: U8, F32, I64
  std::vector<int64_t> shape;
  std::string bytes;

  const uint8_t* u8() const { return reinterpret_cast<const uint8_t*>(bytes.data()); }
  std::vector<float> f32() const;
  std::vector<int64_t> i64() const;
  // From [height, width, 3] uint8.
  Image image() const;
};

// All tensors of a safetensors file (trusted: test data).
std::map<std::string, Golden> read_goldens(const std::filesystem::path& file);

// A picture of smooth gradients and noise, the same for the same seed.
Image make_picture(int height, int width, uint64_t seed);

// [height, width, 3] to [3, height, width].
std::vector<uint8_t> planes(const Image& image);

}  // namespace vigor::testing
