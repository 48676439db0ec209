// vigor-eval serve: the native model behind an OpenAI-compatible endpoint.
#include "serve/server.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <random>

#include "cli/judge_options.h"
#include "cli/model_options.h"
#include "cli/registry.h"
#include "cli/text_options.h"
#include "judges/client/secret.h"
#include "judges/judge/key_source.h"
#include "lvlm/open.h"
#include "vigor/scene_judge.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

class Serve : public Command {
 public:
  std::string name() const override { return "serve"; }
  std::string summary() const override {
    return "The native model behind an OpenAI-compatible endpoint";
  }
  std::string examples() const override {
    return "  vigor-eval serve --model data/demo --port 8000\n"
           "  vigor-eval pope --model http://127.0.0.1:8000/v1#demo --images val2014 \\\n"
           "      --questions coco_pope_*.json --out runs/demo\n"
           "  curl http://127.0.0.1:8000/metrics\n"
           "  vigor-eval serve --scenes-judge scenes --port 8123       (a judge that does not "
           "err)\n"
           "Ctrl-C stops it when the requests under way have their answers.\n";
  }
  void add_options(CLI::App& app) override {
    model_.add_to(app, ModelOptions::Models::kNative);
    app.add_option("--scenes-judge", scenes_judge_,
                   "In place of --model: a judge of rankings that knows the generated scenes in "
                   "this folder by their truth")
        ->type_name("DIR");
    app.add_option("--host", options_.address,
                   "Address to listen on; others than this machine's own need a token")
        ->type_name("ADDRESS")
        ->capture_default_str();
    app.add_option("--port", options_.port, "Port to listen on; 0: one that is free")
        ->capture_default_str();
    app.add_option("--name", options_.model_name,
                   "What requests call the model (default: the name of its folder)");
    app.add_option("--token-file", token_file_,
                   "File (mode 600) with the token that clients must send, instead of "
                   "VIGOR_SERVE_TOKEN (neither: no token)")
        ->type_name("FILE");
    app.add_option("--max-tokens", options_.chat.max_tokens, "Tokens that a request may ask for")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    app.add_option("--max-body", max_body_mb_, "Size of a request at most, in MiB")
        ->check(CLI::Range(1, 1024))
        ->capture_default_str();
    app.add_option("--max-pixels", max_megapixels_, "Size of a picture at most, in 10^6 pixels")
        ->check(CLI::Range(1, 178))
        ->capture_default_str();
    app.add_option("--max-waiting", options_.batch.max_waiting,
                   "Questions that may wait for the model; more are refused (429)")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    app.add_option("--drain", options_.drain_s,
                   "Seconds that requests under way get to end when the server is stopped")
        ->check(CLI::Range(0.0, 86400.0))
        ->capture_default_str();
    app.add_option("--seed", seed_, "Seed of random weights")->capture_default_str();
    text_.add_to(app);
  }

  ExitCode run(const CommandContext& context) override {
    const bool judge = !scenes_judge_.empty();
    require_option(model_.given() || judge, "--model", "the checkpoint to serve");
    if (judge && options_.model_name.empty()) options_.model_name = "scenes-truth";
    if (!judge && is_remote_model(model_.name())) {
      throw Error({.what = "only a native model can be served",
                   .where = "--model " + printable(model_.name()),
                   .fix = "give a checkpoint folder",
                   .exit_code = ExitCode::kUsage});
    }
    if (options_.model_name.empty()) {
      options_.model_name = (fs::absolute(model_.name()) / "").parent_path().filename().string();
    }
    options_.chat.default_tokens = std::min(options_.chat.default_tokens, options_.chat.max_tokens);
    options_.max_body_bytes = static_cast<size_t>(max_body_mb_) << 20;
    const Secret token =
        token_file_.empty()
            ? key_from_environment("VIGOR_SERVE_TOKEN", "vigor-eval serve", process_environment())
            : key_from_file(token_file_);
    if (!token.empty()) forbid_core_dumps();
    options_.token = token.reveal();
    std::optional<language::English> english;
    std::unique_ptr<Lvlm> model;
    if (judge) {
      english = language::English::read(text_.files());
      model = std::make_unique<SceneJudge>(scenes_judge_, *english);
    } else {
      model_.warn_about_machine(context.console);
      LvlmOptions lvlm = model_.lvlm(seed_, context.console);
      lvlm.max_image_pixels = int64_t{max_megapixels_} * 1'000'000;
      model = open_lvlm(lvlm);
    }
    std::random_device entropy;
    serve::Server server(
        *model, options_,
        {.clock = context.console.clock, .seed = uint64_t{entropy()} << 32 | entropy()});
    if (context.json) {
      *context.console.out << dump_json({{"url", server.url()}, {"model", options_.model_name}});
    } else {
      *context.console.out << "serving " << printable(options_.model_name) << " at " << server.url()
                           << "\n--model " << server.url() << "#" << printable(options_.model_name);
    }
    // Whoever started the program reads this line to know that it listens.
    *context.console.out << std::endl;
    server.run(context.stop);
    context.console.note("stopped");
    return ExitCode::kDone;
  }

 private:
  ModelOptions model_;
  serve::ServerOptions options_;
  std::string token_file_, scenes_judge_;
  TextOptions text_;
  int max_body_mb_ = 32;
  int max_megapixels_ = 50;
  uint64_t seed_ = 0;
};

}  // namespace

std::unique_ptr<Command> serve_command() {
  return std::make_unique<Serve>();
}

}  // namespace vigor
