// vigor-eval caption: one or more captions of every picture in a folder; as `train sample`, the
// first stage of the training loop.
#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>

#include "base/files.h"
#include "base/utf8.h"
#include "cli/model_options.h"
#include "cli/registry.h"
#include "cli/run_record.h"
#include "cli/shipped_data.h"
#include "lvlm/batches.h"
#include "lvlm/open.h"
#include "run/image_path.h"
#include "run/measurement.h"
#include "run/sha256.h"
#include "vigor/prompt_set.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

// --prompts: data/prompts/describe.txt.
constexpr const char* kOwnPrompts = "describe";

// A file of the folder that looks like a picture.
struct FolderFile {
  std::string name;   // as it stands in results
  std::string error;  // not empty: it is not opened, and why
};

// JSON holds Unicode alone: every byte beyond ASCII of another name is written as \xNN.
std::string escaped(const std::string& name) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (const char raw : name) {
    const auto byte = static_cast<unsigned char>(raw);
    if (byte < 0x80) {
      text += raw;
    } else {
      text += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return text;
}

// Why a picture of the folder is not opened, or "".
std::string refusal(const fs::path& folder, const std::string& name) {
  if (!is_utf8(name)) {
    return "image: the file's name is not UTF-8: it was made on a system with another encoding; "
           "rename it";
  }
  try {
    image_path(folder, name, "--images");
  } catch (const Error& error) {
    return "image: " + error.parts().what;
  }
  return "";
}

// The pictures in a folder by name, which is the order of the file that is written. Hidden files
// (thumbnails and halves of copies) are none.
std::vector<FolderFile> pictures(const fs::path& folder) {
  static constexpr std::array kEndings = {".jpg",  ".jpeg", ".png",  ".bmp",
                                          ".webp", ".tif",  ".tiff", ".gif"};
  std::vector<std::string> names;
  std::error_code code;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, code)) {
    std::string ending = entry.path().extension().string();
    std::transform(ending.begin(), ending.end(), ending.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const std::string name = entry.path().filename().string();
    if (name.starts_with('.')) continue;
    if (std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end())
      names.push_back(name);
  }
  if (code) {
    throw Error({.what = "the folder of pictures cannot be read: " + code.message(),
                 .where = printable(folder.string()),
                 .fix = "give an existing folder with --images"});
  }
  if (names.empty()) {
    throw Error({.what = "no pictures in this folder",
                 .where = printable(folder.string()),
                 .cause = "the pictures lie in a folder below it, or have other endings",
                 .fix = "give the folder that has the .jpg or .png files itself"});
  }
  std::sort(names.begin(), names.end());
  std::vector<FolderFile> found;
  for (const std::string& name : names) {
    found.push_back({is_utf8(name) ? name : escaped(name), refusal(folder, name)});
  }
  return found;
}

std::string row_key(const std::string& image, int sample) {
  return image + "#" + std::to_string(sample);
}

class Caption : public Command {
 public:
  // As a stage of the training loop it has another name and defaults: the paper's five samples, and
  // prompts in different words.
  explicit Caption(bool is_stage) : is_stage_(is_stage) {
    // A detailed caption is longer than the short answer that the default is made for.
    generation_.max_new_tokens = 256;
    if (!is_stage) return;
    generation_.samples = 5;
    generation_.temperature = 0.7;
    prompts_ = kOwnPrompts;
  }
  std::string name() const override { return is_stage_ ? "sample" : "caption"; }
  std::string summary() const override {
    return is_stage_ ? "Captions of every picture in a folder: `caption` with five samples each"
                     : "Captions of every picture in a folder";
  }
  std::string examples() const override {
    if (is_stage_) {
      return "  vigor-eval train sample --model llava-v1.5-7b --images train2017 \\\n"
             "      --out samples.jsonl --seed 1\n"
             "  vigor-eval train sample --config sample.json\n"
             "Everything is as for vigor-eval caption, but for the defaults of --prompts, "
             "--samples\nand --temperature.\n";
    }
    return "  vigor-eval caption --model llava-v1.5-7b --images val --out captions.jsonl\n"
           "  vigor-eval caption --model llava-v1.5-7b --images val --out samples.jsonl \\\n"
           "      --samples 5 --temperature 0.7 --seed 1 --prompts describe\n"
           "FILE.jsonl.run is the run folder: a run that stops goes on with the same command, and\n"
           "FILE.jsonl appears when it is finished.\n";
  }
  void add_options(CLI::App& app) override {
    model_.add_to(app);
    app.add_option("--images", images_, "Folder of the pictures")->type_name("DIR");
    prompt_option_ = app.add_option(
        "--prompt", prompt_,
        is_stage_ ? "What the model is asked, in place of --prompts" : "What the model is asked");
    if (!is_stage_) prompt_option_->capture_default_str();
    prompts_option_ = app.add_option("--prompts", prompts_,
                                     "File of phrasings, text or JSON, of which each picture gets "
                                     "one by --seed; describe: the program's own");
    prompts_option_->type_name("FILE");
    if (is_stage_) prompts_option_->capture_default_str();
    app.add_option("--out", out_, "JSON lines of {image, caption, sample, ...}")
        ->type_name("FILE.jsonl");
    app.add_option("--max-new-tokens", generation_.max_new_tokens, "Tokens of a caption at most")
        ->check(CLI::Range(1, 4096))
        ->capture_default_str();
    app.add_option("--temperature", generation_.temperature, "0 is greedy")
        ->check(CLI::Range(0.0, 100.0))
        ->capture_default_str();
    app.add_option("--top-k", generation_.top_k, "Keep the k largest logits; 0 is off")
        ->check(CLI::Range(0, 1'000'000'000))
        ->capture_default_str();
    app.add_option("--top-p", generation_.top_p,
                   "Keep the tokens that reach this probability; 1 is off")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    app.add_option("--samples", generation_.samples,
                   "Captions of each picture; more than 1 need a temperature")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    app.add_option("--seed", generation_.seed, "Seed of samples and random weights")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    app.add_option("--limit", limit_, "Only the first N pictures by name (0: all)")
        ->check(CLI::Range(0, 1'000'000'000))
        ->type_name("N");
    app.add_option("--max-failures", max_failures_,
                   "Pictures without a caption that are accepted (else exit 1)")
        ->check(CLI::Range(0, 1'000'000'000))
        ->capture_default_str();
  }

  ExitCode run(const CommandContext& context) override {
    require_option(model_.given(), "--model", "the model that writes the captions");
    require_option(!images_.empty(), "--images", "the folder of the pictures");
    require_option(!out_.empty(), "--out", "the file of the captions");
    if (!std::isfinite(generation_.temperature) || !std::isfinite(generation_.top_p)) {
      throw Error({.what = "--temperature and --top-p must be numbers",
                   .fix = "0 is greedy; --top-p 1 is off",
                   .exit_code = ExitCode::kUsage});
    }
    if (generation_.samples > 1 && generation_.temperature <= 0) {
      throw Error(
          {.what =
               "--samples above 1 needs a --temperature above 0: greedy samples are all the same",
           .fix = "give for example --temperature 0.7",
           .exit_code = ExitCode::kUsage});
    }
    if (generation_.top_p <= 0) {
      throw Error(
          {.what = "--top-p must be above 0", .fix = "1 is off", .exit_code = ExitCode::kUsage});
    }
    if (fs::is_directory(out_)) {
      throw Error({.what = "--out is a folder, and the captions are one file",
                   .where = printable(out_),
                   .fix = "give a file name in it, such as " +
                          printable((fs::path(out_) / "captions.jsonl").string()),
                   .exit_code = ExitCode::kUsage});
    }
    if (fs::exists(out_) && !fs::exists(out_ + ".run")) {
      throw Error({.what = "the file exists and no caption run made it",
                   .where = printable(out_),
                   .cause = "it belongs to something else, or its .run folder was removed",
                   .fix = "give another name, or remove the file"});
    }
    read_prompts();
    std::vector<FolderFile> found = pictures(images_);
    if (limit_ > 0 && found.size() > static_cast<size_t>(limit_))
      found.resize(static_cast<size_t>(limit_));

    model_.warn_about_machine(context.console);
    SessionMeasurement session;
    const double before_load = context.console.clock();
    const std::unique_ptr<Lvlm> model = open_lvlm(model_.lvlm(generation_.seed, context.console));
    session.load_s = context.console.clock() - before_load;
    const Json identity = model->identity();
    RunFolder folder = RunFolder::open(*context.files, out_ + ".run", settings(identity),
                                       {.uncompared = {"images", "max_failures", "limit"}});
    announce(context, folder);
    const bool interrupted = ask(context, *model, found, folder, session);
    session.model = model->measurements();
    model_.print_usage(context.console, session.model);
    if (session.rows > 0 || !folder.complete()) {
      Json keys = run_record(context, "caption", identity, prompt_files());
      keys.update(measured_keys(folder.run(), session));
      folder.update_run(keys);
    }
    if (interrupted) {
      context.console.note("interrupted: " + std::to_string(folder.samples().size()) +
                           " captions are kept in " + out_ +
                           ".run; the same command goes on from there");
      return ExitCode::kInterrupted;
    }
    return finish(context, found, folder);
  }

 private:
  Json settings(const Json& identity) const {
    Json model = identity;
    if (model.value("checkpoint_hash", Json()).is_string()) model.erase("checkpoint");
    return {{"what", "caption"},
            {"prompt", phrasings_.empty() ? Json(prompt_) : prompts_record_},
            {"model", model},
            {"max_new_tokens", generation_.max_new_tokens},
            {"temperature", generation_.temperature},
            {"top_k", generation_.top_k},
            {"top_p", generation_.top_p},
            {"samples", generation_.samples},
            {"seed", generation_.seed},
            {"images", images_},
            {"limit", limit_},
            {"max_failures", max_failures_}};
  }

  // --prompts in place of --prompt, where it is given or is the default.
  void read_prompts() {
    if (prompt_option_->count() > 0) {
      if (prompts_option_->count() > 0) {
        throw Error({.what = "--prompt and --prompts exclude each other",
                     .fix = "give one of the two",
                     .exit_code = ExitCode::kUsage});
      }
      return;
    }
    if (prompts_.empty()) return;
    const fs::path file = prompts_ == kOwnPrompts
                              ? shipped_data("prompts/describe.txt", "--prompts")
                              : fs::path(prompts_);
    const std::string bytes = read_file(file);
    phrasings_ = parse_prompts(bytes, printable(file.string()));
    prompts_record_ = {{"sha256", sha256_hex(bytes)}, {"count", phrasings_.size()}};
    prompts_ = file.string();
  }

  std::vector<std::string> prompt_files() const {
    return phrasings_.empty() ? std::vector<std::string>() : std::vector<std::string>{prompts_};
  }

  const std::string& prompt_of(const std::string& image) const {
    return phrasings_.empty() ? prompt_ : drawn_prompt(phrasings_, generation_.seed, image);
  }

  // True when it was interrupted.
  bool ask(const CommandContext& context, Lvlm& model, const std::vector<FolderFile>& found,
           RunFolder& folder, SessionMeasurement& session) {
    std::vector<bool> open;
    std::vector<std::string> names;
    Answer refused;
    for (const FolderFile& picture : found) {
      if (!picture.error.empty()) {
        refused.error = picture.error;
        append(picture.name, std::vector<Answer>(static_cast<size_t>(generation_.samples), refused),
               folder, session);
        continue;
      }
      bool missing = false;
      for (int i = 0; i < generation_.samples; ++i)
        missing = missing || !folder.holds(row_key(picture.name, i));
      names.push_back(picture.name);
      open.push_back(missing);
    }
    std::vector<ImageRequest> requests;
    for (const size_t i : pictures_to_ask(open, model.images_together())) {
      requests.push_back({.key = names[i],
                          .image = fs::path(images_) / names[i],
                          .questions = {prompt_of(names[i])}});
    }
    Progress progress = context.console.progress();
    progress.start("caption", "pictures", found.size(), found.size() - requests.size());
    size_t done = 0;
    const double before = context.console.clock();
    const auto write = [&](size_t request, std::vector<Answer>&& answers) {
      append(requests[request].key, answers, folder, session);
      ++session.asked;
      ++done;
      progress.advance(1);
    };
    if (!requests.empty()) model.answer(requests, generation_, write, context.stop);
    progress.finish();
    session.evaluate_s = context.console.clock() - before;
    if (done < requests.size() && !context.stop.stop_requested()) {
      throw Error({.what = "the model left " + std::to_string(requests.size() - done) +
                           " pictures without an answer"});
    }
    return done < requests.size();
  }

  // Writes those samples of a picture that the folder does not hold.
  void append(const std::string& image, const std::vector<Answer>& answers, RunFolder& folder,
              SessionMeasurement& session) {
    std::vector<Json> rows;
    for (size_t i = 0; i < answers.size(); ++i) {
      const Answer& answer = answers[i];
      const std::string key = row_key(image, static_cast<int>(i));
      if (folder.holds(key)) continue;
      const bool failed = !answer.error.empty();
      rows.push_back({{"key", key},
                      {"image", image},
                      {"sample", i},
                      {"prompt", prompt_of(image)},
                      {"caption", failed ? Json() : Json(answer.text)},
                      {"status", failed ? "failed" : "scored"},
                      {"finish", answer.finish},
                      {"tokens", answer.tokens},
                      {"error", failed ? Json(answer.error) : Json()}});
    }
    if (!rows.empty()) folder.append(rows);
    session.rows += static_cast<int64_t>(rows.size());
  }

  ExitCode finish(const CommandContext& context, const std::vector<FolderFile>& found,
                  RunFolder& folder) {
    std::map<std::string, const Json*> rows;
    for (const Json& sample : folder.samples()) rows[sample["key"].get<std::string>()] = &sample;
    std::string text;
    int64_t captions = 0, failed = 0;
    for (const FolderFile& picture : found) {
      for (int i = 0; i < generation_.samples; ++i) {
        const Json& row = *rows.at(row_key(picture.name, i));
        ++(row["status"] == "failed" ? failed : captions);
        text += dump_json(row) + "\n";
      }
    }
    write_atomic(*context.files, out_, text);
    const Json metrics = {
        {"benchmark", "caption"},
        {"captions", captions},
        {"counts", {{"scored", captions}, {"unparsed", 0}, {"failed", failed}, {"unjudged", 0}}}};
    folder.write_metrics(metrics);
    if (context.json) {
      *context.console.out << dump_json(metrics, 2) << "\n";
    } else {
      *context.console.out << captions << " captions in " << printable(out_) << "\n";
    }
    if (failed > max_failures_) {
      throw Error({.what = std::to_string(failed) + " captions failed, and --max-failures allows " +
                           std::to_string(max_failures_),
                   .where = printable(out_),
                   .cause = first_failure(folder),
                   .fix = "mend the cause and give the same command again: only these are asked"});
    }
    return ExitCode::kDone;
  }

  bool is_stage_;
  ModelOptions model_;
  GenerationOptions generation_;
  std::string images_, out_, prompt_ = "Describe this image in detail.", prompts_;
  CLI::Option *prompt_option_ = nullptr, *prompts_option_ = nullptr;
  std::vector<std::string> phrasings_;  // empty: `prompt_` for every picture
  Json prompts_record_;                 // what run.json says of them
  int64_t limit_ = 0, max_failures_ = 0;
};

}  // namespace

std::unique_ptr<Command> caption_command() {
  return std::make_unique<Caption>(false);
}

std::unique_ptr<Command> train_sample_command() {
  return std::make_unique<Caption>(true);
}

}  // namespace vigor
