#include "model/pickle.h"

#include <limits>
#include <unordered_set>

#include "base/error.h"
#include "model/pickle_machine.h"
#include "model/zip.h"

namespace vigor {
namespace {

constexpr uint64_t kMaxPickle = 100'000'000;
constexpr int kMaxDepth = 32;
constexpr uint64_t kMaxVisits = 1'000'000;
constexpr size_t kMaxName = 4096;

using Records = std::unordered_map<std::string, ZipRecord>;

[[noreturn]] void damaged_archive(const std::string& where, const std::string& what,
                                  const std::string& cause = "the file is damaged or hostile") {
  throw Error({.what = what,
               .where = where,
               .cause = cause,
               .fix = "download it again, or get the checkpoint as safetensors"});
}

// Walks the result of the pickle and makes an entry of every tensor in a dictionary.
class TensorCollector {
 public:
  TensorCollector(const PickleResult& pickle, const Records& records, std::string folder,
                  const std::string& where)
      : pickle_(pickle), records_(records), folder_(std::move(folder)), where_(where) {}

  std::vector<TensorEntry> collect() {
    if (pickle_.values[pickle_.root].kind != PickleKind::kDict) {
      damaged_archive(where_, "it holds no dictionary of tensors",
                      "a single tensor or list was saved, and no state_dict");
    }
    walk(pickle_.root, "", 0);
    if (entries_.empty()) {
      damaged_archive(where_, "it holds no tensors", "it is the training state and not the model");
    }
    return std::move(entries_);
  }

 private:
  void walk(uint32_t dict, const std::string& prefix, int depth) {
    if (depth == kMaxDepth)
      damaged_archive(where_, "its dictionaries are nested more than 32 deep");
    const std::vector<uint32_t>& items = pickle_.values[dict].items;
    for (size_t i = 0; i + 1 < items.size(); i += 2) {
      // Shared dictionaries can make few bytes mean endlessly many names.
      if (++visits_ > kMaxVisits) damaged_archive(where_, "it names more than a million values");
      const PickleValue& value = pickle_.values[items[i + 1]];
      if (value.kind != PickleKind::kTensor && value.kind != PickleKind::kDict) continue;
      const PickleValue& key = pickle_.values[items[i]];
      std::string name = prefix;
      if (key.kind == PickleKind::kText) {
        name += key.text.substr(0, kMaxName);
      } else if (key.kind == PickleKind::kInt) {
        name += std::to_string(key.number);
      } else {
        damaged_archive(where_, "a tensor's name is neither text nor a whole number");
      }
      if (name.size() > kMaxName)
        damaged_archive(where_, "a tensor's name has more than 4,096 bytes");
      if (value.kind == PickleKind::kDict) {
        walk(items[i + 1], name + ".", depth + 1);
      } else {
        add(std::move(name), value);
      }
    }
  }

  void add(std::string name, const PickleValue& tensor) {
    const std::string shown = "tensor '" + printable(name.substr(0, 200)) + "'";
    if (!names_.insert(name).second) damaged_archive(where_, shown + " is there twice");
    const PickleValue& storage = pickle_.values[tensor.storage];
    const std::string record_name = folder_ + "data/" + std::string(storage.text);
    const auto record = records_.find(record_name);
    if (record == records_.end()) {
      damaged_archive(where_, shown + " needs the record '" +
                                  printable(record_name.substr(0, 200)) +
                                  "', which is not in the file");
    }
    const uint64_t size = dtype_size(storage.dtype);
    const auto elements = static_cast<uint64_t>(storage.number);
    if (elements > record->second.size / size || elements * size != record->second.size) {
      damaged_archive(where_, shown + " needs a storage of " + std::to_string(elements) + " " +
                                  std::string(dtype_name(storage.dtype)) + ", its record has " +
                                  std::to_string(record->second.size) + " bytes");
    }
    const auto count = element_count(tensor.shape);
    // An expanded tensor (stride 0) would need more memory than the file has.
    if (!count || *count > elements) {
      damaged_archive(where_, shown + " of shape " + shape_text(tensor.shape) +
                                  " is larger than its storage of " + std::to_string(elements) +
                                  " elements");
    }
    const auto first = static_cast<uint64_t>(tensor.offset);
    const auto extent = strided_extent(tensor);
    if (!extent || first > elements || *extent > elements - first) {
      damaged_archive(where_, shown + " of shape " + shape_text(tensor.shape) + " and strides " +
                                  shape_text(tensor.strides) + " at offset " +
                                  std::to_string(first) + " reaches out of its storage of " +
                                  std::to_string(elements) + " elements");
    }
    TensorEntry entry{.name = std::move(name), .dtype = storage.dtype, .shape = tensor.shape};
    entry.begin = record->second.begin + first * size;
    entry.end = entry.begin + *extent * size;
    if (!row_major(tensor)) entry.strides = tensor.strides;
    entries_.push_back(std::move(entry));
  }

  // Elements from the first to the last one, both included; nothing on overflow.
  static std::optional<uint64_t> strided_extent(const PickleValue& tensor) {
    uint64_t last = 0;
    for (size_t i = 0; i < tensor.shape.size(); ++i) {
      if (tensor.shape[i] == 0) return 0;
      const auto steps = static_cast<uint64_t>(tensor.shape[i] - 1);
      const auto stride = static_cast<uint64_t>(tensor.strides[i]);
      constexpr auto kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
      if (steps != 0 && stride > (kMax - last) / steps) return std::nullopt;
      last += steps * stride;
    }
    return last + 1;
  }

  static bool row_major(const PickleValue& tensor) {
    int64_t expected = 1;
    for (size_t i = tensor.shape.size(); i-- > 0;) {
      // The stride of a dimension of size 1 is never used; files hold anything there.
      if (tensor.shape[i] == 0) return true;
      if (tensor.shape[i] != 1 && tensor.strides[i] != expected) return false;
      expected *= tensor.shape[i];
    }
    return true;
  }

  const PickleResult& pickle_;
  const Records& records_;
  std::string folder_;
  const std::string& where_;
  std::vector<TensorEntry> entries_;
  std::unordered_set<std::string> names_;
  uint64_t visits_ = 0;
};

// "archive/" for "archive/data.pkl": torch.save puts all records into one folder.
std::string find_folder(const Records& records, const std::string& where) {
  static constexpr std::string_view kPickle = "data.pkl";
  std::string folder;
  int found = 0;
  for (const auto& [name, record] : records) {
    if (name != kPickle && !name.ends_with("/data.pkl")) continue;
    folder = name.substr(0, name.size() - kPickle.size());
    ++found;
  }
  if (found != 1) {
    damaged_archive(where,
                    found == 0 ? "it has no record data.pkl" : "it has several records data.pkl",
                    "it is a zip file that torch.save did not write");
  }
  return folder;
}

void reject_legacy(std::span<const std::byte> file, const std::string& where) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  if (text.starts_with("PK")) return;
  // A pickle of protocol 2 or later starts so; before PyTorch 1.6 the file was a row of pickles.
  const bool pickle = text.size() > 1 && text[0] == '\x80' && text[1] >= 2 && text[1] <= 5;
  throw Error({.what = pickle ? "it is in the format that PyTorch used before 1.6"
                              : "it is no file of torch.save",
               .where = where,
               .cause = pickle ? "it is old, or was saved with _use_new_zipfile_serialization=False"
                               : "it is damaged, or something else under this name",
               .fix = pickle ? "convert it once in Python: torch.save(torch.load(FILE, "
                               "map_location='cpu', weights_only=True), FILE)"
                             : "download it again, or get the checkpoint as safetensors"});
}

}  // namespace

std::vector<TensorEntry> parse_torch_file(std::span<const std::byte> file,
                                          const std::string& where) {
  reject_placeholder(file, where);
  reject_legacy(file, where);
  const Records records = read_zip_directory(file, where);
  const std::string folder = find_folder(records, where);
  if (const auto order = records.find(folder + "byteorder"); order != records.end()) {
    const std::string_view text(reinterpret_cast<const char*>(file.data()) + order->second.begin,
                                order->second.size);
    if (text != "little") {
      throw Error({.what = "its data are in the byte order '" + printable(text.substr(0, 20)) + "'",
                   .where = where,
                   .cause = "it was written on a big-endian machine",
                   .fix = "save it again on a little-endian machine, or get it as safetensors"});
    }
  }
  if (records.contains(folder + "constants.pkl")) {
    throw Error({.what = "it is a TorchScript program and not a state_dict",
                 .where = where,
                 .fix = "save the model's state_dict() with torch.save"});
  }
  const ZipRecord& pickle = records.at(folder + "data.pkl");
  if (pickle.size > kMaxPickle) {
    damaged_archive(where, "its data.pkl has more than 100,000,000 bytes");
  }
  const PickleResult result = run_pickle(file.subspan(pickle.begin, pickle.size), where);
  return TensorCollector(result, records, folder, where).collect();
}

}  // namespace vigor
