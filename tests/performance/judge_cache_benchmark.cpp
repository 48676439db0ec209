// What a thousand judged samples cost when all of them are in the cache, and when none is.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <string>

#include "judges/cache/cached_chat.h"
#include "tests/testing/scripted_chat.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

constexpr size_t kSamples = 1000;

// A ranking's size: four captions, a picture of 60 KB, a reply of 2 KB.
ChatRequest ranking_request(size_t index) {
  ChatRequest request;
  std::string picture(60'000, 'p');
  picture.replace(0, 8, std::to_string(10'000'000 + index));
  request.messages = {{"user",
                       {{std::string(4000, 'c') + std::to_string(index), nullptr},
                        {"", chat_image(std::move(picture), "image/jpeg")}}}};
  return request;
}

std::unique_ptr<ChatClient> cached(const std::filesystem::path& file) {
  auto judge = std::make_unique<testing::ScriptedChat>([](size_t, const ChatRequest&) {
    ChatReply reply = testing::reply_of(std::string(2000, 'r'));
    reply.raw = std::string(3000, 'b');
    return reply;
  });
  return std::make_unique<CachedChat>(std::move(judge), ReplyStore(file, StoreAccess::kWrite));
}

void ask_all(ChatClient& judge) {
  size_t replies = 0;
  judge.complete(kSamples, ranking_request, [&](size_t, ChatReply&&) { ++replies; }, {});
  benchmark::DoNotOptimize(replies);
}

void cold_1000_rankings(benchmark::State& state) {
  for (auto _ : state) {
    const testing::TemporaryFolder folder;
    ask_all(*cached(folder / "vigor.db"));
  }
}
BENCHMARK(cold_1000_rankings)->Unit(benchmark::kMillisecond);

void warm_1000_rankings(benchmark::State& state) {
  const testing::TemporaryFolder folder;
  ask_all(*cached(folder / "vigor.db"));
  for (auto _ : state) ask_all(*cached(folder / "vigor.db"));
}
BENCHMARK(warm_1000_rankings)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace vigor
