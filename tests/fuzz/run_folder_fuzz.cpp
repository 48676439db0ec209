// A run folder that something else has written into: samples.jsonl as it comes. What is opened
// tells the same again when it is opened again, and each of its lines is the sample of its key.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "base/error.h"
#include "run/run_folder.h"

using namespace vigor;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> keys_in(const RunFolder& run) {
  std::vector<std::string> keys;
  for (const Json& sample : run.samples()) keys.push_back(sample.at("key").get<std::string>());
  return keys;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fs::path folder =
      fs::temp_directory_path() / ("run_folder_fuzz_" + std::to_string(::getpid()));
  fs::remove_all(folder);
  DiskFileSystem files;
  try {
    RunFolder::open(files, folder, Json::object());
  } catch (const Error&) {
    std::abort();  // an empty folder can be had
  }
  std::ofstream(folder / "samples.jsonl", std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  try {
    std::vector<std::string> keys;
    {
      const RunFolder run = RunFolder::open(files, folder, Json::object());
      keys = keys_in(run);
      size_t at = 0;
      run.for_each_line(keys, [&](std::string_view line) {
        if (parse_json(line, "line").at("key") != keys[at++]) std::abort();
      });
      if (at != keys.size()) std::abort();
    }
    RunFolderOptions options;
    options.keep_samples = false;
    const RunFolder again = RunFolder::open(files, folder, Json::object(), options);
    if (again.count() != keys.size()) std::abort();
    again.for_each_line(keys, [](std::string_view line) {
      if (line.find('\n') != std::string_view::npos) std::abort();
    });
  } catch (const Error&) {
  }
  return 0;
}
