#include "vigor/word_alignment.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

#include "model/llava.h"
#include "scenes/kinds.h"

namespace vigor {
namespace {

constexpr int64_t kBatch = 32;  // pictures of one forward
// Standard deviation of random_parameters(), and of words and patches here: large beside what one
// step of training changes, or the start would be forgotten in the first steps.
constexpr double kRandomSpread = 0.02;
constexpr double kSpread = 0.5;
constexpr double kPull = 2.0;

// Projected patches [pictures * patches, text hidden] with their labels.
struct Patches {
  at::Tensor projected, kind, colour;
};

Patches encode(const Llava& model, const ScenePictures& pictures) {
  std::vector<at::Tensor> projected, kind, colour;
  for (uint64_t first = 0; first < pictures.size(); first += kBatch) {
    std::vector<uint64_t> indices(std::min<uint64_t>(kBatch, pictures.size() - first));
    std::iota(indices.begin(), indices.end(), first);
    const auto batch = pictures.batch(indices);
    at::Tensor features = model.encode_images(batch.pixels);
    // The class token, where the model keeps it, has no label.
    features =
        features.narrow(1, features.size(1) - batch.patch_kind.size(1), batch.patch_kind.size(1));
    projected.push_back(features.flatten(0, 1));
    kind.push_back(batch.patch_kind.flatten());
    colour.push_back(batch.patch_colour.flatten());
  }
  return {at::cat(projected), at::cat(kind), at::cat(colour)};
}

// The piece that `word` is, after a space; -1 when it is several.
int piece_of(const Tokenizer& tokenizer, const std::string& word) {
  const std::vector<int> ids = tokenizer.encode("a " + word, false);
  const std::vector<int> article = tokenizer.encode("a", false);
  return ids.size() == article.size() + 1 ? ids.back() : -1;
}

// Attention that starts as "look where the same content is, and copy it": queries and keys share
// their weights, the output projection is the values' transpose (mimetic initialisation, Trockman &
// Kolter 2023, with the sign that copies). The gains put the score of a token with itself near 6
// and the copy near half of what was there.
constexpr double kSelfScore = 6.0;
constexpr double kCopy = 0.5;

// Half of the heads start so. The others start at random: a model that can but copy what is alike
// says what it has just said, again and again, and is slow to learn not to.
at::Tensor attention_start(const ParameterSource& source, const LlamaConfig& config,
                           const std::string& name, at::IntArrayRef shape) {
  const size_t leaf = name.find(".self_attn.");
  if (leaf == std::string::npos || !name.starts_with("language_model.")) return source(name, shape);
  const std::string layer = name.substr(0, leaf) + ".self_attn.";
  const auto hidden = static_cast<double>(config.hidden_size);
  const auto head = static_cast<double>(config.head_dim);
  const double match = std::sqrt(kSelfScore / (std::sqrt(head) * hidden)) / kRandomSpread;
  const double copy = std::sqrt(kCopy / hidden) / kRandomSpread;
  const int64_t rows = std::max<int64_t>(1, config.num_attention_heads / 2) * config.head_dim;
  at::Tensor value = source(name, shape).clone();
  if (name.ends_with("q_proj.weight") || name.ends_with("k_proj.weight")) {
    const at::Tensor keys = source(layer + "k_proj.weight", shape);
    value.narrow(0, 0, rows).copy_(keys.narrow(0, 0, rows) * match);
  } else if (name.ends_with("v_proj.weight")) {
    value.narrow(0, 0, rows).mul_(copy);
  } else if (name.ends_with("o_proj.weight")) {
    const int64_t transposed[] = {shape[1], shape[0]};
    const at::Tensor values = source(layer + "v_proj.weight", transposed);
    value.narrow(1, 0, rows).copy_(values.narrow(0, 0, rows).t() * copy);
  }
  return value;
}

}  // namespace

WordAlignment align_words(const LlavaConfig& config, const ParameterSource& source,
                          const ScenePictures& pictures, const Tokenizer& tokenizer) {
  const c10::NoGradGuard no_grad;
  const Llava model(config, source);
  const Patches patches = encode(model, pictures);
  const at::Tensor mean = patches.projected.mean(0);
  const at::Tensor centred = patches.projected - mean;
  const double spread = config.text.tie_word_embeddings ? kRandomSpread : kSpread;
  const double scale = spread / std::max(1e-12, centred.square().mean().sqrt().item<double>());

  std::map<int, at::Tensor> pulls;  // piece -> direction times length
  const double length = kPull * kRandomSpread * std::sqrt(static_cast<double>(centred.size(1)));
  const auto pull = [&](const std::vector<std::string>& words, const at::Tensor& shows) {
    if (!shows.any().item<bool>()) return;
    const at::Tensor direction = centred.index_select(0, shows.nonzero().flatten()).mean(0);
    // A tower that sees no difference between patches has no direction to give.
    const double norm = direction.norm().item<double>();
    if (!(norm > 1e-12)) return;
    for (const std::string& word : words) {
      const int piece = piece_of(tokenizer, word);
      if (piece >= 0) pulls[piece] = direction / norm * length;
    }
  };
  const auto& kinds = scene_kinds();
  for (size_t k = 0; k < kinds.size(); ++k) {
    pull({kinds[k], plural_of(kinds[k])}, patches.kind.eq(static_cast<int64_t>(k)));
  }
  const auto& colours = scene_colours();
  for (size_t c = 0; c < colours.size(); ++c)
    pull({colours[c]}, patches.colour.eq(static_cast<int64_t>(c)));

  const std::string last = config.projector == "mlp2x_gelu" ? "multi_modal_projector.linear_2"
                                                            : "multi_modal_projector.linear_1";
  WordAlignment aligned;
  aligned.words = static_cast<int64_t>(pulls.size());
  const bool shared = config.text.num_key_value_heads == config.text.num_attention_heads;
  aligned.source = [=, text = config.text, pulls = std::move(pulls)](const std::string& name,
                                                                     at::IntArrayRef shape) {
    at::Tensor value = shared ? attention_start(source, text, name, shape) : source(name, shape);
    if (name == last + ".weight") return value * scale;
    if (name == last + ".bias") return (value - mean) * scale;
    const bool head = name == "language_model.lm_head.weight";
    if (!head && name != "language_model.model.embed_tokens.weight") return value;
    value = value.clone();
    for (const auto& [piece, direction] : pulls) value[piece].add_(direction);
    return head || text.tie_word_embeddings ? value : value * (kSpread / kRandomSpread);
  };
  return aligned;
}

}  // namespace vigor
