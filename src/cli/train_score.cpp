// vigor-eval train score: a reward for every caption.
#include <algorithm>
#include <iomanip>
#include <map>

#include "base/files.h"
#include "cli/detector_options.h"
#include "cli/registry.h"
#include "cli/run_record.h"
#include "cli/text_options.h"
#include "run/measurement.h"
#include "vigor/automatic_scoring.h"
#include "vigor/detection_store.h"
#include "vigor/reward_truth.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNoRelations = "none";

class TrainScore : public Command {
 public:
  std::string name() const override { return "score"; }
  std::string summary() const override {
    return "A reward for every caption: its nouns are looked for in the picture";
  }
  std::string examples() const override {
    return "  vigor-eval train score --captions samples.jsonl --images train2017 \\\n"
           "      --detector grounding-dino-tiny --out rewards.jsonl\n"
           "  vigor-eval train score --captions samples.jsonl --images train2017 \\\n"
           "      --detector http://gpu:8000/v1#grounding-dino --out part3.jsonl --shard 3/8\n"
           "FILE.jsonl.run is the run folder: a run that stops goes on with the same command, and\n"
           "FILE.jsonl appears when it is finished.\n";
  }
  void add_options(CLI::App& app) override {
    app.add_option("--reward", reward_, "automatic: nouns looked for by a detector")
        ->check(CLI::IsMember({"automatic"}))
        ->capture_default_str();
    app.add_option("--captions", captions_, "JSON lines of {image, caption, sample}")
        ->type_name("FILE");
    app.add_option("--images", images_, "Folder of the pictures")->type_name("DIR");
    detector_.add_to(app);
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
    text_.add_to(app);
    app.add_option("--out", out_, "JSON lines of rewards")->type_name("FILE.jsonl");
    app.add_option("--shard", shard_, "This part of the pictures alone, such as 2/8")
        ->type_name("I/N");
    app.add_option("--limit", limit_, "Only the first N pictures of the captions (0: all)")
        ->check(CLI::Range(0, 1'000'000'000))
        ->type_name("N");
    app.add_option("--max-failures", max_failures_,
                   "Captions without a reward that are accepted (else exit 1)")
        ->check(CLI::Range(0, 1'000'000'000))
        ->capture_default_str();
    app.add_option("--truth", truth_,
                   "Objects in each picture, {image, objects}: says how right the verdicts are")
        ->type_name("FILE");
    app.add_option("--truth-synonyms", truth_synonyms_,
                   "Words of each object of --truth, one object a line, separated by commas")
        ->type_name("FILE");
  }

  ExitCode run(const CommandContext& context) override {
    require_option(!captions_.empty(), "--captions", "the captions to score");
    require_option(detector_.given(), "--detector", "what looks for the nouns");
    require_option(!out_.empty(), "--out", "the file of the rewards");
    check_out();
    const Shard shard = shard_.empty() ? Shard{} : parse_shard(shard_);
    std::vector<PictureCaptions> pictures = parse_picture_captions(read_file(captions_), captions_);
    if (limit_ > 0 && pictures.size() > static_cast<size_t>(limit_))
      pictures.resize(static_cast<size_t>(limit_));
    pictures = part_of(std::move(pictures), shard);
    const language::EnglishFiles files = text_.files();
    const language::English english = language::English::read(files);
    const std::vector<fs::path> tables = relation_tables(files);
    const CaptionReader reader(english, language::NounLists::read(files.folder),
                               NounRelations::read(tables),
                               {.synonyms = !no_synonyms_, .hypernyms = !no_hypernyms_});
    read_truth();

    const double before_load = context.console.clock();
    const std::unique_ptr<Detector> detector = detector_.open(context, out_);
    SessionMeasurement session;
    session.load_s = context.console.clock() - before_load;
    check_detector(*detector);
    RunFolder folder =
        RunFolder::open(*context.files, out_ + ".run", settings(*detector, files, tables, shard),
                        {.uncompared = {"images", "max_failures", "limit", "text_folder"}});
    announce(context, folder);
    Progress progress = context.console.progress();
    const double before = context.console.clock();
    const ScoringResult result =
        score_captions(pictures, reader, *detector, folder, {.images = images_, .reward = options_},
                       progress, context.stop);
    session.evaluate_s = context.console.clock() - before;
    session.rows = result.rows;
    session.asked = result.pictures;
    session.model = detector->usage();
    if (session.rows > 0 || !folder.complete()) {
      Json keys = run_record(context, "automatic-reward", detector->identity(), {captions_});
      keys.update(measured_keys(folder.run(), session));
      folder.update_run(keys);
    }
    if (result.interrupted) {
      context.console.note("interrupted: " + std::to_string(folder.samples().size()) +
                           " rewards are kept in " + out_ +
                           ".run; the same command goes on from there");
      return ExitCode::kInterrupted;
    }
    return finish(context, pictures, folder);
  }

 private:
  void check_out() const {
    if (fs::is_directory(out_)) {
      throw Error({.what = "--out is a folder, and the rewards are one file",
                   .where = printable(out_),
                   .fix = "give a file name in it, such as " +
                          printable((fs::path(out_) / "rewards.jsonl").string()),
                   .exit_code = ExitCode::kUsage});
    }
    if (fs::exists(out_) && !fs::exists(out_ + ".run")) {
      throw Error({.what = "the file exists and no score run made it",
                   .where = printable(out_),
                   .cause = "it belongs to something else, or its .run folder was removed",
                   .fix = "give another name, or remove the file"});
    }
  }

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

  void check_detector(const Detector& detector) const {
    require_option(!detector.needs_pictures() || !images_.empty(), "--images",
                   "the folder of the pictures that the detector looks at");
    if (options_.threshold >= detector.lowest_threshold()) return;
    throw Error({.what = "--threshold " + dump_json(options_.threshold) +
                         " is below that of the detections, " +
                         dump_json(detector.lowest_threshold()),
                 .cause = "boxes between the two were left out when the file was made",
                 .fix = "give --threshold " + dump_json(detector.lowest_threshold()) +
                        " or more, or make the file again",
                 .exit_code = ExitCode::kUsage});
  }

  Json settings(const Detector& detector, const language::EnglishFiles& files,
                const std::vector<fs::path>& tables, const Shard& shard) const {
    Json relations = Json::array();
    for (const fs::path& table : tables) relations.push_back(file_record(table.string()));
    return {{"what", "score"},
            {"reward", reward_},
            {"captions", file_record(captions_)},
            {"detector", detector_key(detector.identity())},
            {"threshold", options_.threshold},
            {"found_reward", options_.found_reward},
            {"missing_reward", options_.missing_reward},
            {"relations", relations},
            {"synonyms", !no_synonyms_},
            {"hypernyms", !no_hypernyms_},
            {"text_data", text_record(files)},
            {"shard", shard.text()},
            {"images", images_},
            {"limit", limit_},
            {"max_failures", max_failures_}};
  }

  void read_truth() {
    if (truth_.empty()) return;
    objects_ = chair::ImageObjectTable::read(truth_);
    vocabulary_ = truth_synonyms_.empty()
                      ? chair::Vocabulary(objects_->kinds())
                      : chair::Vocabulary::read(truth_synonyms_, chair::Dialect::kTrimmed);
  }

  ExitCode finish(const CommandContext& context, const std::vector<PictureCaptions>& pictures,
                  RunFolder& folder) const {
    std::map<std::string, const Json*> found;
    for (const Json& sample : folder.samples()) found[sample["key"].get<std::string>()] = &sample;
    std::string text;
    std::vector<Json> rows;
    for (const PictureCaptions& picture : pictures) {
      for (const SampledCaption& caption : picture.captions) {
        rows.push_back(*found.at(caption.key(picture.image)));
        text += dump_json(rows.back()) + "\n";
      }
    }
    Json metrics = reward_metrics(rows, max_failures_);
    metrics["benchmark"] = "automatic-reward";
    if (objects_) metrics["truth"] = reward_truth(rows, *objects_, *vocabulary_);
    write_atomic(*context.files, out_, text);
    folder.write_metrics(metrics);
    if (context.json) {
      *context.console.out << dump_json(metrics, 2) << "\n";
    } else {
      print(*context.console.out, metrics);
    }
    const auto failed = metrics["counts"]["failed"].get<int64_t>();
    if (failed > max_failures_) {
      throw Error({.what = std::to_string(failed) +
                           " captions have no reward, and --max-failures "
                           "allows " +
                           std::to_string(max_failures_),
                   .where = printable(out_),
                   .cause = first_failure(folder),
                   .fix = "mend the cause and give the same command again: only these are asked"});
    }
    return ExitCode::kDone;
  }

  static void print_share(std::ostream& out, const char* label, const Json& figures,
                          const char* name) {
    out << std::left << std::setw(28) << label << std::right << std::fixed << std::setprecision(2);
    if (figures[name].is_number()) {
      out << std::setw(7) << figures[name].get<double>() * 100;
    } else {
      out << std::setw(7) << "-";
    }
    const Json& interval = figures["ci95"][name];
    if (interval.is_array()) {
      out << "   95 % " << interval[0].get<double>() * 100 << ".."
          << interval[1].get<double>() * 100;
    }
    out << "\n";
  }

  void print(std::ostream& out, const Json& metrics) const {
    const Json& nouns = metrics["nouns"];
    print_share(out, "hallucinated nouns %", metrics, "hallucinated_share");
    if (metrics.contains("truth")) {
      print_share(out, "precision of hallucinated %", metrics["truth"], "precision");
      print_share(out, "recall of hallucinated %", metrics["truth"], "recall");
    }
    out << metrics["captions"] << " captions of " << metrics["pictures"]
        << " pictures: " << nouns["found"] << " nouns found, " << nouns["missing"] << " missing, "
        << nouns["unasked"] << " could not be asked; " << printable(out_) << "\n";
  }

  std::string reward_ = "automatic", captions_, images_, out_, shard_, truth_, truth_synonyms_;
  std::vector<std::string> relations_;
  bool no_synonyms_ = false, no_hypernyms_ = false;
  AutomaticRewardOptions options_;
  DetectorFlags detector_;
  TextOptions text_;
  int64_t limit_ = 0, max_failures_ = 0;
  std::optional<chair::ImageObjectTable> objects_;
  std::optional<chair::Vocabulary> vocabulary_;
};

}  // namespace

std::unique_ptr<Command> train_score_command() {
  return std::make_unique<TrainScore>();
}

}  // namespace vigor
