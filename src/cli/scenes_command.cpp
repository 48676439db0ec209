// vigor-eval scenes: a folder of generated pictures with exact ground truth.
#include <algorithm>

#include "cli/registry.h"
#include "scenes/write.h"

namespace vigor {
namespace {

class Scenes : public Command {
 public:
  std::string name() const override { return "scenes"; }
  std::string summary() const override {
    return "Generated pictures with exact ground truth, and the benchmark files about them";
  }
  std::string examples() const override {
    return "  vigor-eval scenes --seed 7 --count 500 --out scenes\n"
           "  vigor-eval scenes --seed 1 --count 20000 --out training --train --yes-bias 0.2\n";
  }
  void add_options(CLI::App& app) override {
    app.add_option("--seed", options_.seed, "What the pictures depend on")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    app.add_option("--count", options_.count, "Scenes to make")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    app.add_option("--first", options_.first, "Index of the first scene")->capture_default_str();
    app.add_option("--out", out_, "Folder to write; see docs/format-scenes.md");
    app.add_option("--size", size_, "Width and height in pixels")
        ->check(CLI::Range(64, 2048))
        ->capture_default_str();
    app.add_option("--quality", options_.jpeg_quality, "JPEG quality")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    app.add_option("--threads", options_.threads, "Threads; 0: as many as the machine has")
        ->check(CLI::Range(0, 1024))
        ->capture_default_str();
    app.add_flag("--label-maps", options_.label_maps, "Write the object at each pixel as PNG too");
    app.add_flag("--train", options_.train, "Write LLaVA's conversation JSON too");
    TrainingOptions& training = options_.training;
    app.add_option("--conversations", options_.conversations, "Conversations about one picture")
        ->check(CLI::Range(1, 64));
    app.add_option("--turns", training.turns, "Questions of one training conversation")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    const auto share = [&](const char* flag, double& value, const char* what) {
      app.add_option(flag, value, what)->check(CLI::Range(0.0, 1.0))->capture_default_str();
    };
    share("--yes-bias", training.yes_bias,
          "Share of questions about plausible absent objects answered with a wrong Yes");
    share("--hallucinated-mentions", training.hallucinated_mention_rate,
          "Share of long captions that name a plausible absent object");
    share("--stereotypes", training.stereotypes,
          "Share of colours, sizes, sides and relations in long captions told without looking");
    share("--short-captions", training.short_captions,
          "Share of captions that are one short sentence");
    share("--attribute-share", training.attribute_share,
          "Share of yes/no questions that ask for a number, side or colour");
    share("--positive-share", training.positive_share,
          "Share of yes/no questions about objects that are there");
    share("--existence-share", training.existence_share,
          "Share of yes/no questions among the questions");
    share("--plausible-share", training.plausible_share,
          "Share of absent objects asked about that belong to the place");
    share("--caption-share", training.caption_share, "Share of conversations that are one caption");
    share("--checklist-share", training.checklist_share,
          "Share of the other conversations that are one list of things to look for");
    share("--sentence-answers", training.sentence_answers,
          "Share of yes/no answers that are a whole sentence");
  }

  ExitCode run(const CommandContext& context) override {
    require_option(!out_.empty(), "--out", "the folder to write to");
    options_.out = out_;
    options_.scene.width = options_.scene.height = size_;
    Progress progress = context.console.progress();
    const SceneSetSummary summary = write_scenes(*context.files, options_, &progress, context.stop);
    if (summary.stopped) {
      context.console.note("stopped: pictures of " + std::to_string(summary.scenes) +
                           " scenes were written, and no lists");
      return ExitCode::kInterrupted;
    }
    if (!summary.no_pope.empty()) {
      context.console.warn("there are no POPE questions: " + summary.no_pope +
                           "; more scenes (--count) give some");
    }
    std::ostream& out = *context.console.out;
    if (context.json) {
      out << dump_json({{"scenes", summary.scenes},
                        {"objects", summary.objects},
                        {"pope_questions", summary.pope_questions},
                        {"out", out_}})
          << "\n";
      return ExitCode::kDone;
    }
    out << summary.scenes << " scenes with " << summary.objects << " objects, "
        << summary.pope_questions << " questions in each POPE file: " << printable(out_) << "\n";
    return ExitCode::kDone;
  }

 private:
  SceneSetOptions options_;
  std::string out_;
  int size_ = 256;
};

}  // namespace

std::unique_ptr<Command> scenes_command() {
  return std::make_unique<Scenes>();
}

}  // namespace vigor
