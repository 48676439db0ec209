// A server that runs beside the test, on a port of the system's choice.
#pragma once

#include <memory>
#include <thread>

#include "serve/server.h"
#include "tests/serve/fake_lvlm.h"
#include "tests/serve/socket_client.h"

namespace vigor::testing {

class RunningServer {
 public:
  explicit RunningServer(Lvlm& model, serve::ServerOptions options = {})
      : server_(model, prepared(std::move(options))),
        thread_([this](std::stop_token stop) { server_.run(stop); }) {}

  uint16_t port() const { return port_; }
  void request_stop() { thread_.request_stop(); }
  void join() { thread_.join(); }

 private:
  static serve::ServerOptions prepared(serve::ServerOptions options) {
    options.port = 0;
    options.model_name = "demo";
    return options;
  }

  serve::Server server_;
  uint16_t port_ = server_.port();
  std::jthread thread_;
};

// The body of a request with one message.
inline Json chat(const std::string& words) {
  Json message = {{"role", "user"}, {"content", words}};
  return {{"model", "demo"}, {"messages", Json::array({message})}, {"temperature", 0}};
}

}  // namespace vigor::testing
