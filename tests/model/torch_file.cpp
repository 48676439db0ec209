#include "tests/model/torch_file.h"

#include <cstring>

namespace vigor::testing {
namespace {

std::string number(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xFF);
  return text;
}

}  // namespace

std::string stored_zip(const std::vector<std::pair<std::string, std::string>>& records) {
  std::string file, directory;
  for (const auto& [name, bytes] : records) {
    const std::string sizes = number(0, 4) + number(bytes.size(), 4) + number(bytes.size(), 4) +
                              number(name.size(), 2) + number(0, 2);
    directory += "PK\1\2" + number(0, 4) + number(0, 2) + number(0, 2) + number(0, 4) + sizes +
                 number(0, 10) + number(file.size(), 4) + name;
    file +=
        "PK\3\4" + number(0, 2) + number(0, 2) + number(0, 2) + number(0, 4) + sizes + name + bytes;
  }
  const uint64_t at = file.size();
  file += directory;
  file += "PK\5\6" + number(0, 4) + number(records.size(), 2) + number(records.size(), 2) +
          number(directory.size(), 4) + number(at, 4) + number(0, 2);
  return file;
}

std::string pickle_text(const std::string& text) {
  // Appended piece by piece: g++ 12 warns wrongly about "literal" + temporary.
  std::string program;
  program += 'X';
  program += number(text.size(), 4);
  program += text;
  return program;
}

std::string pickle_int(int64_t value) {
  std::string program = "\x8a\x08";
  return program += number(static_cast<uint64_t>(value), 8);
}

std::string pickle_tuple(const std::vector<int64_t>& values) {
  std::string text = "(";
  for (const int64_t value : values) text += pickle_int(value);
  return text + "t";
}

std::string pickle_global(const std::string& module, const std::string& name) {
  std::string program(1, 'c');
  return program += module + "\n" + name + "\n";
}

std::string pickle_tensor(const PickledTensor& tensor) {
  return pickle_global("torch._utils", "_rebuild_tensor_v2") + "((" + pickle_text("storage") +
         pickle_global("torch", tensor.storage_type) + pickle_text(tensor.record) +
         pickle_text("cpu") + pickle_int(tensor.storage_elements) + "tQ" +
         pickle_int(tensor.offset) + pickle_tuple(tensor.shape) + pickle_tuple(tensor.strides) +
         "\x89" + pickle_global("collections", "OrderedDict") + ")RtR";
}

std::string pickle_state_dict(const std::vector<PickledTensor>& tensors) {
  std::string program = "\x80\x02}(";
  for (const PickledTensor& tensor : tensors) {
    program += pickle_text(tensor.name) + pickle_tensor(tensor);
  }
  return program + "u.";
}

std::string torch_file(const std::string& pickle,
                       const std::vector<std::pair<std::string, std::string>>& data) {
  std::vector<std::pair<std::string, std::string>> records{{"archive/data.pkl", pickle}};
  for (const auto& [name, bytes] : data) records.emplace_back("archive/data/" + name, bytes);
  records.emplace_back("archive/version", "3\n");
  return stored_zip(records);
}

std::string float_bytes(const std::vector<float>& values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

std::span<const std::byte> as_bytes(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace vigor::testing
