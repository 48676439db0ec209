#include "model/weights.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "model/pickle.h"
#include "model/safetensors.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

struct Located {
  TensorEntry entry;
  std::shared_ptr<const MappedFile> file;
};

bool is_safetensors(const fs::path& path) {
  return path.extension() == ".safetensors";
}

std::vector<TensorEntry> parse(const MappedFile& file) {
  const std::string where = printable(file.path().string());
  return is_safetensors(file.path()) ? parse_safetensors(file.bytes(), where).tensors
                                     : parse_torch_file(file.bytes(), where);
}

bool aligned(const std::byte* data, const TensorEntry& entry) {
  return reinterpret_cast<uintptr_t>(data) % dtype_size(entry.dtype) == 0;
}

// LibTorch reads a bool's byte as a C++ bool, where any value but 0 and 1 is undefined.
void check_bools(const Located& located) {
  const auto bytes =
      located.file->bytes().subspan(located.entry.begin, located.entry.end - located.entry.begin);
  if (std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b <= std::byte{1}; }))
    return;
  throw Error({.what = "tensor '" + printable(located.entry.name) +
                       "' is BOOL and holds bytes other than 0 and 1",
               .where = printable(located.file->path().string()),
               .cause = "the file is damaged or hostile",
               .fix = "download or write the file again"});
}

at::Tensor make_tensor(const Located& located) {
  const TensorEntry& entry = located.entry;
  const auto options = at::TensorOptions().dtype(scalar_type(entry.dtype));
  if (entry.begin == entry.end) return at::empty(entry.shape, options);
  if (entry.dtype == Dtype::kBool) check_bools(located);
  const std::byte* data = located.file->bytes().data() + entry.begin;
  if (entry.strides.empty() && aligned(data, entry)) {
    // from_blob takes no const pointer; the map is read-only all the same.
    return at::from_blob(
        const_cast<std::byte*>(data), entry.shape, [file = located.file](void*) {}, options);
  }
  const auto elements = static_cast<int64_t>((entry.end - entry.begin) / dtype_size(entry.dtype));
  at::Tensor flat = at::empty({elements}, options);
  std::memcpy(flat.data_ptr(), data, entry.end - entry.begin);
  if (entry.strides.empty()) return flat.view(entry.shape);
  return flat.as_strided(entry.shape, entry.strides).contiguous();
}

}  // namespace

struct Weights::State {
  std::string where;  // folder or file, for messages
  std::map<std::string, Located> tensors;
  std::vector<fs::path> files;
  uint64_t bytes = 0;

  void add(const fs::path& path) {
    const auto file = std::make_shared<const MappedFile>(path);
    for (TensorEntry& entry : parse(*file)) insert(std::move(entry), file);
    files.push_back(path);
  }

  void insert(TensorEntry&& entry, const std::shared_ptr<const MappedFile>& file) {
    bytes += *tensor_bytes(entry.shape, entry.dtype);
    std::string name = entry.name;
    tensors.emplace(std::move(name), Located{std::move(entry), file});
  }

  void add_shards(const fs::path& index);

  const Located& find(const std::string& name) const {
    const auto found = tensors.find(name);
    if (found != tensors.end()) return found->second;
    std::vector<std::string> names;
    for (const auto& [known, located] : tensors) names.push_back(known);
    const std::string near = nearest_name(name, names);
    throw Error({.what = "tensor '" + printable(name) + "' is missing",
                 .where = where,
                 .cause = near.empty() ? "the checkpoint is of another architecture, or incomplete"
                                       : "the nearest name in it is '" + printable(near) + "'",
                 .fix = "check that config.json belongs to these weights"});
  }
};

// {"weight_map": {tensor: file name}}
void Weights::State::add_shards(const fs::path& index) {
  const std::string shown = printable(index.string());
  const Json document = read_json_file(index);
  ObjectReader reader(document, shown);
  ObjectReader map = reader.child("weight_map");
  std::map<std::string, std::set<std::string>> promised;  // file name -> tensors
  for (const auto& [name, value] : reader.find("weight_map")->items()) {
    promised[map.require<std::string>(name)].insert(name);
  }
  for (const auto& [shard, names] : promised) {
    if (shard.empty() || shard != fs::path(shard).filename() || shard == "..") {
      throw Error({.what = "weight_map names the file '" + printable(shard) +
                           "', which is not a plain file name",
                   .where = shown,
                   .cause = "the index is damaged or hostile",
                   .fix = "download the index again"});
    }
    const fs::path path = index.parent_path() / shard;
    std::error_code ignored;
    if (!fs::exists(path, ignored)) {
      throw Error({.what = "the shard '" + printable(shard) + "' is missing",
                   .where = shown,
                   .cause = "the download of the checkpoint is incomplete",
                   .fix = "download " + printable(shard) + " into the same folder"});
    }
    const auto file = std::make_shared<const MappedFile>(path);
    size_t found = 0;
    std::vector<TensorEntry> entries = parse(*file);
    for (TensorEntry& entry : entries) {
      if (!names.contains(entry.name)) continue;
      insert(std::move(entry), file);
      ++found;
    }
    files.push_back(path);
    if (found == names.size()) continue;
    for (const std::string& name : names) {
      if (tensors.contains(name)) continue;
      throw Error({.what = "weight_map promises tensor '" + printable(name) + "' in " +
                           printable(shard) + ", which does not hold it",
                   .where = shown,
                   .cause = "index and shards are of different versions",
                   .fix = "download the whole checkpoint again"});
    }
  }
}

Weights Weights::open(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) return open_file(folder);
  auto state = std::make_shared<State>();
  state->where = printable(folder.string());
  for (const char* base : {"model.safetensors", "pytorch_model.bin"}) {
    const fs::path single = folder / base;
    const fs::path index = folder / (std::string(base) + ".index.json");
    if (fs::exists(single, ignored)) {
      state->add(single);
      return Weights(std::move(state));
    }
    if (fs::exists(index, ignored)) {
      state->add_shards(index);
      return Weights(std::move(state));
    }
  }
  throw Error({.what = "the folder holds no weights",
               .where = state->where,
               .cause = "looked for model.safetensors, model.safetensors.index.json, "
                        "pytorch_model.bin and pytorch_model.bin.index.json",
               .fix = "give the folder of a Hugging Face checkpoint, the one with config.json"});
}

Weights Weights::open_file(const fs::path& file) {
  auto state = std::make_shared<State>();
  state->where = printable(file.string());
  state->add(file);
  return Weights(std::move(state));
}

bool Weights::has(const std::string& name) const {
  return state_->tensors.contains(name);
}

at::Tensor Weights::get(const std::string& name) const {
  return make_tensor(state_->find(name));
}

at::Tensor Weights::get(const std::string& name, at::IntArrayRef shape) const {
  const Located& located = state_->find(name);
  if (!shape.equals(located.entry.shape)) {
    throw Error({.what = "tensor '" + printable(name) + "' has the shape " +
                         shape_text(located.entry.shape) + ", the model needs " +
                         shape_text({shape.data(), shape.size()}),
                 .where = printable(located.file->path().string()),
                 .cause = "config.json and the weights are of different models",
                 .fix = "check that config.json belongs to these weights"});
  }
  return make_tensor(located);
}

std::vector<std::string> Weights::names() const {
  std::vector<std::string> names;
  for (const auto& [name, located] : state_->tensors) names.push_back(name);
  return names;
}

at::ScalarType Weights::dtype(const std::string& name) const {
  return scalar_type(state_->find(name).entry.dtype);
}

std::vector<int64_t> Weights::shape(const std::string& name) const {
  return state_->find(name).entry.shape;
}

uint64_t Weights::total_bytes() const {
  return state_->bytes;
}

std::vector<fs::path> Weights::files() const {
  return state_->files;
}

at::ScalarType scalar_type(Dtype dtype) {
  switch (dtype) {
    case Dtype::kF64:
      return at::kDouble;
    case Dtype::kF32:
      return at::kFloat;
    case Dtype::kF16:
      return at::kHalf;
    case Dtype::kBF16:
      return at::kBFloat16;
    case Dtype::kI64:
      return at::kLong;
    case Dtype::kI32:
      return at::kInt;
    case Dtype::kI16:
      return at::kShort;
    case Dtype::kI8:
      return at::kChar;
    case Dtype::kU8:
      return at::kByte;
    case Dtype::kBool:
      return at::kBool;
  }
  return at::kFloat;
}

Dtype dtype_of(at::ScalarType type) {
  for (int i = 0; i <= static_cast<int>(Dtype::kBool); ++i) {
    if (scalar_type(static_cast<Dtype>(i)) == type) return static_cast<Dtype>(i);
  }
  throw Error({.what = std::string("tensors of type ") + at::toString(type) +
                       " have no place in a weight file",
               .where = "safetensors",
               .fix = "convert the tensor first"});
}

}  // namespace vigor
