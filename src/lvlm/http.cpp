#include "lvlm/http.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/files.h"
#include "base/random.h"

namespace vigor {
namespace {

std::string trimmed(const std::string& text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpaces);
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

struct Picture {
  std::shared_ptr<const ChatImage> image;
  std::string error;
};

Picture read_picture(const ImageRequest& request) {
  if (request.without_image) return {};
  try {
    std::string bytes =
        request.image_bytes != nullptr ? *request.image_bytes : read_file(request.image);
    const std::string type = image_mime(bytes);
    if (type.empty() || type == "image/gif")
      return {nullptr, printable(request.key) + ": no JPEG, PNG or WebP picture"};
    return {chat_image(std::move(bytes), type), ""};
  } catch (const Error& error) {
    return {nullptr, error.what()};
  }
}

ChatPart words(const std::string& text) {
  return {.text = text, .image = nullptr};
}

}  // namespace

std::optional<double> yes_margin_of(const std::vector<TokenLogprob>& first_token) {
  const auto log_sum = [&](std::string_view upper, std::string_view lower) {
    double sum = 0;
    for (const TokenLogprob& token : first_token) {
      std::string_view text = token.token;
      if (text.starts_with("\u2581")) text.remove_prefix(3);  // as sentencepiece writes a space
      if (text.starts_with(' ')) text.remove_prefix(1);
      if (text == upper || text == lower) sum += std::exp(token.logprob);
    }
    return sum > 0 ? std::log(sum) : -std::numeric_limits<double>::infinity();
  };
  const double margin = log_sum("Yes", "yes") - log_sum("No", "no");
  if (!std::isfinite(margin)) return std::nullopt;
  return margin;
}

namespace {

// One call of answer().
class Asking {
 public:
  Asking(ChatClient& client, const HttpLvlmOptions& options, std::span<const ImageRequest> requests,
         const GenerationOptions& generation, const AnswersCallback& done)
      : client_(client),
        options_(options),
        requests_(requests),
        generation_(generation),
        done_(done),
        samples_(static_cast<size_t>(std::max(generation.samples, 1))),
        images_(requests.size()) {}

  void run(std::stop_token stop) {
    std::vector<Place> later;  // of the window before: their first questions are answered
    size_t next = 0;
    while (next < requests_.size() || !later.empty()) {
      if (stop.stop_requested()) return;
      std::vector<Place> now = std::exchange(later, {});
      size_t questions = 0;
      while (next < requests_.size() && questions < options_.window) {
        begin(next, now, later);
        questions += requests_[next++].questions.size() * samples_;
      }
      client_.complete(
          now.size(), [&](size_t i) { return request(now[i]); },
          [&](size_t i, ChatReply&& reply) { take(now[i], std::move(reply)); }, stop);
    }
  }

 private:
  // An answer's place: index is question * samples + sample.
  struct Place {
    size_t request, index;
  };
  struct Image {
    Picture picture;
    std::vector<Answer> answers;
    size_t missing = 0;
  };

  void begin(size_t r, std::vector<Place>& now, std::vector<Place>& later) {
    Image& image = images_[r];
    image.picture = read_picture(requests_[r]);
    image.answers.resize(requests_[r].questions.size() * samples_);
    image.missing = image.answers.size();
    if (!image.picture.error.empty()) {
      for (Answer& answer : image.answers) {
        answer.error = image.picture.error;
        answer.request_at_fault = true;
      }
      image.missing = 0;
    }
    if (image.missing == 0) return finish(r);
    for (size_t i = 0; i < image.answers.size(); ++i) (i == 0 ? now : later).push_back({r, i});
  }

  ChatRequest request(const Place& place) const {
    const ImageRequest& asked = requests_[place.request];
    const std::string& question = asked.questions[place.index / samples_];
    const size_t sample = place.index % samples_;
    ChatRequest request;
    const std::optional<std::string>& system =
        asked.system_prompt.has_value() ? asked.system_prompt : options_.system_prompt;
    if (system.has_value()) request.messages.push_back({"system", {words(*system)}});
    for (const EarlierTurn& turn : asked.earlier) {
      request.messages.push_back({"user", {words(turn.question)}});
      request.messages.push_back({"assistant", {words(turn.answer)}});
    }
    request.messages.push_back({"user", {words(question)}});
    if (const auto& picture = images_[place.request].picture.image; picture != nullptr) {
      for (ChatMessage& message : request.messages) {
        if (message.role != "user") continue;
        message.parts.insert(message.parts.begin(), ChatPart{.text = "", .image = picture});
        break;
      }
    }
    request.temperature = generation_.temperature;
    request.top_p = generation_.top_p;
    request.max_tokens = generation_.max_new_tokens;
    request.stop = generation_.stop;
    request.top_logprobs = 20;
    if (generation_.temperature > 0) {
      request.seed = CounterRandom(generation_.seed, asked.key + '\x1f' + question, sample).next();
    }
    request.repeat = static_cast<int>(sample);
    return request;
  }

  void take(const Place& place, ChatReply&& reply) {
    Image& image = images_[place.request];
    Answer& answer = image.answers[place.index];
    if (!reply.error.empty()) {
      answer.error = std::move(reply.error);
    } else {
      answer.text = trimmed(reply.text);
      answer.tokens = static_cast<int>(reply.usage.completion_tokens);
      answer.prompt_tokens = static_cast<int>(reply.usage.prompt_tokens);
      answer.finish = reply.finish;
      answer.yes_margin = yes_margin_of(reply.first_token);
      if (generation_.top_logprobs > 0) {
        for (const TokenLogprob& token : reply.first_token) {
          answer.likely.push_back({token.token, token.logprob});
        }
      }
    }
    if (--image.missing == 0) finish(place.request);
  }

  void finish(size_t r) {
    Image image = std::exchange(images_[r], {});  // with the picture's memory
    done_(r, std::move(image.answers));
  }

  ChatClient& client_;
  const HttpLvlmOptions& options_;
  std::span<const ImageRequest> requests_;
  const GenerationOptions& generation_;
  const AnswersCallback& done_;
  size_t samples_;
  std::vector<Image> images_;
};

}  // namespace

HttpLvlm::HttpLvlm(std::unique_ptr<ChatClient> client, HttpLvlmOptions options)
    : client_(std::move(client)), options_(std::move(options)) {
  options_.window = std::max<size_t>(options_.window, 1);
}

Json HttpLvlm::identity() const {
  const Json endpoint = client_->identity();
  return {{"kind", "endpoint"},
          {"checkpoint", endpoint.value("model", std::string())},
          {"endpoint", endpoint},
          {"system_prompt", options_.system_prompt ? Json(*options_.system_prompt) : Json()}};
}

void HttpLvlm::answer(std::span<const ImageRequest> requests, const GenerationOptions& options,
                      const AnswersCallback& done, std::stop_token stop) {
  if (options.top_k > 0) {
    throw Error({.what = "endpoints have no top-k",
                 .where = "--top-k",
                 .fix = "leave it out, or use --top-p",
                 .exit_code = ExitCode::kUsage});
  }
  Asking(*client_, options_, requests, options, done).run(std::move(stop));
}

Json HttpLvlm::measurements() const {
  Json counts = client_->usage();
  if (counts.contains("completion_tokens")) {
    counts["new_tokens"] = counts["completion_tokens"];
    counts.erase("completion_tokens");
  }
  counts.erase("peak_in_flight");  // no amount: it cannot be added over sessions
  return counts;
}

}  // namespace vigor
