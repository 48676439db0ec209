// The HTTP server: POST /v1/chat/completions, GET /v1/models, /health and /metrics.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/progress.h"
#include "serve/batcher.h"
#include "serve/chat_question.h"

namespace vigor::serve {

struct ServerOptions {
  // Numeric address that is listened on. One that is not loopback is refused without a token.
  std::string address = "127.0.0.1";
  uint16_t port = 8000;         // 0: the system chooses one, see Server::port()
  std::string model_name = {};  // what requests call the model
  // Clients must send it as "Authorization: Bearer TOKEN" (but for /health); empty: not needed.
  std::string token = {};

  size_t max_body_bytes = 32 << 20;    // of a request, its pictures in base64 among it
  size_t max_header_bytes = 16 << 10;  // of a request
  int max_connections = 1024;          // open at once; more are closed at once
  // Seconds that a client may take: between requests and for a header; for a body; for taking a
  // piece of the reply. Those that take longer are dropped.
  double header_timeout_s = 30;
  double body_timeout_s = 60;
  double write_timeout_s = 30;
  // Seconds that requests under way get to end when the server is stopped.
  double drain_s = 30;
  ChatLimits chat = {};
  BatchOptions batch = {};
};

struct ServerEnvironment {
  Clock clock = steady_clock();       // seconds, steady
  Clock wall_clock = system_clock();  // seconds since 1970
  // Of ids, and of sampled answers whose request names no seed.
  uint64_t seed = 0;
};

class Server {
 public:
  // Listens, but answers nobody yet. The model must outlive the server. Throws Error: an address
  // that cannot be listened on, or may not without a token.
  Server(Lvlm& model, ServerOptions options, ServerEnvironment environment = {});
  ~Server();

  uint16_t port() const;
  std::string url() const;  // "http://127.0.0.1:8000/v1"

  // Serves until stop is requested, then lets requests under way end. The model is used by the
  // calling thread alone; the network has a thread of its own.
  void run(std::stop_token stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vigor::serve
