#include "engine/engine.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <tuple>

#include "base/error.h"
#include "engine/shared_prefix_attention.h"

namespace vigor {

// Prompts of one request that share a prefix through the image.
struct Engine::Cluster {
  size_t request = 0;
  std::vector<size_t> prompts;  // indices into the request's prompts
  std::vector<int64_t> prefix;  // ids, with kImageTokenId
};

// One row: an answer under way.
struct Engine::BatchRow {
  size_t request, prompt;
  int64_t sample;
  int64_t start;  // tokens in front of the row's own
  size_t cluster;
  std::span<const int64_t> suffix;
};

namespace {

// Tokens of its own that a row may come to; none grows beyond the context, whatever was asked for.
int64_t own_tokens(const LlamaConfig& config, int64_t suffix, const DecodingOptions& options) {
  return suffix + std::min(options.max_new_tokens, config.max_position_embeddings);
}

bool has_image(std::span<const int64_t> ids) {
  return std::find(ids.begin(), ids.end(), kImageTokenId) != ids.end();
}

size_t common_length(std::span<const int64_t> a, std::span<const int64_t> b) {
  return static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first -
                             a.begin());
}

at::Tensor long_tensor(std::span<const int64_t> values, at::Device device) {
  at::Tensor t =
      at::empty({static_cast<int64_t>(values.size())}, at::TensorOptions().dtype(at::kLong));
  std::copy(values.begin(), values.end(), t.data_ptr<int64_t>());
  return t.to(device);
}

// Adds the seconds since construction to a phase.
class Stopwatch {
 public:
  Stopwatch(const Clock& clock, double& seconds)
      : clock_(clock), seconds_(seconds), start_(clock()) {}
  ~Stopwatch() { seconds_ += clock_() - start_; }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  const Clock& clock_;
  double& seconds_;
  double start_;
};

}  // namespace

// One batch: prefixes prefilled, then forwards over the rows' own tokens.
class Engine::Batch {
 public:
  Batch(Engine& engine, std::span<const EngineRequest> requests)
      : engine_(engine), requests_(requests) {
    check_lengths();
    encode_images();
    make_clusters();
    prefill();
  }

  // `samples` rows a prompt, cluster after cluster.
  std::vector<BatchRow> make_rows(int64_t samples) const {
    std::vector<BatchRow> rows;
    for (size_t c = 0; c < clusters_.size(); ++c) {
      const Cluster& cluster = clusters_[c];
      for (const size_t prompt : cluster.prompts) {
        const std::span<const int64_t> ids = requests_[cluster.request].prompts[prompt];
        for (int64_t s = 0; s < samples; ++s) {
          rows.push_back({cluster.request, prompt, s, cache_.lengths[c], c,
                          ids.subspan(cluster.prefix.size())});
        }
      }
    }
    return rows;
  }

  // The rows of one wave; they see no more of the prefixes than their own clusters'.
  void start_rows(std::span<const BatchRow> rows, int64_t capacity) {
    attention_.reset();  // the last wave's memory goes back before the next one's is taken
    const size_t first = rows.front().cluster, clusters = rows.back().cluster - first + 1;
    wave_cache_.lengths.assign(
        cache_.lengths.begin() + static_cast<std::ptrdiff_t>(first),
        cache_.lengths.begin() + static_cast<std::ptrdiff_t>(first + clusters));
    wave_cache_.longest = cache_.longest;
    const auto part = [&](const std::vector<at::Tensor>& layers) {
      std::vector<at::Tensor> out;
      for (const at::Tensor& layer : layers)
        out.push_back(layer.narrow(0, static_cast<int64_t>(first), static_cast<int64_t>(clusters)));
      return out;
    };
    wave_cache_.keys = part(cache_.keys);
    wave_cache_.values = part(cache_.values);
    std::vector<int64_t> counts(clusters, 0);
    for (const BatchRow& row : rows) ++counts[row.cluster - first];
    attention_.emplace(wave_cache_, std::move(counts), capacity, text().config());
  }

  // ids[row] are the next tokens of each row (possibly none). Returns hidden states, packed.
  at::Tensor forward(const std::vector<std::span<const int64_t>>& ids) {
    std::vector<int64_t> packed, counts;
    for (const auto& row : ids) {
      counts.push_back(static_cast<int64_t>(row.size()));
      packed.insert(packed.end(), row.begin(), row.end());
    }
    const at::Tensor positions = attention_->begin(counts, text().device());
    const at::Tensor hidden =
        text().forward(text().embed(long_tensor(packed, text().device())), positions, *attention_);
    attention_->commit();
    return hidden;
  }

  const Llama& text() const { return engine_.model_.text(); }

 private:
  int64_t expanded(std::span<const int64_t> ids) const {
    const int64_t image = has_image(ids) ? engine_.model_.config().image_tokens() - 1 : 0;
    return static_cast<int64_t>(ids.size()) + image;
  }

  void check_lengths() const {
    const int64_t limit = text().config().max_position_embeddings;
    for (const EngineRequest& request : requests_) {
      for (const auto& prompt : request.prompts) {
        const int64_t length = expanded(prompt);
        // The last token must be text: its logits start the answer, and a prefix must come before.
        if (prompt.size() < 2 || prompt.back() == kImageTokenId) {
          throw Error({.what = "a prompt must have at least two tokens and end in text",
                       .where = printable(request.key),
                       .cause = "the conversation template puts nothing after the image",
                       .fix = "choose another --conversation"});
        }
        if (length >= limit) {
          throw Error({.what = "the prompt takes " + std::to_string(length) +
                               " tokens, the model's context holds " + std::to_string(limit),
                       .where = printable(request.key),
                       .cause = "the question is too long for this checkpoint",
                       .fix = "shorten the question"});
        }
        if (has_image(prompt) && !request.pixels.defined()) {
          throw Error({.what = "a prompt has an image token, the request has no image",
                       .where = printable(request.key)});
        }
      }
    }
  }

  void encode_images() {
    Stopwatch watch(engine_.clock_, engine_.measurements_.seconds["vision"]);
    std::vector<at::Tensor> pixels;
    feature_row_.assign(requests_.size(), -1);
    for (size_t r = 0; r < requests_.size(); ++r) {
      const auto& prompts = requests_[r].prompts;
      if (!std::any_of(prompts.begin(), prompts.end(),
                       [](const auto& p) { return has_image(p); })) {
        continue;
      }
      feature_row_[r] = static_cast<int64_t>(pixels.size());
      pixels.push_back(requests_[r].pixels);
    }
    if (pixels.empty()) return;
    features_ = engine_.model_.encode_images(at::stack(pixels).to(text().device(), text().dtype()));
    engine_.measurements_.images += features_.size(0);
    engine_.measurements_.useful_flops +=
        vision_flops(engine_.model_.config()) * static_cast<double>(features_.size(0));
  }

  // Prompts that agree through the image form a cluster; its prefix is all that they agree on, but
  // for the last token, whose logits each row needs.
  void make_clusters() {
    for (size_t r = 0; r < requests_.size(); ++r) {
      const auto& prompts = requests_[r].prompts;
      const size_t first = clusters_.size();
      for (size_t p = 0; p < prompts.size(); ++p) {
        const std::span<const int64_t> ids = prompts[p];
        const auto image = std::find(ids.begin(), ids.end(), kImageTokenId);
        const size_t through =
            image == ids.end() ? 0 : static_cast<size_t>(image - ids.begin()) + 1;
        Cluster* home = nullptr;
        for (size_t c = first; c < clusters_.size() && engine_.options_.share_prefix; ++c) {
          const size_t same = common_length(clusters_[c].prefix, ids);
          const bool both = has_image(clusters_[c].prefix) == (through > 0);
          if (both && same > 0 && same >= through) home = &clusters_[c];
          if (home != nullptr) break;
        }
        if (home == nullptr) {
          clusters_.push_back({r, {p}, {ids.begin(), ids.end() - 1}});
          continue;
        }
        const size_t same = std::min(common_length(home->prefix, ids), ids.size() - 1);
        home->prefix.resize(std::max(same, through));
        home->prompts.push_back(p);
      }
    }
  }

  void prefill() {
    Stopwatch watch(engine_.clock_, engine_.measurements_.seconds["prefix"]);
    std::vector<at::Tensor> parts;
    std::vector<int64_t> positions;
    for (const Cluster& cluster : clusters_) {
      const int64_t row = feature_row_[cluster.request];
      parts.push_back(
          engine_.model_.splice(cluster.prefix, row < 0 ? at::Tensor() : features_[row]));
      const int64_t length = parts.back().size(0);
      cache_.lengths.push_back(length);
      for (int64_t i = 0; i < length; ++i) positions.push_back(i);
      engine_.measurements_.computed_prompt_tokens += length;
      engine_.measurements_.useful_flops += prefix_flops(text().config(), length);
    }
    PrefixAttention attention(cache_, text().config());
    const auto [keys, values] =
        text().prefill(at::cat(parts, 0), long_tensor(positions, text().device()), attention);
    attention.keep(text().config().num_hidden_layers - 1, keys, values);
  }

  Engine& engine_;
  std::span<const EngineRequest> requests_;
  at::Tensor features_;  // [images, image_tokens, hidden]
  std::vector<int64_t> feature_row_;
  std::vector<Cluster> clusters_;
  PrefixCache cache_, wave_cache_;
  std::optional<SharedPrefixAttention> attention_;
};

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
  Batch batch(*this, requests);
  const std::vector<BatchRow> rows = batch.make_rows(options.samples);
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
  Batch batch(*this, requests);
  const std::vector<BatchRow> rows = batch.make_rows(1);
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
