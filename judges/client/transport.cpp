#include "judges/client/transport.h"

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cmath>
#include <cstring>
#include <deque>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace vigor {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr size_t kMostHeaderBytes = 256 << 10;
// On one connection of HTTP/2: libcurl's limit, and that of most servers.
constexpr size_t kMostStreams = 100;
using SteadyTime = std::chrono::steady_clock::time_point;

std::chrono::steady_clock::duration duration_of(double seconds) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(seconds));
}

long milliseconds(double seconds) {
  return static_cast<long>(std::clamp(std::ceil(seconds * 1000), 1.0, 2e9));
}

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;

// One request under way.
struct Transfer {
  Easy easy;
  std::shared_ptr<const std::string> request;
  HttpResult result;
  HttpTransport::Done done;
  size_t header_bytes = 0, max_reply_bytes = 0;
  bool began = false;
  // With TLS: told whether the connection carries many requests at a time, as soon as that is
  // known.
  std::function<void(bool many)> connected;
  char message[CURL_ERROR_SIZE] = "";
  // For the speed of the reply.
  SteadyTime window_start{};
  size_t window_bytes = 0;
};

size_t take_header(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.header_bytes += size * count;
  if (!transfer.began) transfer.window_start = std::chrono::steady_clock::now();
  if (!transfer.began && transfer.connected) {
    transfer.connected(std::string_view(data, size * count).starts_with("HTTP/2"));
  }
  transfer.began = true;
  if (transfer.header_bytes <= kMostHeaderBytes) return size * count;
  transfer.result.exchange = Exchange::kTooLong;
  return 0;
}

// What client and server agreed on in TLS; empty when libcurl's TLS is not OpenSSL, which the
// transport is told of by the answer then.
std::optional<bool> agreed_on_http2(CURL* easy) {
  curl_tlssessioninfo* tls = nullptr;
  if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &tls) != CURLE_OK || tls == nullptr ||
      tls->backend != CURLSSLBACKEND_OPENSSL || tls->internals == nullptr) {
    return std::nullopt;
  }
  const unsigned char* name = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(static_cast<const SSL*>(tls->internals), &name, &length);
  return length == 2 && std::memcmp(name, "h2", 2) == 0;
}

// The request has its connection, and goes out next.
int on_connected(void* user, char*, char*, int, int) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (const auto many = agreed_on_http2(transfer.easy.get())) transfer.connected(*many);
  return CURL_PREREQFUNC_OK;
}

size_t take_body(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  std::string& body = transfer.result.body;
  if (size * count > transfer.max_reply_bytes - body.size()) {
    transfer.result.exchange = Exchange::kTooLong;
    return 0;
  }
  body.append(data, size * count);
  return size * count;
}

std::string header(CURL* easy, const char* name) {
  curl_header* found = nullptr;
  if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &found) != CURLHE_OK) return {};
  return found->value;
}

// The certificates that the system trusts, in one file.
bool has_system_bundle() {
  const curl_version_info_data* info = curl_version_info(CURLVERSION_NOW);
  return info->age >= CURLVERSION_SEVENTH && info->cainfo != nullptr &&
         ::access(info->cainfo, R_OK) == 0;
}

Exchange exchange_of(CURLcode code) {
  switch (code) {
    case CURLE_OK:
      return Exchange::kAnswered;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PROXY:
      return Exchange::kNotConnected;
    case CURLE_OPERATION_TIMEDOUT:
      return Exchange::kTimedOut;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return Exchange::kCertificate;
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_NOT_BUILT_IN:
    case CURLE_OUT_OF_MEMORY:
      return Exchange::kMisconfigured;
    default:
      return Exchange::kInterrupted;
  }
}

}  // namespace

class HttpTransport::Implementation {
 public:
  Implementation(asio::io_context& loop, TransportOptions options)
      : loop_(loop),
        options_(std::move(options)),
        tls_(options_.url.starts_with("https:")),
        timer_(loop),
        speed_timer_(loop) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    multi_ = curl_multi_init();
    if (multi_ == nullptr) throw Error({.what = "libcurl cannot be set up"});
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(options_.max_in_flight));
    // libcurl would wait a second for a "100 Continue" that few endpoints send.
    headers_ = curl_slist_append(headers_, "Expect:");
    for (const auto& [name, value] : options_.headers) {
      // "Name;" is how libcurl is told of a header without a value.
      const std::string& text = value.reveal();
      const Secret line(text.empty() ? name + ";" : name + ": " + text);
      headers_ = curl_slist_append(headers_, line.reveal().c_str());
    }
  }

  ~Implementation() {
    abandon();
    idle_.clear();
    curl_multi_cleanup(multi_);
    for (curl_slist* line = headers_; line != nullptr; line = line->next) {
      ::explicit_bzero(line->data, strlen(line->data));
    }
    curl_slist_free_all(headers_);
    for (auto& [socket, watch] : watches_) watch->descriptor.release();
    curl_global_cleanup();
  }

  void post(std::shared_ptr<const std::string> body, Done done) {
    auto transfer = std::make_unique<Transfer>();
    if (idle_.empty()) {
      transfer->easy = prepared();
    } else {
      transfer->easy = std::move(idle_.back());
      idle_.pop_back();
    }
    transfer->request = std::move(body);
    transfer->done = std::move(done);
    transfer->max_reply_bytes = options_.max_reply_bytes;
    CURL* easy = transfer->easy.get();
    if (tls_) {
      transfer->connected = [this](bool many) { learn(many); };
      curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer.get());
    }
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(transfer->request->size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer->request->data());
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer.get());
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer.get());
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->message);
    if (tls_ && speaks_ == Speaks::kUnknown && !transfers_.empty()) {
      waiting_.push_back(std::move(transfer));
    } else {
      start(std::move(transfer));
    }
  }

  void abandon() {
    for (auto& [easy, transfer] : transfers_) {
      set_aside(*transfer);
    }
    transfers_.clear();
    for (auto& transfer : waiting_) set_aside(*transfer);
    waiting_.clear();
    timer_.cancel();
    speed_timer_.cancel();
  }

 private:
  // A socket of libcurl's, which libcurl closes; kept alive by the waits that are under way.
  struct Watch {
    Watch(asio::io_context& loop, curl_socket_t socket) : descriptor(loop, socket) {}
    asio::posix::stream_descriptor descriptor;
    int wanted = 0;  // CURL_POLL_IN, _OUT or both; 0: given back
    bool reading = false, writing = false;
  };

  void start(std::unique_ptr<Transfer> transfer) {
    CURL* easy = transfer->easy.get();
    // Rather wait for a connection that carries many requests than open one each. Not on HTTP/1.1:
    // libcurl learns that it carries one from the first answer, and all would wait for it.
    const bool one = !tls_ || speaks_ == Speaks::kOneEach;
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, one ? 0L : 1L);
    transfers_.emplace(easy, std::move(transfer));
    curl_multi_add_handle(multi_, easy);
    if (transfers_.size() == 1 && options_.low_speed_bytes_s > 0) watch_speed();
  }

  // Called by libcurl, which may not be called back before it has returned.
  void learn(bool many) {
    const Speaks now = many ? Speaks::kMany : Speaks::kOneEach;
    if (speaks_ == now) return;
    learned_ = true;
    asio::post(loop_, [this, now] {
      speaks_ = now;
      const size_t connections = (options_.max_in_flight + kMostStreams - 1) / kMostStreams;
      curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS,
                        now == Speaks::kMany ? static_cast<long>(connections) : 0L);
      for (auto& transfer : std::exchange(waiting_, {})) start(std::move(transfer));
    });
  }

  Easy prepared() {
    Easy owned(curl_easy_init());
    CURL* easy = owned.get();
    if (easy == nullptr) throw Error({.what = "libcurl cannot make a request"});
    curl_easy_setopt(easy, CURLOPT_URL, options_.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(easy, CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                     static_cast<long>(tls_ ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    if (tls_) curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(options_.connect_timeout_s));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, milliseconds(options_.timeout_s));
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, options_.verify_tls ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, options_.verify_tls ? 2L : 0L);
    if (!options_.ca_file.empty()) {
      curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
    }
    // The certificates of a file are read once for all connections; with a folder beside the file,
    // as libcurl is built here, anew for each: 70 ms of computing.
    if (!options_.ca_file.empty() || has_system_bundle()) {
      curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
    }
    // Set even when empty: unset, libcurl would read http_proxy and no_proxy.
    curl_easy_setopt(easy, CURLOPT_PROXY, options_.proxy.c_str());
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    return owned;
  }

  static int on_socket(CURL*, curl_socket_t socket, int what, void* user, void*) {
    auto& self = *static_cast<Implementation*>(user);
    const auto found = self.watches_.find(socket);
    if (what == CURL_POLL_REMOVE) {
      if (found == self.watches_.end()) return 0;
      found->second->wanted = 0;
      found->second->descriptor.release();  // cancels the waits; libcurl closes the socket
      self.watches_.erase(found);
      return 0;
    }
    std::shared_ptr<Watch> watch;
    if (found == self.watches_.end()) {
      watch = std::make_shared<Watch>(self.loop_, socket);
      self.watches_.emplace(socket, watch);
    } else {
      watch = found->second;
    }
    watch->wanted = what;
    self.wait(watch, socket);
    return 0;
  }

  void wait(const std::shared_ptr<Watch>& watch, curl_socket_t socket) {
    if ((watch->wanted & CURL_POLL_IN) != 0 && !watch->reading) {
      watch->reading = true;
      watch->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                   [this, watch, socket](error_code error) {
                                     watch->reading = false;
                                     ready(watch, socket, CURL_POLL_IN, CURL_CSELECT_IN, error);
                                   });
    }
    if ((watch->wanted & CURL_POLL_OUT) != 0 && !watch->writing) {
      watch->writing = true;
      watch->descriptor.async_wait(asio::posix::stream_descriptor::wait_write,
                                   [this, watch, socket](error_code error) {
                                     watch->writing = false;
                                     ready(watch, socket, CURL_POLL_OUT, CURL_CSELECT_OUT, error);
                                   });
    }
  }

  // A wait may end after its socket was given back, or after libcurl lost interest in it.
  void ready(const std::shared_ptr<Watch>& watch, curl_socket_t socket, int wanted, int event,
             error_code error) {
    if (watch->wanted == 0) return;
    if ((watch->wanted & wanted) == 0 && !error) return;
    int running = 0;
    curl_multi_socket_action(multi_, socket, error ? CURL_CSELECT_ERR : event, &running);
    if (watch->wanted != 0) wait(watch, socket);
    deliver();
  }

  static int on_timer(CURLM*, long timeout_ms, void* user) {
    auto& self = *static_cast<Implementation*>(user);
    if (timeout_ms < 0) {
      self.timer_.cancel();
      return 0;
    }
    self.timer_.expires_after(std::chrono::milliseconds(timeout_ms));
    self.timer_.async_wait([&self](error_code error) {
      if (error) return;
      int running = 0;
      curl_multi_socket_action(self.multi_, CURL_SOCKET_TIMEOUT, 0, &running);
      self.deliver();
    });
    return 0;
  }

  void deliver() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      finish(message->easy_handle, message->data.result);
    }
  }

  void finish(CURL* easy, CURLcode code) {
    const auto found = transfers_.find(easy);
    const std::unique_ptr<Transfer> transfer = std::move(found->second);
    transfers_.erase(found);
    HttpResult& result = transfer->result;
    // A callback that gave up has said why.
    if (result.exchange == Exchange::kAnswered) result.exchange = exchange_of(code);
    if (result.exchange == Exchange::kTooLong) {
      result.trouble = "above " + std::to_string(options_.max_reply_bytes) + " bytes";
    } else if (result.exchange == Exchange::kAnswered) {
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &result.status);
      result.retry_after = header(easy, "Retry-After");
      result.retry_after_ms = header(easy, "Retry-After-Ms");
      result.date = header(easy, "Date");
      result.location = header(easy, "Location");
    } else if (result.trouble.empty()) {
      result.trouble = transfer->message[0] != '\0' ? transfer->message : curl_easy_strerror(code);
    }
    long request_bytes = 0;
    curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &request_bytes);
    result.sent = request_bytes > 0 && result.exchange != Exchange::kNotConnected &&
                  result.exchange != Exchange::kCertificate;
    set_aside(*transfer);
    // The first found no way to the server: neither do those that waited for it.
    std::deque<std::unique_ptr<Transfer>> others;
    if (!learned_ && transfers_.empty()) others = std::exchange(waiting_, {});
    for (auto& other : others) {
      other->result.exchange = result.exchange;
      other->result.trouble = result.trouble;
      set_aside(*other);
    }
    transfer->done(std::move(result));
    for (auto& other : others) other->done(std::move(other->result));
  }

  // The handle outlives the transfer: it must not write to it any more.
  void set_aside(Transfer& transfer) {
    CURL* easy = transfer.easy.get();
    curl_multi_remove_handle(multi_, easy);  // nothing when it only waited
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, nullptr);
    idle_.push_back(std::move(transfer.easy));
  }

  // libcurl's own low-speed limit counts the time in which the endpoint thinks; this begins with
  // the first byte of the answer.
  void watch_speed() {
    speed_timer_.expires_after(duration_of(options_.low_speed_time_s / 4));
    speed_timer_.async_wait([this](error_code error) {
      if (error || transfers_.empty()) return;
      const SteadyTime now = std::chrono::steady_clock::now();
      std::vector<CURL*> stalled;
      for (auto& [easy, transfer] : transfers_) {
        if (!transfer->began ||
            now - transfer->window_start < duration_of(options_.low_speed_time_s)) {
          continue;
        }
        const size_t bytes = transfer->header_bytes + transfer->result.body.size();
        const double needed = options_.low_speed_bytes_s * options_.low_speed_time_s;
        if (static_cast<double>(bytes - transfer->window_bytes) < needed) stalled.push_back(easy);
        transfer->window_start = now;
        transfer->window_bytes = bytes;
      }
      for (CURL* easy : stalled) {
        transfers_.at(easy)->result.trouble = "the reply began and stalled";
        finish(easy, CURLE_OPERATION_TIMEDOUT);
      }
      if (!transfers_.empty()) watch_speed();
    });
  }

  // What the connections were last found to carry.
  enum class Speaks { kUnknown, kOneEach, kMany };

  asio::io_context& loop_;
  const TransportOptions options_;
  const bool tls_;
  Speaks speaks_ = Speaks::kUnknown;
  bool learned_ = false;  // speaks_ is known, or will be when the loop comes to it
  asio::steady_timer timer_, speed_timer_;
  CURLM* multi_ = nullptr;
  curl_slist* headers_ = nullptr;
  std::unordered_map<CURL*, std::unique_ptr<Transfer>> transfers_;
  std::deque<std::unique_ptr<Transfer>> waiting_;  // for what the first connection speaks
  std::vector<Easy> idle_;
  std::unordered_map<curl_socket_t, std::shared_ptr<Watch>> watches_;
};

HttpTransport::HttpTransport(asio::io_context& loop, TransportOptions options)
    : implementation_(std::make_unique<Implementation>(loop, std::move(options))) {}

HttpTransport::~HttpTransport() = default;

void HttpTransport::post(std::shared_ptr<const std::string> body, Done done) {
  implementation_->post(std::move(body), std::move(done));
}

void HttpTransport::abandon() {
  implementation_->abandon();
}

}  // namespace vigor
