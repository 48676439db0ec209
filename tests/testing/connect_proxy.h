// A small HTTP proxy on the loopback interface that makes tunnels (CONNECT) and keeps what it sees
// of them: for tests of what a proxy between client and server must not see.
#pragma once

#include <memory>
#include <string>
#include <thread>

namespace vigor::testing {

class ConnectProxy {
 public:
  // Listens on 127.0.0.1 when the constructor returns. With `refuse` every CONNECT is answered by
  // that status.
  explicit ConnectProxy(int refuse = 0);
  // Ends every tunnel.
  ~ConnectProxy();
  ConnectProxy(const ConnectProxy&) = delete;
  ConnectProxy& operator=(const ConnectProxy&) = delete;

  std::string url() const;  // "http://127.0.0.1:PORT"
  // Thread-safe, while the proxy runs: the heads of the requests for tunnels; every byte that went
  // through them, of both directions.
  std::string heads() const;
  std::string tunnelled() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::thread thread_;
};

}  // namespace vigor::testing
