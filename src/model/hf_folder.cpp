#include "model/hf_folder.h"

#include <ATen/ATen.h>
#include <fcntl.h>
#include <stdio.h>

#include <cerrno>
#include <cstring>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "model/safetensors.h"
#include "model/weights.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, const char* verb, int code) {
  throw Error({.what = std::string("cannot be ") + verb + ": " + std::strerror(code),
               .where = printable(path.string()),
               .cause = code == ENOSPC ? "the disk is full" : "",
               .fix = code == ENOSPC ? "make room, then run the same command again"
                                     : "give a folder that can be written"});
}

// Plain write and sync: the folder is what appears atomically, not each file in it.
void write_file(FileSystem& files, const fs::path& path, const std::string& bytes) {
  const std::unique_ptr<WritableFile> file = files.create(path);
  file->write(bytes);
  file->sync();
}

SafetensorsItem item_of(const TensorToSave& tensor, const std::string& where) {
  auto produce = [&tensor, where](const ByteSink& sink) {
    const at::Tensor made = tensor.make();
    if (made.scalar_type() != tensor.dtype || !made.sizes().equals(tensor.shape)) {
      throw Error({.what = "tensor '" + printable(tensor.name) + "' was made as " +
                           at::toString(made.scalar_type()) + " " +
                           shape_text({made.sizes().data(), made.sizes().size()}) +
                           ", announced as " + at::toString(tensor.dtype) + " " +
                           shape_text(tensor.shape),
                   .where = where});
    }
    const at::Tensor plain = made.to(at::kCPU).contiguous();
    sink({static_cast<const std::byte*>(plain.data_ptr()), plain.nbytes()});
  };
  return {tensor.name, dtype_of(tensor.dtype), tensor.shape, std::move(produce)};
}

uint64_t bytes_of(const TensorToSave& tensor) {
  return tensor_bytes(tensor.shape, dtype_of(tensor.dtype)).value_or(0);
}

// Consecutive tensors; a new shard where the next would not fit.
std::vector<std::span<const TensorToSave>> make_shards(std::span<const TensorToSave> tensors,
                                                       uint64_t max_bytes) {
  std::vector<std::span<const TensorToSave>> shards;
  size_t first = 0;
  uint64_t bytes = 0;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const uint64_t next = bytes_of(tensors[i]);
    if (i > first && (next > max_bytes || bytes > max_bytes - next)) {
      shards.push_back(tensors.subspan(first, i - first));
      first = i;
      bytes = 0;
    }
    bytes += next;
  }
  shards.push_back(tensors.subspan(first));
  return shards;
}

std::string shard_name(size_t shard, size_t shards) {
  if (shards == 1) return "model.safetensors";
  char name[64];
  std::snprintf(name, sizeof name, "model-%05zu-of-%05zu.safetensors", shard + 1, shards);
  return name;
}

// In place of an existing folder only when `replace`, and then in one step: with two renames a kill
// between them would leave no checkpoint at all. FileSystem has no such step, so this is direct.
void put_in_place(FileSystem& files, const fs::path& temporary, const fs::path& folder,
                  bool replace) {
  std::error_code ignored;
  if (replace && fs::exists(folder, ignored)) {
    if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, folder.c_str(), RENAME_EXCHANGE) != 0) {
      fail(folder, "replaced", errno);
    }
    fs::remove_all(temporary, ignored);
  } else {
    files.rename(temporary, folder);
  }
  files.sync_directory(folder.parent_path().empty() ? fs::path(".") : folder.parent_path());
}

}  // namespace

TensorToSave tensor_to_save(std::string name, at::Tensor tensor) {
  const at::ScalarType dtype = tensor.scalar_type();
  return tensor_to_save(std::move(name), std::move(tensor), dtype);
}

TensorToSave tensor_to_save(std::string name, at::Tensor tensor, at::ScalarType dtype) {
  std::vector<int64_t> shape = tensor.sizes().vec();
  return {std::move(name), dtype, std::move(shape),
          [tensor = std::move(tensor), dtype] { return tensor.detach().to(dtype); }};
}

void save_safetensors(FileSystem& files, const fs::path& file,
                      std::span<const TensorToSave> tensors) {
  std::vector<SafetensorsItem> items;
  for (const TensorToSave& tensor : tensors) items.push_back(item_of(tensor, file.string()));
  write_safetensors(files, file, items, {{"format", "pt"}});
}

void save_hf_folder(FileSystem& files, const fs::path& given, const Json& config,
                    std::span<const TensorToSave> tensors, const HfFolderOptions& options) {
  // "out/" has an empty file name, and its .tmp would lie inside of it.
  const fs::path folder = given.has_filename() ? given : given.parent_path();
  std::error_code error;
  if (fs::exists(folder, error) && !options.replace) {
    throw Error({.what = "the folder exists already",
                 .where = printable(folder.string()),
                 .fix = "give another folder, or remove this one"});
  }
  std::set<std::string> names;
  for (const TensorToSave& tensor : tensors) {
    if (names.insert(tensor.name).second) continue;
    throw Error({.what = "tensor '" + printable(tensor.name) + "' is to be saved twice",
                 .where = printable(folder.string())});
  }
  fs::path temporary = folder;
  temporary += ".tmp";
  fs::remove_all(temporary, error);  // what a killed run left
  files.create_directories(temporary);
  try {
    const auto shards = make_shards(tensors, options.max_shard_bytes);
    Json map = Json::object();
    uint64_t total = 0;
    for (size_t i = 0; i < shards.size(); ++i) {
      const std::string name = shard_name(i, shards.size());
      save_safetensors(files, temporary / name, shards[i]);
      for (const TensorToSave& tensor : shards[i]) {
        map[tensor.name] = name;
        total += bytes_of(tensor);
      }
    }
    if (shards.size() > 1) {
      const Json index = {{"metadata", {{"total_size", total}}}, {"weight_map", map}};
      write_file(files, temporary / "model.safetensors.index.json", dump_json(index, 2) + "\n");
    }
    write_file(files, temporary / "config.json", dump_json(config, 2) + "\n");
    for (const fs::path& source : options.copies) {
      write_file(files, temporary / source.filename(), read_file(source));
    }
    files.sync_directory(temporary);
    put_in_place(files, temporary, folder, options.replace);
  } catch (...) {
    fs::remove_all(temporary, error);
    throw;
  }
}

}  // namespace vigor
