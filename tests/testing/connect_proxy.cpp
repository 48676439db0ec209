#include "tests/testing/connect_proxy.h"

#include <array>
#include <boost/asio.hpp>
#include <mutex>

namespace vigor::testing {

namespace asio = boost::asio;
using asio::use_awaitable;
using asio::ip::tcp;

struct ConnectProxy::State {
  explicit State(int refuse_)
      : refuse(refuse_), acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}

  asio::awaitable<void> accept() {
    for (;;) {
      auto client =
          std::make_shared<tcp::socket>(co_await acceptor.async_accept(asio::use_awaitable));
      asio::co_spawn(context, tunnel(std::move(client)), asio::detached);
    }
  }

  // Ends with the connection, by an exception that nobody reads.
  asio::awaitable<void> tunnel(std::shared_ptr<tcp::socket> client) {
    std::string head;
    co_await asio::async_read_until(*client, asio::dynamic_buffer(head), "\r\n\r\n", use_awaitable);
    keep(heads, head);
    if (refuse != 0 || !head.starts_with("CONNECT 127.0.0.1:")) {
      const std::string refusal = "HTTP/1.1 " + std::to_string(refuse == 0 ? 403 : refuse) +
                                  " refused\r\nContent-Length: 0\r\n\r\n";
      co_await asio::async_write(*client, asio::buffer(refusal), use_awaitable);
      co_return;
    }
    const auto port = static_cast<uint16_t>(std::stoi(head.substr(18)));
    auto server = std::make_shared<tcp::socket>(context);
    co_await server->async_connect({asio::ip::address_v4::loopback(), port}, use_awaitable);
    constexpr std::string_view kOpen = "HTTP/1.1 200 open\r\n\r\n";
    co_await asio::async_write(*client, asio::buffer(kOpen), use_awaitable);
    asio::co_spawn(context, pass(server, client), asio::detached);
    co_await pass(client, server);
  }

  asio::awaitable<void> pass(std::shared_ptr<tcp::socket> from, std::shared_ptr<tcp::socket> to) {
    std::array<char, 16384> bytes;
    boost::system::error_code ended;
    for (;;) {
      const size_t count = co_await from->async_read_some(
          asio::buffer(bytes), asio::redirect_error(use_awaitable, ended));
      if (ended) break;
      keep(through, std::string_view(bytes.data(), count));
      co_await asio::async_write(*to, asio::buffer(bytes.data(), count), use_awaitable);
    }
    to->shutdown(tcp::socket::shutdown_send, ended);
  }

  void keep(std::string& where, std::string_view bytes) {
    const std::lock_guard lock(mutex);
    where += bytes;
  }

  const int refuse;
  asio::io_context context{1};
  tcp::acceptor acceptor;
  mutable std::mutex mutex;
  std::string heads, through;
};

ConnectProxy::ConnectProxy(int refuse) : state_(std::make_unique<State>(refuse)) {
  asio::co_spawn(state_->context, state_->accept(), asio::detached);
  thread_ = std::thread([state = state_.get()] { state->context.run(); });
}

ConnectProxy::~ConnectProxy() {
  state_->context.stop();
  thread_.join();
}

std::string ConnectProxy::url() const {
  return "http://127.0.0.1:" + std::to_string(state_->acceptor.local_endpoint().port());
}

std::string ConnectProxy::heads() const {
  const std::lock_guard lock(state_->mutex);
  return state_->heads;
}

std::string ConnectProxy::tunnelled() const {
  const std::lock_guard lock(state_->mutex);
  return state_->through;
}

}  // namespace vigor::testing
