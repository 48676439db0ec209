#include "tests/serve/socket_client.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

namespace vigor::testing {

using boost::asio::ip::tcp;

std::string post(const std::string& body, const std::string& more) {
  return "POST /v1/chat/completions HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n" +
         more + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string post(const Json& body, const std::string& more) {
  return post(body.dump(), more);
}

SocketClient::SocketClient(uint16_t port) : socket_(io_) {
  socket_.connect({boost::asio::ip::address_v4::loopback(), port});
}

void SocketClient::send(std::string_view bytes) {
  boost::system::error_code ignored;
  boost::asio::write(socket_, boost::asio::buffer(bytes), ignored);
}

bool SocketClient::read_more() {
  std::array<char, 65536> bytes;
  boost::system::error_code code;
  const size_t count = socket_.read_some(boost::asio::buffer(bytes), code);
  buffer_.append(bytes.data(), count);
  return !code;
}

size_t SocketClient::read_through(std::string_view mark, size_t from) {
  size_t at = std::string::npos;
  while ((at = buffer_.find(mark, from)) == std::string::npos) {
    if (!read_more()) return std::string::npos;
  }
  return at + mark.size();
}

Reply SocketClient::receive() {
  Reply reply;
  const size_t head_end = read_through("\r\n\r\n", 0);
  if (head_end == std::string::npos) return reply;
  reply.head = buffer_.substr(0, head_end);
  reply.status = std::stoi(reply.head.substr(9, 3));
  buffer_.erase(0, head_end);
  if (reply.head.find("chunked") != std::string::npos) {
    while (true) {
      const size_t line = read_through("\r\n", 0);
      if (line == std::string::npos) return {};
      const size_t size = std::stoul(buffer_.substr(0, line), nullptr, 16);
      while (buffer_.size() < line + size + 2) {
        if (!read_more()) return {};
      }
      reply.body += buffer_.substr(line, size);
      buffer_.erase(0, line + size + 2);
      if (size == 0) return reply;
    }
  }
  const size_t at = reply.head.find("Content-Length: ");
  const size_t size = at == std::string::npos ? 0 : std::stoul(reply.head.substr(at + 16));
  while (buffer_.size() < size) {
    if (!read_more()) return {};
  }
  reply.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return reply;
}

bool SocketClient::closed() {
  return buffer_.empty() && !read_more() && buffer_.empty();
}

void SocketClient::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

Reply SocketClient::ask(std::string_view bytes) {
  send(bytes);
  return receive();
}

Reply ask(uint16_t port, std::string_view bytes) {
  return SocketClient(port).ask(bytes);
}

}  // namespace vigor::testing
