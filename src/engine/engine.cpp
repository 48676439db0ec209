#include "engine/engine.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

#include "engine/engine_batch.h"

namespace vigor {

namespace {

// Tokens of its own that a row may come to; none grows beyond the context, whatever was asked for.
int64_t own_tokens(const LlamaConfig& config, int64_t suffix, const DecodingOptions& options) {
  return suffix + std::min(options.max_new_tokens, config.max_position_embeddings);
}

}  // namespace

Engine::Engine(const Llava& model, EngineOptions options, Clock clock)
    : model_(model), options_(options), clock_(std::move(clock)) {
  // Enough rows for the matrix products to run at full rate (about 2,000 packed tokens), few enough
  // for the activations to stay near the caches.
  const int64_t tokens = model.config().image_tokens() + 200;
  images_per_batch_ = options.images_per_batch > 0
                          ? options.images_per_batch
                          : std::clamp<int64_t>((2400 + tokens - 1) / tokens, 1, 32);
}

std::vector<std::vector<EngineAnswer>> Engine::run(std::span<const EngineRequest> requests,
                                                   const DecodingOptions& options) {
  std::vector<std::vector<EngineAnswer>> answers(requests.size());
  for (size_t r = 0; r < requests.size(); ++r) {
    answers[r].resize(requests[r].prompts.size() * static_cast<size_t>(options.samples));
  }
  const bool any = std::any_of(requests.begin(), requests.end(),
                               [](const EngineRequest& r) { return !r.prompts.empty(); });
  if (!any) return answers;

  const c10::NoGradGuard no_grad;
  Batch batch(*this, requests, options.samples);
  const std::vector<BatchRow> rows = batch.make_rows();
  for (size_t first = 0; first < rows.size();) {
    const size_t count = wave(std::span(rows).subspan(first), options);
    answer_rows(batch, requests, std::span(rows).subspan(first, count), options, answers);
    first += count;
  }
  return answers;
}

// As many of the first rows as may run together: their own keys and values, padded to the widest
// cluster, stay below the limit.
size_t Engine::wave(std::span<const BatchRow> rows, const DecodingOptions& options) const {
  const LlamaConfig& config = model_.text().config();
  const double token_bytes =
      2.0 *
      static_cast<double>(config.num_hidden_layers * config.num_key_value_heads * config.head_dim) *
      static_cast<double>(c10::elementSize(model_.text().dtype()));
  int64_t longest = 0;
  size_t count = 0, in_cluster = 0, widest = 0;
  while (count < rows.size()) {
    const BatchRow& row = rows[count];
    in_cluster = count > 0 && row.cluster == rows[count - 1].cluster ? in_cluster + 1 : 1;
    widest = std::max(widest, in_cluster);
    longest = std::max(longest, static_cast<int64_t>(row.suffix.size()));
    const size_t slots = widest * (row.cluster - rows[0].cluster + 1);
    const double tokens =
        static_cast<double>(slots) * static_cast<double>(own_tokens(config, longest, options));
    if (count > 0 && tokens * token_bytes > static_cast<double>(options_.row_bytes)) break;
    ++count;
  }
  return count;
}

void Engine::answer_rows(Batch& batch, std::span<const EngineRequest> requests,
                         std::span<const BatchRow> rows, const DecodingOptions& options,
                         std::vector<std::vector<EngineAnswer>>& answers) {
  const LlamaConfig& config = model_.text().config();
  const auto check_cancelled = [&] {
    if (options.cancelled && options.cancelled()) throw EngineCancelled{};
  };
  int64_t longest_suffix = 1;
  std::vector<std::span<const int64_t>> next;
  for (const BatchRow& row : rows) {
    next.push_back(row.suffix);
    const auto length = static_cast<int64_t>(row.suffix.size());
    longest_suffix = std::max(longest_suffix, length);
    measurements_.prompt_tokens += row.start + length;
    measurements_.computed_prompt_tokens += length;
    measurements_.useful_flops += text_flops(config, row.start, length, 1);
  }
  batch.start_rows(rows, own_tokens(config, longest_suffix, options));

  std::vector<CounterRandom> random;
  for (const BatchRow& row : rows) {
    std::string name = requests[row.request].key + '\x1f';
    for (const int64_t id : requests[row.request].prompts[row.prompt])
      name += std::to_string(id) + ' ';
    random.emplace_back(options.seed, name, static_cast<uint64_t>(row.sample));
  }

  std::vector<int64_t> token(rows.size());  // the last token of each row
  std::vector<size_t> active(rows.size());  // rows that go on
  std::iota(active.begin(), active.end(), size_t{0});
  for (int64_t step = 0; step < options.max_new_tokens && !active.empty(); ++step) {
    check_cancelled();
    at::Tensor logits;
    {
      Stopwatch watch(clock_, measurements_.seconds[step == 0 ? "suffix" : "decode"]);
      const at::Tensor hidden = batch.forward(next);
      std::vector<int64_t> last;
      int64_t packed = 0;
      for (const auto& ids : next) {
        packed += static_cast<int64_t>(ids.size());
        if (!ids.empty()) last.push_back(packed - 1);
      }
      const at::Tensor ends = hidden.size(0) == static_cast<int64_t>(last.size())
                                  ? hidden
                                  : hidden.index_select(0, long_tensor(last, hidden.device()));
      logits = model_.text().logits(ends).to(at::kFloat);
    }
    Stopwatch watch(clock_, measurements_.seconds["sampling"]);
    at::Tensor probes, logprobs, top_values, top_ids;
    if (step == 0 && (!options.probe_ids.empty() || options.top_logprobs > 0)) {
      logprobs = at::log_softmax(logits, -1);
    }
    if (step == 0 && !options.probe_ids.empty()) {
      probes = logprobs.index_select(1, long_tensor(options.probe_ids, logits.device()))
                   .to(at::kCPU)
                   .contiguous();
    }
    if (step == 0 && options.top_logprobs > 0) {
      logprobs = logprobs.to(at::kCPU);
      std::tie(top_values, top_ids) =
          logprobs.topk(std::min(options.top_logprobs, logprobs.size(1)), 1);
    }
    // A double holds the sum of any finite logits, so the sum is finite when all of them are.
    const at::Tensor sums = logits.sum(-1, false, at::kDouble).to(at::kCPU);
    const bool greedy = options.sampling.temperature <= 0;
    const at::Tensor chosen =
        greedy ? logits.argmax(-1).to(at::kCPU)
               : filtered_probabilities(logits, options.sampling).to(at::kCPU).contiguous();
    std::vector<size_t> still;
    for (size_t i = 0; i < active.size(); ++i) {
      const size_t r = active[i];
      const BatchRow& row = rows[r];
      const size_t place =
          row.prompt * static_cast<size_t>(options.samples) + static_cast<size_t>(row.sample);
      EngineAnswer& answer = answers[row.request][place];
      const auto index = static_cast<int64_t>(i);
      if (!std::isfinite(sums.data_ptr<double>()[index])) {
        answer.finite = false;
        next[r] = {};
        continue;
      }
      if (probes.defined()) {
        const float* values = probes.data_ptr<float>() + index * probes.size(1);
        answer.probe_logprobs.assign(values, values + probes.size(1));
      }
      token[r] = greedy ? chosen.data_ptr<int64_t>()[index] : draw(chosen[index], random[r]);
      if (top_ids.defined()) {
        answer.first.id = token[r];
        answer.first.logprob = logprobs[index][token[r]].item<float>();
        for (int64_t k = 0; k < top_ids.size(1); ++k) {
          answer.first.top.emplace_back(top_ids[index][k].item<int64_t>(),
                                        top_values[index][k].item<float>());
        }
      }
      ++measurements_.new_tokens;
      next[r] = {};
      const auto& ends = options.end_ids;
      if (std::find(ends.begin(), ends.end(), token[r]) != ends.end()) {
        answer.ended = true;
        continue;
      }
      answer.ids.push_back(token[r]);
      if (options.stopped && options.stopped(row.request, place, answer.ids)) {
        answer.ended = true;
        continue;
      }
      const auto own = static_cast<int64_t>(row.suffix.size() + answer.ids.size());
      if (row.start + own >= config.max_position_embeddings) continue;
      still.push_back(r);
      next[r] = std::span<const int64_t>(&token[r], 1);
      if (step + 1 < options.max_new_tokens) {
        measurements_.useful_flops += text_flops(config, row.start + own - 1, 1, 1);
      }
    }
    active = std::move(still);
  }
}

std::vector<std::vector<std::vector<float>>> Engine::score(
    std::span<const EngineRequest> requests,
    const std::vector<std::vector<std::vector<int64_t>>>& continuations) {
  std::vector<std::vector<std::vector<float>>> scores(requests.size());
  const c10::NoGradGuard no_grad;
  Batch batch(*this, requests, 1);
  const std::vector<BatchRow> rows = batch.make_rows();
  std::vector<std::vector<int64_t>> own;
  int64_t longest = 1;
  for (const BatchRow& row : rows) {
    const auto& continuation = continuations[row.request][row.prompt];
    std::vector<int64_t> ids(row.suffix.begin(), row.suffix.end());
    ids.insert(ids.end(), continuation.begin(), continuation.end());
    longest = std::max(longest, static_cast<int64_t>(ids.size()));
    own.push_back(std::move(ids));
  }
  batch.start_rows(rows, longest);
  const std::vector<std::span<const int64_t>> next(own.begin(), own.end());
  const at::Tensor hidden = batch.forward(next);
  std::vector<int64_t> places, targets;  // position whose logits predict a continuation's token
  int64_t packed = 0;
  for (size_t r = 0; r < rows.size(); ++r) {
    const size_t suffix = rows[r].suffix.size();
    for (size_t i = suffix; i < own[r].size(); ++i) {
      places.push_back(packed + static_cast<int64_t>(i) - 1);
      targets.push_back(own[r][i]);
    }
    packed += static_cast<int64_t>(own[r].size());
  }
  for (size_t r = 0; r < requests.size(); ++r) scores[r].resize(requests[r].prompts.size());
  if (places.empty()) return scores;
  const at::Tensor logits =
      model_.text().logits(hidden.index_select(0, long_tensor(places, hidden.device())));
  const at::Tensor picked = at::log_softmax(logits, -1, at::kFloat)
                                .gather(1, long_tensor(targets, hidden.device()).unsqueeze(1))
                                .to(at::kCPU)
                                .contiguous();
  const float* value = picked.data_ptr<float>();
  for (size_t r = 0; r < rows.size(); ++r) {
    auto& out = scores[rows[r].request][rows[r].prompt];
    const size_t count = own[r].size() - rows[r].suffix.size();
    out.assign(value, value + count);
    value += count;
  }
  return scores;
}

}  // namespace vigor
