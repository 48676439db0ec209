#include "serve/session.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <utility>

#include "run/sha256.h"

namespace vigor::serve {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr const char* kCompletions = "/v1/chat/completions";

// Takes the same time wherever the two differ.
bool same_hash(const std::string& a, const std::string& b) {
  unsigned char difference = a.size() == b.size() ? 0 : 1;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  }
  return difference == 0;
}

std::string known_path(std::string_view target) {
  const std::string path(target.substr(0, target.find('?')));
  for (const char* each : {kCompletions, "/v1/models", "/health", "/metrics"}) {
    if (path == each) return path;
  }
  return "other";
}

}  // namespace

// One question between the network's thread and the model's. The network's owns all of it but
// `gone`.
struct Session::Pending {
  explicit Pending(const asio::any_io_executor& executor) : wake(executor) {
    wake.expires_at(asio::steady_timer::time_point::max());
  }

  // Until there is something new.
  asio::awaitable<void> wait() {
    while (fresh.empty() && !answers.has_value() && !gone) {
      error_code woken;
      co_await wake.async_wait(with(woken));
    }
  }

  asio::steady_timer wake;                         // cancelled when something below has changed
  std::vector<std::pair<int, std::string>> fresh;  // (choice, text) to be streamed
  std::optional<std::vector<Answer>> answers;
  std::atomic<bool> gone = false;  // the client is: the answer is not wanted any more
};

asio::awaitable<void> Session::run() {
  while (co_await serve_one()) {
  }
  error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
  stream_.close();
}

void Session::stop_if_idle() {
  if (!busy_) stream_.close();
}

asio::awaitable<bool> Session::serve_one() {
  busy_ = false;
  if (server_.stopping) co_return false;
  http::request_parser<http::string_body> parser;
  parser.header_limit(static_cast<uint32_t>(server_.options.max_header_bytes));
  parser.body_limit(server_.options.max_body_bytes);
  error_code code;
  stream_.expires_after(milliseconds(server_.options.header_timeout_s));
  co_await http::async_read_header(stream_, buffer_, parser, with(code));
  busy_ = true;
  started_ = server_.environment.clock();
  const auto& head = parser.get();
  path_ = known_path(head.target());
  keep_alive_ = !code && parser.keep_alive();
  if (code) co_return co_await reject(code);
  // Before the body is read: who may not ask need not be listened to.
  const std::optional<ApiError> error = refused(
      head[http::field::authorization], head.method_string(), head[http::field::content_type]);
  if (error) {
    keep_alive_ = keep_alive_ && parser.is_done();
    co_return co_await send_error(*error);
  }
  if (!parser.is_done()) {
    stream_.expires_after(milliseconds(server_.options.body_timeout_s));
    if (beast::iequals(head[http::field::expect], "100-continue")) {
      constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      co_await asio::async_write(stream_, asio::buffer(kContinue), with(code));
      if (code) co_return false;
    }
    co_await http::async_read(stream_, buffer_, parser, with(code));
    if (code) co_return co_await reject(code);
  }
  stream_.expires_never();
  if (path_ == "/health") co_return co_await send(200, R"({"status":"ok"})", "application/json");
  if (path_ == "/v1/models") co_return co_await send_json(models());
  if (path_ == "/metrics") {
    co_return co_await send(200, server_.metrics.text(server_.batcher.measurements()),
                            "text/plain; version=0.0.4; charset=utf-8");
  }
  co_return co_await complete(head.body(), head.version() >= 11);
}

std::optional<ApiError> Session::refused(std::string_view authorization, std::string_view method,
                                         std::string_view type) const {
  const auto wrong = [](int status, const std::string& message) {
    return ApiError(status, "invalid_request_error", message);
  };
  if (path_ != "/health" && !server_.token_hash.empty()) {
    constexpr std::string_view kBearer = "Bearer ";
    const std::string_view token =
        authorization.substr(std::min(kBearer.size(), authorization.size()));
    if (!beast::iequals(authorization.substr(0, kBearer.size()), kBearer) ||
        !same_hash(sha256_hex(token), server_.token_hash)) {
      return ApiError(401, "authentication_error", "the token is missing or wrong",
                      "invalid_api_key");
    }
  }
  if (path_ == "other") {
    return wrong(404,
                 "no such path; there are /v1/chat/completions, /v1/models, /health, /metrics");
  }
  const std::string_view wanted = path_ == kCompletions ? "POST" : "GET";
  if (method != wanted) return wrong(405, "this path takes " + std::string(wanted));
  // A page in a browser can send a POST to this machine, but not of this type without asking first.
  if (wanted == "POST" && !beast::iequals(type.substr(0, 16), "application/json")) {
    return wrong(415, "Content-Type must be application/json");
  }
  return std::nullopt;
}

asio::awaitable<bool> Session::reject(error_code code) {
  keep_alive_ = false;
  if (code == beast::error::timeout) {
    ++server_.metrics.slow_clients;
    co_return false;
  }
  const error_code of_http = http::make_error_code(http::error::bad_method);
  if (code == http::error::end_of_stream || code == http::error::partial_message ||
      code.category() != of_http.category()) {
    co_return false;  // the client has gone
  }
  const auto bytes = [](size_t count) { return std::to_string(count) + " bytes"; };
  ApiError error = bad_request("not an HTTP request: " + code.message());
  if (code == http::error::body_limit) {
    error = ApiError(413, "invalid_request_error",
                     "the request is larger than " + bytes(server_.options.max_body_bytes));
  } else if (code == http::error::header_limit || code == http::error::buffer_overflow) {
    error = ApiError(431, "invalid_request_error",
                     "the header is larger than " + bytes(server_.options.max_header_bytes));
  }
  co_return co_await send_error(error);
}

Json Session::models() const {
  Json list = Json::array();
  list.push_back({{"id", server_.options.model_name},
                  {"object", "model"},
                  {"created", server_.created},
                  {"owned_by", "vigor-eval"},
                  {"vigor", server_.about}});
  return {{"object", "list"}, {"data", std::move(list)}};
}

asio::awaitable<bool> Session::complete(std::string_view body, bool chunks_allowed) {
  std::optional<ApiError> error;
  ChatQuestion question;
  try {
    question = parse_chat_question(body, server_.options.chat);
    if (question.model != server_.options.model_name) {
      throw ApiError(404, "invalid_request_error",
                     "no model '" + printable(question.model) + "'; this server has '" +
                         server_.options.model_name + "'",
                     "model_not_found", "model");
    }
    if (question.stream && !chunks_allowed) throw bad_request("stream needs HTTP/1.1", "stream");
    if (question.stream && question.logprobs) {
      throw bad_request("logprobs are not given with stream", "logprobs");
    }
  } catch (const ApiError& problem) {
    error = problem;
  }
  if (error) co_return co_await send_error(*error);
  if (!question.seeded) {
    question.generation.seed = uint64_t{server_.random.next()} << 32 | server_.random.next();
  }
  const std::shared_ptr<Pending> pending = submit(question);
  if (pending == nullptr) {
    error =
        ApiError(429, "rate_limit_error", "too many questions wait for the model", "server_busy");
    co_return co_await send_error(*error);
  }
  watch_client(pending);
  bool alive = false;
  if (question.stream) {
    alive = co_await stream_answers(pending, question);
  } else {
    alive = co_await send_answers(pending, question);
  }
  pending->gone = true;
  // Ends the watch, so that the next request can be read.
  error_code ignored;
  if (stream_.socket().is_open()) stream_.socket().cancel(ignored);
  co_return alive;
}

std::shared_ptr<Session::Pending> Session::submit(const ChatQuestion& question) {
  const asio::any_io_executor network = stream_.get_executor();
  const auto pending = std::make_shared<Pending>(network);
  BatchJob job;
  job.question = question;
  job.progress = [network, pending, stream = question.stream](int choice, std::string_view fresh) {
    if (pending->gone) return false;
    if (stream && !fresh.empty()) {
      asio::post(network, [pending, choice, text = std::string(fresh)] {
        pending->fresh.emplace_back(choice, text);
        pending->wake.cancel();
      });
    }
    return true;
  };
  job.done = [network, pending](std::vector<Answer>&& answers) {
    asio::post(network, [pending, answers = std::move(answers)]() mutable {
      pending->answers = std::move(answers);
      pending->wake.cancel();
    });
  };
  return server_.batcher.submit(std::move(job)) ? pending : nullptr;
}

void Session::watch_client(const std::shared_ptr<Pending>& pending) {
  stream_.socket().async_wait(tcp::socket::wait_read, [this, pending](error_code code) {
    if (code || pending->gone) return;  // not watched any more; `this` may be gone too
    char byte = 0;
    const auto got = ::recv(stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    // The next request may be here already; then the watch ends.
    if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) return;
    pending->gone = true;
    pending->wake.cancel();
  });
}

ReplyFrame Session::new_frame() {
  return {.id = "chatcmpl-" + server_.fingerprint.substr(0, 8) + "-" +
                std::to_string(server_.created) + "-" + std::to_string(server_.next_id++),
          .created = static_cast<int64_t>(server_.environment.wall_clock()),
          .model = server_.options.model_name,
          .fingerprint = server_.fingerprint};
}

asio::awaitable<bool> Session::send_answers(std::shared_ptr<Pending> pending,
                                            const ChatQuestion& question) {
  co_await pending->wait();
  if (pending->gone) co_return false;
  std::optional<ApiError> error;
  try {
    check_answers(*pending->answers);
  } catch (const ApiError& problem) {
    error = problem;
  }
  if (error) co_return co_await send_error(*error);
  co_return co_await send_json(completion_body(new_frame(), question, *pending->answers));
}

asio::awaitable<bool> Session::stream_answers(std::shared_ptr<Pending> pending,
                                              const ChatQuestion& question) {
  co_await pending->wait();
  if (pending->gone) co_return false;
  // Nothing has been sent: what fails as a whole fails as any request does.
  if (pending->answers && pending->fresh.empty() && !pending->answers->front().error.empty()) {
    co_return co_await send_answers(pending, question);
  }
  const ReplyFrame frame = new_frame();
  http::response<http::empty_body> head(http::status::ok, 11);
  decorate(head, "text/event-stream");
  head.set(http::field::cache_control, "no-cache");
  head.chunked(true);
  http::response_serializer<http::empty_body> serializer(head);
  error_code code;
  stream_.expires_after(milliseconds(server_.options.write_timeout_s));
  co_await http::async_write_header(stream_, serializer, with(code));
  if (code) co_return write_failed(code);
  std::vector<std::string> given(static_cast<size_t>(question.choices));
  std::string events = first_events(frame, question);
  while (true) {
    const auto fresh = std::exchange(pending->fresh, {});
    for (const auto& [choice, text] : fresh) {
      events += text_event(frame, choice, text);
      given[static_cast<size_t>(choice)] += text;
    }
    const bool last = pending->answers.has_value();
    if (last) events += last_events(frame, question, *pending->answers, given);
    stream_.expires_after(milliseconds(server_.options.write_timeout_s));
    co_await asio::async_write(stream_, http::make_chunk(asio::buffer(events)), with(code));
    if (code) co_return write_failed(code);
    if (last) break;
    events.clear();
    co_await pending->wait();
    if (pending->gone) co_return false;
  }
  co_await asio::async_write(stream_, http::make_chunk_last(), with(code));
  if (code) co_return write_failed(code);
  count(200);
  stream_.expires_never();
  co_return keep_alive_;
}

template <typename Message>
void Session::decorate(Message& message, const char* type) {
  message.set(http::field::server, "vigor-eval");
  message.set(http::field::content_type, type);
  message.set("X-Content-Type-Options", "nosniff");
  keep_alive_ = keep_alive_ && !server_.stopping;
  message.keep_alive(keep_alive_);
}

asio::awaitable<bool> Session::send(int status, std::string body, const char* type) {
  http::response<http::string_body> response(static_cast<http::status>(status), 11);
  decorate(response, type);
  if (status == 429) response.set(http::field::retry_after, "1");
  if (status == 401) response.set(http::field::www_authenticate, "Bearer");
  if (status == 405) response.set(http::field::allow, path_ == kCompletions ? "POST" : "GET");
  response.body() = std::move(body);
  response.prepare_payload();
  error_code code;
  stream_.expires_after(milliseconds(server_.options.write_timeout_s));
  co_await http::async_write(stream_, response, with(code));
  if (code) co_return write_failed(code);
  count(status);
  if (!keep_alive_) co_await take_rest();
  stream_.expires_never();
  co_return keep_alive_;
}

asio::awaitable<bool> Session::send_json(const Json& body) {
  return send(200, dump_json(body), "application/json");
}

asio::awaitable<bool> Session::send_error(const ApiError& error) {
  return send(error.status, dump_json(error.body()), "application/json");
}

asio::awaitable<void> Session::take_rest() {
  error_code code;
  stream_.socket().shutdown(tcp::socket::shutdown_send, code);
  stream_.expires_after(std::chrono::seconds(2));
  std::array<char, 16384> bytes;
  for (size_t taken = 0; !code && taken < 2 * server_.options.max_body_bytes;) {
    taken += co_await stream_.async_read_some(asio::buffer(bytes), with(code));
  }
}

bool Session::write_failed(error_code code) {
  if (code == beast::error::timeout) ++server_.metrics.slow_clients;
  return false;
}

void Session::count(int status) {
  server_.metrics.count(path_, status, server_.environment.clock() - started_);
}

}  // namespace vigor::serve
