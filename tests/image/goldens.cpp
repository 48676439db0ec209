#include "tests/image/goldens.h"

#include <cstring>
#include <stdexcept>

#include "base/files.h"
#include "base/json.h"
#include "base/random.h"

namespace vigor::testing {
namespace {

template <typename T>
std::vector<T> copy_as(const std::string& bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
  return values;
}

}  // namespace

std::vector<float> Golden::f32() const {
  return copy_as<float>(bytes);
}
std::vector<int64_t> Golden::i64() const {
  return copy_as<int64_t>(bytes);
}

Image Golden::image() const {
  if (dtype != "U8" || shape.size() != 3 || shape[2] != 3)
    throw std::runtime_error("not a picture");
  return {static_cast<int>(shape[0]), static_cast<int>(shape[1]), {u8(), u8() + bytes.size()}};
}

std::map<std::string, Golden> read_goldens(const std::filesystem::path& file) {
  const std::string all = read_file(file);
  uint64_t length = 0;
  std::memcpy(&length, all.data(), 8);
  std::map<std::string, Golden> goldens;
  const Json header = parse_json(all.substr(8, length), file.string());
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    const auto offsets = entry.at("data_offsets").get<std::vector<uint64_t>>();
    goldens[name] = {entry.at("dtype").get<std::string>(),
                     entry.at("shape").get<std::vector<int64_t>>(),
                     all.substr(8 + length + offsets.at(0), offsets.at(1) - offsets.at(0))};
  }
  return goldens;
}

Image make_picture(int height, int width, uint64_t seed) {
  CounterRandom random(seed, "picture");
  Image image{height, width, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const uint32_t noise = random.next();
      image.rgb.push_back(static_cast<uint8_t>((x * 3 + (noise & 63)) & 255));
      image.rgb.push_back(static_cast<uint8_t>((y * 2 + (noise >> 8 & 31)) & 255));
      image.rgb.push_back(static_cast<uint8_t>(noise >> 16));
    }
  }
  return image;
}

std::vector<uint8_t> planes(const Image& image) {
  std::vector<uint8_t> out;
  for (size_t c = 0; c < 3; ++c) {
    for (size_t i = c; i < image.rgb.size(); i += 3) out.push_back(image.rgb[i]);
  }
  return out;
}

}  // namespace vigor::testing
