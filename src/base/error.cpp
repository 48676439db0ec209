#include "base/error.h"

#include <algorithm>
#include <numeric>

#include "base/utf8.h"

namespace vigor {
namespace {

std::string compose(const ErrorParts& parts) {
  std::string text;
  if (!parts.where.empty()) text += parts.where + ": ";
  text += parts.what;
  if (!parts.cause.empty()) text += "\n  likely cause: " + parts.cause;
  if (!parts.fix.empty()) text += "\n  what to do: " + parts.fix;
  return text;
}

// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment): "modle"
// is one slip away from "model".
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before, last, row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    before = std::move(last);
    last = row;
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] =
          std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

Error::Error(ErrorParts parts) : std::runtime_error(compose(parts)), parts_(std::move(parts)) {}

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  std::string best;
  size_t best_distance = std::max<size_t>(name.size() / 3, 1) + 1;
  for (const std::string& candidate : candidates) {
    const size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string printable(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const size_t length = utf8_length(text.substr(i));
    if (length == 0) {
      out += "\xEF\xBF\xBD";
      ++i;
      continue;
    }
    const auto c = static_cast<unsigned char>(text[i]);
    // C1 controls (U+0080..U+009F) drive terminals as ESC does; so do bidirectional overrides.
    const bool c1 = length == 2 && c == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    const std::string_view piece = text.substr(i, length);
    const bool bidi = length == 3 && ((piece >= "\xE2\x80\xAA" && piece <= "\xE2\x80\xAE") ||
                                      (piece >= "\xE2\x81\xA6" && piece <= "\xE2\x81\xA9"));
    if ((length == 1 && (c < 0x20 || c == 0x7F)) || c1 || bidi) {
      for (const char raw : piece) {
        const auto b = static_cast<unsigned char>(raw);
        out += "\\x";
        out += kHex[b >> 4];
        out += kHex[b & 15];
      }
    } else {
      out += piece;
    }
    i += length;
  }
  return out;
}

}  // namespace vigor
