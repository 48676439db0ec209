// Makes POPE's three question files from a list of the objects in each image, as the authors'
// builder does (github.com/AoiDragon/POPE, main.py and utils.py).
//
// For each image and each of its first `samples` objects: one "yes" question about the object, then
// one "no" question about an object that is not in the image and was not asked of it yet:
//   random       any object of the whole list, uniformly;
//   popular      the most frequent one over all images;
//   adversarial  the one that most often appears together with the object of the "yes" question.
// Equal counts keep the order of first appearance. When popular or adversarial find no object, they
// take a random one.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "benchmarks/pope/question.h"

namespace vigor::pope {

struct ImageObjects {
  std::string image;
  std::vector<std::string> objects;  // without repetition, in the order of the file
};

struct PopeBuildOptions {
  // "yes" questions an image, and as many "no" questions (at least 1). Images with fewer objects
  // are left out, but count in the tables.
  int samples = 3;
  // Key of the random draws; a draw depends on the seed and its image alone.
  uint64_t seed = 0;
  // The authors' builder writes "Is there an umbrella in the imange?" for words with a vowel.
  bool official_misspelling = false;
};

struct PopeQuestions {
  std::vector<Question> random, popular, adversarial;
  // Object and number of images, in the order of first appearance.
  std::vector<std::pair<std::string, int64_t>> ground_truth_objects;
  // Object and the objects seen with it, most frequent first.
  std::vector<std::pair<std::string, std::vector<std::string>>> co_occurrence;
  // question_id of the rows that were drawn at random for want of a candidate.
  std::vector<int64_t> popular_fallback_ids, adversarial_fallback_ids;
  // Images with fewer than `samples` objects.
  std::vector<std::string> skipped_images;
};

// Throws Error when options are out of range, an image repeats an object or is named twice, no
// image has enough objects, or an image has no absent object left to ask about.
PopeQuestions build_pope(const std::vector<ImageObjects>& images, const PopeBuildOptions& options);

// JSON lines (or an array) of {"image", "objects": [...]}. Throws Error naming file, line and key.
std::vector<ImageObjects> read_image_objects(const std::filesystem::path& path);
std::vector<ImageObjects> parse_image_objects(std::string_view bytes, const std::string& where);

// Files of build_pope by name, with their bytes: PREFIX_pope_{random,popular,adversarial}.json,
// PREFIX_ground_truth_objects.json, PREFIX_co_occur.json. The caller writes them.
std::vector<std::pair<std::string, std::string>> pope_files(const PopeQuestions& questions,
                                                            const std::string& prefix);

}  // namespace vigor::pope
