// Small copies of the pictures that a report shows, within a budget of bytes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "reports/pope_report.h"

namespace vigor::reports {

struct Thumbnails {
  std::vector<std::string> jpeg;  // by position of the request; empty when there is none
  size_t embedded = 0;
  size_t missing = 0;   // not there, broken, or named outside of the folder of pictures
  size_t left_out = 0;  // there, but past the budget of bytes
  size_t bytes = 0;
};

struct ThumbnailRequest {
  std::filesystem::path folder;  // of the run; empty: no pictures are known
  std::string name;              // as the question file has it: untrusted
};

// In the order of the requests, until the budget of `options` is spent. A name that leaves its
// folder ("..", absolute, a link that leads out) is never opened. Never throws for a picture.
Thumbnails make_thumbnails(const std::vector<ThumbnailRequest>& requests,
                           const ReportOptions& options);

// What the page says about its pictures, without a final full stop; `requested` 0: no folder of
// pictures is known.
std::string thumbnails_note(const Thumbnails& made, size_t requested);

}  // namespace vigor::reports
