#include "tests/model/original_file.h"

#include <ATen/ATen.h>

#include <cstring>
#include <map>

#include "model/grounding_dino/original_checkpoint.h"
#include "tests/model/torch_file.h"

namespace vigor::testing {

std::string original_grounding_dino(const std::filesystem::path& folder, const std::string& prefix,
                                    const std::string& without) {
  const auto checkpoint = open_grounding_dino(folder, at::kFloat, at::kCPU);
  std::map<std::string, std::map<int, at::Tensor>> parts;
  GroundingDino(checkpoint.config, [&](const std::string& name, at::IntArrayRef shape) {
    const at::Tensor value = checkpoint.source(name, shape);
    const OriginalPlace place = original_place(name);
    // The file of the release holds shared heads once for each layer; here only the first.
    if (!name.starts_with("bbox_embed.1")) parts[place.name][place.third] = value;
    return value;
  });
  std::vector<PickledTensor> tensors;
  std::vector<std::pair<std::string, std::string>> records;
  for (const auto& [name, thirds] : parts) {
    if (name == without) continue;
    std::vector<at::Tensor> rows;
    for (const auto& [third, value] : thirds) rows.push_back(value);
    const at::Tensor whole = at::cat(rows).contiguous();
    PickledTensor tensor;
    tensor.name = prefix + name;
    tensor.record = std::to_string(records.size());
    tensor.storage_elements = whole.numel();
    tensor.shape = whole.sizes().vec();
    tensor.strides = whole.strides().vec();
    std::string bytes(static_cast<size_t>(whole.nbytes()), '\0');
    std::memcpy(bytes.data(), whole.data_ptr(), bytes.size());
    tensors.push_back(std::move(tensor));
    records.emplace_back(std::to_string(records.size()), std::move(bytes));
  }
  return torch_file(pickle_state_dict(tensors), records);
}

}  // namespace vigor::testing
