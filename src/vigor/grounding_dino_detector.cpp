// The text and picture side of Grounding DINO: captions to tokens, pictures to pixel values, and
// the network's answers to nouns and phrases.
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <map>

#include "engine/machine.h"
#include "image/detector_preprocess.h"
#include "lvlm/native_load.h"
#include "model/grounding_dino/grounding_dino.h"
#include "run/checkpoint_hash.h"
#include "text/wordpiece.h"
#include "vigor/detector.h"
#include "vigor/prompt_packing.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

constexpr int kFullStop = 1012;
constexpr int kQuestionMark = 1029;

DetectorPreprocess preprocess_of(const GroundingDinoOptions& options) {
  DetectorPreprocess preprocess =
      load_detector_preprocess(options.folder / "preprocessor_config.json");
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

// Rows of ids, padded to the longest.
struct Prompts {
  at::Tensor ids, types, mask;  // int64 [prompts, T]
};

Prompts make_prompts(std::span<const std::vector<int>> rows, int pad, at::Device device) {
  size_t longest = 0;
  for (const std::vector<int>& row : rows) longest = std::max(longest, row.size());
  const auto count = static_cast<int64_t>(rows.size());
  const auto tokens = static_cast<int64_t>(longest);
  Prompts prompts;
  prompts.ids = at::full({count, tokens}, pad, at::kLong);
  prompts.mask = at::zeros({count, tokens}, at::kLong);
  auto id = prompts.ids.accessor<int64_t, 2>();
  auto present = prompts.mask.accessor<int64_t, 2>();
  for (int64_t row = 0; row < count; ++row) {
    const std::vector<int>& values = rows[static_cast<size_t>(row)];
    for (size_t i = 0; i < values.size(); ++i) {
      id[row][static_cast<int64_t>(i)] = values[i];
      present[row][static_cast<int64_t>(i)] = 1;
    }
  }
  prompts.ids = prompts.ids.to(device);
  prompts.mask = prompts.mask.to(device);
  prompts.types = at::zeros_like(prompts.ids);
  return prompts;
}

// A noun's place in a prompt.
struct Span {
  size_t noun = 0;
  int64_t begin = 0, end = 0;  // tokens
};

struct Prompt {
  std::vector<int> ids;
  std::vector<Span> spans;
};

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

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct GroundingDinoDetector::State {
  State(const GroundingDinoOptions& given, at::Device on, at::ScalarType dtype)
      : options(given),
        device(on),
        tokenizer(WordPieceTokenizer::load(given.folder / "vocab.txt")),
        preprocess(preprocess_of(given)),
        model([&] {
          const GroundingDinoCheckpoint checkpoint = open_grounding_dino(given.folder, dtype, on);
          return GroundingDino(checkpoint.config, checkpoint.source);
        }()) {
    if (tokenizer.id_to_token(kFullStop) != "." || tokenizer.id_to_token(kQuestionMark) != "?") {
      throw Error({.what = "the vocabulary is not BERT's uncased one: '.' is not its token 1012",
                   .where = printable((given.folder / "vocab.txt").string()),
                   .cause = "it belongs to another model, and the detector's network knows "
                            "separators by their numbers",
                   .fix = "take vocab.txt from the same download as the weights"});
    }
  }

  VisionFeatures encode(const Image& image) const {
    DetectorBatch batch = preprocess_detector({&image, 1}, preprocess);
    const at::Tensor pixels =
        at::from_blob(batch.pixel_values.data(), {1, 3, batch.height, batch.width}, at::kFloat);
    const at::Tensor mask =
        at::from_blob(batch.pixel_mask.data(), {1, batch.height, batch.width}, at::kLong);
    // The blobs end with this function: a copy, also where nothing has to be converted.
    return model.encode_images(pixels.to(device, model.dtype(), false, true),
                               mask.to(device, at::kLong, false, true));
  }

  TextFeatures encode_prompts(std::span<const std::vector<int>> rows) const {
    const Prompts prompts = make_prompts(rows, tokenizer.pad_id(), device);
    return model.encode_text(prompts.ids, prompts.types, prompts.mask);
  }

  // The tokens of a noun without [CLS], [SEP] and what would end its phrase.
  std::vector<int> noun_tokens(const std::string& noun) const {
    std::vector<int> ids = tokenizer.encode(noun);
    std::erase_if(ids, [&](int id) {
      return id == tokenizer.cls_id() || id == tokenizer.sep_id() || id == tokenizer.pad_id() ||
             id == kFullStop || id == kQuestionMark;
    });
    return ids;
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
  if (options.side < 0 || options.prompts_per_batch < 1) {
    throw Error({.what = "the detector's picture side and prompts at once must be positive",
                 .exit_code = ExitCode::kUsage});
  }
  read_grounding_dino_config(options.folder);  // what the folder is, before what it lacks
  const at::Device device(checked_device(options.device));
  const at::ScalarType dtype = parse_dtype(options.dtype, device);
  state_ = std::make_unique<State>(options, device, dtype);
  state_->hash = checkpoint_hash(options.folder);
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

std::vector<NounFinding> GroundingDinoDetector::find_in(const Image& image,
                                                        std::span<const std::string> nouns) {
  const c10::NoGradGuard no_grad;
  // Nouns of the same tokens are one.
  std::vector<std::vector<int>> distinct;
  std::map<std::vector<int>, size_t> places;
  std::vector<NounFinding> findings(nouns.size());
  std::vector<std::optional<size_t>> asked(nouns.size());
  for (size_t i = 0; i < nouns.size(); ++i) {
    const std::vector<int> tokens = state_->noun_tokens(nouns[i]);
    findings[i].error = state_->problem_of(tokens);
    if (!findings[i].error.empty()) continue;
    const auto [place, is_new] = places.try_emplace(tokens, distinct.size());
    if (is_new) distinct.push_back(tokens);
    asked[i] = place->second;
  }
  if (distinct.empty()) return findings;

  std::vector<Prompt> prompts;
  for (const std::vector<size_t>& group : pack_prompts(
           distinct, {.budget = state_->budget(), .keep_apart = state_->options.keep_apart})) {
    Prompt prompt;
    prompt.ids.push_back(state_->tokenizer.cls_id());
    for (const size_t noun : group) {
      const auto begin = static_cast<int64_t>(prompt.ids.size());
      prompt.ids.insert(prompt.ids.end(), distinct[noun].begin(), distinct[noun].end());
      prompt.spans.push_back({noun, begin, static_cast<int64_t>(prompt.ids.size())});
      prompt.ids.push_back(kFullStop);
    }
    prompt.ids.push_back(state_->tokenizer.sep_id());
    prompts.push_back(std::move(prompt));
  }

  const VisionFeatures vision = state_->encode(image);
  std::vector<NounFinding> found(distinct.size());
  const auto at_once = static_cast<size_t>(state_->options.prompts_per_batch);
  for (size_t first = 0; first < prompts.size(); first += at_once) {
    const size_t count = std::min(at_once, prompts.size() - first);
    std::vector<std::vector<int>> rows;
    for (size_t i = 0; i < count; ++i) rows.push_back(prompts[first + i].ids);
    const GroundingDino::Output output =
        state_->model.ground(count == 1 ? vision : vision.select(std::vector<int64_t>(count, 0)),
                             state_->encode_prompts(rows));
    const at::Tensor scores = at::sigmoid(output.logits).to(at::kCPU);
    const at::Tensor boxes = output.boxes.to(at::kCPU).contiguous();
    const auto box = boxes.accessor<float, 3>();
    for (size_t i = 0; i < count; ++i) {
      const auto row = static_cast<int64_t>(i);
      for (const Span& span : prompts[first + i].spans) {
        // A box fits a noun as well as its best token does, as for whole prompts.
        const at::Tensor fit =
            std::get<0>(scores[row].slice(1, span.begin, span.end).max(1));  // [num_queries]
        const auto query = fit.argmax(0).item<int64_t>();
        NounFinding& finding = found[span.noun];
        finding.score = fit[query].item<float>();
        const auto& b = box[row][query];
        finding.box = box_corners({b[0], b[1], b[2], b[3]}, image.height, image.width);
      }
    }
  }
  for (size_t i = 0; i < nouns.size(); ++i) {
    if (asked[i]) findings[i] = found[*asked[i]];
  }
  return findings;
}

std::vector<PhraseBox> GroundingDinoDetector::ground(const Image& image, const std::string& caption,
                                                     double box_threshold, double text_threshold) {
  const c10::NoGradGuard no_grad;
  std::string text = stripped(caption);
  if (!text.ends_with('.')) text += '.';
  const std::vector<int> ids = state_->tokenizer.encode(text);
  if (state_->noun_tokens(text).empty()) {
    throw Error({.what = "the prompt names nothing to look for",
                 .fix = "give phrases that end in a full stop, such as \"a person. a dog.\"",
                 .exit_code = ExitCode::kUsage});
  }
  // The text first: a prompt that is too long is refused before any work.
  const TextFeatures words = state_->encode_prompts({&ids, 1});
  const GroundingDino::Output output = state_->model.ground(state_->encode(image), words);
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
