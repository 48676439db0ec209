#include "vigor/scene_detector.h"

#include <map>

#include "base/error.h"
#include "base/random.h"
#include "benchmarks/chair/vocabulary.h"
#include "run/sha256.h"
#include "scenes/language.h"
#include "scenes/scene.h"
#include "vigor/detection_file.h"

namespace vigor {
namespace {

struct KnownScene {
  std::array<float, 4> whole = {};
  std::map<std::string, std::array<float, 4>> boxes;  // by kind: its largest object's
};

float area(const std::array<float, 4>& box) {
  return (box[2] - box[0]) * (box[3] - box[1]);
}

KnownScene scene_of(ObjectReader& row, std::string& image) {
  image = row.require<std::string>("image");
  KnownScene scene;
  scene.whole = {0, 0, static_cast<float>(row.require<int>("width")),
                 static_cast<float>(row.require<int>("height"))};
  for (const Json& object : row.require<std::vector<Json>>("objects")) {
    ObjectReader reader(object, row.where() + ": objects");
    const auto kind = reader.require<std::string>("kind");
    const auto box = reader.require<std::array<float, 4>>("box");
    const auto [place, is_new] = scene.boxes.try_emplace(kind, box);
    if (!is_new && area(box) > area(place->second)) place->second = box;
  }
  return scene;
}

class SceneDetector : public Detector {
 public:
  explicit SceneDetector(const SceneDetectorOptions& options)
      : options_(options),
        names_(
            chair::Vocabulary::parse(scene_synonyms(), "scene kinds", chair::Dialect::kTrimmed)) {
    for (const double rate : {options.miss_rate, options.false_rate}) {
      if (rate >= 0 && rate <= 1) continue;
      throw Error({.what = "the error rates of a detector of scenes must be between 0 and 1",
                   .exit_code = ExitCode::kUsage});
    }
    for (const std::string& kind : scene_kinds()) plurals_[plural_of(kind)] = kind;
    for (const JsonRow& row : read_json_rows(options.truth)) {
      const std::string where = options.truth.string() + ":" + std::to_string(row.line);
      ObjectReader reader(row.value, where);
      std::string image;
      KnownScene scene = scene_of(reader, image);
      if (!scenes_.emplace(image, std::move(scene)).second) {
        throw Error(
            {.what = "the picture '" + printable(image) + "' is described twice", .where = where});
      }
    }
    sha256_ = sha256_file(options.truth);
  }

  Json identity() const override {
    return {{"detector", "scenes"},
            {"path", options_.truth.string()},
            {"sha256", sha256_},
            {"miss_rate", options_.miss_rate},
            {"false_rate", options_.false_rate},
            {"seed", options_.seed}};
  }
  bool needs_pictures() const override { return false; }

  std::vector<NounFinding> find(const Picture& picture,
                                std::span<const std::string> nouns) override {
    const auto scene = scenes_.find(picture.name);
    if (scene == scenes_.end()) {
      throw Error({.what = "the scenes' truth has nothing about this picture",
                   .where = printable(picture.name)});
    }
    std::vector<NounFinding> findings;
    for (const std::string& noun : nouns) {
      findings.push_back(answer(picture.name, scene->second, noun_key(noun)));
    }
    return findings;
  }

 private:
  NounFinding answer(const std::string& image, const KnownScene& scene,
                     const std::string& noun) const {
    NounFinding finding;
    const auto plural = plurals_.find(noun);
    const std::string kind = plural != plurals_.end() ? plural->second : names_.class_of(noun);
    if (kind.empty()) {
      finding.error = "not one of the scenes' kinds";
      return finding;
    }
    const auto box = scene.boxes.find(kind);
    const bool there = box != scene.boxes.end();
    const bool errs = CounterRandom(options_.seed, image + "\n" + kind).uniform() <
                      (there ? options_.miss_rate : options_.false_rate);
    finding.score = there != errs ? 1.0f : 0.0f;
    if (there != errs) finding.box = there ? box->second : scene.whole;
    return finding;
  }

  SceneDetectorOptions options_;
  chair::Vocabulary names_;
  std::map<std::string, std::string> plurals_;
  std::map<std::string, KnownScene> scenes_;
  std::string sha256_;
};

}  // namespace

std::unique_ptr<Detector> open_scene_detector(const SceneDetectorOptions& options) {
  return std::make_unique<SceneDetector>(options);
}

}  // namespace vigor
