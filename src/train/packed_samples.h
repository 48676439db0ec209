// Training samples as one row of tokens. Samples about the same picture become a tree: what they
// begin with alike, the picture first of all, is there once, and every branch sees its own path
// alone. Hidden states, loss and gradients are those of the samples one by one (up to the order of
// sums), since a causal model's state at a token depends on the tokens in front of it and no other.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace vigor {

// A sample with the image's tokens in place.
struct ExpandedSample {
  std::string id;
  uint64_t index = 0;           // in the source
  int64_t group = 0;            // samples of one group, one after another, share their picture
  std::vector<int64_t> ids;     // 0 at the image's places
  std::vector<int64_t> labels;  // kNoLoss there
  int64_t image_begin = 0;
  int64_t image_length = 0;  // 0: no image; less than image_tokens when the cut fell into it
  int64_t targets = 0;
};

struct PackedSamples {
  std::vector<int64_t> ids;        // [tokens], 0 at the images' places
  std::vector<int64_t> positions;  // [tokens] place in the sample
  std::vector<int64_t> parents;    // [tokens] the token in front of it; -1 at a sample's start
  std::vector<int64_t> lengths;    // [groups] tokens of each, one group after another
  bool shared = false;             // whether any token serves two samples
  bool branches = false;           // whether any token has two that follow it
  // Where rows of images go: token image_places[i] is row image_rows[i] of the pictures' features,
  // [pictures * image_tokens]; pictures are those of groups in order.
  std::vector<int64_t> image_places, image_rows;
  std::vector<uint64_t> pictures;  // samples whose picture is meant, one a group that has any
  // Token target_rows[i] has to say targets[i]; a row repeats where samples share it.
  std::vector<int64_t> target_rows, targets;
};

PackedSamples pack_samples(std::span<const ExpandedSample> samples, int64_t image_tokens);

}  // namespace vigor
