#include "serve/server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <set>
#include <thread>

#include "base/error.h"
#include "run/sha256.h"
#include "serve/session.h"

namespace vigor::serve {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

tcp::endpoint checked_endpoint(const ServerOptions& options) {
  error_code code;
  const asio::ip::address address =
      asio::ip::make_address(options.address == "localhost" ? "127.0.0.1" : options.address, code);
  if (code) {
    throw Error({.what = "not a numeric address: '" + printable(options.address) + "'",
                 .where = "--host",
                 .fix = "give 127.0.0.1, ::1, or the address of one of this machine's networks",
                 .exit_code = ExitCode::kUsage});
  }
  if (!address.is_loopback() && options.token.empty()) {
    throw Error({.what = options.address + " can be reached from other machines, and no token is "
                                           "asked for",
                 .where = "--host",
                 .cause = "everybody there could use the model",
                 .fix = "set VIGOR_SERVE_TOKEN or give --token-file, or listen on 127.0.0.1",
                 .exit_code = ExitCode::kUsage});
  }
  return {address, options.port};
}

}  // namespace

ServerState::ServerState(Lvlm& model, ServerOptions given, ServerEnvironment surroundings)
    : options(std::move(given)),
      environment(std::move(surroundings)),
      random(environment.seed, "serve"),
      batcher(model, options.batch) {
  if (!options.token.empty()) token_hash = sha256_hex(options.token);
  options.token.clear();
  // Not where it lies: paths are this machine's own business.
  const Json identity = model.identity();
  for (const char* key : {"checkpoint_hash", "conversation", "system_prompt", "dtype", "device"}) {
    if (identity.contains(key)) about[key] = identity[key];
  }
  fingerprint = identity.value("checkpoint_hash", std::string("unknown")).substr(0, 16);
  created = static_cast<int64_t>(environment.wall_clock());
}

// All of it but `give_up` belongs to the network's thread.
struct Server::Impl {
  Impl(Lvlm& model, ServerOptions options, ServerEnvironment environment)
      : state(model, options, std::move(environment)) {
    const tcp::endpoint endpoint = checked_endpoint(options);
    try {
      acceptor.open(endpoint.protocol());
      acceptor.set_option(asio::socket_base::reuse_address(true));
      acceptor.bind(endpoint);
      acceptor.listen();
    } catch (const boost::system::system_error& error) {
      throw Error({.what = "cannot listen on " + options.address + ":" +
                           std::to_string(options.port) + ": " + error.code().message(),
                   .cause = "another program listens there, or the address is none of this machine",
                   .fix = "choose another --port; 0 takes one that is free"});
    }
  }

  asio::awaitable<void> accept();
  void session_ended(Session* session);
  void begin_stop();
  asio::awaitable<void> end_by_force();

  ServerState state;
  std::stop_source give_up;  // what the model computes is ended
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
  asio::steady_timer drain{io};
  std::set<Session*> sessions;
};

asio::awaitable<void> Server::Impl::accept() {
  while (acceptor.is_open()) {
    error_code code;
    tcp::socket socket = co_await acceptor.async_accept(with(code));
    if (!acceptor.is_open()) break;
    if (code) {
      // Out of file descriptors, most likely: others must end first.
      asio::steady_timer pause(io, std::chrono::milliseconds(50));
      co_await pause.async_wait(with(code));
      continue;
    }
    if (static_cast<int>(sessions.size()) >= state.options.max_connections) {
      ++state.metrics.connections_refused;
      continue;  // which closes it
    }
    socket.set_option(tcp::no_delay(true), code);
    const auto session = std::make_shared<Session>(state, std::move(socket));
    sessions.insert(session.get());
    state.metrics.connections = static_cast<int64_t>(sessions.size());
    // Whatever ends a session ends it alone.
    asio::co_spawn(io, session->run(),
                   [this, session](std::exception_ptr) { session_ended(session.get()); });
  }
}

void Server::Impl::session_ended(Session* session) {
  sessions.erase(session);
  state.metrics.connections = static_cast<int64_t>(sessions.size());
  if (state.stopping && sessions.empty()) drain.cancel();
}

// Nothing new; what is under way may end.
void Server::Impl::begin_stop() {
  state.stopping = true;
  error_code ignored;
  acceptor.close(ignored);
  for (Session* session : sessions) session->stop_if_idle();
  drain.expires_after(milliseconds(state.options.drain_s));
  if (!sessions.empty()) asio::co_spawn(io, end_by_force(), asio::detached);
}

asio::awaitable<void> Server::Impl::end_by_force() {
  error_code cancelled;
  co_await drain.async_wait(with(cancelled));
  if (cancelled) co_return;  // all sessions have ended
  give_up.request_stop();
  // Those that wait are told; who does not listen is left.
  drain.expires_after(std::chrono::seconds(2));
  co_await drain.async_wait(with(cancelled));
  if (!cancelled) io.stop();
}

Server::Server(Lvlm& model, ServerOptions options, ServerEnvironment environment)
    : impl_(std::make_unique<Impl>(model, std::move(options), std::move(environment))) {}
Server::~Server() = default;

uint16_t Server::port() const {
  return impl_->acceptor.local_endpoint().port();
}

std::string Server::url() const {
  const tcp::endpoint endpoint = impl_->acceptor.local_endpoint();
  const std::string host = endpoint.address().to_string();
  return "http://" + (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" +
         std::to_string(endpoint.port()) + "/v1";
}

void Server::run(std::stop_token stop) {
  Impl& impl = *impl_;
  asio::co_spawn(impl.io, impl.accept(), asio::detached);
  const std::stop_callback on_stop(
      stop, [&impl] { asio::post(impl.io, [&impl] { impl.begin_stop(); }); });
  const std::jthread network([&impl] {
    impl.io.run();
    impl.state.batcher.close();
  });
  impl.state.batcher.run(impl.give_up.get_token());
}

}  // namespace vigor::serve
