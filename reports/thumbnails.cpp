#include "reports/thumbnails.h"

#include <algorithm>
#include <system_error>

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

}  // namespace

Thumbnails make_thumbnails(const std::vector<ThumbnailRequest>& requests,
                           const ReportOptions& options) {
  Thumbnails made;
  made.jpeg.resize(requests.size());
  const int edge = std::clamp(options.thumbnail_pixels, 16, 512);
  const int quality = std::clamp(options.thumbnail_quality, 1, 100);
  bool full = options.thumbnail_bytes == 0;
  for (size_t i = 0; i < requests.size(); ++i) {
    const fs::path file = inside(requests[i].folder, requests[i].name);
    if (file.empty()) {
      ++made.missing;
      continue;
    }
    if (full) {
      ++made.left_out;
      continue;
    }
    try {
      std::string jpeg = encode_jpeg(shrink(load_image(file), edge), quality);
      if (made.bytes + jpeg.size() > options.thumbnail_bytes) {
        full = true;
        ++made.left_out;
        continue;
      }
      made.bytes += jpeg.size();
      ++made.embedded;
      made.jpeg[i] = std::move(jpeg);
    } catch (const Error&) {
      // The run has recorded this picture as failed; the report goes on without it.
      ++made.missing;
    }
  }
  return made;
}

}  // namespace vigor::reports
