#include "judges/client/transport.h"

#include <curl/curl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cmath>
#include <cstring>
#include <unordered_map>

namespace vigor {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr size_t kMostHeaderBytes = 256 << 10;
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
  char message[CURL_ERROR_SIZE] = "";
  // For the speed of the reply.
  SteadyTime window_start{};
  size_t window_bytes = 0;
};

size_t take_header(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.header_bytes += size * count;
  if (!transfer.began) transfer.window_start = std::chrono::steady_clock::now();
  transfer.began = true;
  if (transfer.header_bytes <= kMostHeaderBytes) return size * count;
  transfer.result.exchange = Exchange::kTooLong;
  static_cast<void>(data);
  return 0;
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
      : loop_(loop), options_(std::move(options)), timer_(loop), speed_timer_(loop) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    multi_ = curl_multi_init();
    if (multi_ == nullptr) throw Error({.what = "libcurl cannot be set up"});
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(options_.keep_connections));
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
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(transfer->request->size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer->request->data());
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer.get());
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer.get());
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->message);
    transfers_.emplace(easy, std::move(transfer));
    curl_multi_add_handle(multi_, easy);
    if (transfers_.size() == 1 && options_.low_speed_bytes_s > 0) watch_speed();
  }

  void abandon() {
    for (auto& [easy, transfer] : transfers_) {
      set_aside(*transfer);
    }
    transfers_.clear();
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
    // With TLS: wait for a connection that may carry many requests rather than open one each. Not
    // without: libcurl learns that plain HTTP cannot from the first answer, and all would wait for
    // it.
    const bool tls = options_.url.starts_with("https:");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                     static_cast<long>(tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, tls ? 1L : 0L);
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
    transfer->done(std::move(result));
  }

  // The handle outlives the transfer: it must not write to it any more.
  void set_aside(Transfer& transfer) {
    CURL* easy = transfer.easy.get();
    curl_multi_remove_handle(multi_, easy);
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

  asio::io_context& loop_;
  const TransportOptions options_;
  asio::steady_timer timer_, speed_timer_;
  CURLM* multi_ = nullptr;
  curl_slist* headers_ = nullptr;
  std::unordered_map<CURL*, std::unique_ptr<Transfer>> transfers_;
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
