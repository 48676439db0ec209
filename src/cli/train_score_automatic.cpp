// train score --reward automatic: nouns looked for by a detector (ViGoR section 3.2).
#include <algorithm>
#include <optional>

#include "cli/detector_options.h"
#include "cli/run_record.h"
#include "cli/train_score.h"
#include "vigor/automatic_scoring.h"
#include "vigor/detection_store.h"
#include "vigor/reward_truth.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNoRelations = "none";

class AutomaticRewardKind : public RewardKind {
 public:
  std::string name() const override { return "automatic"; }
  std::string benchmark() const override { return "automatic-reward"; }

  void add_options(CLI::App& app) override {
    flags_.add_to(app, false);
    app.add_option("--threshold", options_.threshold,
                   "A noun is found when a box has a score above this")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    app.add_option("--found-reward", options_.found_reward, "What a found noun earns")
        ->check(CLI::Range(0.0, 1e6))
        ->capture_default_str();
    app.add_option("--missing-reward", options_.missing_reward,
                   "What a missing noun costs, 0 or less")
        ->check(CLI::Range(-1e6, 0.0))
        ->capture_default_str();
    app.add_option("--relations", relations_,
                   "Tables of other words for nouns, later ones win (default: own); none: nouns "
                   "are asked as they stand")
        ->type_name("FILE");
    app.add_flag("--no-synonyms", no_synonyms_, "Synonyms are not asked");
    app.add_flag("--no-hypernyms", no_hypernyms_, "Hypernyms are not asked");
    app.add_option("--truth", truth_,
                   "Objects in each picture, {image, objects}: says how right the verdicts are")
        ->type_name("FILE");
    app.add_option("--truth-synonyms", truth_synonyms_,
                   "Words of each object of --truth, one object a line, separated by commas")
        ->type_name("FILE");
  }

  void check(const ScoreInputs&) const override {
    require_option(flags_.given(), "--detector", "what looks for the nouns");
  }

  void open(const CommandContext& context, const ScoreInputs& inputs) override {
    images_ = inputs.images;
    const language::EnglishFiles files = inputs.text.files();
    tables_ = relation_tables(files);
    english_.emplace(language::English::read(files));
    reader_.emplace(*english_, language::NounLists::read(files.folder),
                    NounRelations::read(tables_),
                    NounQueryOptions{.synonyms = !no_synonyms_, .hypernyms = !no_hypernyms_});
    text_record_ = text_record(files);
    read_truth();
    open_detector(context, inputs);
  }

  Json identity() const override { return detector_->identity(); }

  Json settings() const override {
    Json relations = Json::array();
    for (const fs::path& table : tables_) relations.push_back(file_record(table.string()));
    return {{"detector", detector_key(detector_->identity())},
            {"threshold", options_.threshold},
            {"found_reward", options_.found_reward},
            {"missing_reward", options_.missing_reward},
            {"relations", relations},
            {"synonyms", !no_synonyms_},
            {"hypernyms", !no_hypernyms_},
            {"text_data", text_record_}};
  }

  ScoringResult score(const std::vector<PictureCaptions>& pictures, RunFolder& folder,
                      Progress& progress, std::stop_token stop) override {
    return score_captions(pictures, *reader_, *detector_, folder,
                          {.images = images_, .reward = options_}, progress, stop);
  }

  Json usage() const override { return detector_->usage(); }

  std::unique_ptr<RewardFigures> figures() const override {
    if (!objects_) return automatic_reward_figures();
    return automatic_reward_figures({&*objects_, &*vocabulary_});
  }

  void print(std::ostream& out, const Json& metrics) const override {
    const Json& nouns = metrics["nouns"];
    print_share(out, "hallucinated nouns %", metrics, "hallucinated_share");
    if (metrics.contains("truth")) {
      print_share(out, "precision of hallucinated %", metrics["truth"], "precision");
      print_share(out, "recall of hallucinated %", metrics["truth"], "recall");
    }
    out << metrics["captions"] << " captions of " << metrics["pictures"]
        << " pictures: " << nouns["found"] << " nouns found, " << nouns["missing"] << " missing, "
        << nouns["unasked"] << " could not be asked; ";
  }

 private:
  std::vector<fs::path> relation_tables(const language::EnglishFiles& files) const {
    if (relations_.empty())
      return {files.folder / "wordnet_relations.tsv", files.folder / "noun_relations.tsv"};
    if (std::find(relations_.begin(), relations_.end(), kNoRelations) == relations_.end())
      return {relations_.begin(), relations_.end()};
    if (relations_.size() == 1) return {};
    throw Error({.what = "--relations none stands alone",
                 .fix = "leave out 'none' or the tables",
                 .exit_code = ExitCode::kUsage});
  }

  void open_detector(const CommandContext& context, const ScoreInputs& inputs) {
    flags_.compute_with(inputs.dtype, inputs.device);
    detector_ = flags_.open(context, inputs.out);
    require_option(!detector_->needs_pictures() || !images_.empty(), "--images",
                   "the folder of the pictures that the detector looks at");
    if (options_.threshold >= detector_->lowest_threshold()) return;
    throw Error({.what = "--threshold " + dump_json(options_.threshold) +
                         " is below that of the detections, " +
                         dump_json(detector_->lowest_threshold()),
                 .cause = "boxes between the two were left out when the file was made",
                 .fix = "give --threshold " + dump_json(detector_->lowest_threshold()) +
                        " or more, or make the file again",
                 .exit_code = ExitCode::kUsage});
  }

  void read_truth() {
    if (truth_.empty()) return;
    objects_ = chair::ImageObjectTable::read(truth_);
    vocabulary_ = truth_synonyms_.empty()
                      ? chair::Vocabulary(objects_->kinds())
                      : chair::Vocabulary::read(truth_synonyms_, chair::Dialect::kTrimmed);
  }

  AutomaticRewardOptions options_;
  DetectorFlags flags_;
  std::vector<std::string> relations_;
  bool no_synonyms_ = false, no_hypernyms_ = false;
  std::string truth_, truth_synonyms_;
  // From open() on.
  std::string images_;
  std::vector<fs::path> tables_;
  std::optional<language::English> english_;
  std::optional<CaptionReader> reader_;
  Json text_record_;
  std::unique_ptr<Detector> detector_;
  std::optional<chair::ImageObjectTable> objects_;
  std::optional<chair::Vocabulary> vocabulary_;
};

}  // namespace

std::unique_ptr<RewardKind> automatic_reward_kind() {
  return std::make_unique<AutomaticRewardKind>();
}

}  // namespace vigor
