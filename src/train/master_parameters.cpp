#include "train/master_parameters.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/random.h"

namespace vigor {
namespace {

bool decays(const std::string& name) {
  return !name.ends_with(".bias") && name.find("norm") == std::string::npos &&
         name.find("layrnorm") == std::string::npos;
}

// The last part of a linear layer's name: "...self_attn.q_proj.weight" -> "q_proj".
std::string layer_name(const std::string& name) {
  if (!name.ends_with(".weight")) return "";
  const std::string layer = name.substr(0, name.size() - 7);
  return layer.substr(layer.rfind('.') + 1);
}

// A starts uniform in +-1/sqrt(in), B at 0, so that training starts from W itself.
at::Tensor initial_a(const std::string& name, int64_t rank, int64_t in, uint64_t seed) {
  CounterRandom random(seed, name);
  at::Tensor a = at::empty({rank, in}, at::TensorOptions().dtype(at::kFloat));
  const double bound = 1.0 / std::sqrt(static_cast<double>(in));
  float* values = a.data_ptr<float>();
  for (int64_t i = 0; i < rank * in; ++i) {
    values[i] = static_cast<float>((2.0 * random.uniform() - 1.0) * bound);
  }
  return a;
}

}  // namespace

bool matches_pattern(const std::string& name, const std::string& pattern) {
  // The last `*` seen takes as little as will do; on a mismatch it takes one character more.
  size_t n = 0, p = 0, star = std::string::npos, retry = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string::npos) {
      p = star + 1;
      n = ++retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

MasterParameters::MasterParameters(const ParameterSource& source,
                                   const std::function<void(const ParameterSource&)>& build,
                                   const TrainableOptions& options)
    : options_(options) {
  std::vector<std::pair<TrainedParameter, at::Tensor>> found;  // with the starting value
  std::vector<bool> pattern_used(options.trainable.size(), false);
  std::vector<bool> target_used(options.lora.rank > 0 ? options.lora.targets.size() : 0, false);
  const auto trained = [&](const std::string& name) {
    bool any = false;
    for (size_t i = 0; i < options.trainable.size(); ++i) {
      if (!matches_pattern(name, options.trainable[i])) continue;
      pattern_used[i] = any = true;
    }
    return any;
  };
  const auto adapted = [&](const std::string& name) {
    if (options.lora.rank == 0 || !name.starts_with("language_model.")) return false;
    for (size_t i = 0; i < options.lora.targets.size(); ++i) {
      if (layer_name(name) != options.lora.targets[i]) continue;
      target_used[i] = true;
      return true;
    }
    return false;
  };
  build([&](const std::string& name, at::IntArrayRef shape) {
    const at::Tensor value = source(name, shape);
    if (compute_.contains(name)) return value;
    if (trained(name)) {
      compute_[name] = at::Tensor();
      found.push_back({{name, shape.vec()}, value});
      return value;
    }
    compute_[name] = value.to(options.device, options.dtype);
    if (adapted(name)) {
      const int64_t rank = options.lora.rank;
      found.push_back(
          {{name + ".lora_A", {rank, shape[1]}}, initial_a(name, rank, shape[1], options.seed)});
      found.push_back(
          {{name + ".lora_B", {shape[0], rank}}, at::zeros({shape[0], rank}, at::kFloat)});
      adapters_[name].scale = options.lora.alpha / static_cast<double>(rank);
    }
    return value;
  });

  const auto unused = [](const std::string& pattern, const char* what) {
    throw Error({.what = std::string(what) + " '" + printable(pattern) +
                         "' matches no parameter of the model",
                 .where = "training settings",
                 .cause = "a misspelt name",
                 .fix = "names are those of llava-hf, as in model.safetensors.index.json",
                 .exit_code = ExitCode::kUsage});
  };
  for (size_t i = 0; i < pattern_used.size(); ++i) {
    if (!pattern_used[i]) unused(options.trainable[i], "trainable pattern");
  }
  for (size_t i = 0; i < target_used.size(); ++i) {
    if (!target_used[i]) unused(options.lora.targets[i], "LoRA target");
  }

  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return decays(a.first.name) > decays(b.first.name);
  });
  int64_t total = 0;
  for (auto& [parameter, value] : found) {
    parameter.offset = total;
    parameter.size = value.numel();
    total += parameter.size;
    if (decays(parameter.name)) decayed_ = total;
    index_[parameter.name] = trained_.size();
    trained_.push_back(parameter);
  }
  const auto wide = at::TensorOptions().dtype(at::kFloat).device(options.device);
  values_ = at::empty({total}, wide);
  gradients_ = at::zeros({total}, wide);
  const bool same = options.dtype == at::kFloat;
  compute_values_ = same ? values_ : at::empty({total}, wide.dtype(options.dtype));
  compute_gradients_ = same ? gradients_ : at::zeros({total}, wide.dtype(options.dtype));
  for (size_t i = 0; i < trained_.size(); ++i) {
    view(values_, trained_[i]).copy_(found[i].second);
    // variable_data: the same memory without being a view to autograd, so that the buffer can be
    // updated in place while the network holds its leaves.
    at::Tensor leaf = view(compute_values_, trained_[i]).variable_data();
    leaf.set_requires_grad(true);
    leaf.mutable_grad() = view(compute_gradients_, trained_[i]).variable_data();
    leaves_.push_back(leaf);
    if (compute_.contains(trained_[i].name)) compute_[trained_[i].name] = leaf;
  }
  for (auto& [name, adapter] : adapters_) {
    adapter.a = index_.at(name + ".lora_A");
    adapter.b = index_.at(name + ".lora_B");
  }
  refresh();
}

ParameterSource MasterParameters::compute_source() {
  return [this](const std::string& name, at::IntArrayRef shape) {
    const auto found = compute_.find(name);
    if (found == compute_.end() || found->second.sizes() != shape) {
      throw Error({.what = "the network asks for '" + name + "', which it did not before",
                   .where = "training",
                   .cause = "",
                   .fix = "please report this"});
    }
    const auto adapter = adapters_.find(name);
    if (adapter == adapters_.end()) return found->second;
    const Adapter& lora = adapter->second;
    return found->second + at::matmul(leaf(lora.b), leaf(lora.a)) * lora.scale;
  };
}

void MasterParameters::collect_gradients() {
  if (options_.dtype == at::kFloat) return;
  c10::NoGradGuard no_grad;
  gradients_.add_(compute_gradients_);
  compute_gradients_.zero_();
}

void MasterParameters::refresh() {
  if (options_.dtype == at::kFloat) return;
  c10::NoGradGuard no_grad;
  compute_values_.copy_(values_);
}

at::Tensor MasterParameters::view(const at::Tensor& flat, const TrainedParameter& p) const {
  return flat.narrow(0, p.offset, p.size).view(p.shape);
}

bool MasterParameters::changed(const std::string& name) const {
  return index_.contains(name) || adapters_.contains(name);
}

at::Tensor MasterParameters::merged(const std::string& name, const at::Tensor& original) const {
  c10::NoGradGuard no_grad;
  const auto full = index_.find(name);
  if (full != index_.end()) return view(values_, trained_[full->second]);
  const at::Tensor value = original.to(values_.device(), at::kFloat);
  const auto adapter = adapters_.find(name);
  if (adapter == adapters_.end()) return value;
  const Adapter& lora = adapter->second;
  return value +
         at::matmul(view(values_, trained_[lora.b]), view(values_, trained_[lora.a])) * lora.scale;
}

}  // namespace vigor
