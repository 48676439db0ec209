// The text and picture side of Grounding DINO: captions to tokens, pictures to pixel values, and
// the network's answers to nouns and phrases.
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <map>

#include "engine/machine.h"
#include "image/detector_preprocess.h"
#include "lvlm/native_load.h"
#include "model/grounding_dino/original_checkpoint.h"
#include "run/checkpoint_hash.h"
#include "text/wordpiece.h"
#include "vigor/detector.h"
#include "vigor/detector_prompts.h"
#include "vigor/prompt_packing.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

// The official release is one file, a .pth; what it does not hold lies beside it.
bool is_original(const GroundingDinoOptions& options) {
  return fs::is_regular_file(options.folder);
}

fs::path neighbour(const GroundingDinoOptions& options, const char* name) {
  return (is_original(options) ? options.folder.parent_path() : options.folder) / name;
}

fs::path geometry_of(const GroundingDinoOptions& options) {
  if (!options.config.empty()) return options.config;
  const fs::path config = neighbour(options, "config.json");
  if (!is_original(options) || fs::exists(config)) return config;
  throw Error({.what = "the file holds weights and not the geometry of the detector",
               .where = printable(options.folder.string()),
               .cause = "checkpoints of the official release are so",
               .fix = "name it: --detector-config configs/models/grounding-dino-tiny.json for "
                      "groundingdino_swint_ogc.pth, grounding-dino-base.json for "
                      "groundingdino_swinb_cogcoor.pth",
               .exit_code = ExitCode::kUsage});
}

GroundingDinoCheckpoint open_checkpoint(const GroundingDinoOptions& options, at::ScalarType dtype,
                                        at::Device device) {
  if (!is_original(options)) return open_grounding_dino(options.folder, dtype, device);
  return open_original_grounding_dino(options.folder, geometry_of(options), dtype, device);
}

// Of a file's vocabulary and its geometry the findings depend as much as of the weights.
std::string hash_of(const GroundingDinoOptions& options) {
  if (!is_original(options)) return checkpoint_hash(options.folder);
  return checkpoint_hash(options.folder) + "+" + checkpoint_hash(geometry_of(options)) + "+" +
         checkpoint_hash(neighbour(options, "vocab.txt"));
}

DetectorPreprocess preprocess_of(const GroundingDinoOptions& options) {
  const fs::path file = neighbour(options, "preprocessor_config.json");
  DetectorPreprocess preprocess;  // the official release's
  if (!is_original(options) || fs::exists(file)) preprocess = load_detector_preprocess(file);
  if (options.side > 0) {
    const double scale = static_cast<double>(options.side) / preprocess.shortest_edge;
    preprocess.longest_edge = static_cast<int>(preprocess.longest_edge * scale);
    preprocess.shortest_edge = options.side;
    preprocess.do_resize = true;
  }
  return preprocess;
}

std::string stripped(const std::string& text) {
  const char* spaces = " \t\r\n\f\v";
  const size_t first = text.find_first_not_of(spaces);
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(spaces) - first + 1);
}

class GroundingDinoDetector : public PhraseDetector {
 public:
  explicit GroundingDinoDetector(const GroundingDinoOptions& options);
  Json identity() const override;
  std::vector<NounFinding> find(const Picture& picture,
                                std::span<const std::string> nouns) override {
    return find_in(decode_image(std::as_bytes(std::span(picture.bytes)), printable(picture.name)),
                   nouns);
  }
  std::vector<NounFinding> find_in(const Image& image, std::span<const std::string> nouns) override;
  std::vector<PhraseBox> ground(const Image& image, const std::string& caption,
                                double box_threshold, double text_threshold) override;

  size_t pictures_together() const override;
  std::vector<PictureFindings> find_all(std::span<const PictureNouns> requests,
                                        std::stop_token stop) override;

 private:
  // What is asked of one picture.
  struct Question {
    std::vector<NounFinding> findings;         // for each noun
    std::vector<std::optional<size_t>> asked;  // its place in `found`
    std::vector<NounPrompt> prompts;
    std::vector<NounFinding> found;  // for each distinct noun
  };
  struct State;
  std::unique_ptr<State> state_;
};

struct GroundingDinoDetector::State {
  State(const GroundingDinoOptions& given, at::Device on, at::ScalarType dtype)
      : options(given),
        device(on),
        tokenizer(WordPieceTokenizer::load(neighbour(given, "vocab.txt"))),
        preprocess(preprocess_of(given)),
        model([&] {
          const GroundingDinoCheckpoint checkpoint = open_checkpoint(given, dtype, on);
          return GroundingDino(checkpoint.config, checkpoint.source);
        }()) {
    if (tokenizer.id_to_token(kFullStopId) != "." ||
        tokenizer.id_to_token(kQuestionMarkId) != "?") {
      throw Error({.what = "the vocabulary is not BERT's uncased one: '.' is not its token 1012",
                   .where = printable(neighbour(given, "vocab.txt").string()),
                   .cause = "it belongs to another model, and the detector's network knows "
                            "separators by their numbers",
                   .fix = "take vocab.txt from the same download as the weights"});
    }
  }

  VisionFeatures encode(std::span<const Image> images) const {
    DetectorBatch batch = preprocess_detector(images, preprocess);
    const auto count = static_cast<int64_t>(images.size());
    const at::Tensor pixels =
        at::from_blob(batch.pixel_values.data(), {count, 3, batch.height, batch.width}, at::kFloat);
    const at::Tensor mask =
        at::from_blob(batch.pixel_mask.data(), {count, batch.height, batch.width}, at::kLong);
    // The blobs end with this function: a copy, also where nothing has to be converted.
    return model.encode_images(pixels.to(device, model.dtype(), false, true),
                               mask.to(device, at::kLong, false, true));
  }

  TextFeatures encode_prompts(std::span<const std::vector<int>> rows) const {
    const PromptRows prompts = make_prompt_rows(rows, tokenizer.pad_id());
    return model.encode_text(prompts.ids.to(device), prompts.types.to(device),
                             prompts.mask.to(device));
  }

  std::string problem_of(const std::vector<int>& tokens) const {
    if (tokens.empty()) return "there is nothing to look for in this noun";
    if (std::all_of(tokens.begin(), tokens.end(),
                    [&](int id) { return id == tokenizer.unk_id(); })) {
      return "no part of this noun is in the detector's vocabulary";
    }
    if (tokens.size() + 1 > budget()) {
      return "the noun has " + std::to_string(tokens.size()) + " tokens, and a prompt holds " +
             std::to_string(budget() - 1);
    }
    return "";
  }

  Question question(std::span<const std::string> nouns) const;
  void answer(std::span<const Image> images, std::span<Question* const> questions) const;

  // What [CLS] and [SEP] leave of a prompt.
  size_t budget() const { return static_cast<size_t>(model.config().max_text_len) - 2; }

  GroundingDinoOptions options;
  at::Device device;
  WordPieceTokenizer tokenizer;
  DetectorPreprocess preprocess;
  GroundingDino model;
  std::string hash;
};

GroundingDinoDetector::GroundingDinoDetector(const GroundingDinoOptions& options) {
  if (options.side < 0 || options.prompts_per_batch < 1 || options.pictures_per_batch < 1) {
    throw Error({.what = "the detector's picture side, prompts and pictures at once must be "
                         "positive",
                 .exit_code = ExitCode::kUsage});
  }
  if (!options.config.empty() && !is_original(options)) {
    throw Error({.what = "--detector-config is for checkpoints that are one file",
                 .where = printable(options.folder.string()),
                 .cause = "a Hugging Face folder holds its own config.json",
                 .fix = "leave it out",
                 .exit_code = ExitCode::kUsage});
  }
  // What the checkpoint is, before what it lacks.
  if (is_original(options)) {
    const fs::path geometry = geometry_of(options);
    parse_grounding_dino_config(read_json_file(geometry), geometry.string());
    if (!fs::exists(neighbour(options, "vocab.txt"))) {
      throw Error({.what = "there is no vocab.txt beside the checkpoint",
                   .where = printable(options.folder.string()),
                   .cause = "the official release takes the vocabulary of bert-base-uncased",
                   .fix = "put vocab.txt of bert-base-uncased into the same folder"});
    }
  } else {
    read_grounding_dino_config(options.folder);
  }
  const at::Device device(checked_device(options.device));
  const at::ScalarType dtype = parse_dtype(options.dtype, device);
  state_ = std::make_unique<State>(options, device, dtype);
  state_->hash = hash_of(options);
}

// Several batches, so that pictures of different sizes find others of theirs.
size_t GroundingDinoDetector::pictures_together() const {
  const auto batch = static_cast<size_t>(state_->options.pictures_per_batch);
  return batch == 1 ? 1 : 4 * batch;
}

Json GroundingDinoDetector::identity() const {
  return {{"detector", "grounding-dino"},
          {"checkpoint", state_->options.folder.string()},
          {"checkpoint_hash", state_->hash},
          {"dtype", state_->model.dtype() == at::kFloat ? "float32" : "bfloat16"},
          {"device", state_->device.str()},
          {"shortest_edge", state_->preprocess.shortest_edge},
          {"longest_edge", state_->preprocess.longest_edge},
          {"keep_apart", state_->options.keep_apart}};
}

// Nouns of the same tokens are one.
GroundingDinoDetector::Question GroundingDinoDetector::State::question(
    std::span<const std::string> nouns) const {
  Question question;
  question.findings.resize(nouns.size());
  question.asked.resize(nouns.size());
  std::vector<std::vector<int>> distinct;
  std::map<std::vector<int>, size_t> places;
  for (size_t i = 0; i < nouns.size(); ++i) {
    const std::vector<int> tokens = noun_tokens(tokenizer, nouns[i]);
    question.findings[i].error = problem_of(tokens);
    if (!question.findings[i].error.empty()) continue;
    const auto [place, is_new] = places.try_emplace(tokens, distinct.size());
    if (is_new) distinct.push_back(tokens);
    question.asked[i] = place->second;
  }
  question.found.resize(distinct.size());
  if (distinct.empty()) return question;
  for (const std::vector<size_t>& group :
       pack_prompts(distinct, {.budget = budget(), .keep_apart = options.keep_apart})) {
    question.prompts.push_back(make_noun_prompt(tokenizer, distinct, group));
  }
  return question;
}

// Pictures of one size in the network, so that none is padded: the backbone sees padding.
void GroundingDinoDetector::State::answer(std::span<const Image> images,
                                          std::span<Question* const> questions) const {
  struct Row {
    size_t picture, prompt;
  };
  std::vector<Row> rows;
  for (size_t i = 0; i < questions.size(); ++i) {
    for (size_t p = 0; p < questions[i]->prompts.size(); ++p) rows.push_back({i, p});
  }
  if (!rows.empty()) {
    const VisionFeatures vision = encode(images);
    const size_t at_once =
        static_cast<size_t>(options.prompts_per_batch) * std::max<size_t>(1, images.size());
    for (size_t first = 0; first < rows.size(); first += at_once) {
      const size_t count = std::min(at_once, rows.size() - first);
      std::vector<std::vector<int>> ids;
      std::vector<int64_t> pictures;
      for (size_t i = first; i < first + count; ++i) {
        ids.push_back(questions[rows[i].picture]->prompts[rows[i].prompt].ids);
        pictures.push_back(static_cast<int64_t>(rows[i].picture));
      }
      const bool all_once = count == images.size() && images.size() == rows.size();
      const GroundingDino::Output output =
          model.ground(all_once ? vision : vision.select(pictures), encode_prompts(ids));
      const at::Tensor scores = at::sigmoid(output.logits).to(at::kCPU);
      const at::Tensor boxes = output.boxes.to(at::kCPU).contiguous();
      const auto box = boxes.accessor<float, 3>();
      for (size_t i = 0; i < count; ++i) {
        const auto row = static_cast<int64_t>(i);
        const Image& image = images[rows[first + i].picture];
        Question& question = *questions[rows[first + i].picture];
        for (const NounSpan& span : question.prompts[rows[first + i].prompt].spans) {
          // A box fits a noun as well as its best token does, as for whole prompts.
          const at::Tensor fit =
              std::get<0>(scores[row].slice(1, span.begin, span.end).max(1));  // [num_queries]
          const auto query = fit.argmax(0).item<int64_t>();
          NounFinding& finding = question.found[span.noun];
          finding.score = fit[query].item<float>();
          const auto& b = box[row][query];
          finding.box = box_corners({b[0], b[1], b[2], b[3]}, image.height, image.width);
        }
      }
    }
  }
  for (Question* question : questions) {
    for (size_t i = 0; i < question->findings.size(); ++i) {
      if (question->asked[i]) question->findings[i] = question->found[*question->asked[i]];
    }
  }
}

std::vector<NounFinding> GroundingDinoDetector::find_in(const Image& image,
                                                        std::span<const std::string> nouns) {
  const c10::NoGradGuard no_grad;
  Question question = state_->question(nouns);
  Question* const one = &question;
  state_->answer({&image, 1}, {&one, 1});
  return std::move(question.findings);
}

std::vector<PictureFindings> GroundingDinoDetector::find_all(std::span<const PictureNouns> requests,
                                                             std::stop_token stop) {
  if (state_->options.pictures_per_batch == 1) return Detector::find_all(requests, stop);
  const c10::NoGradGuard no_grad;
  std::vector<PictureFindings> answers(requests.size());
  std::vector<Question> questions(requests.size());
  struct Group {
    std::vector<Image> images;
    std::vector<size_t> requests;
  };
  std::map<std::pair<int, int>, Group> groups;  // by the size that the network sees
  const auto ask = [&](Group& group) {
    if (stop.stop_requested()) {
      for (const size_t i : group.requests) answers[i].error = kStopped;
    } else {
      std::vector<Question*> asked;
      for (const size_t i : group.requests) asked.push_back(&questions[i]);
      try {
        state_->answer(group.images, asked);
        for (const size_t i : group.requests) {
          answers[i].findings = std::move(questions[i].findings);
        }
      } catch (const Error& error) {  // pictures of one size: it is the same for each
        for (const size_t i : group.requests) answers[i].error = error.what();
      }
    }
    group = {};
  };
  for (size_t i = 0; i < requests.size(); ++i) {
    try {
      const Picture& picture = requests[i].picture;
      Image image = decode_image(std::as_bytes(std::span(picture.bytes)), printable(picture.name));
      questions[i] = state_->question(requests[i].nouns);
      const DetectorPreprocess& p = state_->preprocess;
      const Size size = p.do_resize ? detector_resize_size({image.height, image.width},
                                                           p.shortest_edge, p.longest_edge)
                                    : Size{image.height, image.width};
      Group& group = groups[{size.height, size.width}];
      group.images.push_back(std::move(image));
      group.requests.push_back(i);
      if (group.images.size() == static_cast<size_t>(state_->options.pictures_per_batch)) {
        ask(group);
      }
    } catch (const Error& error) {
      answers[i].error = error.what();
    }
  }
  for (auto& [size, group] : groups) {
    if (!group.requests.empty()) ask(group);
  }
  return answers;
}

std::vector<PhraseBox> GroundingDinoDetector::ground(const Image& image, const std::string& caption,
                                                     double box_threshold, double text_threshold) {
  const c10::NoGradGuard no_grad;
  std::string text = stripped(caption);
  if (!text.ends_with('.')) text += '.';
  const std::vector<int> ids = state_->tokenizer.encode(text);
  if (noun_tokens(state_->tokenizer, text).empty()) {
    throw Error({.what = "the prompt names nothing to look for",
                 .fix = "give phrases that end in a full stop, such as \"a person. a dog.\"",
                 .exit_code = ExitCode::kUsage});
  }
  // The text first: a prompt that is too long is refused before any work.
  const TextFeatures words = state_->encode_prompts({&ids, 1});
  const GroundingDino::Output output = state_->model.ground(state_->encode({&image, 1}), words);
  std::vector<PhraseBox> boxes;
  for (const GroundedBox& box : grounded_boxes(output.logits[0], output.boxes[0], image.height,
                                               image.width, box_threshold, text_threshold)) {
    std::vector<int> tokens;
    for (const int64_t position : box.positions)
      tokens.push_back(ids[static_cast<size_t>(position)]);
    boxes.push_back({box.box, box.score, state_->tokenizer.decode(tokens, false)});
  }
  return boxes;
}

}  // namespace

std::unique_ptr<PhraseDetector> open_grounding_dino_detector(const GroundingDinoOptions& options) {
  return std::make_unique<GroundingDinoDetector>(options);
}

}  // namespace vigor
