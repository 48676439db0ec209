#include "train/packed_samples.h"

#include <map>
#include <utility>

#include "train/sft.h"

namespace vigor {
namespace {

class Packer {
 public:
  explicit Packer(int64_t image_tokens) : image_tokens_(image_tokens) {}

  void begin_group() {
    children_.clear();
    picture_ = -1;
    out_.lengths.push_back(0);
  }

  void add(const ExpandedSample& sample) {
    if (sample.image_length > 0 && picture_ < 0) {
      picture_ = static_cast<int64_t>(out_.pictures.size());
      out_.pictures.push_back(sample.index);
    }
    int64_t at = -1;
    const auto length = static_cast<int64_t>(sample.ids.size());
    for (int64_t t = 0; t < length; ++t) {
      const int64_t in_image = t - sample.image_begin;
      const bool image = in_image >= 0 && in_image < sample.image_length;
      // Ids are 0 or more, so that the image's rows have keys of their own below.
      const int64_t key = image ? -1 - in_image : sample.ids[static_cast<size_t>(t)];
      at = step(at, key, t);
      const int64_t next = t + 1 < length ? sample.labels[static_cast<size_t>(t + 1)] : kNoLoss;
      if (next == kNoLoss) continue;
      out_.target_rows.push_back(at);
      out_.targets.push_back(next);
    }
  }

  PackedSamples take() { return std::move(out_); }

 private:
  // The token after `parent` with this key, made when it is new.
  int64_t step(int64_t parent, int64_t key, int64_t position) {
    const auto made = static_cast<int64_t>(out_.ids.size());
    const auto [child, added] = children_[parent].emplace(key, made);
    if (!added) {
      out_.shared = true;
      return child->second;
    }
    out_.branches = out_.branches || children_[parent].size() > 1;
    out_.ids.push_back(key < 0 ? 0 : key);
    out_.positions.push_back(position);
    out_.parents.push_back(parent);
    ++out_.lengths.back();
    if (key < 0) {
      out_.image_places.push_back(made);
      out_.image_rows.push_back(picture_ * image_tokens_ - 1 - key);
    }
    return made;
  }

  int64_t image_tokens_;
  int64_t picture_ = -1;
  std::map<int64_t, std::map<int64_t, int64_t>> children_;  // of the group, by parent and key
  PackedSamples out_;
};

}  // namespace

PackedSamples pack_samples(std::span<const ExpandedSample> samples, int64_t image_tokens) {
  Packer packer(image_tokens);
  for (size_t i = 0; i < samples.size(); ++i) {
    if (i == 0 || samples[i].group != samples[i - 1].group) packer.begin_group();
    packer.add(samples[i]);
  }
  return packer.take();
}

}  // namespace vigor
