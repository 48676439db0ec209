#include "reports/thumbnails.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <system_error>
#include <thread>

#include "base/error.h"
#include "image/image.h"

namespace vigor::reports {
namespace {

namespace fs = std::filesystem;

// The file behind `name`, or an empty path when it would lie outside of the folder.
fs::path inside(const fs::path& folder, const std::string& name) {
  if (folder.empty() || name.empty() || name.find('\0') != std::string::npos) return {};
  std::error_code failed;
  const fs::path root = fs::canonical(folder, failed);
  if (failed) return {};
  const fs::path file = fs::canonical(root / name, failed);
  if (failed || !fs::is_regular_file(file, failed)) return {};
  const auto [end, ignored] = std::mismatch(root.begin(), root.end(), file.begin(), file.end());
  return end == root.end() ? file : fs::path();
}

// "" for no file, and for one that is no picture: the run has recorded it as failed, the report
// goes on without it.
std::string thumbnail(const fs::path& file, int edge, int quality) {
  if (file.empty()) return "";
  try {
    return encode_jpeg(shrink(load_image(file), edge), quality);
  } catch (const std::exception&) {
    return "";
  }
}

// Calls work(0) ... work(count - 1) on as many threads as there are cores; `work` must not throw.
void in_parallel(size_t count, const std::function<void(size_t)>& work) {
  std::atomic<size_t> next = 0;
  const auto run = [&] {
    for (size_t i = next++; i < count; i = next++) work(i);
  };
  const size_t threads = std::min<size_t>(std::max(1u, std::thread::hardware_concurrency()), count);
  std::vector<std::jthread> others;
  for (size_t i = 1; i < threads; ++i) others.emplace_back(run);
  run();
}

}  // namespace

Thumbnails make_thumbnails(const std::vector<ThumbnailRequest>& requests,
                           const ReportOptions& options) {
  Thumbnails made;
  made.jpeg.resize(requests.size());
  const int edge = std::clamp(options.thumbnail_pixels, 16, 512);
  const int quality = std::clamp(options.thumbnail_quality, 1, 100);
  // Pictures are independent: a wave of them is made by all cores, then counted in order, so that
  // the result does not depend on the machine. Past the budget at most one wave is made in vain.
  constexpr size_t kWave = 64;
  bool full = options.thumbnail_bytes == 0;
  for (size_t start = 0; start < requests.size(); start += kWave) {
    const size_t end = std::min(start + kWave, requests.size());
    std::vector<fs::path> found(end - start);
    std::vector<std::string> jpeg(end - start);
    for (size_t i = start; i < end; ++i) {
      found[i - start] = inside(requests[i].folder, requests[i].name);
    }
    if (!full) {
      in_parallel(end - start, [&](size_t i) { jpeg[i] = thumbnail(found[i], edge, quality); });
    }
    for (size_t i = start; i < end; ++i) {
      std::string& one = jpeg[i - start];
      if (found[i - start].empty() || (!full && one.empty())) {
        ++made.missing;
      } else if (full || made.bytes + one.size() > options.thumbnail_bytes) {
        full = true;
        ++made.left_out;
      } else {
        made.bytes += one.size();
        ++made.embedded;
        made.jpeg[i] = std::move(one);
      }
    }
  }
  return made;
}

std::string thumbnails_note(const Thumbnails& made, size_t requested) {
  if (requested == 0) return "No pictures: the run names no folder of pictures that is here";
  std::string note = fmt::format("{} of {} pictures are embedded ({:.1f} MB)", made.embedded,
                                 requested, static_cast<double>(made.bytes) / 1e6);
  if (made.left_out > 0) {
    note += fmt::format("; {} are left out to keep the file small, those with the fewest mistakes",
                        made.left_out);
  }
  if (made.missing > 0) {
    note += fmt::format("; {} were not found or could not be read", made.missing);
  }
  return note;
}

}  // namespace vigor::reports
