// vigor-eval detect: boxes in one picture for what a prompt names.
#include <algorithm>
#include <filesystem>
#include <map>

#include "cli/registry.h"
#include "image/draw_boxes.h"
#include "vigor/detector.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

std::string lower_ending(const fs::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ending;
}

class Detect : public Command {
 public:
  std::string name() const override { return "detect"; }
  std::string summary() const override {
    return "Boxes in a picture for what a prompt names, by Grounding DINO";
  }
  std::string examples() const override {
    return "  vigor-eval detect --detector grounding-dino-tiny --image street.jpg \\\n"
           "      --prompt \"a person. a traffic light.\" --out street.json --draw street.png\n"
           "Every phrase of the prompt ends in a full stop. FILE.json is in COCO's layout.\n";
  }
  void add_options(CLI::App& app) override {
    app.add_option("--detector", detector_,
                   "Grounding DINO: a Hugging Face folder (grounding-dino-tiny, -base), or a .pth "
                   "of the official release with vocab.txt beside it")
        ->type_name("DIR|FILE");
    app.add_option("--detector-config", config_,
                   "Geometry of a .pth: configs/models/grounding-dino-tiny.json, -base.json "
                   "(default: config.json beside it)")
        ->type_name("FILE.json");
    app.add_option("--image", image_, "Picture: JPEG, PNG or WebP")->type_name("FILE");
    app.add_option("--prompt", prompt_, "What to look for: phrases that end in a full stop");
    app.add_option("--out", out_, "COCO-style JSON of the boxes")->type_name("FILE.json");
    app.add_option("--draw", draw_, "The picture with the boxes drawn, .png or .jpg")
        ->type_name("FILE");
    app.add_option("--box-threshold", box_threshold_, "A box counts above this score")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    app.add_option("--text-threshold", text_threshold_,
                   "Words above this score are the phrase of a box")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    app.add_option("--detector-side", options_.side,
                   "Shortest side that the network sees, in pixels; 0: the checkpoint's (800). "
                   "Smaller is faster and misses small things")
        ->check(CLI::Range(0, 4096))
        ->capture_default_str();
    app.add_option("--dtype", options_.dtype,
                   "Numbers that the network computes with; auto: bfloat16 where there are bf16 "
                   "matrix units")
        ->check(CLI::IsMember({"auto", "float32", "bfloat16"}))
        ->capture_default_str();
    app.add_option("--device", options_.device, "cpu, cuda or cuda:N")->capture_default_str();
  }

  ExitCode run(const CommandContext& context) override {
    require_option(!detector_.empty(), "--detector", "the folder of the detector");
    require_option(!image_.empty(), "--image", "the picture");
    require_option(!prompt_.empty(), "--prompt", "what to look for");
    require_option(!out_.empty(), "--out", "the file of the boxes");
    check_outputs();
    Image image = load_image(image_);  // before the weights: its mistakes are the commoner
    options_.folder = detector_;
    options_.config = config_;
    const std::unique_ptr<PhraseDetector> detector = open_grounding_dino_detector(options_);
    const std::vector<PhraseBox> boxes =
        detector->ground(image, prompt_, box_threshold_, text_threshold_);
    if (context.stop.stop_requested()) {
      context.console.note("interrupted: nothing was written");
      return ExitCode::kInterrupted;
    }
    const Json document = coco(image, boxes, detector->identity());
    write_atomic(*context.files, out_, dump_json(document, 2) + "\n");
    if (!draw_.empty()) {
      std::vector<LabelledBox> labelled;
      for (const PhraseBox& box : boxes) labelled.push_back({box.box, box.phrase});
      draw_boxes(image, labelled);
      write_atomic(*context.files, draw_,
                   lower_ending(draw_) == ".png" ? encode_png(image) : encode_jpeg(image, 92));
    }
    print(context, document, boxes);
    return ExitCode::kDone;
  }

 private:
  void check_outputs() const {
    const auto refuse = [](const std::string& what, const std::string& where,
                           const std::string& fix) {
      throw Error(
          {.what = what, .where = printable(where), .fix = fix, .exit_code = ExitCode::kUsage});
    };
    for (const std::string& path : {out_, draw_}) {
      if (path.empty()) continue;
      std::error_code code;
      if (fs::is_directory(path, code)) refuse("this is a folder", path, "give a file name in it");
      if (fs::equivalent(path, image_, code)) {
        refuse("this would overwrite the picture that is read", path, "give another name");
      }
    }
    if (draw_.empty()) return;
    const std::string ending = lower_ending(draw_);
    if (ending != ".png" && ending != ".jpg" && ending != ".jpeg") {
      refuse("--draw writes .png or .jpg", draw_, "give a name with one of these endings");
    }
    if (fs::path(draw_).lexically_normal() == fs::path(out_).lexically_normal()) {
      refuse("--draw and --out are the same file", draw_, "give two names");
    }
  }

  // One category for each phrase, in the order of their names; a box without a phrase has none.
  Json coco(const Image& image, const std::vector<PhraseBox>& boxes, const Json& identity) const {
    std::map<std::string, int> categories;
    for (const PhraseBox& box : boxes) {
      if (!box.phrase.empty()) categories[box.phrase] = 0;
    }
    Json category_list = Json::array();
    int next = 0;
    for (auto& [phrase, id] : categories) {
      id = ++next;
      category_list.push_back({{"id", id}, {"name", phrase}});
    }
    Json annotations = Json::array();
    for (size_t i = 0; i < boxes.size(); ++i) {
      const PhraseBox& box = boxes[i];
      const double x = box.box[0], y = box.box[1];
      const double width = box.box[2] - x, height = box.box[3] - y;
      annotations.push_back(
          {{"id", i + 1},
           {"image_id", 1},
           {"category_id", box.phrase.empty() ? Json() : Json(categories.at(box.phrase))},
           {"bbox", {x, y, width, height}},
           {"area", width * height},
           {"iscrowd", 0},
           {"score", box.score},
           {"phrase", box.phrase}});
    }
    return {{"info",
             {{"prompt", prompt_},
              {"box_threshold", box_threshold_},
              {"text_threshold", text_threshold_},
              {"detector", identity}}},
            {"images",
             {{{"id", 1},
               {"file_name", fs::path(image_).filename().string()},
               {"width", image.width},
               {"height", image.height}}}},
            {"categories", category_list},
            {"annotations", annotations}};
  }

  void print(const CommandContext& context, const Json& document,
             const std::vector<PhraseBox>& boxes) const {
    std::ostream& out = *context.console.out;
    if (context.json) {
      out << dump_json(document, 2) << "\n";
      return;
    }
    std::map<std::string, std::pair<int, float>> found;  // phrase -> boxes, best score
    for (const PhraseBox& box : boxes) {
      auto& [count, best] = found[box.phrase];
      ++count;
      best = std::max(best, box.score);
    }
    for (const auto& [phrase, counted] : found) {
      out << "  " << (phrase.empty() ? "(no phrase)" : printable(phrase)) << ": " << counted.first
          << (counted.first == 1 ? " box, score " : " boxes, best score ") << counted.second
          << "\n";
    }
    out << boxes.size() << (boxes.size() == 1 ? " box" : " boxes") << " above " << box_threshold_
        << ": " << printable(out_) << (draw_.empty() ? "" : ", drawn: " + printable(draw_)) << "\n";
  }

  GroundingDinoOptions options_;
  std::string detector_, config_, image_, prompt_, out_, draw_;
  double box_threshold_ = 0.25, text_threshold_ = 0.25;
};

}  // namespace

std::unique_ptr<Command> detect_command() {
  return std::make_unique<Detect>();
}

}  // namespace vigor
