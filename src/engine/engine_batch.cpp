#include "engine/engine_batch.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"

namespace vigor {
namespace {

bool has_image(std::span<const int64_t> ids) {
  return std::find(ids.begin(), ids.end(), kImageTokenId) != ids.end();
}

size_t common_length(std::span<const int64_t> a, std::span<const int64_t> b) {
  return static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first -
                             a.begin());
}

}  // namespace

at::Tensor long_tensor(std::span<const int64_t> values, at::Device device) {
  at::Tensor t =
      at::empty({static_cast<int64_t>(values.size())}, at::TensorOptions().dtype(at::kLong));
  std::copy(values.begin(), values.end(), t.data_ptr<int64_t>());
  return t.to(device);
}

Engine::Batch::Batch(Engine& engine, std::span<const EngineRequest> requests, int64_t samples)
    : engine_(engine), requests_(requests), samples_(samples) {
  check_lengths();
  encode_images();
  make_clusters();
  grow_trees();
  prefill();
}

std::vector<Engine::BatchRow> Engine::Batch::make_rows() const {
  std::vector<BatchRow> rows;
  for (size_t c = 0; c < clusters_.size(); ++c) {
    const Cluster& cluster = clusters_[c];
    for (size_t p = 0; p < cluster.prompts.size(); ++p) {
      const size_t prompt = cluster.prompts[p];
      const std::span<const int64_t> ids = requests_[cluster.request].prompts[prompt];
      const int64_t leaf = cluster.tree.leaves.empty() ? -1 : cluster.tree.leaves[p];
      const int64_t shared = leaf < 0 ? 0 : cluster.tree.depths[static_cast<size_t>(leaf)] + 1;
      for (int64_t s = 0; s < samples_; ++s) {
        rows.push_back({cluster.request, prompt, s, cluster.length + shared, c, leaf,
                        ids.subspan(cluster.prefix.size() + static_cast<size_t>(shared))});
      }
    }
  }
  return rows;
}

void Engine::Batch::start_rows(std::span<const BatchRow> rows, int64_t capacity) {
  attention_.reset();  // the last wave's memory goes back before the next one's is taken
  const size_t first = rows.front().cluster, clusters = rows.back().cluster - first + 1;
  wave_cache_.lengths.assign(
      cache_.lengths.begin() + static_cast<std::ptrdiff_t>(first),
      cache_.lengths.begin() + static_cast<std::ptrdiff_t>(first + clusters));
  wave_cache_.trees.assign(cache_.trees.begin() + static_cast<std::ptrdiff_t>(first),
                           cache_.trees.begin() + static_cast<std::ptrdiff_t>(first + clusters));
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
  std::vector<int64_t> leaves;
  for (const BatchRow& row : rows) {
    ++counts[row.cluster - first];
    leaves.push_back(row.leaf);
  }
  attention_.emplace(wave_cache_, std::move(counts), std::move(leaves), capacity, text().config());
}

at::Tensor Engine::Batch::forward(const std::vector<std::span<const int64_t>>& ids) {
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

int64_t Engine::Batch::expanded(std::span<const int64_t> ids) const {
  const int64_t image = has_image(ids) ? engine_.model_.config().image_tokens() - 1 : 0;
  return static_cast<int64_t>(ids.size()) + image;
}

void Engine::Batch::check_lengths() const {
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

void Engine::Batch::encode_images() {
  Stopwatch watch(engine_.clock_, engine_.measurements_.seconds["vision"]);
  std::vector<at::Tensor> pixels;
  feature_row_.assign(requests_.size(), -1);
  for (size_t r = 0; r < requests_.size(); ++r) {
    const auto& prompts = requests_[r].prompts;
    if (!std::any_of(prompts.begin(), prompts.end(), [](const auto& p) { return has_image(p); })) {
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
void Engine::Batch::make_clusters() {
  for (size_t r = 0; r < requests_.size(); ++r) {
    const auto& prompts = requests_[r].prompts;
    const size_t first = clusters_.size();
    for (size_t p = 0; p < prompts.size(); ++p) {
      const std::span<const int64_t> ids = prompts[p];
      const auto image = std::find(ids.begin(), ids.end(), kImageTokenId);
      const size_t through = image == ids.end() ? 0 : static_cast<size_t>(image - ids.begin()) + 1;
      Cluster* home = nullptr;
      for (size_t c = first; c < clusters_.size() && engine_.options_.share_prefix; ++c) {
        const size_t same = common_length(clusters_[c].prefix, ids);
        const bool both = has_image(clusters_[c].prefix) == (through > 0);
        if (both && same > 0 && same >= through) home = &clusters_[c];
        if (home != nullptr) break;
      }
      if (home == nullptr) {
        clusters_.push_back({r, {p}, {ids.begin(), ids.end() - 1}, {}, 0});
        continue;
      }
      const size_t same = std::min(common_length(home->prefix, ids), ids.size() - 1);
      home->prefix.resize(std::max(same, through));
      home->prompts.push_back(p);
    }
  }
}

// What some of a cluster's prompts share behind its prefix is computed with the prefix.
void Engine::Batch::grow_trees() {
  for (Cluster& cluster : clusters_) {
    if (cluster.prompts.size() < 2) continue;
    std::vector<std::span<const int64_t>> suffixes;
    for (const size_t prompt : cluster.prompts) {
      suffixes.push_back(
          std::span(requests_[cluster.request].prompts[prompt]).subspan(cluster.prefix.size()));
    }
    QuestionTree tree = question_tree(suffixes, samples_);
    const double least = engine_.options_.least_tree_saving * static_cast<double>(tree.tokens);
    if (tree.saved > 0 && static_cast<double>(tree.saved) >= least) cluster.tree = std::move(tree);
  }
}

void Engine::Batch::prefill() {
  Stopwatch watch(engine_.clock_, engine_.measurements_.seconds["prefix"]);
  std::vector<at::Tensor> parts;
  std::vector<int64_t> positions;
  for (Cluster& cluster : clusters_) {
    const int64_t row = feature_row_[cluster.request];
    parts.push_back(engine_.model_.splice(cluster.prefix, row < 0 ? at::Tensor() : features_[row]));
    const QuestionTree& tree = cluster.tree;
    const int64_t length = cluster.length = parts.back().size(0);
    const auto branches = static_cast<int64_t>(tree.ids.size());
    for (int64_t i = 0; i < length; ++i) positions.push_back(i);
    engine_.measurements_.useful_flops += prefix_flops(text().config(), length);
    if (branches > 0) {
      parts.push_back(text().embed(long_tensor(tree.ids, text().device())));
      for (const int64_t depth : tree.depths) {
        positions.push_back(length + depth);
        engine_.measurements_.useful_flops += prefix_flops(text().config(), length + depth + 1) -
                                              prefix_flops(text().config(), length + depth);
      }
    }
    cache_.lengths.push_back(length + branches);
    cache_.trees.push_back(tree.parents);
    engine_.measurements_.computed_prompt_tokens += length + branches;
  }
  PrefixAttention attention(cache_, text().config());
  const auto [keys, values] =
      text().prefill(at::cat(parts, 0), long_tensor(positions, text().device()), attention);
  attention.keep(text().config().num_hidden_layers - 1, keys, values);
}

}  // namespace vigor
