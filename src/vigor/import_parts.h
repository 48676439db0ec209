// What the importers of annotations share. Internal to them.
#pragma once

#include <map>
#include <string>

#include "base/error.h"
#include "vigor/annotation_import.h"

namespace vigor {

inline void leave_out(ImportResult& result, const std::string& reason, const std::string& example) {
  auto& entry = result.left_out[reason];
  if (entry.count++ == 0) entry.example = printable(example.substr(0, 200));
}

// A key's text, "" when it is absent or no text.
inline std::string text_of(const Json& row, const char* key) {
  const auto found = row.find(key);
  return found != row.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Image names seen so far, so that several answers of an image are its samples.
class ImportedSamples {
 public:
  int64_t next(const std::string& image) { return count_[image]++; }

 private:
  std::map<std::string, int64_t> count_;
};

}  // namespace vigor
