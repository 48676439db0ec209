#include "vigor/scene_detections.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "base/random.h"
#include "image/normalize.h"
#include "image/resize.h"
#include "vigor/detector_prompts.h"

namespace vigor {
namespace {

Error wrong_option(const std::string& what) {
  return Error({.what = what, .exit_code = ExitCode::kUsage});
}

void shuffle(std::vector<size_t>& order, CounterRandom& random) {
  for (size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[random.below(static_cast<uint32_t>(i))]);
  }
}

}  // namespace

std::string scene_vocabulary() {
  constexpr int kFirstWord = 1030;
  const std::map<int, std::string> fixed = {
      {0, "[PAD]"},    {100, "[UNK]"},     {101, "[CLS]"},        {102, "[SEP]"},
      {103, "[MASK]"}, {kFullStopId, "."}, {kQuestionMarkId, "?"}};
  std::string text;
  for (int id = 0; id < kFirstWord; ++id) {
    const auto found = fixed.find(id);
    text += found == fixed.end() ? "[unused" + std::to_string(id) + "]" : found->second;
    text += '\n';
  }
  std::set<std::string> words;
  for (const std::string& kind : scene_kinds()) {
    std::istringstream parts(kind + " " + plural_of(kind));
    for (std::string word; parts >> word;) words.insert(word);
  }
  for (const std::string& word : words) text += word + "\n";
  return text;
}

SceneDetections::SceneDetections(const SceneDetectionsOptions& options,
                                 const WordPieceTokenizer& tokenizer, Progress* progress)
    : options_(options), tokenizer_(tokenizer) {
  const std::vector<std::string>& kinds = scene_kinds();
  if (options.absent_nouns < 0 || options.absent_nouns > static_cast<int64_t>(kinds.size())) {
    throw wrong_option("'absent_nouns' is " + std::to_string(options.absent_nouns) +
                       ", but must be between 0 and the " + std::to_string(kinds.size()) +
                       " kinds of the scenes");
  }
  const auto share = [](double x) { return x >= 0 && x <= 1; };
  if (!share(options.left_out) || !share(options.plural)) {
    throw wrong_option("'left_out' and 'plural' are shares: they must be between 0 and 1");
  }
  for (const bool plural : {false, true}) {
    for (const std::string& kind : kinds) {
      tokens_.push_back(noun_tokens(tokenizer, plural ? plural_of(kind) : kind));
      if (tokens_.back().empty() || std::all_of(tokens_.back().begin(), tokens_.back().end(),
                                                [&](int id) { return id == tokenizer.unk_id(); })) {
        throw Error({.what = "the vocabulary knows no part of '" + kind + "'",
                     .cause = "the detector's vocab.txt has no English words",
                     .fix = "train from random: with the vocabulary of the scenes, or take a "
                            "checkpoint with BERT's vocabulary"});
      }
    }
  }
  const SceneOptions picture;
  const Size size =
      options.preprocess.do_resize
          ? detector_resize_size({picture.height, picture.width}, options.preprocess.shortest_edge,
                                 options.preprocess.longest_edge)
          : Size{picture.height, picture.width};
  height_ = size.height;
  width_ = size.width;
  const size_t bytes = static_cast<size_t>(height_) * static_cast<size_t>(width_) * 3;
  const auto count = static_cast<size_t>(std::max<int64_t>(0, options.scenes.count));
  pixels_.resize(count * bytes);
  things_.resize(count);
  draw_scenes(options.scenes, progress, [&](size_t i, const Scene& scene) {
    const Image small = resize(scene.image, height_, width_, options_.preprocess.filter);
    std::copy(small.rgb.begin(), small.rgb.end(),
              pixels_.begin() + static_cast<std::ptrdiff_t>(i * bytes));
    const auto w = static_cast<float>(scene.image.width);
    const auto h = static_cast<float>(scene.image.height);
    for (const SceneObject& object : scene.objects) {
      const Box& box = object.box;
      things_[i].push_back({object.kind_index, static_cast<float>(box.x0) / w,
                            static_cast<float>(box.y0) / h, static_cast<float>(box.x1) / w,
                            static_cast<float>(box.y1) / h});
    }
  });
}

uint64_t SceneDetections::size() const {
  return things_.size() * (options_.scenes.mirror ? 2 : 1);
}

std::vector<SceneDetections::Asked> SceneDetections::draw_nouns(const std::vector<Thing>& things,
                                                                uint64_t index,
                                                                int64_t step) const {
  const auto kinds = static_cast<int>(scene_kinds().size());
  std::set<int> present;
  for (const Thing& thing : things) present.insert(thing.kind);
  std::vector<Asked> nouns;
  if (options_.ask_all) {
    for (int kind = 0; kind < kinds; ++kind) nouns.push_back({kind, false});
    return nouns;
  }
  CounterRandom random(options_.seed ^ (static_cast<uint64_t>(step) << 20), "detector prompts",
                       index);
  std::vector<size_t> absent;
  for (int kind = 0; kind < kinds; ++kind) {
    if (!present.contains(kind)) absent.push_back(static_cast<size_t>(kind));
  }
  for (const int kind : present) {
    if (random.uniform() < options_.left_out) continue;
    nouns.push_back({kind, random.uniform() < options_.plural});
  }
  shuffle(absent, random);
  size_t more = random.below(static_cast<uint32_t>(options_.absent_nouns) + 1);
  if (nouns.empty()) more = std::max<size_t>(more, 1);
  for (size_t i = 0; i < std::min(more, absent.size()); ++i) {
    nouns.push_back({static_cast<int>(absent[i]), random.uniform() < options_.plural});
  }
  // Where every kind is there and all were left out.
  if (nouns.empty()) nouns.push_back({*present.begin(), false});
  for (size_t i = nouns.size(); i > 1; --i) {
    std::swap(nouns[i - 1], nouns[random.below(static_cast<uint32_t>(i))]);
  }
  return nouns;
}

DetectionSamples::Batch SceneDetections::batch(std::span<const uint64_t> indices,
                                               int64_t step) const {
  const auto count = static_cast<int64_t>(indices.size());
  const size_t plane = static_cast<size_t>(height_) * static_cast<size_t>(width_);
  const DetectorPreprocess& p = options_.preprocess;
  const NormalizeTable table =
      make_normalize_table({.rescale = p.do_rescale ? p.rescale_factor : 1.0,
                            .normalize = p.do_normalize,
                            .mean = p.mean,
                            .std = p.std});
  Batch batch;
  batch.pixels = at::empty({count, 3, height_, width_}, at::kFloat);
  batch.pixel_mask = at::ones({count, height_, width_}, at::kLong);
  std::vector<std::vector<int>> rows;
  std::vector<std::vector<std::pair<int, NounSpan>>> asked;  // kind and place
  Image image;
  image.height = height_;
  image.width = width_;
  for (size_t b = 0; b < indices.size(); ++b) {
    const size_t scene = indices[b] % things_.size();
    const bool mirrored = indices[b] >= things_.size();
    image.rgb.assign(pixels_.begin() + static_cast<std::ptrdiff_t>(scene * plane * 3),
                     pixels_.begin() + static_cast<std::ptrdiff_t>((scene + 1) * plane * 3));
    normalize(image, table, batch.pixels.data_ptr<float>() + b * plane * 3, width_, height_);
    if (mirrored)
      batch.pixels[static_cast<int64_t>(b)].copy_(batch.pixels[static_cast<int64_t>(b)].flip({2}));

    const std::vector<Asked> nouns = draw_nouns(things_[scene], indices[b], step);
    std::vector<size_t> group;
    for (const Asked& noun : nouns) {
      group.push_back(static_cast<size_t>(noun.kind) + (noun.plural ? tokens_.size() / 2 : 0));
    }
    NounPrompt prompt = make_noun_prompt(tokenizer_, tokens_, group);
    asked.emplace_back();
    for (size_t i = 0; i < nouns.size(); ++i) {
      asked.back().emplace_back(nouns[i].kind, prompt.spans[i]);
    }
    rows.push_back(std::move(prompt.ids));
  }
  PromptRows prompts = make_prompt_rows(rows, tokenizer_.pad_id());
  const int64_t tokens = prompts.ids.size(1);
  for (size_t b = 0; b < indices.size(); ++b) {
    const std::vector<Thing>& things = things_[indices[b] % things_.size()];
    const bool mirrored = indices[b] >= things_.size();
    std::vector<float> boxes;
    std::vector<NounSpan> spans;
    batch.nouns.emplace_back();
    for (const auto& [kind, span] : asked[b]) {
      bool present = false;
      for (const Thing& thing : things) {
        if (thing.kind != kind) continue;
        present = true;
        const float x = (thing.x0 + thing.x1) / 2;
        boxes.insert(boxes.end(), {mirrored ? 1 - x : x, (thing.y0 + thing.y1) / 2,
                                   thing.x1 - thing.x0, thing.y1 - thing.y0});
        spans.push_back(span);
      }
      batch.nouns.back().push_back({span.begin, span.end, present});
    }
    DetectionTargets targets;
    const auto things_count = static_cast<int64_t>(spans.size());
    targets.boxes = at::tensor(boxes, at::kFloat).view({things_count, 4});
    targets.tokens = at::zeros({things_count, tokens}, at::kFloat);
    for (int64_t i = 0; i < things_count; ++i) {
      const NounSpan& span = spans[static_cast<size_t>(i)];
      targets.tokens[i].slice(0, span.begin, span.end).fill_(1);
    }
    batch.targets.push_back(std::move(targets));
  }
  batch.ids = std::move(prompts.ids);
  batch.types = std::move(prompts.types);
  batch.attention = std::move(prompts.mask);
  return batch;
}

Json SceneDetections::identity() const {
  return {{"scenes_seed", options_.scenes.seed},
          {"first", options_.scenes.first},
          {"count", options_.scenes.count},
          {"mirror", options_.scenes.mirror},
          {"height", height_},
          {"width", width_},
          {"absent_nouns", options_.absent_nouns},
          {"left_out", options_.left_out},
          {"plural", options_.plural},
          {"seed", options_.seed}};
}

}  // namespace vigor
