// vigor-eval chair: objects that captions name and that are not in the pictures.
#include <iomanip>

#include "benchmarks/chair/score.h"
#include "cli/registry.h"
#include "cli/run_record.h"
#include "cli/text_options.h"

namespace vigor {
namespace {

class Chair : public Command {
 public:
  std::string name() const override { return "chair"; }
  std::string summary() const override {
    return "CHAIR: how many objects that captions name are not in the pictures";
  }
  std::string examples() const override {
    return "  vigor-eval caption --model llava-v1.5-7b --images val --out captions.jsonl\n"
           "  vigor-eval chair --captions captions.jsonl --objects objects.json \\\n"
           "      --synonyms synonyms.txt --out runs/llava-chair\n";
  }
  void add_options(CLI::App& app) override {
    app.add_option("--captions", captions_, "Captions, JSON lines of {image, caption}")
        ->type_name("FILE");
    app.add_option("--objects", objects_, "Objects in each image")->type_name("FILE");
    app.add_option("--synonyms", synonyms_,
                   "Words of each object, one a line, separated by commas (default: the names in "
                   "--objects)")
        ->type_name("FILE");
    app.add_option("--dialect", dialect_,
                   "How --synonyms is read: official (a stray blank hides a word, as in the "
                   "published script) or trimmed")
        ->capture_default_str();
    app.add_option("--out", out_, "Run folder: made, or written again")->type_name("RUN");
    app.add_option(
           "--max-failures", options_.max_failures,
           "Failed captions up to which scores are given; above, they are withheld (exit 1)")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    text_.add_to(app);
  }

  ExitCode run(const CommandContext& context) override {
    require_option(!captions_.empty(), "--captions", "the captions to score");
    require_option(!objects_.empty(), "--objects", "the objects in each image");
    require_option(!out_.empty(), "--out", "the folder of the run");
    const chair::Dialect dialect = chair::parse_dialect(dialect_);
    const std::vector<chair::Caption> captions = chair::read_captions(captions_);
    const chair::ImageObjectTable objects = chair::ImageObjectTable::read(objects_);
    const language::EnglishFiles english_files = text_.files();
    const language::English english = language::English::read(english_files);
    chair::Vocabulary vocabulary = synonyms_.empty() ? chair::Vocabulary(objects.kinds())
                                                     : chair::Vocabulary::read(synonyms_, dialect);
    vocabulary.add_base_forms(english.nouns);
    chair::ChairResult result =
        chair::score_captions(captions, objects, vocabulary, english, options_);

    result.metrics["dialect"] = dialect_;

    const Json settings = {{"benchmark", "chair"},
                           {"dialect", dialect_},
                           {"captions", file_record(captions_)},
                           {"objects", file_record(objects_)},
                           {"synonyms", synonyms_.empty() ? Json() : file_record(synonyms_)},
                           {"text_data", text_record(english_files)},
                           {"max_failures", options_.max_failures}};
    RunFolder folder =
        RunFolder::open(*context.files, out_, settings, {.uncompared = {"max_failures"}});
    announce(context, folder);
    std::vector<Json> rows;
    for (const Json& row : result.rows) {
      if (!folder.holds(row["key"].get<std::string>())) rows.push_back(row);
    }
    folder.append(rows);
    std::vector<std::string> dataset = {captions_, objects_};
    if (!synonyms_.empty()) dataset.push_back(synonyms_);
    Json record = run_record(context, "chair", {{"kind", "captions"}}, dataset);
    record["status_counts"] = result.metrics["counts"];
    folder.update_run(record);
    folder.write_metrics(result.metrics);

    std::ostream& out = *context.console.out;
    if (context.json) {
      out << dump_json(result.metrics, 2) << "\n";
    } else {
      const auto row = [&](const char* label, const char* key, double scale) {
        out << std::left << std::setw(9) << label << std::right << std::fixed
            << std::setprecision(2);
        const Json& value = result.metrics[key];
        if (value.is_number()) {
          out << std::setw(9) << value.get<double>() * scale;
        } else {
          out << std::setw(9) << "-";
        }
        const Json interval = result.metrics.value("ci95", Json::object()).value(key, Json());
        if (interval.is_array() && interval.size() == 2) {
          out << "   95 % " << interval[0].get<double>() * scale << ".."
              << interval[1].get<double>() * scale;
        }
        out << "\n";
      };
      row("CHAIRs %", "chair_s", 100);
      row("CHAIRi %", "chair_i", 100);
      row("recall %", "recall", 100);
      row("words", "length", 100);
      out << result.metrics["captions"].dump() << " captions, " << result.metrics["mentions"].dump()
          << " objects named, " << result.metrics["hallucinated_mentions"].dump()
          << " of them absent\n";
    }
    if (result.metrics.value("withheld", Json(false)) == Json(true)) {
      throw Error({.what = "the scores are withheld: " +
                           result.metrics["counts"].value("failed", Json(0)).dump() +
                           " captions failed, and --max-failures allows " +
                           std::to_string(options_.max_failures),
                   .where = printable(out_),
                   .cause = first_failure(folder),
                   .fix = "make the captions again and give another --out, or accept the failures "
                          "with --max-failures"});
    }
    return ExitCode::kDone;
  }

 private:
  std::string captions_, objects_, synonyms_, out_;
  std::string dialect_ = "official";
  chair::ScoreOptions options_;
  TextOptions text_;
};

}  // namespace

std::unique_ptr<Command> chair_command() {
  return std::make_unique<Chair>();
}

}  // namespace vigor
