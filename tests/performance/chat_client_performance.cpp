// The chat client against a server on loopback that answers after 200 ms: requests a second, and
// what the requests in flight hold in memory.
//
//   chat_client_performance [REQUESTS [IN_FLIGHT [KILOBYTES_OF_PICTURE]]]
//
// The server runs in a process of its own, so that memory and processor time are the client's
// alone; both share the processors that the program is given, so that on a busy machine the
// processor time a request says more than the rate.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "judges/client/http_chat.h"
#include "run/measurement.h"
#include "tests/testing/chat_server.h"

namespace {

constexpr double kLatency = 0.2;

size_t argument(int argc, char** argv, int position, size_t otherwise) {
  return argc > position ? std::strtoul(argv[position], nullptr, 10) : otherwise;
}

// Processor time of this process (RUSAGE_SELF) or of those it has waited for (RUSAGE_CHILDREN), in
// seconds.
double processor_seconds(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Writes its URL to `out`, and serves until it is killed.
[[noreturn]] void serve(int out) {
  using namespace vigor::testing;
  ChatServer server(
      [](const ServerRequest&) {
        static const ServerAnswer kAnswer = [] {
          ServerAnswer answer = chat_answer("A, B, C, D");
          answer.delay_s = kLatency;
          return answer;
        }();
        return kAnswer;
      },
      {.record = false});
  const std::string url = server.base_url();
  if (::write(out, url.data(), url.size()) < 0) std::exit(1);
  ::close(out);
  for (;;) ::pause();
}

}  // namespace

int main(int argc, char** argv) {
  const size_t requests = argument(argc, argv, 1, 20000);
  const size_t in_flight = argument(argc, argv, 2, 500);
  const size_t picture_bytes = argument(argc, argv, 3, 0) << 10;

  int pipe_ends[2];
  if (::pipe(pipe_ends) != 0) return 1;
  const pid_t server = ::fork();
  if (server == 0) serve(pipe_ends[1]);
  ::close(pipe_ends[1]);
  char url[256] = "";
  if (::read(pipe_ends[0], url, sizeof url - 1) <= 0) return 1;

  vigor::HttpChatOptions options;
  options.base_url = url;
  options.model = "performance";
  options.max_in_flight = static_cast<int>(in_flight);
  const auto client = vigor::make_http_chat(options);
  std::shared_ptr<const vigor::ChatImage> picture;
  if (picture_bytes > 0) picture = vigor::chat_image(std::string(picture_bytes, 'x'), "image/jpeg");

  const int64_t before = vigor::peak_memory_bytes();
  size_t failed = 0;
  const double computed_before = processor_seconds(RUSAGE_SELF);
  const auto start = std::chrono::steady_clock::now();
  client->complete(
      requests,
      [&](size_t index) {
        vigor::ChatRequest request;
        request.messages = {{"user", {{"rank these: " + std::to_string(index), nullptr}}}};
        if (picture) request.messages[0].parts.push_back({"", picture});
        return request;
      },
      [&](size_t, vigor::ChatReply&& reply) { failed += !reply.error.empty(); }, {});
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double client_ms = 1000 * (processor_seconds(RUSAGE_SELF) - computed_before);
  ::kill(server, SIGKILL);
  ::waitpid(server, nullptr, 0);

  const double most = static_cast<double>(in_flight) / kLatency;
  const double rate = static_cast<double>(requests) / seconds;
  const double memory = static_cast<double>(vigor::peak_memory_bytes() - before) / 1048576;
  std::printf(
      "%zu requests, %zu in flight, %.0f ms latency: %.0f requests/s (%.0f %% of %.0f), "
      "%.1f MiB more at the peak (%.0f KiB a request in flight), %zu failed\n",
      requests, in_flight, kLatency * 1000, rate, 100 * rate / most, most, memory,
      memory * 1024 / static_cast<double>(in_flight), failed);
  const auto count = static_cast<double>(requests);
  std::printf(
      "processor time a request: client %.3f ms (one thread: at most %.0f/s), server %.3f ms\n",
      client_ms / count, 1000 * count / client_ms,
      1000 * processor_seconds(RUSAGE_CHILDREN) / count);
  return failed == 0 ? 0 : 1;
}
