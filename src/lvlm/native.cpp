#include "lvlm/native.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <future>

#include "engine/engine.h"
#include "engine/machine.h"
#include "image/clip_preprocess.h"
#include "model/llava.h"
#include "run/checkpoint_hash.h"
#include "run/sha256.h"
#include "text/answer_decoder.h"
#include "text/conversation.h"
#include "text/prompt.h"
#include "text/tokenizer.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRandom = "random:";

at::ScalarType parse_dtype(const std::string& name, const at::Device& device) {
  if (name == "float32") return at::kFloat;
  if (name == "bfloat16") return at::kBFloat16;
  if (name == "float16" && device.is_cpu()) {
    throw Error({.what = "float16 is not computed on the processor",
                 .cause = "LibTorch has no half-precision matrix products for it",
                 .fix = "choose --dtype float32 or bfloat16; files in float16 load into either",
                 .exit_code = ExitCode::kUsage});
  }
  if (name == "float16") return at::kHalf;
  if (name == "auto") {
    const std::vector<std::string> units = machine_facts().units;
    const bool matrix_units = std::find(units.begin(), units.end(), "amx_bf16") != units.end();
    return !device.is_cpu() || matrix_units ? at::kBFloat16 : at::kFloat;
  }
  throw Error({.what = "unknown dtype '" + printable(name) + "'",
               .fix = "choose auto, float32, bfloat16 or float16",
               .exit_code = ExitCode::kUsage});
}

std::string dtype_name(at::ScalarType dtype) {
  return dtype == at::kFloat ? "float32" : dtype == at::kHalf ? "float16" : "bfloat16";
}

std::string trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// The logarithm of the summed probabilities.
double log_sum(std::vector<float>::const_iterator first, std::vector<float>::const_iterator last) {
  const double largest = *std::max_element(first, last);
  double sum = 0;
  for (; first != last; ++first) sum += std::exp(static_cast<double>(*first) - largest);
  return largest + std::log(sum);
}

// Everything that is read before the first question.
struct Loaded {
  LlavaConfig config;
  ParameterSource source;
  Tokenizer tokenizer;
  ClipPreprocess preprocess;
  std::string hash;
};

ClipPreprocess find_preprocess(const LlavaConfig& config, const fs::path& folder,
                               const fs::path& vision_tower) {
  std::vector<fs::path> places;
  if (!folder.empty()) places.push_back(folder / "preprocessor_config.json");
  if (!folder.empty() && config.layout == CheckpointLayout::kOriginal) {
    places.insert(places.begin(),
                  find_vision_tower(config, folder, vision_tower) / "preprocessor_config.json");
  }
  ClipPreprocess preprocess;
  const auto place = std::find_if(places.begin(), places.end(),
                                  [](const fs::path& file) { return fs::exists(file); });
  if (place != places.end()) {
    preprocess = load_clip_preprocess(*place);
  } else {
    // CLIP's own values at the tower's size; only random geometries come without the file.
    if (!folder.empty()) {
      throw Error({.what = "preprocessor_config.json is missing",
                   .where = printable(folder.string()),
                   .cause = "the checkpoint was not downloaded whole",
                   .fix = "put the file of the vision tower there; guessing how pictures were "
                          "resized would change every answer"});
    }
    const int side = static_cast<int>(config.vision.image_size);
    preprocess.shortest_edge = preprocess.crop_height = preprocess.crop_width = side;
  }
  if (config.image_pad) preprocess.aspect = Aspect::kPad;
  if (preprocess.height() != config.vision.image_size ||
      preprocess.width() != config.vision.image_size) {
    throw Error({.what = "pictures are cut to " + std::to_string(preprocess.width()) + "x" +
                         std::to_string(preprocess.height()) + ", the vision tower takes " +
                         std::to_string(config.vision.image_size),
                 .where = place != places.end() ? place->string() : "",
                 .cause = "preprocessor_config.json belongs to another vision tower",
                 .fix = "take the file of the tower that config.json names"});
  }
  return preprocess;
}

std::string tokenizer_hash(const fs::path& folder) {
  std::string hashes;
  for (const std::string& name : tokenizer_file_names()) {
    if (fs::exists(folder / name)) hashes += name + sha256_file(folder / name);
  }
  return sha256_hex(hashes);
}

Loaded load(const NativeOptions& options, at::ScalarType dtype, const at::Device& device) {
  if (options.model.starts_with(kRandom)) {
    const fs::path file = options.model.substr(kRandom.size());
    LlavaConfig config = parse_llava_config(read_json_file(file), file.string());
    if (options.tokenizer.empty()) {
      throw Error({.what = "random weights have no tokenizer of their own",
                   .where = options.model,
                   .fix = "give --tokenizer DIR with a tokenizer.model",
                   .exit_code = ExitCode::kUsage});
    }
    Tokenizer tokenizer = Tokenizer::load(options.tokenizer);
    check_fits(tokenizer, config.text.vocab_size, options.model);
    const ClipPreprocess preprocess = find_preprocess(config, {}, {});
    return {config, random_parameters(options.random_seed, dtype, device), std::move(tokenizer),
            preprocess,
            sha256_hex("random " + std::to_string(options.random_seed) + checkpoint_hash(file) +
                       tokenizer_hash(options.tokenizer))};
  }
  const fs::path folder = options.model;
  LlavaCheckpoint checkpoint = open_llava(folder, dtype, device, options.vision_tower);
  Tokenizer tokenizer = Tokenizer::load(options.tokenizer.empty() ? folder : options.tokenizer);
  check_fits(tokenizer, checkpoint.config.text.vocab_size, folder.string());
  ClipPreprocess preprocess = find_preprocess(checkpoint.config, folder, options.vision_tower);
  // What lies outside of the folder changes answers as well.
  std::string hash = checkpoint_hash(folder);
  if (checkpoint.config.layout == CheckpointLayout::kOriginal) {
    const fs::path tower = find_vision_tower(checkpoint.config, folder, options.vision_tower);
    hash = sha256_hex(hash + checkpoint_hash(tower));
  }
  if (!options.tokenizer.empty()) hash = sha256_hex(hash + tokenizer_hash(options.tokenizer));
  return {checkpoint.config, checkpoint.source, std::move(tokenizer), preprocess, hash};
}

class NativeLvlm : public Lvlm {
 public:
  NativeLvlm(const NativeOptions& options, at::ScalarType dtype, const at::Device& device)
      : options_(options),
        device_(device),
        dtype_(dtype),
        loaded_(load(options, dtype, device)),
        conversation_(options.conversation, options.system_prompt),
        model_(loaded_.config, loaded_.source),
        engine_(
            model_,
            {.images_per_batch = options.images_per_batch, .share_prefix = options.share_prefix},
            options.clock) {
    loaded_.source = nullptr;
    find_yes_and_no();
  }

  Json identity() const override {
    return {{"kind", "native"},
            {"checkpoint", options_.model},
            {"checkpoint_hash", loaded_.hash},
            {"conversation", conversation_.name()},
            {"system_prompt", conversation_.system()},
            {"dtype", dtype_name(dtype_)},
            {"device", device_.str()},
            {"image_aspect", loaded_.preprocess.aspect == Aspect::kPad ? "pad" : "crop"}};
  }

  Json measurements() const override {
    const EngineMeasurements& m = engine_.measurements();
    Json phases = m.seconds;
    phases["image"] = image_seconds_;
    return {{"phases", phases},
            {"useful_flops", m.useful_flops},
            {"images_encoded", m.images},
            {"prompt_tokens", m.prompt_tokens},
            {"computed_prompt_tokens", m.computed_prompt_tokens},
            {"new_tokens", m.new_tokens},
            {"images_per_batch", engine_.images_per_batch()}};
  }

  void answer(std::span<const ImageRequest> requests, const GenerationOptions& options,
              const AnswersCallback& done, std::stop_token stop) override {
    const size_t step = options_.share_prefix ? static_cast<size_t>(engine_.images_per_batch()) : 1;
    DecodingOptions decoding = decoding_options(options);
    decoding.cancelled = [&stop] { return stop.stop_requested(); };
    const auto read = [this, requests](size_t first, size_t count) {
      return read_pictures(requests.subspan(first, count));
    };
    // The next pictures are read while the model works on these.
    std::future<Pictures> ahead;
    for (size_t first = 0; first < requests.size(); first += step) {
      if (stop.stop_requested()) break;
      const size_t count = std::min(step, requests.size() - first);
      const double start = options_.clock();
      Pictures pictures = ahead.valid() ? ahead.get() : read(first, count);
      image_seconds_ += options_.clock() - start;
      if (first + count < requests.size()) {
        const size_t next = first + count;
        ahead = std::async(std::launch::async, read, next, std::min(step, requests.size() - next));
      }
      try {
        answer_batch(requests.subspan(first, count), first, std::move(pictures), decoding, options,
                     done);
      } catch (const EngineCancelled&) {
        break;
      }
    }
  }

 private:
  struct Pictures {
    std::vector<at::Tensor> pixels;   // [3, S, S] fp32
    std::vector<std::string> errors;  // "" where the picture was read
  };

  Pictures read_pictures(std::span<const ImageRequest> requests) const {
    Pictures pictures;
    const ClipPreprocess& preprocess = loaded_.preprocess;
    for (const ImageRequest& request : requests) {
      at::Tensor pixels;
      std::string error;
      try {
        const Image image = load_image(request.image);
        pixels = at::empty({3, preprocess.height(), preprocess.width()},
                           at::TensorOptions().dtype(at::kFloat));
        preprocess_clip(image, preprocess, pixels.data_ptr<float>());
      } catch (const std::exception& failure) {
        // Whatever is wrong with one picture (even its size) is its own failure.
        error = failure.what();
        pixels = at::Tensor();
      }
      pictures.pixels.push_back(std::move(pixels));
      pictures.errors.push_back(std::move(error));
    }
    return pictures;
  }

  DecodingOptions decoding_options(const GenerationOptions& options) const {
    DecodingOptions decoding;
    decoding.max_new_tokens = options.max_new_tokens;
    decoding.sampling = {
        .temperature = options.temperature, .top_k = options.top_k, .top_p = options.top_p};
    decoding.samples = options.samples;
    decoding.seed = options.seed;
    decoding.end_ids = {loaded_.tokenizer.eos_id()};
    decoding.probe_ids = yes_ids_;
    decoding.probe_ids.insert(decoding.probe_ids.end(), no_ids_.begin(), no_ids_.end());
    const std::vector<std::string> stops = stop_strings(options);
    if (!stops.empty()) {
      decoding.stopped = [this, stops](std::span<const int64_t> ids) {
        // A stop string is short: the end of the answer decides.
        const auto tail = ids.last(std::min<size_t>(ids.size(), 48));
        return cut_at_stop(decode(tail), stops).stopped;
      };
    }
    return decoding;
  }

  // The template's and the caller's; the end token is known by its id already.
  std::vector<std::string> stop_strings(const GenerationOptions& options) const {
    std::vector<std::string> stops = options.stop;
    for (const std::string& stop : conversation_.stop()) {
      if (stop != loaded_.tokenizer.config().eos_token) stops.push_back(stop);
    }
    return stops;
  }

  std::string decode(std::span<const int64_t> ids) const {
    return loaded_.tokenizer.decode(std::vector<int>(ids.begin(), ids.end()), true);
  }

  std::vector<int64_t> prompt(const std::string& question) const {
    const std::string text =
        conversation_.prompt(image_question(question, loaded_.config.mm_use_im_start_end));
    const ImageTokenStyle style =
        loaded_.config.layout == CheckpointLayout::kOriginal || !loaded_.tokenizer.id_of(kImageText)
            ? ImageTokenStyle::kSplit
            : ImageTokenStyle::kAddedToken;
    const std::vector<int> ids = prompt_ids(loaded_.tokenizer, text, style);
    return {ids.begin(), ids.end()};
  }

  void answer_batch(std::span<const ImageRequest> requests, size_t first, Pictures pictures,
                    const DecodingOptions& decoding, const GenerationOptions& options,
                    const AnswersCallback& done) {
    const auto samples = static_cast<size_t>(options.samples);
    std::vector<std::vector<Answer>> answers(requests.size());
    std::vector<EngineRequest> batch;
    std::vector<std::vector<size_t>> places(requests.size());  // engine prompt -> question
    std::vector<size_t> request_of;
    for (size_t r = 0; r < requests.size(); ++r) {
      answers[r].resize(requests[r].questions.size() * samples);
      if (!pictures.errors[r].empty()) {
        for (Answer& answer : answers[r]) answer.error = pictures.errors[r];
        continue;
      }
      EngineRequest request{requests[r].key, pictures.pixels[r], {}};
      for (size_t q = 0; q < requests[r].questions.size(); ++q) {
        std::vector<int64_t> ids = prompt(requests[r].questions[q]);
        const std::string problem = prompt_problem(ids);
        if (problem.empty()) {
          places[r].push_back(q);
          request.prompts.push_back(std::move(ids));
        } else {
          for (size_t s = 0; s < samples; ++s) answers[r][q * samples + s].error = problem;
        }
      }
      if (request.prompts.empty()) continue;
      request_of.push_back(r);
      batch.push_back(std::move(request));
    }
    const auto results = engine_.run(batch, decoding);
    const std::vector<std::string> stops = stop_strings(options);
    for (size_t b = 0; b < batch.size(); ++b) {
      const size_t r = request_of[b];
      for (size_t i = 0; i < results[b].size(); ++i) {
        const size_t question = places[r][i / samples];
        answers[r][question * samples + i % samples] = finished(results[b][i], stops);
      }
    }
    for (size_t r = 0; r < requests.size(); ++r) done(first + r, std::move(answers[r]));
  }

  std::string prompt_problem(const std::vector<int64_t>& ids) const {
    const auto images = std::count(ids.begin(), ids.end(), kImageTokenId);
    const int64_t length =
        static_cast<int64_t>(ids.size()) + images * (loaded_.config.image_tokens() - 1);
    const int64_t context = loaded_.config.text.max_position_embeddings;
    if (images > 1) return "the question holds '<image>' itself: a prompt has one image";
    if (ids.empty() || ids.back() == kImageTokenId) {
      return "the conversation template " + conversation_.name() + " puts nothing after the image";
    }
    if (length >= context) {
      return "the prompt takes " + std::to_string(length) + " tokens, the model's context holds " +
             std::to_string(context);
    }
    return "";
  }

  Answer finished(const EngineAnswer& result, const std::vector<std::string>& stops) const {
    Answer answer;
    if (!result.finite) {
      answer.error =
          "the model computed a number that is not finite (NaN or infinity): its weights are "
          "damaged, or they overflow in this dtype";
      return answer;
    }
    const CutAnswer cut = cut_at_stop(decode(result.ids), stops);
    answer.text = trimmed(cut.text);
    answer.tokens = static_cast<int>(result.ids.size());
    answer.finish = result.ended || cut.stopped ? "stop" : "length";
    if (!yes_ids_.empty() && !no_ids_.empty() && !result.probe_logprobs.empty()) {
      const auto middle =
          result.probe_logprobs.begin() + static_cast<std::ptrdiff_t>(yes_ids_.size());
      answer.yes_margin = log_sum(result.probe_logprobs.begin(), middle) -
                          log_sum(middle, result.probe_logprobs.end());
    }
    return answer;
  }

  // First tokens of the spellings of yes and no. One that both share (a lone space, a byte) says
  // nothing and is left out.
  void find_yes_and_no() {
    const auto first_ids = [&](std::initializer_list<const char*> words) {
      std::vector<int64_t> ids;
      for (const char* word : words) {
        const std::vector<int> encoded = loaded_.tokenizer.encode(word, false);
        if (!encoded.empty()) ids.push_back(encoded.front());
      }
      return ids;
    };
    const std::vector<int64_t> yes = first_ids({"Yes", "yes"});
    const std::vector<int64_t> no = first_ids({"No", "no"});
    const auto only_in = [](const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
      std::vector<int64_t> kept;
      for (const int64_t id : a) {
        const bool shared = std::find(b.begin(), b.end(), id) != b.end();
        const bool twice = std::find(kept.begin(), kept.end(), id) != kept.end();
        if (!shared && !twice) kept.push_back(id);
      }
      return kept;
    };
    yes_ids_ = only_in(yes, no);
    no_ids_ = only_in(no, yes);
  }

  NativeOptions options_;
  at::Device device_;
  at::ScalarType dtype_;
  Loaded loaded_;
  Conversation conversation_;
  Llava model_;
  Engine engine_;
  std::vector<int64_t> yes_ids_, no_ids_;
  double image_seconds_ = 0;  // waiting for pictures, not reading them
};

}  // namespace

std::unique_ptr<Lvlm> open_native_lvlm(const NativeOptions& options) {
  const at::Device device(checked_device(options.device));
  return std::make_unique<NativeLvlm>(options, parse_dtype(options.dtype, device), device);
}

}  // namespace vigor
