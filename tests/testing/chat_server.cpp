#include "tests/testing/chat_server.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <chrono>
#include <stdexcept>

namespace vigor::testing {

namespace asio = boost::asio;
using asio::awaitable;
using asio::use_awaitable;
using asio::ip::tcp;

namespace {

std::string bytes_of(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<size_t>(size)};
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return text;
}

// The request line and headers up to the empty line.
ServerRequest parse_head(const std::string& head) {
  ServerRequest request;
  size_t at = head.find("\r\n");
  const std::string first = head.substr(0, at);
  const size_t space = first.find(' ');
  request.method = first.substr(0, space);
  request.target = first.substr(space + 1, first.rfind(' ') - space - 1);
  while (at + 2 < head.size()) {
    const size_t start = at + 2;
    at = head.find("\r\n", start);
    const std::string line = head.substr(start, at - start);
    const size_t colon = line.find(':');
    if (colon == std::string::npos) break;
    const size_t value = line.find_first_not_of(' ', colon + 1);
    request.headers[lower(line.substr(0, colon))] =
        value == std::string::npos ? "" : line.substr(value);
  }
  return request;
}

std::string head_of(const ServerAnswer& answer) {
  std::string head = "HTTP/1.1 " + std::to_string(answer.status) + " scripted\r\n";
  bool typed = false;
  for (const auto& [name, value] : answer.headers) {
    head += name + ": " + value + "\r\n";
    typed = typed || lower(name) == "content-type";
  }
  if (!typed) head += "Content-Type: application/json\r\n";
  if (!answer.no_content_length) {
    head +=
        "Content-Length: " + std::to_string(answer.content_length.value_or(answer.body.size())) +
        "\r\n";
  }
  return head + "\r\n";
}

awaitable<void> pause(double seconds) {
  if (seconds <= 0) co_return;
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(seconds)));
  co_await timer.async_wait(use_awaitable);
}

}  // namespace

struct ChatServer::State {
  State(Script script_, ChatServerOptions options_)
      : script(std::move(script_)),
        options(options_),
        acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
    if (!options.tls) return;
    const auto [key, pem] = self_signed();
    tls.use_private_key(asio::buffer(key), asio::ssl::context::pem);
    tls.use_certificate_chain(asio::buffer(pem));
    certificate = pem;
  }

  awaitable<void> accept() {
    for (;;) {
      tcp::socket socket = co_await acceptor.async_accept(use_awaitable);
      ++connections;
      socket.set_option(tcp::no_delay(true));
      if (options.tls) {
        asio::co_spawn(context, secure(std::move(socket)), asio::detached);
      } else {
        asio::co_spawn(context, plain(std::move(socket)), asio::detached);
      }
    }
  }

  awaitable<void> plain(tcp::socket socket) { co_await serve(socket, socket); }

  awaitable<void> secure(tcp::socket socket) {
    asio::ssl::stream<tcp::socket> stream(std::move(socket), tls);
    co_await stream.async_handshake(asio::ssl::stream_base::server, use_awaitable);
    co_await serve(stream, stream.next_layer());
  }

  // Ends with the connection; whatever the client does ends it as an exception that nobody reads.
  template <typename Stream>
  awaitable<void> serve(Stream& stream, tcp::socket& socket) {
    std::string buffer;
    for (;;) {
      const size_t head = co_await asio::async_read_until(stream, asio::dynamic_buffer(buffer),
                                                          "\r\n\r\n", use_awaitable);
      ServerRequest request = parse_head(buffer.substr(0, head));
      buffer.erase(0, head);
      const auto length = request.headers.find("content-length");
      const size_t size = length == request.headers.end() ? 0 : std::stoul(length->second);
      if (buffer.size() < size) {
        co_await asio::async_read(stream, asio::dynamic_buffer(buffer),
                                  asio::transfer_exactly(size - buffer.size()), use_awaitable);
      }
      request.body = buffer.substr(0, size);
      buffer.erase(0, size);
      if (!co_await answer(stream, socket, std::move(request))) co_return;
    }
  }

  // False when the connection is to end.
  template <typename Stream>
  awaitable<bool> answer(Stream& stream, tcp::socket& socket, ServerRequest request) {
    request.index = requests++;
    peak = std::max<size_t>(peak, ++in_flight);
    const ServerAnswer answer = script(request);
    if (options.record) {
      const std::lock_guard lock(mutex);
      seen.push_back(std::move(request));
    }
    co_await pause(answer.delay_s);
    --in_flight;
    const bool silent = answer.reset && !answer.cut_after;
    if (!silent) {
      const std::string body = answer.body.substr(0, answer.cut_after.value_or(answer.body.size()));
      std::string out = head_of(answer);
      if (answer.drip_bytes == 0) out += body;
      co_await asio::async_write(stream, asio::buffer(out), use_awaitable);
      for (size_t at = 0; answer.drip_bytes > 0 && at < body.size(); at += answer.drip_bytes) {
        co_await pause(answer.drip_s);
        co_await asio::async_write(stream, asio::buffer(body.substr(at, answer.drip_bytes)),
                                   use_awaitable);
      }
    }
    if (answer.reset) {
      socket.set_option(asio::socket_base::linger(true, 0));
      socket.close();
      co_return false;
    }
    co_return !(answer.cut_after || answer.close || answer.no_content_length);
  }

  const Script script;
  const ChatServerOptions options;
  asio::io_context context{1};
  tcp::acceptor acceptor;
  asio::ssl::context tls{asio::ssl::context::tls_server};
  std::string certificate;
  std::atomic<size_t> requests = 0, connections = 0, peak = 0;
  size_t in_flight = 0;  // of the server's thread alone
  mutable std::mutex mutex;
  std::vector<ServerRequest> seen;
};

ChatServer::ChatServer(Script script, ChatServerOptions options)
    : state_(std::make_unique<State>(std::move(script), options)) {
  asio::co_spawn(state_->context, state_->accept(), asio::detached);
  thread_ = std::thread([state = state_.get()] { state->context.run(); });
}

ChatServer::~ChatServer() {
  state_->context.stop();
  thread_.join();
}

std::string ChatServer::base_url() const {
  return (state_->options.tls ? "https://127.0.0.1:" : "http://127.0.0.1:") +
         std::to_string(port()) + "/v1";
}

int ChatServer::port() const {
  return state_->acceptor.local_endpoint().port();
}

const std::string& ChatServer::certificate() const {
  return state_->certificate;
}

size_t ChatServer::requests() const {
  return state_->requests;
}

size_t ChatServer::connections() const {
  return state_->connections;
}

size_t ChatServer::peak_in_flight() const {
  return state_->peak;
}

std::vector<ServerRequest> ChatServer::seen() const {
  const std::lock_guard lock(state_->mutex);
  return state_->seen;
}

std::string ServerRequest::prompt() const {
  const Json request = json();
  const Json& content = request.at("messages").back().at("content");
  if (content.is_string()) return content.get<std::string>();
  std::string text;
  for (const Json& part : content) {
    if (part.at("type") == "text") text += part.at("text").get<std::string>();
  }
  return text;
}

Json chat_body(const std::string& text, int64_t prompt_tokens, int64_t completion_tokens,
               const std::string& finish_reason) {
  return {{"id", "chatcmpl-test"},
          {"object", "chat.completion"},
          {"model", "scripted-model"},
          {"choices",
           {{{"index", 0},
             {"message", {{"role", "assistant"}, {"content", text}}},
             {"finish_reason", finish_reason}}}},
          {"usage",
           {{"prompt_tokens", prompt_tokens},
            {"completion_tokens", completion_tokens},
            {"total_tokens", prompt_tokens + completion_tokens}}}};
}

ServerAnswer chat_answer(const std::string& text, int64_t prompt_tokens, int64_t completion_tokens,
                         const std::string& finish_reason) {
  ServerAnswer answer;
  answer.body = dump_json(chat_body(text, prompt_tokens, completion_tokens, finish_reason));
  return answer;
}

ServerAnswer error_answer(int status, const std::string& message,
                          std::vector<std::pair<std::string, std::string>> headers) {
  ServerAnswer answer;
  answer.status = status;
  answer.headers = std::move(headers);
  answer.body = dump_json({{"error", {{"message", message}, {"type", "scripted"}}}});
  return answer;
}

std::string refusing_url() {
  asio::io_context context;
  tcp::acceptor bound(context);
  bound.open(tcp::v4());
  bound.bind(tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  return "http://127.0.0.1:" + std::to_string(bound.local_endpoint().port()) + "/v1";
}

std::pair<std::string, std::string> self_signed() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("127.0.0.1"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  for (const auto& [id, value] : {std::pair{NID_subject_alt_name, "IP:127.0.0.1"},
                                  std::pair{NID_basic_constraints, "critical,CA:TRUE"}}) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value);
    X509_add_ext(certificate.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
  if (X509_sign(certificate.get(), key.get(), EVP_sha256()) == 0) {
    throw std::runtime_error("cannot sign a certificate");
  }
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> key_pem(BIO_new(BIO_s_mem()), BIO_free_all);
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> pem(BIO_new(BIO_s_mem()), BIO_free_all);
  PEM_write_bio_PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  PEM_write_bio_X509(pem.get(), certificate.get());
  return {bytes_of(key_pem.get()), bytes_of(pem.get())};
}

}  // namespace vigor::testing
