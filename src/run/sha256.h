// SHA-256 of bytes and files, as 64 lower-case hexadecimal digits.
//
// run/ is the room of run folders: what identifies a run (hashes, settings) and how its samples
// and figures reach the disk. It knows no benchmark and no model.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace vigor {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::string_view bytes);
  void update(std::span<const std::byte> bytes);
  // Ends the hash; the object must not be updated afterwards.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256_hex(std::string_view bytes);
// Reads the whole file. Throws Error when it is missing or unreadable.
std::string sha256_file(const std::filesystem::path& path);

}  // namespace vigor
