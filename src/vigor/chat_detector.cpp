#include "vigor/chat_detector.h"

#include <algorithm>

#include "base/error.h"
#include "vigor/detector_reply.h"

namespace vigor {
namespace {

// A part of a picture's nouns.
struct NounRequest {
  size_t picture = 0;
  size_t begin = 0, count = 0;
};

class ChatDetector : public Detector {
 public:
  ChatDetector(std::unique_ptr<ChatClient> client, ChatDetectorOptions options)
      : client_(std::move(client)), options_(options) {
    if (options.pictures_together > 0 && options.nouns_per_request > 0) return;
    throw Error({.what = "pictures and nouns of a request to a detector must be 1 or more",
                 .exit_code = ExitCode::kUsage});
  }

  Json identity() const override {
    return {{"detector", "chat"},
            {"endpoint", client_->identity()},
            {"nouns_per_request", options_.nouns_per_request}};
  }
  size_t pictures_together() const override { return options_.pictures_together; }
  Json usage() const override { return client_->usage(); }

  std::vector<NounFinding> find(const Picture& picture,
                                std::span<const std::string> nouns) override {
    const PictureNouns request = {picture, {nouns.begin(), nouns.end()}};
    PictureFindings answer = std::move(find_all({&request, 1}, {})[0]);
    if (!answer.error.empty()) {
      throw Error({.what = answer.error, .where = printable(picture.name)});
    }
    return std::move(answer.findings);
  }

  std::vector<PictureFindings> find_all(std::span<const PictureNouns> requests,
                                        std::stop_token stop) override {
    std::vector<PictureFindings> answers(requests.size());
    std::vector<NounRequest> parts;
    for (size_t i = 0; i < requests.size(); ++i) {
      const std::string type = image_mime(requests[i].picture.bytes);
      if (type.empty()) answers[i].error = "not a JPEG, PNG, WebP or GIF picture";
      const size_t nouns = requests[i].nouns.size();
      answers[i].findings.resize(nouns);
      for (size_t begin = 0; begin < nouns && !type.empty(); begin += options_.nouns_per_request) {
        parts.push_back({i, begin, std::min(options_.nouns_per_request, nouns - begin)});
      }
    }
    std::vector<bool> ended(parts.size(), false);
    const auto nouns_of = [&](const NounRequest& part) {
      return std::span(requests[part.picture].nouns).subspan(part.begin, part.count);
    };
    client_->complete(
        parts.size(),
        [&](size_t index) {
          return request(requests[parts[index].picture].picture, nouns_of(parts[index]));
        },
        [&](size_t index, ChatReply&& reply) {
          ended[index] = true;
          take(answers[parts[index].picture], parts[index].begin, nouns_of(parts[index]), reply);
        },
        stop);
    for (size_t i = 0; i < parts.size(); ++i) {
      std::string& error = answers[parts[i].picture].error;
      if (!ended[i] && error.empty()) error = kStopped;
    }
    for (PictureFindings& answer : answers) {
      if (!answer.error.empty()) answer.findings.clear();
    }
    return answers;
  }

 private:
  ChatRequest request(const Picture& picture, std::span<const std::string> nouns) const {
    ChatRequest request;
    request.messages.push_back(
        {"user",
         {{.text = "", .image = chat_image(picture.bytes, image_mime(picture.bytes))},
          {.text = detector_prompt(nouns), .image = nullptr}}});
    request.max_tokens = static_cast<int>(100 + 80 * nouns.size());
    request.schema = detector_reply_schema();
    return request;
  }

  static void take(PictureFindings& answer, size_t begin, std::span<const std::string> nouns,
                   const ChatReply& reply) {
    if (!answer.error.empty()) return;
    if (!reply.error.empty()) {
      answer.error = reply.error;
      return;
    }
    try {
      std::vector<NounFinding> findings =
          read_detector_reply(reply.text, nouns, "the detector's reply");
      std::move(findings.begin(), findings.end(),
                answer.findings.begin() + static_cast<ptrdiff_t>(begin));
    } catch (const Error& error) {
      answer.error = error.what();
    }
  }

  std::unique_ptr<ChatClient> client_;
  ChatDetectorOptions options_;
};

}  // namespace

std::unique_ptr<Detector> make_chat_detector(std::unique_ptr<ChatClient> client,
                                             ChatDetectorOptions options) {
  return std::make_unique<ChatDetector>(std::move(client), options);
}

}  // namespace vigor
