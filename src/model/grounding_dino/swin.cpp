#include "model/grounding_dino/swin.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <cmath>

#include "model/grounding_dino/window_attention.h"

namespace vigor {
namespace {

int64_t round_up(int64_t value, int64_t step) {
  return (value + step - 1) / step * step;
}

// [images, H, W, C] with H, W multiples of the window -> [images * windows, window^2, C].
at::Tensor to_windows(const at::Tensor& x, int64_t window) {
  const int64_t rows = x.size(1) / window;
  const int64_t columns = x.size(2) / window;
  return x.reshape({x.size(0), rows, window, columns, window, x.size(3)})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({x.size(0) * rows * columns, window * window, x.size(3)});
}

at::Tensor from_windows(const at::Tensor& windows, int64_t window, int64_t height, int64_t width) {
  const int64_t rows = height / window;
  const int64_t columns = width / window;
  const int64_t channels = windows.size(2);
  return windows.reshape({-1, rows, columns, window, window, channels})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({-1, height, width, channels});
}

// After the shift, places that were not neighbours share a window: they get -100, as the official
// code has it. [windows, window^2, window^2].
at::Tensor shift_mask(int64_t height, int64_t width, int64_t window, int64_t shift,
                      const at::TensorOptions& options) {
  const auto parts = [&](int64_t size) {
    const at::Tensor part = at::zeros({size}, options);
    part.narrow(0, size - window, window - shift).fill_(1);
    part.narrow(0, size - shift, shift).fill_(2);
    return part;
  };
  const at::Tensor region = parts(height).unsqueeze(1) * 3 + parts(width).unsqueeze(0);
  const at::Tensor windows = to_windows(region.view({1, height, width, 1}), window).squeeze(-1);
  const at::Tensor other = windows.unsqueeze(1).ne(windows.unsqueeze(2));
  return at::zeros(other.sizes(), options).masked_fill(other, -100.0);
}

}  // namespace

at::Tensor relative_position_index(int64_t window) {
  const at::Tensor place = at::arange(window, at::kLong);
  const at::Tensor y = place.repeat_interleave(window);
  const at::Tensor x = place.repeat({window});
  const at::Tensor dy = y.unsqueeze(1) - y.unsqueeze(0) + window - 1;
  const at::Tensor dx = x.unsqueeze(1) - x.unsqueeze(0) + window - 1;
  return dy * (2 * window - 1) + dx;
}

SwinBackbone::SwinBackbone(const SwinConfig& config, const ParameterSource& source)
    : config_(config) {
  const int64_t patch = config.patch_size;
  const double eps = config.layer_norm_eps;
  const std::string projection = "embeddings.patch_embeddings.projection";
  patches_.weight = source(projection + ".weight", {config.embed_dim, 3, patch, patch}).flatten(1);
  patches_.bias = source(projection + ".bias", {config.embed_dim});
  embedding_norm_ = make_layer_norm(source, "embeddings.norm", config.embed_dim, 1e-5);

  const int64_t window = config.window_size;
  for (size_t s = 0; s < config.depths.size(); ++s) {
    const int64_t number = static_cast<int64_t>(s) + 1;
    const int64_t channels = config.channels(number);
    const std::string name = "encoder.layers." + std::to_string(s) + ".";
    Stage stage;
    stage.heads = config.num_heads[s];
    const auto hidden = static_cast<int64_t>(config.mlp_ratio * static_cast<double>(channels));
    for (int64_t b = 0; b < config.depths[s]; ++b) {
      const ParameterSource at = with_prefix(source, name + "blocks." + std::to_string(b) + ".");
      Block block;
      block.before = make_layer_norm(at, "layernorm_before", channels, eps);
      block.after = make_layer_norm(at, "layernorm_after", channels, eps);
      const auto projection_of = [&](const char* part) {
        return make_linear(at, std::string("attention.self.") + part, channels, channels,
                           config.qkv_bias);
      };
      block.query = projection_of("query");
      block.key = projection_of("key");
      block.value = projection_of("value");
      block.out = make_linear(at, "attention.output.dense", channels, channels, true);
      block.intermediate = make_linear(at, "intermediate.dense", channels, hidden, true);
      block.output = make_linear(at, "output.dense", hidden, channels, true);
      const at::Tensor table = at("attention.self.relative_position_bias_table",
                                  {(2 * window - 1) * (2 * window - 1), stage.heads});
      const at::Tensor index = relative_position_index(window).to(table.device());
      block.position_bias = table.index_select(0, index.flatten())
                                .view({window * window, window * window, stage.heads})
                                .permute({2, 0, 1})
                                .contiguous();
      block.shift = b % 2 == 0 ? 0 : window / 2;
      stage.blocks.push_back(std::move(block));
    }
    if (s + 1 < config.depths.size()) {
      stage.downsample_norm = make_layer_norm(source, name + "downsample.norm", 4 * channels, 1e-5);
      stage.downsample =
          make_linear(source, name + "downsample.reduction", 4 * channels, 2 * channels, false);
    }
    for (const int64_t out : config.out_stages) stage.wanted = stage.wanted || out == number;
    if (stage.wanted) {
      stage.out_norm = make_layer_norm(source, "hidden_states_norms.stage" + std::to_string(number),
                                       channels, 1e-5);
    }
    stages_.push_back(std::move(stage));
    if (number == config.out_stages.back()) break;  // later stages are not looked at
  }
}

at::Tensor SwinBackbone::attend(const Stage& stage, const Block& block, const at::Tensor& x,
                                int64_t height, int64_t width, AttentionKernel kernel) const {
  const bool known = x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16;
  if (kernel == AttentionKernel::kPlain || !x.is_cpu() || !known || c10::GradMode::is_enabled()) {
    return attend_plainly(stage, block, x, height, width);
  }
  return block.out(fused_window_attention(block.query(x), block.key(x), block.value(x),
                                          block.key.bias, block.value.bias, block.position_bias,
                                          {.height = height,
                                           .width = width,
                                           .window = config_.window_size,
                                           .shift = block.shift,
                                           .heads = stage.heads}));
}

at::Tensor SwinBackbone::attend_plainly(const Stage& stage, const Block& block, const at::Tensor& x,
                                        int64_t height, int64_t width) const {
  const int64_t images = x.size(0);
  const int64_t channels = x.size(2);
  const int64_t window = config_.window_size;
  const int64_t places = window * window;
  const int64_t padded_height = round_up(height, window);
  const int64_t padded_width = round_up(width, window);
  at::Tensor map = x.view({images, height, width, channels});
  map = at::constant_pad_nd(map, {0, 0, 0, padded_width - width, 0, padded_height - height});
  if (block.shift > 0) map = at::roll(map, {-block.shift, -block.shift}, {1, 2});

  const at::Tensor windows = to_windows(map, window);
  const auto split = [&](const at::Tensor& t) {
    return t.view({t.size(0), places, stage.heads, channels / stage.heads}).transpose(1, 2);
  };
  const double scale = std::pow(static_cast<double>(channels / stage.heads), -0.5);
  const at::Tensor q = split(block.query(windows) * scale);
  at::Tensor scores =
      at::matmul(q, split(block.key(windows)).transpose(2, 3)) + block.position_bias;
  if (block.shift > 0) {
    const at::Tensor mask =
        shift_mask(padded_height, padded_width, window, block.shift, x.options());
    scores = (scores.view({images, mask.size(0), stage.heads, places, places}) +
              mask.view({1, mask.size(0), 1, places, places}))
                 .view(scores.sizes());
  }
  const at::Tensor mixed = at::matmul(at::softmax(scores, -1), split(block.value(windows)));
  const at::Tensor out = block.out(mixed.transpose(1, 2).reshape(windows.sizes()));
  map = from_windows(out, window, padded_height, padded_width);
  if (block.shift > 0) map = at::roll(map, {block.shift, block.shift}, {1, 2});
  return map.narrow(1, 0, height).narrow(2, 0, width).reshape(x.sizes());
}

std::vector<at::Tensor> SwinBackbone::forward(const at::Tensor& pixel_values,
                                              AttentionKernel kernel, const Tap& tap) const {
  const int64_t images = pixel_values.size(0);
  const int64_t patch = config_.patch_size;
  int64_t height = round_up(pixel_values.size(2), patch) / patch;
  int64_t width = round_up(pixel_values.size(3), patch) / patch;
  const at::Tensor padded = at::constant_pad_nd(
      pixel_values,
      {0, width * patch - pixel_values.size(3), 0, height * patch - pixel_values.size(2)});
  const at::Tensor cut = padded.reshape({images, 3, height, patch, width, patch})
                             .permute({0, 2, 4, 1, 3, 5})
                             .reshape({images, height * width, 3 * patch * patch});
  at::Tensor x = embedding_norm_(patches_(cut));
  tap_value(tap, "swin.embeddings", x);

  std::vector<at::Tensor> maps;
  for (size_t s = 0; s < stages_.size(); ++s) {
    const Stage& stage = stages_[s];
    const std::string name = "swin.stage" + std::to_string(s) + ".";
    for (size_t b = 0; b < stage.blocks.size(); ++b) {
      const Block& block = stage.blocks[b];
      x = x + attend(stage, block, block.before(x), height, width, kernel);
      x = by_rows(x, [&](const at::Tensor& rows) {
        return rows + block.output(at::gelu(block.intermediate(block.after(rows))));
      });
      tap_value(tap, name + "block" + std::to_string(b), x);
    }
    if (stage.wanted) {
      maps.push_back(
          stage.out_norm(x).view({images, height, width, -1}).permute({0, 3, 1, 2}).contiguous());
    }
    if (s + 1 == stages_.size()) break;
    // Patch merging: each 2 x 2 block becomes one place, columns before rows.
    at::Tensor map = x.view({images, height, width, x.size(2)});
    map = at::constant_pad_nd(map, {0, 0, 0, width % 2, 0, height % 2});
    height = (height + 1) / 2;
    width = (width + 1) / 2;
    x = map.view({images, height, 2, width, 2, x.size(2)})
            .permute({0, 1, 3, 4, 2, 5})
            .reshape({images, height * width, 4 * x.size(2)});
    x = stage.downsample(stage.downsample_norm(x));
    tap_value(tap, name + "downsample", x);
  }
  return maps;
}

}  // namespace vigor
