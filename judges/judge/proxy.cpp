#include "judges/judge/proxy.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace vigor {
namespace {

std::string in_lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

// In lower case, without port, brackets and a final dot.
std::string host_of(const std::string& url) {
  const size_t start = url.find("://") == std::string::npos ? 0 : url.find("://") + 3;
  std::string host = url.substr(start, url.find_first_of("/?#", start) - start);
  if (const size_t at = host.rfind('@'); at != std::string::npos) host.erase(0, at + 1);
  if (host.starts_with('[')) {
    host = host.substr(1, host.find(']') - 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  if (host.ends_with('.')) host.pop_back();
  return in_lower_case(host);
}

// An IP address; none: `bits` is 0.
struct Address {
  std::array<unsigned char, 16> bytes = {};
  int bits = 0;  // 32 or 128
};

Address address_of(const std::string& text) {
  Address out;
  if (::inet_pton(AF_INET, text.c_str(), out.bytes.data()) == 1) {
    out.bits = 32;
  } else if (::inet_pton(AF_INET6, text.c_str(), out.bytes.data()) == 1) {
    out.bits = 128;
  }
  return out;
}

bool within(const Address& host, const std::string& network) {
  const size_t slash = network.find('/');
  const Address base = address_of(network.substr(0, slash));
  if (base.bits == 0 || base.bits != host.bits) return false;
  int bits = base.bits;
  if (slash != std::string::npos) {
    const char *first = network.data() + slash + 1, *last = network.data() + network.size();
    const auto [end, error] = std::from_chars(first, last, bits);
    if (error != std::errc() || end != last || bits < 0 || bits > base.bits) return false;
  }
  for (int bit = 0; bit < bits; ++bit) {
    const auto byte = static_cast<size_t>(bit / 8);
    if (((host.bytes[byte] ^ base.bytes[byte]) >> (7 - bit % 8) & 1) != 0) return false;
  }
  return true;
}

bool is_this_machine(const std::string& host, const Address& address) {
  return host == "localhost" || host.ends_with(".localhost") || within(address, "127.0.0.0/8") ||
         within(address, "::1");
}

bool goes_direct(const std::string& host, const Address& address, const std::string& entries) {
  constexpr std::string_view kBetween = ", \t";
  for (size_t at = 0; at < entries.size();) {
    const size_t end = std::min(entries.find_first_of(kBetween, at), entries.size());
    std::string entry = in_lower_case(std::string_view(entries).substr(at, end - at));
    at = end + 1;
    if (entry == "*") return true;
    if (entry.starts_with('[') && entry.ends_with(']')) entry = entry.substr(1, entry.size() - 2);
    if (entry.starts_with('.')) entry.erase(0, 1);
    if (entry.ends_with('.')) entry.pop_back();
    if (entry.empty()) continue;
    if (address.bits > 0 ? within(address, entry) : host == entry || host.ends_with("." + entry)) {
      return true;
    }
  }
  return false;
}

// The first that is set and not empty.
std::string first_of(std::initializer_list<const char*> names, const Environment& environment) {
  for (const char* name : names) {
    if (const auto value = environment(name); value && !value->empty()) return *value;
  }
  return "";
}

}  // namespace

std::string environment_proxy(const std::string& url, const Environment& environment) {
  std::string proxy = in_lower_case(url.substr(0, 6)) == "https:"
                          ? first_of({"https_proxy", "HTTPS_PROXY"}, environment)
                          : first_of({"http_proxy"}, environment);
  if (proxy.empty()) proxy = first_of({"all_proxy", "ALL_PROXY"}, environment);
  if (proxy.empty()) return "";
  const std::string host = host_of(url);
  const Address address = address_of(host);
  const std::string direct = first_of({"no_proxy", "NO_PROXY"}, environment);
  return is_this_machine(host, address) || goes_direct(host, address, direct) ? "" : proxy;
}

}  // namespace vigor
