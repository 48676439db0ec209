// A client of bytes: sends what no well-behaved client would, and reads what comes back.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"

namespace vigor::testing {

// The text of a POST to /v1/chat/completions. `more` are further header lines, each with "\r\n".
std::string post(const std::string& body, const std::string& more = "");
std::string post(const Json& body, const std::string& more = "");

struct Reply {
  int status = 0;  // 0: the connection ended without one
  std::string head;
  std::string body;  // chunks joined
  Json json() const { return Json::parse(body); }
};

class SocketClient {
 public:
  explicit SocketClient(uint16_t port);
  // Errors are ignored: the server may have closed already.
  void send(std::string_view bytes);
  // The next reply on this connection.
  Reply receive();
  // True when the server has closed the connection (waits for it, or for bytes).
  bool closed();
  void close();
  // Sends, receives.
  Reply ask(std::string_view bytes);

 private:
  // Reads until `mark` is in the buffer or the connection ends; the place behind it.
  size_t read_through(std::string_view mark, size_t from);
  bool read_more();

  boost::asio::io_context io_;
  boost::asio::ip::tcp::socket socket_;
  std::string buffer_;
};

// One request on a connection of its own.
Reply ask(uint16_t port, std::string_view bytes);

}  // namespace vigor::testing
