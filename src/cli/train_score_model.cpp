// train score --reward model: sentences judged by a reward model (ViGoR sections 3.1 and 3.3).
#include <optional>

#include "base/files.h"
#include "cli/model_options.h"
#include "cli/train_score.h"
#include "run/sha256.h"
#include "vigor/model_scoring.h"
#include "vigor/reward_truth.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

class ModelRewardKind : public RewardKind {
 public:
  std::string name() const override { return "model"; }
  std::string benchmark() const override { return "model-reward"; }

  void add_options(CLI::App& app) override {
    model_.add_to(app, ModelOptions::Models::kAll, false);
    app.add_option("--reading", reading_,
                   "How an answer becomes a score: probability, of yes at its first token; hard, "
                   "yes or no by that; text, yes or no as it says")
        ->check(CLI::IsMember({"probability", "hard", "text"}))
        ->capture_default_str();
    app.add_flag("--holistic", options_.reward.holistic,
                 "Ask once a caption, in place of once a sentence");
    app.add_option("--question", question_,
                   "What is asked, before the text to judge: that which the model was taught with "
                   "(default: reward-data's)")
        ->type_name("TEXT");
    app.add_option("--taught", taught_,
                   "What reward-data wrote for this model: creativity and detail are asked where "
                   "these conversations ask for them")
        ->type_name("FILE.json");
    app.add_option("--creative-question", creative_question_,
                   "As --question, of a sentence's creativity")
        ->type_name("TEXT");
    app.add_option("--detail-question", detail_question_,
                   "As --question, of a caption's level of detail")
        ->type_name("TEXT");
    app.add_option("--max-new-tokens", options_.max_new_tokens,
                   "Tokens of an answer at most; 0: 32 for text, else the first alone, which says "
                   "yes or no and no kinds of error")
        ->check(CLI::Range(0, 4096))
        ->capture_default_str();
  }

  void check(const ScoreInputs& inputs) const override {
    require_option(model_.given(), "--model", "the reward model");
    require_option(!inputs.images.empty() || !model_.opens_pictures(), "--images",
                   "the folder of the pictures");
  }

  void open(const CommandContext& context, const ScoreInputs& inputs) override {
    options_.images = inputs.images;
    options_.reward.reading = reward_reading_of(reading_, "--reading");
    RewardQuestions& questions = options_.reward.questions;
    if (!question_.empty()) {
      (options_.reward.holistic ? questions.caption : questions.sentence) = question_;
    }
    if (!creative_question_.empty()) questions.creative = creative_question_;
    if (!detail_question_.empty()) questions.detail = detail_question_;
    if (!taught_.empty()) read_what_was_taught();
    model_.compute_with(inputs.dtype, inputs.device);
    model_.warn_about_machine(context.console);
    lvlm_ = open_lvlm(model_.lvlm(0, context.console));
    const fs::path punkt = inputs.text.files().punkt_folder();
    for (const fs::path& file : language::PunktParameters::files(punkt)) {
      sentence_data_[file.filename().string()] = sha256_file(file);
    }
    splitter_.emplace(language::PunktParameters::read(punkt));
  }

  Json identity() const override { return lvlm_->identity(); }

  Json settings() const override {
    Json model = lvlm_->identity();
    if (model.value("checkpoint_hash", Json()).is_string()) model.erase("checkpoint");
    Json settings = {{"model", model},
                     {"reading", reading_},
                     {"holistic", options_.reward.holistic},
                     {"question", asked()},
                     {"max_new_tokens", answer_tokens(options_)},
                     {"sentence_data", sentence_data_}};
    const ModelRewardOptions& reward = options_.reward;
    if (reward.creative) settings["creative_question"] = reward.questions.creative;
    if (reward.detail) settings["detail_question"] = reward.questions.detail;
    return settings;
  }

  ScoringResult score(const std::vector<PictureCaptions>& pictures, RunFolder& folder,
                      Progress& progress, std::stop_token stop) override {
    return score_with_model(pictures, *splitter_, *lvlm_, folder, options_, progress, stop);
  }

  Json usage() const override { return lvlm_->measurements(); }
  void print_usage(const CommandContext& context) const override {
    model_.print_usage(context.console, lvlm_->measurements());
  }

  std::unique_ptr<RewardFigures> figures() const override { return model_reward_figures(); }

  void print(std::ostream& out, const Json& metrics) const override {
    const bool holistic = options_.reward.holistic;
    print_share(out, holistic ? "captions judged wrong %" : "sentences judged wrong %", metrics,
                "wrong_share");
    out << metrics["captions"] << " captions of " << metrics["pictures"]
        << " pictures: " << metrics["judged"] << (holistic ? " captions" : " sentences")
        << " judged, " << metrics["wrong"] << " of them wrong";
    for (const char* status : {"unparsed", "unjudged"}) {
      const auto count = metrics["counts"][status].get<int64_t>();
      if (count > 0) out << "; " << count << " captions " << status;
    }
    out << "; ";
    if (const Json& detail = metrics["detail"]; detail.is_object()) {
      out << "detail " << std::fixed << std::setprecision(2) << detail["mean"] << " of 5 ("
          << detail["unread"] << " not read); ";
    }
    // The margin of a model that says something else is a number all the same.
    const auto others = metrics["no_verdicts"].get<int64_t>();
    if (10 * others > metrics["judged"].get<int64_t>()) {
      out << others << " answers begin with neither yes nor no: is this a reward model, and asked "
          << "what it was taught?; ";
    }
  }

 private:
  void read_what_was_taught() {
    ModelRewardOptions& reward = options_.reward;
    const auto kinds = taught_kinds(read_file(taught_), taught_, reward.questions);
    if (!kinds.contains(reward.holistic ? "caption" : "sentence")) {
      throw Error({.what = "the model was not taught the question that would be asked",
                   .where = printable(taught_),
                   .cause = reward.holistic ? "it is of a reward model that judges sentences"
                                            : "it is of a holistic reward model, or has questions "
                                              "in other words",
                   .fix = "give --question in the words of reward-data, and --holistic for a model "
                          "of whole captions",
                   .exit_code = ExitCode::kUsage});
    }
    reward.creative = kinds.contains("creative");
    reward.detail = kinds.contains("detail");
  }
  const std::string& asked() const {
    const RewardQuestions& questions = options_.reward.questions;
    return options_.reward.holistic ? questions.caption : questions.sentence;
  }

  ModelOptions model_;
  ModelScoringOptions options_;
  std::string reading_ = "probability", question_, taught_, creative_question_, detail_question_;
  // From open() on.
  std::unique_ptr<Lvlm> lvlm_;
  Json sentence_data_ = Json::object();
  std::optional<language::SentenceSplitter> splitter_;
};

}  // namespace

std::unique_ptr<RewardKind> model_reward_kind() {
  return std::make_unique<ModelRewardKind>();
}

}  // namespace vigor
