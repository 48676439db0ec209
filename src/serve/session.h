// Inside of the server: one connection, and what all connections share.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "serve/chat_answer.h"
#include "serve/serve_metrics.h"
#include "serve/server.h"

namespace vigor::serve {

// For awaiting an operation whose failure is a value.
inline auto with(boost::system::error_code& code) {
  return boost::asio::redirect_error(boost::asio::use_awaitable, code);
}

inline std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

// But for the batcher, of the network's thread alone.
struct ServerState {
  ServerState(Lvlm& model, ServerOptions given, ServerEnvironment surroundings);

  ServerOptions options;  // without the token
  ServerEnvironment environment;
  CounterRandom random;
  Batcher batcher;
  ServeMetrics metrics;
  std::string token_hash;   // SHA-256; "": no token is needed
  std::string fingerprint;  // of the weights
  Json about = Json::object();
  int64_t created = 0;
  uint64_t next_id = 0;
  bool stopping = false;
};

// One connection, from its first request to its last. The state must outlive it.
class Session {
 public:
  Session(ServerState& server, boost::asio::ip::tcp::socket socket)
      : server_(server), stream_(std::move(socket)) {}

  boost::asio::awaitable<void> run();
  // Between requests there is nothing to wait for.
  void stop_if_idle();

 private:
  struct Pending;
  template <typename T = void>
  using Awaitable = boost::asio::awaitable<T>;

  // A request and its reply. This and all below that give a bool: false when the connection is to
  // be closed.
  Awaitable<bool> serve_one();
  // What is wrong with a request by its header alone.
  std::optional<ApiError> refused(std::string_view authorization, std::string_view method,
                                  std::string_view type) const;
  // Answers what could not be read as a request.
  Awaitable<bool> reject(boost::system::error_code code);
  Json models() const;

  Awaitable<bool> complete(std::string_view body, bool chunks_allowed);
  // Null when too many wait.
  std::shared_ptr<Pending> submit(const ChatQuestion& question);
  // Notices that the client has gone while its question is computed.
  void watch_client(const std::shared_ptr<Pending>& pending);
  ReplyFrame new_frame();
  Awaitable<bool> send_answers(std::shared_ptr<Pending> pending, const ChatQuestion& question);
  Awaitable<bool> stream_answers(std::shared_ptr<Pending> pending, const ChatQuestion& question);

  template <typename Message>
  void decorate(Message& message, const char* type);
  Awaitable<bool> send(int status, std::string body, const char* type);
  Awaitable<bool> send_json(const Json& body);
  Awaitable<bool> send_error(const ApiError& error);
  // A connection that is closed with unread bytes is reset, and the reply may be lost with it.
  Awaitable<> take_rest();
  bool write_failed(boost::system::error_code code);
  void count(int status);

  ServerState& server_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  bool busy_ = false;  // a request is under way
  bool keep_alive_ = false;
  double started_ = 0;  // of the request, by the server's clock
  std::string path_;    // of the request; "other" for those that the server has not
};

}  // namespace vigor::serve
