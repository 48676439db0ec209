// Open-set detectors: is this thing in the picture, and where.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "image/image.h"

namespace vigor {

// What was found for one noun.
struct NounFinding {
  // 0..1, of the best box; a threshold on it decides. Absent when the noun could not be asked:
  // that is neither found nor missing.
  std::optional<float> score;
  std::array<float, 4> box = {};  // x0, y0, x1, y1 in pixels, not clipped to the picture
  std::string error;              // why there is no score
};

class Detector {
 public:
  virtual ~Detector() = default;
  // Everything that findings depend on, for settings and caches.
  virtual Json identity() const = 0;
  // One finding for each noun, in order. The picture is encoded once whatever is asked; equal
  // nouns are asked once. Throws Error when nothing could be asked at all.
  virtual std::vector<NounFinding> find(const Image& image, std::span<const std::string> nouns) = 0;
};

// A box and the part of the prompt that it stands for.
struct PhraseBox {
  std::array<float, 4> box = {};  // x0, y0, x1, y1 in pixels, not clipped to the picture
  float score = 0;                // 0..1
  std::string phrase;             // tokens above the text threshold, joined; may be empty
};

// A detector that also reads whole captions.
class PhraseDetector : public Detector {
 public:
  // Boxes for a caption whose phrases end in ".", as transformers' post-processing gives them:
  // score above `box_threshold`, phrases of tokens above `text_threshold`. A "." is put at the end
  // when there is none. Throws Error when the caption is empty or longer than the network reads.
  virtual std::vector<PhraseBox> ground(const Image& image, const std::string& caption,
                                        double box_threshold, double text_threshold) = 0;
};

struct GroundingDinoOptions {
  std::filesystem::path folder = {};  // a Hugging Face folder: grounding-dino-tiny, -base
  std::string dtype =
      "auto";  // auto (bfloat16 where there are bf16 matrix units), float32, bfloat16
  std::string device = "cpu";  // cpu, cuda or cuda:N
  // Shortest side of the picture that the network sees, in pixels; the longest grows in proportion.
  // 0: as preprocessor_config.json says (800). Smaller is faster and misses small things.
  int side = 0;
  // Nouns with a token in common are asked in different prompts.
  bool keep_apart = false;
  // Prompts of one picture in one forward; more costs memory.
  int prompts_per_batch = 1;
};

// Grounding DINO behind the interface; not thread-safe. Throws Error naming what is wrong with the
// folder or the options. vigor-eval itself has it from src/cli/hand_over.cpp, which becomes the
// program that computes.
std::unique_ptr<PhraseDetector> open_grounding_dino_detector(const GroundingDinoOptions& options);

}  // namespace vigor
