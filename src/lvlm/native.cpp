#include "lvlm/native.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <future>
#include <set>

#include "engine/engine.h"
#include "engine/machine.h"
#include "image/clip_preprocess.h"
#include "lvlm/growing_answer.h"
#include "lvlm/native_load.h"
#include "model/llava.h"
#include "text/answer_decoder.h"
#include "text/conversation.h"
#include "text/prompt.h"
#include "text/tokenizer.h"

namespace vigor {
namespace {

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

class NativeLvlm : public Lvlm {
 public:
  NativeLvlm(const NativeOptions& options, at::ScalarType dtype, const at::Device& device)
      : options_(options),
        device_(device),
        dtype_(dtype),
        loaded_(load_native(options, dtype, device)),
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

  size_t images_together() const override {
    return options_.share_prefix ? static_cast<size_t>(engine_.images_per_batch()) : 1;
  }

  void answer(std::span<const ImageRequest> requests, const GenerationOptions& options,
              const AnswersCallback& done, std::stop_token stop) override {
    const size_t step = images_together();
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
    DecodeLimits limits;
    if (options_.max_image_pixels > 0) limits.max_pixels = options_.max_image_pixels;
    for (const ImageRequest& request : requests) {
      at::Tensor pixels;
      std::string error;
      try {
        if (request.without_image) {
          pictures.pixels.emplace_back();
          pictures.errors.emplace_back();
          continue;
        }
        const Image image =
            request.image_bytes == nullptr
                ? load_image(request.image, limits)
                : decode_image(std::as_bytes(std::span(*request.image_bytes)), "picture", limits);
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
    // `stopped` is set for each batch: it tells the batch's answers apart.
    DecodingOptions decoding;
    decoding.max_new_tokens = options.max_new_tokens;
    decoding.sampling = {
        .temperature = options.temperature, .top_k = options.top_k, .top_p = options.top_p};
    decoding.samples = options.samples;
    decoding.seed = options.seed;
    decoding.end_ids = {loaded_.tokenizer.eos_id()};
    decoding.probe_ids = yes_ids_;
    decoding.probe_ids.insert(decoding.probe_ids.end(), no_ids_.begin(), no_ids_.end());
    decoding.top_logprobs = options.top_logprobs;
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

  std::vector<int64_t> prompt(const ImageRequest& request, const std::string& question) const {
    std::vector<Turn> turns;
    for (const EarlierTurn& turn : request.earlier) turns.push_back({turn.question, turn.answer});
    turns.push_back({question, std::nullopt});
    if (!request.without_image) {
      const auto placed = std::find_if(turns.begin(), turns.end(), [](const Turn& turn) {
        return turn.question.find(kImageText) != std::string::npos;
      });
      Turn& shown = placed == turns.end() ? turns.front() : *placed;
      shown.question = image_question(shown.question, loaded_.config.mm_use_im_start_end);
    }
    const std::string text = request.system_prompt.has_value()
                                 ? Conversation(options_.conversation, request.system_prompt)
                                       .prompt(std::span<const Turn>(turns))
                                 : conversation_.prompt(std::span<const Turn>(turns));
    const ImageTokenStyle style =
        loaded_.config.layout == CheckpointLayout::kOriginal || !loaded_.tokenizer.id_of(kImageText)
            ? ImageTokenStyle::kSplit
            : ImageTokenStyle::kAddedToken;
    const std::vector<int> ids = prompt_ids(loaded_.tokenizer, text, style);
    return {ids.begin(), ids.end()};
  }

  void answer_batch(std::span<const ImageRequest> requests, size_t first, Pictures pictures,
                    DecodingOptions decoding, const GenerationOptions& options,
                    const AnswersCallback& done) {
    const auto samples = static_cast<size_t>(options.samples);
    std::vector<std::vector<Answer>> answers(requests.size());
    std::vector<EngineRequest> batch;
    std::vector<std::vector<size_t>> places(requests.size());  // engine prompt -> question
    std::vector<size_t> request_of;
    for (size_t r = 0; r < requests.size(); ++r) {
      answers[r].resize(requests[r].questions.size() * samples);
      if (!pictures.errors[r].empty()) {
        for (Answer& answer : answers[r]) answer = refused(pictures.errors[r]);
        continue;
      }
      EngineRequest request{requests[r].key, pictures.pixels[r], {}};
      for (size_t q = 0; q < requests[r].questions.size(); ++q) {
        std::vector<int64_t> ids = prompt(requests[r], requests[r].questions[q]);
        const std::string problem = prompt_problem(ids, requests[r].without_image);
        if (problem.empty()) {
          places[r].push_back(q);
          request.prompts.push_back(std::move(ids));
        } else {
          for (size_t s = 0; s < samples; ++s) answers[r][q * samples + s] = refused(problem);
        }
      }
      if (request.prompts.empty()) continue;
      request_of.push_back(r);
      batch.push_back(std::move(request));
    }
    const std::vector<std::string> stops = stop_strings(options);
    // From the engine's places to the caller's, where a question that was refused has one too.
    const auto place = [&](size_t r, size_t i) {
      return places[r][i / samples] * samples + i % samples;
    };
    std::vector<std::vector<GrowingAnswer>> growing;
    if (options.progress) {
      for (const EngineRequest& request : batch) {
        growing.emplace_back(request.prompts.size() * samples,
                             GrowingAnswer(loaded_.tokenizer, stops));
      }
    }
    std::set<std::pair<size_t, size_t>> ended_by_caller;
    if (!stops.empty() || options.progress) {
      decoding.stopped = [&](size_t b, size_t i, std::span<const int64_t> ids) {
        // A stop string is short: the end of the answer decides.
        const auto tail = ids.last(std::min<size_t>(ids.size(), 48));
        if (!stops.empty() && cut_at_stop(decode(tail), stops).stopped) return true;
        if (!options.progress) return false;
        const size_t r = request_of[b];
        if (options.progress(first + r, place(r, i),
                             growing[b][i].push(static_cast<int>(ids.back()))))
          return false;
        ended_by_caller.emplace(r, place(r, i));
        return true;
      };
    }
    const auto results = engine_.run(batch, decoding);
    for (size_t b = 0; b < batch.size(); ++b) {
      const size_t r = request_of[b];
      for (size_t i = 0; i < results[b].size(); ++i) {
        Answer& answer = answers[r][place(r, i)];
        answer = finished(results[b][i], stops);
        answer.prompt_tokens = static_cast<int>(prompt_length(batch[b].prompts[i / samples]));
        if (ended_by_caller.contains({r, place(r, i)})) answer.finish = "length";
      }
    }
    for (size_t r = 0; r < requests.size(); ++r) done(first + r, std::move(answers[r]));
  }

  static Answer refused(const std::string& why) {
    Answer answer;
    answer.error = why;
    answer.request_at_fault = true;
    return answer;
  }

  // Tokens that the model sees: an image is many.
  int64_t prompt_length(const std::vector<int64_t>& ids) const {
    const auto images = std::count(ids.begin(), ids.end(), kImageTokenId);
    return static_cast<int64_t>(ids.size()) + images * (loaded_.config.image_tokens() - 1);
  }

  std::string prompt_problem(const std::vector<int64_t>& ids, bool without_image) const {
    const auto images = std::count(ids.begin(), ids.end(), kImageTokenId);
    const int64_t length = prompt_length(ids);
    const int64_t context = loaded_.config.text.max_position_embeddings;
    if (without_image && images > 0) return "the question holds '<image>', and there is no picture";
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
    if (result.first.id >= 0) add_likely_tokens(result, answer);
    return answer;
  }

  void add_likely_tokens(const EngineAnswer& result, Answer& answer) const {
    const auto text = [this](int64_t id) {
      const int token = static_cast<int>(id);
      return loaded_.tokenizer.is_special(token) ? loaded_.tokenizer.id_to_piece(token)
                                                 : decode({&id, 1});
    };
    answer.first = LikelyToken{text(result.first.id), result.first.logprob};
    std::set<int64_t> listed;
    for (const auto& [id, logprob] : result.first.top) {
      answer.likely.push_back({text(id), logprob});
      listed.insert(id);
    }
    for (size_t p = 0; p < result.probe_logprobs.size(); ++p) {
      const int64_t id = p < yes_ids_.size() ? yes_ids_[p] : no_ids_[p - yes_ids_.size()];
      if (listed.insert(id).second) answer.likely.push_back({text(id), result.probe_logprobs[p]});
    }
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
  LoadedNative loaded_;
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
