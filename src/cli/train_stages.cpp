// vigor-eval train tokenizer|vision|sft|detector
#include <ATen/ATen.h>

#include <ctime>

#include "base/json.h"
#include "cli/train.h"
#include "engine/machine.h"
#include "image/detector_preprocess.h"
#include "model/config.h"
#include "model/llava.h"
#include "run/checkpoint_hash.h"
#include "text/image_token.h"
#include "text/prompt.h"
#include "text/tokenizer.h"
#include "text/tokenizer_trainer.h"
#include "text/wordpiece.h"
#include "train/detector_training.h"
#include "train/sft.h"
#include "train/vision_pretrain.h"
#include "vigor/conversation_samples.h"
#include "vigor/scene_detections.h"
#include "vigor/scene_pictures.h"
#include "vigor/word_alignment.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRandom = "random:";

class Stage {
 public:
  virtual ~Stage() = default;
  virtual std::string name() const = 0;
  virtual ExitCode run(const CommandContext& context, const Json& config) const = 0;

 protected:
  TrainingRun training_run(const CommandContext& context, const fs::path& folder) const {
    return {.files = *context.files,
            .folder = folder,
            .name = name(),
            .progress = context.console.err,
            .progress_options = {.terminal = context.console.err_is_terminal},
            .clock = context.console.clock,
            .wall_clock = [] { return static_cast<double>(std::time(nullptr)); },
            .stop = context.stop};
  }

  // `settings` are those that `loop` was read from.
  static void note_steps(const CommandContext& context, const Json& settings,
                         const LoopOptions& loop) {
    if (loop.max_steps == 0 || !settings.contains("epochs")) return;
    context.console.note("'epochs' and 'max_steps' are both given: it ends after " +
                         std::to_string(loop.max_steps) + " steps, as max_steps says");
  }

  static ExitCode finish(const CommandContext& context, const TrainingResult& result,
                         Json summary) {
    summary["steps"] = result.steps;
    summary["resumed_from"] = result.resumed_from;
    summary["interrupted"] = result.interrupted;
    *context.console.out << dump_json(summary, context.json ? 2 : -1) << "\n";
    if (!result.interrupted) return ExitCode::kDone;
    context.console.note("stopped after step " + std::to_string(result.steps) +
                         "; the same command goes on from there");
    return ExitCode::kInterrupted;
  }
};

class TrainTokenizer : public Stage {
 public:
  std::string name() const override { return "tokenizer"; }
  ExitCode run(const CommandContext& context, const Json& config) const override {
    ObjectReader reader(config, context.config.string());
    reader.has("comment");
    const auto data = reader.require<std::string>("data");
    const auto out = reader.require<std::string>("out");
    const auto pieces = reader.get<int>("vocab_size", 512);
    const auto conversation = reader.get<std::string>("conversation", "vicuna_v1");
    reader.reject_unknown();
    const std::vector<std::string> lines =
        ConversationSamples::texts(data, conversation, std::nullopt);
    train_tokenizer(lines, pieces, out, *context.files);
    *context.console.out << dump_json(
                                {{"tokenizer", out}, {"pieces", pieces}, {"lines", lines.size()}})
                         << "\n";
    return ExitCode::kDone;
  }
};

ScenePicturesOptions scene_options(ObjectReader reader) {
  ScenePicturesOptions options;
  options.seed = reader.get<uint64_t>("seed", options.seed);
  options.first = reader.get<uint64_t>("first", options.first);
  options.count = reader.get<int64_t>("count", options.count);
  options.mirror = reader.get<bool>("mirror", options.mirror);
  reader.reject_unknown();
  return options;
}

void require_other_seed(const ScenePicturesOptions& scenes, const ScenePicturesOptions& held_out,
                        const CommandContext& context) {
  if (scenes.seed != held_out.seed) return;
  throw Error({.what = "'scenes' and 'held_out' have the same seed",
               .where = context.config.string(),
               .cause = "scores on scenes that were trained on say nothing",
               .fix = "give held_out another seed",
               .exit_code = ExitCode::kUsage});
}

class TrainVision : public Stage {
 public:
  std::string name() const override { return "vision"; }
  ExitCode run(const CommandContext& context, const Json& config) const override {
    ObjectReader reader(config, context.config.string());
    reader.has("comment");
    const auto geometry = reader.require<std::string>("geometry");
    const auto out = reader.require<std::string>("out");
    const auto seed = reader.get<uint64_t>("seed", 0);
    const ScenePicturesOptions scenes = scene_options(reader.child("scenes"));
    const ScenePicturesOptions held_out = scene_options(reader.child("held_out"));
    const Json settings = reader.require<Json>("train");
    reader.reject_unknown();
    const VisionPretrainOptions options =
        parse_vision_pretrain_options(settings, context.config.string() + ": train");
    note_steps(context, settings, options.loop);
    require_other_seed(scenes, held_out, context);
    const LlavaConfig llava = parse_llava_config(read_json_file(geometry), geometry);
    Progress progress = context.console.progress();
    const ScenePictures test(held_out, llava.vision, nullptr);
    const ScenePictures pictures(scenes, llava.vision, &progress);
    TrainingRun run = training_run(context, out);
    run.start = {{"geometry", checkpoint_hash(geometry)}, {"seed", seed}};
    const VisionPretrainResult result =
        run_vision_pretrain(pictures, test, llava.vision, llava.vision_layers_needed(),
                            random_parameters(seed, at::kFloat, at::kCPU), options, run);
    Json scores = Json::array();
    for (const VisionScores& score : result.scores) scores.push_back(to_json(score));
    return finish(context, result.training, {{"out", out}, {"held_out", scores}});
  }
};

// config.json's neighbour that says how pictures are prepared, for a model from nothing.
Json clip_preprocess_json(const ClipPreprocess& p) {
  return {{"image_processor_type", "CLIPImageProcessor"},
          {"do_resize", true},
          {"size", {{"shortest_edge", p.shortest_edge}}},
          {"resample", 3},
          {"do_center_crop", true},
          {"crop_size", {{"height", p.crop_height}, {"width", p.crop_width}}},
          {"do_rescale", true},
          {"rescale_factor", p.rescale_factor},
          {"do_normalize", true},
          {"image_mean", p.mean},
          {"image_std", p.std},
          {"do_convert_rgb", true}};
}

BesideOptions beside_options(ObjectReader reader) {
  reader.has("comment");
  BesideOptions out;
  out.data = reader.require<std::string>("data");
  out.images = reader.require<std::string>("images");
  out.count = reader.get<uint64_t>("count", out.count);
  reader.reject_unknown();
  return out;
}

class TrainSft : public Stage {
 public:
  std::string name() const override { return "sft"; }
  ExitCode run(const CommandContext& context, const Json& config) const override {
    ObjectReader reader(config, context.config.string());
    reader.has("comment");
    const auto model = reader.require<std::string>("model");
    const auto vision_weights = reader.get<std::string>("vision_weights", "");
    const auto tokenizer_folder = reader.get<std::string>("tokenizer", "");
    std::optional<ScenePicturesOptions> align;
    if (reader.has("align_words")) align = scene_options(reader.child("align_words"));
    const auto vision_tower = reader.get<std::string>("vision_tower", "");
    const auto out = reader.require<std::string>("out");
    const std::string device = checked_device(reader.get<std::string>("device", "cpu"));
    const auto seed = reader.get<uint64_t>("seed", 0);
    ConversationSamplesOptions data;
    data.data = reader.require<std::string>("data");
    data.images = reader.require<std::string>("images");
    data.conversation = reader.get<std::string>("conversation", data.conversation);
    if (reader.has("system_prompt"))
      data.system_prompt = reader.require<std::string>("system_prompt");
    if (reader.has("beside")) data.beside = beside_options(reader.child("beside"));
    const Json settings = reader.require<Json>("train");
    reader.reject_unknown();
    const SftOptions options = parse_sft_options(settings, context.config.string() + ": train");
    note_steps(context, settings, options.loop);
    if (data.beside) data.beside->seed = options.loop.seed;

    const bool random = model.starts_with(kRandom);
    LlavaConfig llava;
    ParameterSource source;
    if (random) {
      const std::string file = model.substr(kRandom.size());
      llava = parse_llava_config(read_json_file(file), file);
      source = random_parameters(seed, at::kFloat, at::kCPU);
    } else {
      LlavaCheckpoint checkpoint = open_llava(model, at::kFloat, at::kCPU, vision_tower);
      llava = checkpoint.config;
      source = checkpoint.source;
    }
    require_option(!align || random, "a random: model in the config",
                   "'align_words' places the words of a model from nothing");
    if (!vision_weights.empty()) source = with_weights(vision_weights, source);
    data.mm_use_im_start_end = llava.mm_use_im_start_end;
    Json start = {{"model", checkpoint_hash(random ? model.substr(kRandom.size()) : model)}};
    if (random) start["seed"] = seed;
    if (llava.layout == CheckpointLayout::kOriginal)
      start["vision_tower"] = checkpoint_hash(find_vision_tower(llava, model, vision_tower));
    if (!vision_weights.empty()) start["vision_weights"] = checkpoint_hash(vision_weights);
    if (align) start["align_words"] = config["align_words"];

    require_option(!random || !tokenizer_folder.empty(), "'tokenizer' in the config",
                   "random weights have no tokenizer of their own");
    const fs::path tokenizer_path =
        tokenizer_folder.empty() ? fs::path(model) : fs::path(tokenizer_folder);
    const Tokenizer tokenizer = Tokenizer::load(tokenizer_path);
    check_fits(tokenizer, llava.text.vocab_size, model);
    start["tokenizer"] = checkpoint_hash(tokenizer_path);

    fs::path tokenizer_files = tokenizer_path;
    if (llava.image_token_index < 0) {
      // Original checkpoints write the image as -200, which no other program's config knows.
      if (const auto id = tokenizer.id_of(kImageText)) {
        llava.image_token_index = *id;
      } else {
        tokenizer_files = fs::path(out) / "tokenizer";
        llava.image_token_index =
            add_image_token(tokenizer_path, tokenizer, tokenizer_files, *context.files);
      }
    }

    std::vector<fs::path> copies;
    for (const std::string& name : tokenizer_file_names()) {
      if (fs::exists(tokenizer_files / name)) copies.push_back(tokenizer_files / name);
    }
    ClipPreprocess preprocess;
    if (random) {
      const int side = static_cast<int>(llava.vision.image_size);
      preprocess.shortest_edge = preprocess.crop_height = preprocess.crop_width = side;
      context.files->create_directories(out);
      copies.push_back(fs::path(out) / "preprocessor_config.json");
      write_atomic(*context.files, copies.back(),
                   dump_json(clip_preprocess_json(preprocess), 2) + "\n");
    } else {
      const bool original = llava.layout == CheckpointLayout::kOriginal;
      const fs::path folder =
          original ? find_vision_tower(llava, model, vision_tower) : fs::path(model);
      copies.push_back(folder / "preprocessor_config.json");
      preprocess = load_clip_preprocess(copies.back());
    }
    if (llava.image_pad) preprocess.aspect = Aspect::kPad;

    if (align) {
      const WordAlignment aligned =
          align_words(llava, source, ScenePictures(*align, llava.vision, nullptr), tokenizer);
      context.console.note(std::to_string(aligned.words) +
                           " words start where the pictures of what they name lie");
      source = aligned.source;
    }
    // A frozen tower sees every picture once, whatever the number of epochs.
    std::unique_ptr<Llava> frozen;
    if (options.trainable.empty()) frozen = std::make_unique<Llava>(llava, source);
    Progress progress = context.console.progress();
    const ConversationSamples samples(data, tokenizer, preprocess, frozen.get(), &progress);
    frozen.reset();
    TrainingRun run = training_run(context, out);
    run.start = std::move(start);
    const TrainingResult result =
        run_sft(samples, llava, source, options, run, copies, at::Device(device));
    return finish(context, result,
                  {{"model", (fs::path(out) / "model").string()},
                   {"loss", result.steps > result.resumed_from ? Json(result.loss) : Json()}});
  }
};

class TrainDetector : public Stage {
 public:
  std::string name() const override { return "detector"; }
  ExitCode run(const CommandContext& context, const Json& config) const override {
    ObjectReader reader(config, context.config.string());
    reader.has("comment");
    const auto model = reader.require<std::string>("model");
    const auto out = reader.require<std::string>("out");
    const auto side = reader.get<int64_t>("side", 0);
    const std::string device = checked_device(reader.get<std::string>("device", "cpu"));
    SceneDetectionsOptions data;
    data.seed = reader.get<uint64_t>("seed", 0);
    data.absent_nouns = reader.get<int64_t>("absent_nouns", data.absent_nouns);
    data.left_out = reader.get<double>("left_out", data.left_out);
    data.plural = reader.get<double>("plural", data.plural);
    data.scenes = scene_options(reader.child("scenes"));
    SceneDetectionsOptions held_out = data;
    held_out.scenes = scene_options(reader.child("held_out"));
    held_out.ask_all = true;
    const Json settings = reader.require<Json>("train");
    reader.reject_unknown();
    const DetectorTrainOptions options =
        parse_detector_train_options(settings, context.config.string() + ": train");
    note_steps(context, settings, options.loop);
    require_other_seed(data.scenes, held_out.scenes, context);
    const bool random = model.starts_with(kRandom);
    require_option(!random || side > 0, "'side' in the config",
                   "a random model has no picture size of its own");
    if (side < 0 || side > 4096) {
      out_of_range(context.config.string(), "side", std::to_string(side), "between 1 and 4096");
    }

    DetectorFolder folder;
    const fs::path geometry =
        random ? fs::path(model.substr(kRandom.size())) : fs::path(model) / "config.json";
    folder.config = read_json_file(geometry);
    const GroundingDinoConfig dino = parse_grounding_dino_config(folder.config, geometry.string());
    const ParameterSource source =
        random ? random_grounding_dino(dino, data.seed, at::kFloat, at::kCPU)
               : open_grounding_dino(model, at::kFloat, at::kCPU).source;
    folder.copies = random ? write_scene_processor(context, out, static_cast<int>(side))
                           : detector_files(context, model, out, static_cast<int>(side));
    const WordPieceTokenizer tokenizer = WordPieceTokenizer::load(folder.copies[0]);
    if (tokenizer.vocab_size() > dino.text.vocab_size) {
      throw Error({.what = "the vocabulary has " + std::to_string(tokenizer.vocab_size()) +
                           " words, and the geometry holds " + std::to_string(dino.text.vocab_size),
                   .where = geometry.string(),
                   .fix = "raise 'vocab_size' of its text_config"});
    }
    data.preprocess = held_out.preprocess = load_detector_preprocess(folder.copies[1]);
    Progress progress = context.console.progress();
    const SceneDetections test(held_out, tokenizer, nullptr);
    const SceneDetections scenes(data, tokenizer, &progress);
    TrainingRun run = training_run(context, out);
    run.start = {{"model", checkpoint_hash(geometry)}, {"seed", data.seed}};
    if (!random) run.start["model"] = checkpoint_hash(model);
    const DetectorTrainResult result =
        run_detector_training(scenes, test, dino, source, options, run, folder, at::Device(device));
    Json summary = {{"model", (fs::path(out) / "model").string()}};
    if (!result.training.interrupted) summary["held_out"] = to_json(result.scores);
    return finish(context, result.training, std::move(summary));
  }

 private:
  // vocab.txt and preprocessor_config.json first; the longest side is as much longer as the
  // published detectors have it.
  static std::vector<fs::path> write_scene_processor(const CommandContext& context,
                                                     const fs::path& out, int side) {
    DetectorPreprocess p;
    const Json preprocessor = {
        {"image_processor_type", "GroundingDinoImageProcessor"},
        {"format", "coco_detection"},
        {"do_resize", true},
        {"size",
         {{"shortest_edge", side}, {"longest_edge", side * p.longest_edge / p.shortest_edge}}},
        {"resample", 2},
        {"do_rescale", true},
        {"rescale_factor", p.rescale_factor},
        {"do_normalize", true},
        {"image_mean", p.mean},
        {"image_std", p.std},
        {"do_pad", true}};
    const Json tokenizer = {{"tokenizer_class", "BertTokenizer"},
                            {"processor_class", "GroundingDinoProcessor"},
                            {"do_lower_case", true},
                            {"model_max_length", 512},
                            {"unk_token", "[UNK]"},
                            {"sep_token", "[SEP]"},
                            {"pad_token", "[PAD]"},
                            {"cls_token", "[CLS]"},
                            {"mask_token", "[MASK]"}};
    context.files->create_directories(out);
    const auto write = [&](const char* name, const std::string& text) {
      write_atomic(*context.files, out / name, text);
      return out / name;
    };
    return {write("vocab.txt", scene_vocabulary()),
            write("preprocessor_config.json", dump_json(preprocessor, 2) + "\n"),
            write("tokenizer_config.json", dump_json(tokenizer, 2) + "\n")};
  }

  // Those of the checkpoint; another side goes into a copy.
  static std::vector<fs::path> detector_files(const CommandContext& context, const fs::path& model,
                                              const fs::path& out, int side) {
    std::vector<fs::path> files = {model / "vocab.txt", model / "preprocessor_config.json"};
    if (side > 0) {
      Json preprocessor = read_json_file(files[1]);
      const DetectorPreprocess p = parse_detector_preprocess(preprocessor, files[1].string());
      preprocessor["do_resize"] = true;
      preprocessor["size"] = {{"shortest_edge", side},
                              {"longest_edge", side * p.longest_edge / p.shortest_edge}};
      context.files->create_directories(out);
      files[1] = out / "preprocessor_config.json";
      write_atomic(*context.files, files[1], dump_json(preprocessor, 2) + "\n");
    }
    for (const char* name : {"tokenizer_config.json", "special_tokens_map.json"}) {
      if (fs::exists(model / name)) files.push_back(model / name);
    }
    return files;
  }
};

}  // namespace

ExitCode run_train_stage(TrainStage stage, const CommandContext& context, const Json& config) {
  switch (stage) {
    case TrainStage::kTokenizer:
      return TrainTokenizer().run(context, config);
    case TrainStage::kVision:
      return TrainVision().run(context, config);
    case TrainStage::kDetector:
      return TrainDetector().run(context, config);
    case TrainStage::kSft:
      break;
  }
  return TrainSft().run(context, config);
}

}  // namespace vigor
