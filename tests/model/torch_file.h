// Files as torch.save writes them, built by hand for tests: a stored zip and a pickle program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace vigor::testing {

// A zip file without compression; records in the given order.
std::string stored_zip(const std::vector<std::pair<std::string, std::string>>& records);

// Pieces of pickle programs (protocol 2).
std::string pickle_text(const std::string& text);
std::string pickle_int(int64_t value);
std::string pickle_tuple(const std::vector<int64_t>& values);
std::string pickle_global(const std::string& module, const std::string& name);

struct PickledTensor {
  std::string name;
  std::string storage_type = "FloatStorage";
  std::string record = "0";
  int64_t storage_elements = 0;
  int64_t offset = 0;
  std::vector<int64_t> shape, strides;
};
// The tensor's value alone: _rebuild_tensor_v2(storage, offset, shape, strides, False, {}).
std::string pickle_tensor(const PickledTensor& tensor);
// A dictionary of tensors, as a whole program.
std::string pickle_state_dict(const std::vector<PickledTensor>& tensors);
// The file: data.pkl and records data/NAME.
std::string torch_file(const std::string& pickle,
                       const std::vector<std::pair<std::string, std::string>>& data);

// The bytes of little-endian fp32 values.
std::string float_bytes(const std::vector<float>& values);

std::span<const std::byte> as_bytes(const std::string& text);

}  // namespace vigor::testing
