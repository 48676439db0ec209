#include "vigor/picture_captions.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "base/error.h"
#include "benchmarks/chair/score.h"

namespace vigor {

Shard parse_shard(const std::string& text) {
  Shard shard;
  const char* end = text.data() + text.size();
  const auto [slash, first] = std::from_chars(text.data(), end, shard.index);
  bool good = first == std::errc() && slash != end && *slash == '/';
  if (good) {
    const auto [last, second] = std::from_chars(slash + 1, end, shard.count);
    good = second == std::errc() && last == end;
  }
  if (good && shard.index >= 1 && shard.index <= shard.count) return shard;
  throw Error(
      {.what = "--shard must be a part and how many there are, not '" + printable(text) + "'",
       .fix = "give --shard 1/4 to --shard 4/4 for four processes",
       .exit_code = ExitCode::kUsage});
}

std::vector<PictureCaptions> parse_picture_captions(std::string_view bytes,
                                                    const std::string& where) {
  std::vector<PictureCaptions> pictures;
  std::map<std::string, size_t> places;
  std::set<std::string> keys;
  for (chair::Caption& row : chair::parse_captions(bytes, where)) {
    const auto [place, is_new] = places.try_emplace(row.image, pictures.size());
    if (is_new) pictures.push_back({row.image, {}});
    PictureCaptions& picture = pictures[place->second];
    SampledCaption caption;
    caption.sample = row.sample.value_or(static_cast<int64_t>(picture.captions.size()));
    caption.text = std::move(row.text);
    caption.error = std::move(row.error);
    const std::string at = where + ":" + std::to_string(row.line);
    if (caption.sample < 0) throw Error({.what = "key 'sample' must be 0 or more", .where = at});
    if (!keys.insert(caption.key(row.image)).second) {
      throw Error({.what = "the caption " + printable(caption.key(row.image)) + " is there twice",
                   .where = at,
                   .cause = "two files were joined",
                   .fix = "give the samples of an image different numbers under 'sample'"});
    }
    picture.captions.push_back(std::move(caption));
  }
  return pictures;
}

std::vector<PictureCaptions> part_of(std::vector<PictureCaptions> pictures, const Shard& shard) {
  if (shard.count == 1) return pictures;
  std::vector<PictureCaptions> part;
  for (size_t i = static_cast<size_t>(shard.index - 1); i < pictures.size();
       i += static_cast<size_t>(shard.count)) {
    part.push_back(std::move(pictures[i]));
  }
  return part;
}

bool is_open(const PictureCaptions& picture, const RunFolder& folder) {
  return std::any_of(picture.captions.begin(), picture.captions.end(), [&](const auto& caption) {
    return !folder.holds(caption.key(picture.image));
  });
}

Json caption_row(const std::string& image, const SampledCaption& caption, std::string error) {
  if (!caption.error.empty()) error = "there is no caption: " + caption.error;
  return {{"key", caption.key(image)},
          {"image", image},
          {"sample", caption.sample},
          {"caption", caption.error.empty() ? Json(caption.text) : Json()},
          {"status", error.empty() ? "scored" : "failed"},
          {"error", error.empty() ? Json() : Json(error)}};
}

}  // namespace vigor
