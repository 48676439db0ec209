// OpenAI-compatible chat completions over HTTP: hundreds of requests in flight from the thread that
// calls complete().
//
// judges/client/ is this client: what is sent (request_body), what a reply means (chat_reply), when
// something is sent and sent again (schedule, with backoff, limits and budget: pure, on a clock
// that is passed in), and the transport (libcurl's multi interface driven by Boost.Asio). Nothing
// is global, and no environment variable is read, not even those for proxies.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/progress.h"
#include "base/random.h"
#include "judges/chat/chat.h"
#include "judges/client/secret.h"

namespace vigor {

// What tokens cost. Both 0: free (a local server), and a budget cannot be set.
struct ChatPrices {
  double input_per_million = 0;   // in `currency`, of prompt tokens (0 or more)
  double output_per_million = 0;  // in `currency`, of tokens of the reply (0 or more)
  std::string currency = "USD";   // as it is printed
};

struct HttpChatOptions {
  // "/chat/completions" is appended to its path; a query is kept. http or https, no user name.
  std::string base_url = "https://api.openai.com/v1";
  std::string model;
  // Sent as `Authorization: Bearer ...`; empty: not sent.
  Secret api_key;
  // Sent as OpenAI-Organization; empty: not sent.
  std::string organisation;
  // Further headers, name and value; those that work as keys ("api-key") go to secret_headers.
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::pair<std::string, Secret>> secret_headers;

  double connect_timeout_s = 10;  // seconds, above 0
  double timeout_s = 300;         // seconds for one try, from connecting to the last byte, above 0
  // Once the reply has begun, a try that brings fewer bytes a second than this, over
  // low_speed_time_s, is given up. Bytes/s; 0 turns it off.
  double low_speed_bytes_s = 1;
  double low_speed_time_s = 60;  // seconds, above 0

  int max_in_flight = 64;          // requests under way or waiting to be tried again (1 to 4096)
  double requests_per_minute = 0;  // tries sent in any 60 s; 0: no limit
  double tokens_per_minute = 0;    // estimated, then counted tokens in any 60 s; 0: no limit

  int max_tries = 8;               // of one request, the first included (1 or more)
  double backoff_base_s = 1;       // wait before try n + 1: uniform in [0, base * 2^(n-1)], seconds
  double backoff_cap_s = 60;       // and at most this, seconds
  double max_retry_after_s = 600;  // a Retry-After beyond this fails the request, seconds
  size_t max_reply_bytes = 8 << 20;  // a longer body fails the request

  bool verify_tls = true;  // false accepts any certificate: for tests alone
  std::string ca_file;     // PEM; empty: the system's
  std::string proxy;       // "http://host:port"; empty: none, whatever the environment says

  // response_format json_schema is understood; logprobs and top_logprobs are. An endpoint that
  // refuses one all the same (400, 403, 422, 501 and an error that names it) is asked without it.
  bool offers_schema = true;
  bool offers_logprobs = true;
  // "max_tokens" or "max_completion_tokens" (OpenAI's reasoning models).
  std::string max_tokens_key = "max_tokens";
  // Added to every request's body; wins over what the client writes. An object, or null.
  Json extra_body;
  // Prompt tokens that one picture costs at most, for the budget and tokens_per_minute.
  int64_t image_tokens = 1500;

  ChatPrices prices;
  // In prices.currency: spent at most; checked before sending, with the worst case of what is in
  // flight reserved. Counts from construction, or with spending_file from the file's first use.
  std::optional<double> budget;
  // Keeps what was spent (spending_file.h), with or without a budget, so that it counts over
  // restarts; used by one client at a time. Empty, or no prices: none.
  std::filesystem::path spending_file = {};
  // Seconds since the first call of complete() after which nothing is sent any more.
  std::optional<double> deadline_s;
};

// What varies from run to run and test to test.
struct HttpChatEnvironment {
  Clock clock = steady_clock();  // seconds, steady
  // Seconds since 1970, for Retry-After dates of servers that send no Date.
  Clock wall_clock = system_clock();
  CounterRandom random{0, "chat backoff"};  // for the jitter
  // Told in words, from within complete(), that tries fail and are made again, at growing intervals
  // (trouble.h), that answers come again, and that the endpoint is asked without what it refuses.
  // No key is in them. May be empty.
  std::function<void(const std::string& words)> trouble = nullptr;
};

// Throws Error when an option is out of its range.
//
// What becomes of a try: 408, 409, 425, 429, 5xx, timeouts, connections that fail or end early,
// bodies that are cut or not JSON or not UTF-8, and a 200 whose body is a passing error are tried
// again; other statuses, redirects (never followed: the key stays with its host), certificate
// errors, refusals and replies too long are the request's end. Each request ends with a reply, or
// with reply.error; complete() itself throws Error when the budget is spent or the deadline passed.
//
// A try whose outcome is unknown (sent, then cut or timed out) may have been billed: the budget
// counts its worst case as spent, usage()["cost"] only what endpoints reported.
std::unique_ptr<ChatClient> make_http_chat(HttpChatOptions options,
                                           HttpChatEnvironment environment = {});

}  // namespace vigor
