// vigor-eval pope build: POPE's question files from a list of the objects in each image.
#include "benchmarks/pope/builder.h"
#include "cli/registry.h"

namespace vigor {
namespace {

class PopeBuild : public Command {
 public:
  std::string name() const override { return "build"; }
  std::string summary() const override {
    return "Make the random, popular and adversarial question files from an objects file";
  }
  std::string examples() const override {
    return "  vigor-eval pope build --objects segmentation.jsonl --out questions --prefix coco "
           "--seed 1\n"
           "The objects file has one line an image: {\"image\": \"a.jpg\", \"objects\": [\"dog\", "
           "\"car\"]}\n";
  }
  void add_options(CLI::App& app) override {
    app.add_option("--objects", objects_, "Objects of each image, JSON lines")->type_name("FILE");
    app.add_option("--out", out_, "Folder for the files")->type_name("DIR");
    app.add_option("--prefix", prefix_, "Files are named PREFIX_pope_SPLIT.json")
        ->capture_default_str();
    app.add_option("--samples", options_.samples,
                   "Objects asked for in an image, and as many absent ones")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    app.add_option("--seed", options_.seed, "Seed of the random draws")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    app.add_flag("--official-misspelling", options_.official_misspelling,
                 "Write \"imange\" after \"an\", as the authors' builder does");
  }

  ExitCode run(const CommandContext& context) override {
    require_option(!objects_.empty(), "--objects", "the objects of each image");
    require_option(!out_.empty(), "--out", "the folder for the files");
    if (prefix_.find('/') != std::string::npos) {
      throw Error({.what = "--prefix has a slash",
                   .fix = "give the folder with --out",
                   .exit_code = ExitCode::kUsage});
    }
    const pope::PopeQuestions questions =
        pope::build_pope(pope::read_image_objects(objects_), options_);
    context.files->create_directories(out_);
    Json written = Json::array();
    for (const auto& [file, bytes] : pope::pope_files(questions, prefix_)) {
      const std::filesystem::path path = std::filesystem::path(out_) / file;
      write_atomic(*context.files, path, bytes);
      written.push_back(path.string());
    }
    const Json summary = {{"files", written},
                          {"questions",
                           {{"random", questions.random.size()},
                            {"popular", questions.popular.size()},
                            {"adversarial", questions.adversarial.size()}}},
                          {"random_fallbacks",
                           {{"popular", questions.popular_fallback_ids.size()},
                            {"adversarial", questions.adversarial_fallback_ids.size()}}},
                          {"skipped_images", questions.skipped_images.size()}};
    if (context.json) {
      *context.console.out << dump_json(summary, 2) << "\n";
      return ExitCode::kDone;
    }
    for (const Json& path : written) {
      *context.console.out << printable(path.get<std::string>()) << "\n";
    }
    *context.console.out << questions.random.size()
                         << " questions a split; drawn at random for want of a "
                         << "candidate: " << questions.popular_fallback_ids.size() << " popular, "
                         << questions.adversarial_fallback_ids.size()
                         << " adversarial; images with too few "
                         << "objects: " << questions.skipped_images.size() << "\n";
    return ExitCode::kDone;
  }

 private:
  std::string objects_, out_, prefix_ = "coco";
  pope::PopeBuildOptions options_;
};

}  // namespace

std::unique_ptr<Command> pope_build_command() {
  return std::make_unique<PopeBuild>();
}

}  // namespace vigor
