// A real HTTP/1.1 server on the loopback interface that answers by a script, well or badly: for
// tests of what asks endpoints. One thread, hundreds of connections, keep-alive; TLS with a
// self-signed certificate made on the spot.
//
//   ChatServer server([](const ServerRequest& request) {
//     if (request.index < 2) return error_answer(500, "try later");
//     return chat_answer("yes");
//   });
//   options.base_url = server.base_url();
//
// The script runs in the server's thread: what it captures must outlive the server, and what the
// test reads while the server runs must be atomic or behind a mutex.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/json.h"

namespace vigor::testing {

struct ServerRequest {
  size_t index = 0;                            // 0, 1, ... in the order of arrival at the server
  std::string method;                          // "POST"
  std::string target;                          // "/v1/chat/completions"
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  // The body as JSON. Throws when it is not.
  Json json() const { return Json::parse(body); }
  // The text parts of the last message, joined: what a script usually decides by.
  std::string prompt() const;
};

struct ServerAnswer {
  int status = 200;
  // Beside Content-Length and Content-Type: application/json; a Content-Type given here replaces
  // it.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  double delay_s = 0;                    // before the first byte of the answer, seconds
  std::optional<size_t> content_length;  // said instead of the true one
  bool no_content_length = false;   // neither length nor chunks: the body ends with the connection
  std::optional<size_t> cut_after;  // bytes of the body that are sent before the connection ends
  bool reset = false;               // the connection ends by RST instead of FIN, after cut_after
                                    // bytes of body; without cut_after before any byte
  bool close = false;               // the connection ends after the answer
  size_t drip_bytes = 0;            // not 0: the body goes out in pieces of so many bytes
  double drip_s = 0.005;            // seconds between those pieces
};

// A chat completion that says `text`, as OpenAI's endpoint words it.
Json chat_body(const std::string& text, int64_t prompt_tokens = 10, int64_t completion_tokens = 5,
               const std::string& finish_reason = "stop");
ServerAnswer chat_answer(const std::string& text, int64_t prompt_tokens = 10,
                         int64_t completion_tokens = 5, const std::string& finish_reason = "stop");
// A status with {"error": {"message", "type"}}.
ServerAnswer error_answer(int status, const std::string& message,
                          std::vector<std::pair<std::string, std::string>> headers = {});

struct ChatServerOptions {
  bool tls = false;
  bool record = true;  // keep every request for seen()
};

class ChatServer {
 public:
  using Script = std::function<ServerAnswer(const ServerRequest& request)>;

  // Listens on 127.0.0.1, at a port that the system chooses, when the constructor returns.
  explicit ChatServer(Script script, ChatServerOptions options = {});
  // Ends every connection.
  ~ChatServer();
  ChatServer(const ChatServer&) = delete;
  ChatServer& operator=(const ChatServer&) = delete;

  // "http://127.0.0.1:PORT/v1", or https; the certificate is for 127.0.0.1.
  std::string base_url() const;
  int port() const;
  // The certificate as PEM, to be trusted as a CA file; empty without TLS.
  const std::string& certificate() const;

  // Thread-safe, while the server runs.
  size_t requests() const;
  size_t connections() const;     // accepted so far
  size_t peak_in_flight() const;  // requests that were being answered at one time
  std::vector<ServerRequest> seen() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::thread thread_;
};

// A base URL on the loopback interface at which nobody listens.
std::string refusing_url();

// A key and a certificate for 127.0.0.1 signed by itself, both PEM.
std::pair<std::string, std::string> self_signed();

}  // namespace vigor::testing
