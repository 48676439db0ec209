// fp32 master weights of what is trained, in one flat buffer, and the tensors that a network
// computes with.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "model/parameters.h"
#include "train/sft_options.h"

namespace vigor {

// True when `name` matches `pattern`, in which `*` stands for any characters.
bool matches_pattern(const std::string& name, const std::string& pattern);

struct TrainableOptions {
  // Patterns of the parameters that are trained in full.
  std::vector<std::string> trainable;
  LoraOptions lora;
  at::ScalarType dtype = at::kFloat;  // of the network: kFloat or kBFloat16
  at::Device device = at::kCPU;
  uint64_t seed = 0;  // of the adapters' start
};

// One trained tensor. Adapters are named NAME.lora_A [rank, in] and NAME.lora_B [out, rank].
struct TrainedParameter {
  std::string name;
  std::vector<int64_t> shape;
  int64_t offset = 0;  // elements from the start of the flat buffers
  int64_t size = 0;    // elements
};

// Flat buffers make the optimiser, the gradient norm and the conversion to bf16 a handful of
// operations over one tensor, whatever the number of parameters. Parameters that weight decay
// touches come first.
//
// Autograd adds gradients in place into views of one gradient buffer. Not thread-safe.
class MasterParameters {
 public:
  // `build` constructs the network from the source that it is given; every parameter that it asks
  // for is taken from `source` and is then trained or frozen. Throws Error when a pattern or a
  // LoRA target matches nothing.
  MasterParameters(const ParameterSource& source,
                   const std::function<void(const ParameterSource&)>& build,
                   const TrainableOptions& options);

  // What a network computes with: leaves in options.dtype for trained parameters, frozen tensors
  // as they are, W + (alpha / rank) B A tracked by autograd where there is an adapter. Valid as
  // long as this object. With adapters a network serves one backward (rebuild it for the next).
  ParameterSource compute_source();
  bool needs_rebuild() const { return !adapters_.empty(); }

  // Adds what a backward left in the network's dtype to the fp32 gradients. Call after each.
  void collect_gradients();
  // Gives the network the masters' present values. Call after each change of values().
  void refresh();

  // [size()] fp32; decayed() elements at the front are subject to weight decay.
  at::Tensor& values() { return values_; }
  at::Tensor& gradients() { return gradients_; }
  int64_t size() const { return values_.numel(); }
  int64_t decayed() const { return decayed_; }
  const std::vector<TrainedParameter>& trained() const { return trained_; }
  // A view of one trained parameter in a flat buffer of size().
  at::Tensor view(const at::Tensor& flat, const TrainedParameter& parameter) const;

  // Whether the network asked for this name; and if it is trained or has an adapter.
  bool has(const std::string& name) const { return compute_.contains(name); }
  bool changed(const std::string& name) const;
  // The trained value, adapters merged, fp32. `original` is the parameter before training.
  at::Tensor merged(const std::string& name, const at::Tensor& original) const;

 private:
  struct Adapter {
    size_t a = 0, b = 0;  // indices into trained_
    double scale = 1.0;
  };
  at::Tensor leaf(size_t index) const { return leaves_[index]; }

  TrainableOptions options_;
  std::vector<TrainedParameter> trained_;
  std::map<std::string, size_t> index_;        // name -> trained_
  std::map<std::string, at::Tensor> compute_;  // every parameter of the network
  std::map<std::string, Adapter> adapters_;
  std::vector<at::Tensor> leaves_;                 // beside trained_, in options.dtype
  at::Tensor values_, gradients_;                  // fp32
  at::Tensor compute_values_, compute_gradients_;  // in options.dtype; the same when that is fp32
  int64_t decayed_ = 0;
};

}  // namespace vigor
