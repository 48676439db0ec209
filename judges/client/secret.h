// A key that cannot be printed, and the filter that keeps keys out of everything that is written.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace vigor {

// An API key, or a header's value that works as one. Cannot be streamed, compared or converted;
// its bytes are wiped when it goes.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret other) noexcept;
  ~Secret();

  bool empty() const { return value_.empty(); }
  // For the request's header alone.
  const std::string& reveal() const { return value_; }

 private:
  std::string value_;
};

std::ostream& operator<<(std::ostream&, const Secret&) = delete;

// Replaces secrets by "[redacted]": as they are, and as base64 (both alphabets, at any offset
// within a longer text), hexadecimal, percent-encoded and JSON-escaped. Secrets below 8
// bytes are not looked for: "none" and "EMPTY", which local servers are given, are words.
class Redactor {
 public:
  void add(const Secret& secret);
  std::string redact(std::string_view text) const;

 private:
  std::vector<Secret> forms_;  // longest first
};

// Keeps this process's memory out of core dumps and from other processes of the same user; called
// by the program once before it reads a key. Linux only, harmless elsewhere.
void forbid_core_dumps();

}  // namespace vigor
