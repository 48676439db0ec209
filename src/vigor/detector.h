// Open-set detectors: is this thing in the picture, and where.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
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

// A picture as it is asked about; each detector takes of it what it needs.
struct Picture {
  std::string name;    // as the captions name it
  std::string bytes;   // of the file; empty for detectors that look at no picture
  std::string sha256;  // of `bytes`
};

struct PictureNouns {
  Picture picture;
  std::vector<std::string> nouns;
};

struct PictureFindings {
  std::vector<NounFinding> findings;  // one for each noun, in order; empty with an error
  std::string error;                  // why nothing could be asked of this picture
};

class Detector {
 public:
  virtual ~Detector() = default;
  // Everything that findings depend on, for settings and caches.
  virtual Json identity() const = 0;
  // Scores below this are not known: a threshold below it would take them for missing.
  virtual double lowest_threshold() const { return 0; }
  // Looks at the bytes of pictures.
  virtual bool needs_pictures() const { return true; }
  // Pictures that are worth giving to find_all() together.
  virtual size_t pictures_together() const { return 1; }
  // One finding for each noun, in order. The picture is encoded once whatever is asked; equal
  // nouns are asked once. Throws Error when nothing could be asked of this picture.
  virtual std::vector<NounFinding> find(const Picture& picture,
                                        std::span<const std::string> nouns) = 0;
  // One answer for each request, in order: what find() throws is the answer's error. An Error that
  // it throws itself ends the run (no answer can be had any more). When stop is requested, what
  // was not asked has the error kStopped.
  virtual std::vector<PictureFindings> find_all(std::span<const PictureNouns> requests,
                                                std::stop_token stop);
  // Since construction, for records: counts and times by name.
  virtual Json usage() const { return Json::object(); }
};

inline constexpr const char* kStopped = "stopped before it was asked";

// A box and the part of the prompt that it stands for.
struct PhraseBox {
  std::array<float, 4> box = {};  // x0, y0, x1, y1 in pixels, not clipped to the picture
  float score = 0;                // 0..1
  std::string phrase;             // tokens above the text threshold, joined; may be empty
};

// A detector that also reads whole captions.
class PhraseDetector : public Detector {
 public:
  // As find(), for a picture that is decoded.
  virtual std::vector<NounFinding> find_in(const Image& image,
                                           std::span<const std::string> nouns) = 0;
  // Boxes for a caption whose phrases end in ".", as transformers' post-processing gives them:
  // score above `box_threshold`, phrases of tokens above `text_threshold`. A "." is put at the end
  // when there is none. Throws Error when the caption is empty or longer than the network reads.
  virtual std::vector<PhraseBox> ground(const Image& image, const std::string& caption,
                                        double box_threshold, double text_threshold) = 0;
};

struct GroundingDinoOptions {
  // A Hugging Face folder (grounding-dino-tiny, -base), or a .pth of the official release with
  // vocab.txt beside it (and preprocessor_config.json where it is another than the published one).
  std::filesystem::path folder = {};
  // Geometry of a .pth: a config.json; empty: config.json beside it.
  std::filesystem::path config = {};
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
  // Pictures of find_all() in one forward, where the network sees them in one size (1 or more);
  // more costs memory.
  int pictures_per_batch = 1;
};

// Grounding DINO behind the interface; not thread-safe. Throws Error naming what is wrong with the
// folder or the options. vigor-eval itself has it from src/cli/hand_over.cpp, which becomes the
// program that computes.
std::unique_ptr<PhraseDetector> open_grounding_dino_detector(const GroundingDinoOptions& options);

}  // namespace vigor
