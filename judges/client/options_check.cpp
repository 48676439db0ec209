#include "judges/client/options_check.h"

#include <curl/curl.h>

#include <algorithm>
#include <cmath>
#include <memory>

namespace vigor {
namespace {

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::string part(CURLU* url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, flags) != CURLUE_OK) return {};
  std::string out = text;
  curl_free(text);
  return out;
}

[[noreturn]] void refuse(const std::string& key, const std::string& what) {
  throw Error(
      {.what = key + " " + what, .where = "the endpoint's options", .exit_code = ExitCode::kUsage});
}

void check_number(const char* key, double value, bool zero) {
  if (std::isfinite(value) && (value > 0 || (zero && value == 0))) return;
  refuse(key,
         std::string("must be ") + (zero ? "0 or more" : "above 0") + ", not " + dump_json(value));
}

// A line break would let a value add headers of its own.
void check_header(const std::string& name, const std::string& value) {
  static constexpr std::string_view kPunctuation = "!#$%&'*+-.^_`|~";
  const bool token = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           kPunctuation.find(c) != std::string_view::npos;
  });
  if (!token) refuse("header '" + printable(name) + "'", "is not a header's name");
  for (const char c : value) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      refuse("header '" + name + "'", "holds a control character (a line break at its end?)");
    }
  }
}

void check_headers(const HttpChatOptions& options) {
  check_header("Authorization", options.api_key.reveal());
  check_header("OpenAI-Organization", options.organisation);
  for (const auto& [name, value] : options.headers) check_header(name, value);
  for (const auto& [name, value] : options.secret_headers) check_header(name, value.reveal());
}

// Null when it is none.
std::unique_ptr<CURLU, FreeUrl> proxy_url(const std::string& proxy) {
  std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  if (curl_url_set(url.get(), CURLUPART_URL, proxy.c_str(),
                   CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME) != CURLUE_OK) {
    return nullptr;
  }
  return url;
}

// libcurl would repeat a proxy that it does not understand, with the password.
void check_proxy(const std::string& proxy) {
  if (proxy.empty()) return;
  const auto url = proxy_url(proxy);
  const std::string scheme = url == nullptr ? "" : part(url.get(), CURLUPART_SCHEME);
  if (scheme == "http" || scheme == "https" || scheme.starts_with("socks")) return;
  refuse("proxy",
         "(of the configuration, or https_proxy, http_proxy or all_proxy of the environment) is no "
         "address of a proxy (http, https, socks5 or socks5h); it is not shown, for it may hold a "
         "password");
}

}  // namespace

std::string completions_url(const std::string& base_url) {
  const std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  const auto refuse_url = [&](const std::string& why) {
    refuse("base_url '" + printable(base_url) + "'", why);
  };
  if (curl_url_set(url.get(), CURLUPART_URL, base_url.c_str(), CURLU_NON_SUPPORT_SCHEME) !=
      CURLUE_OK) {
    refuse_url("is not a URL");
  }
  const std::string scheme = part(url.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") refuse_url("must begin with http:// or https://");
  if (!part(url.get(), CURLUPART_USER).empty() || !part(url.get(), CURLUPART_PASSWORD).empty()) {
    // Not shown: it may be the key.
    refuse("base_url", "holds a user name or password; keys are given as api_key");
  }
  if (!part(url.get(), CURLUPART_FRAGMENT).empty()) refuse_url("has a part behind '#'");
  std::string path = part(url.get(), CURLUPART_PATH);
  while (!path.empty() && path.back() == '/') path.pop_back();
  curl_url_set(url.get(), CURLUPART_PATH, (path + "/chat/completions").c_str(), 0);
  return part(url.get(), CURLUPART_URL);
}

void check_options(const HttpChatOptions& options) {
  completions_url(options.base_url);
  if (options.model.empty()) refuse("model", "is empty: the endpoint must be told which to use");
  check_headers(options);
  check_number("connect_timeout_s", options.connect_timeout_s, false);
  check_number("timeout_s", options.timeout_s, false);
  check_number("low_speed_bytes_s", options.low_speed_bytes_s, true);
  check_number("low_speed_time_s", options.low_speed_time_s, false);
  if (options.max_in_flight < 1 || options.max_in_flight > 4096) {
    refuse("max_in_flight", "must be 1 to 4096, not " + std::to_string(options.max_in_flight));
  }
  check_number("requests_per_minute", options.requests_per_minute, true);
  if (options.requests_per_minute > 0 && options.requests_per_minute < 1) {
    refuse("requests_per_minute", "must be 1 or more, or 0 for no limit");
  }
  check_number("tokens_per_minute", options.tokens_per_minute, true);
  if (options.max_tries < 1) refuse("max_tries", "must be 1 or more");
  check_number("backoff_base_s", options.backoff_base_s, true);
  check_number("backoff_cap_s", options.backoff_cap_s, true);
  check_number("max_retry_after_s", options.max_retry_after_s, true);
  if (options.max_reply_bytes == 0) refuse("max_reply_bytes", "must be above 0");
  if (options.max_tokens_key != "max_tokens" && options.max_tokens_key != "max_completion_tokens") {
    refuse("max_tokens_key", "must be \"max_tokens\" or \"max_completion_tokens\"");
  }
  if (!options.extra_body.is_null() && !options.extra_body.is_object()) {
    refuse("extra_body", "must be a JSON object");
  }
  if (options.image_tokens < 0) refuse("image_tokens", "must be 0 or more");
  check_number("prices.input_per_million", options.prices.input_per_million, true);
  check_number("prices.output_per_million", options.prices.output_per_million, true);
  if (options.prices.input_per_million > 1e6 || options.prices.output_per_million > 1e6) {
    refuse("prices", "are for a million tokens, and at most 1000000");
  }
  check_proxy(options.proxy);
  if (options.deadline_s) check_number("deadline_s", *options.deadline_s, false);
  if (!options.budget) return;
  check_number("budget", *options.budget, true);
  if (options.prices.input_per_million == 0 && options.prices.output_per_million == 0) {
    refuse("budget", "needs prices: without them nothing is known to cost anything");
  }
}

TransportOptions transport_options(const HttpChatOptions& options) {
  TransportOptions out;
  out.url = completions_url(options.base_url);
  out.headers.emplace_back("Content-Type", Secret("application/json"));
  out.headers.emplace_back("Accept", Secret("application/json"));
  if (!options.api_key.empty()) {
    out.headers.emplace_back("Authorization", Secret("Bearer " + options.api_key.reveal()));
  }
  if (!options.organisation.empty()) {
    out.headers.emplace_back("OpenAI-Organization", Secret(options.organisation));
  }
  for (const auto& [name, value] : options.headers) out.headers.emplace_back(name, Secret(value));
  for (const auto& header : options.secret_headers) out.headers.push_back(header);
  out.connect_timeout_s = options.connect_timeout_s;
  out.timeout_s = options.timeout_s;
  out.low_speed_bytes_s = options.low_speed_bytes_s;
  out.low_speed_time_s = options.low_speed_time_s;
  out.max_reply_bytes = options.max_reply_bytes;
  out.max_in_flight = static_cast<size_t>(options.max_in_flight);
  out.verify_tls = options.verify_tls;
  out.ca_file = options.ca_file;
  out.proxy = options.proxy;
  return out;
}

Secret proxy_password(const std::string& proxy) {
  const auto url = proxy_url(proxy);
  return url == nullptr ? Secret() : Secret(part(url.get(), CURLUPART_PASSWORD, CURLU_URLDECODE));
}

std::string proxy_shown(const std::string& proxy) {
  const auto url = proxy_url(proxy);
  if (url == nullptr) return "";
  std::string host = part(url.get(), CURLUPART_HOST);
  if (const std::string port = part(url.get(), CURLUPART_PORT); !port.empty()) host += ":" + port;
  return printable(part(url.get(), CURLUPART_SCHEME) + "://" + host);
}

}  // namespace vigor
