// POST requests, hundreds at a time from one thread: libcurl's multi interface, whose sockets and
// timer are watched by a Boost.Asio loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "judges/client/http_chat.h"
#include "judges/client/outcome.h"

namespace boost::asio {
class io_context;
}

namespace vigor {

struct TransportOptions {
  std::string url;                                      // http or https alone
  std::vector<std::pair<std::string, Secret>> headers;  // sent with every request
  double connect_timeout_s = 10, timeout_s = 300;       // seconds
  double low_speed_bytes_s = 1, low_speed_time_s = 60;  // 0 bytes/s: off
  size_t max_reply_bytes = 8 << 20;
  // Requests that are under way at a time; so many connections stay open when they are idle.
  size_t max_in_flight = 64;
  bool verify_tls = true;
  std::string ca_file, proxy;  // empty: the system's; none
};

// Not thread-safe: used from the thread that runs the loop. HTTP/2 where TLS offers it, up to 100
// requests on one connection (fewer when the server says so: then some wait, and their timeout
// runs); HTTP/1.1 with keep-alive elsewhere. With TLS the first connection tells which, and the
// other requests wait for it. Never follows a redirect, reads no environment, no .netrc, sends no
// cookies.
class HttpTransport {
 public:
  using Done = std::function<void(HttpResult&& result)>;

  // The loop must outlive the transport. Throws Error when libcurl cannot be set up.
  HttpTransport(boost::asio::io_context& loop, TransportOptions options);
  ~HttpTransport();

  // `done` is called once, from the loop, never before post() has returned. It may post again. The
  // body is shared with whoever may have to send it a second time.
  void post(std::shared_ptr<const std::string> body, Done done);
  // Ends what is under way without calling `done`.
  void abandon();

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace vigor
