#include "judges/client/secret.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/base64.h"
#include "base/json.h"

namespace vigor {
namespace {

constexpr size_t kShortest = 8;  // bytes; below this a "secret" may be a word of the text

void wipe(std::string& text) {
  ::explicit_bzero(text.data(), text.capacity());
  text.clear();
}

std::string hexadecimal(std::string_view bytes, const char* digits, std::string_view before) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += before;
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

// Letters, digits and the characters of `kept` stay; the rest is %XX.
std::string percent_encoded(std::string_view bytes, const char* digits, const char* kept) {
  std::string out;
  for (const char c : bytes) {
    const bool stays = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       std::strchr(kept, c) != nullptr;
    out += stays ? std::string(1, c) : hexadecimal({&c, 1}, digits, "%");
  }
  return out;
}

// The characters of base64 that depend on the secret alone when `offset` bytes precede it in its
// group of three.
std::string base64_within(const std::string& secret, size_t offset) {
  const std::string padded = base64(std::string(offset, '\0') + secret);
  const size_t bits = 8 * (offset + secret.size());
  const size_t first = (8 * offset + 5) / 6;
  return padded.substr(first, bits / 6 - first);
}

std::string url_alphabet(std::string text) {
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

std::string json_escaped(const std::string& text) {
  const std::string quoted = dump_json(text);
  return quoted.substr(1, quoted.size() - 2);
}

std::string slashes_escaped(std::string text) {
  for (size_t at = text.find('/'); at != std::string::npos; at = text.find('/', at + 2)) {
    text.insert(at, 1, '\\');
  }
  return text;
}

}  // namespace

Secret::Secret(Secret&& other) noexcept : value_(std::move(other.value_)) {
  wipe(other.value_);  // a short string is copied by a move
}

Secret& Secret::operator=(Secret other) noexcept {
  value_.swap(other.value_);
  return *this;
}

Secret::~Secret() {
  wipe(value_);
}

void Redactor::add(const Secret& secret) {
  const std::string& text = secret.reveal();
  if (text.size() < kShortest) return;
  static constexpr char kLower[] = "0123456789abcdef";
  static constexpr char kUpper[] = "0123456789ABCDEF";
  std::vector<std::string> forms = {text, json_escaped(text), slashes_escaped(json_escaped(text)),
                                    hexadecimal(text, kLower, ""), hexadecimal(text, kUpper, "")};
  // Encoders differ in what they keep: RFC 3986, JavaScript's encodeURIComponent, nothing.
  for (const char* kept : {"-._~", "-._~!*'()", ""}) {
    forms.push_back(percent_encoded(text, kLower, kept));
    forms.push_back(percent_encoded(text, kUpper, kept));
  }
  for (size_t offset = 0; offset < 3; ++offset) {
    forms.push_back(base64_within(text, offset));
    forms.push_back(url_alphabet(forms.back()));
  }
  std::sort(forms.begin(), forms.end());
  forms.erase(std::unique(forms.begin(), forms.end()), forms.end());
  for (std::string& form : forms) {
    if (form.size() >= kShortest) forms_.emplace_back(std::move(form));
  }
  std::stable_sort(forms_.begin(), forms_.end(), [](const Secret& a, const Secret& b) {
    return a.reveal().size() > b.reveal().size();
  });
}

std::string Redactor::redact(std::string_view text) const {
  static constexpr std::string_view kInstead = "[redacted]";
  std::string out(text);
  for (const Secret& form : forms_) {
    const std::string& found = form.reveal();
    for (size_t at = out.find(found); at != std::string::npos;
         at = out.find(found, at + kInstead.size())) {
      out.replace(at, found.size(), kInstead);
    }
  }
  return out;
}

void forbid_core_dumps() {
  ::prctl(PR_SET_DUMPABLE, 0);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
}

}  // namespace vigor
