#include "benchmarks/captions/evaluate.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "judges/chat/refusal.h"
#include "judges/ranking/reply.h"
#include "run/image_path.h"

namespace vigor::captions {
namespace {

// The bytes of a picture and what they are. Throws Error when the file is none.
std::pair<std::string, std::string> read_picture(const std::filesystem::path& path) {
  std::string bytes = read_file(path);
  std::string mime = image_mime(bytes);
  if (mime.empty()) {
    throw Error({.what = "not a JPEG, PNG, WebP or GIF picture",
                 .where = printable(path.string()),
                 .fix = "convert it, or remove its captions"});
  }
  return {std::move(bytes), std::move(mime)};
}

// Why the picture cannot be shown; "" when it can.
std::string picture_problem(const std::filesystem::path& path) {
  try {
    read_picture(path);
    return "";
  } catch (const Error& error) {
    return error.parts().where + ": " + error.parts().what;
  }
}

// Which candidate has nothing to be ranked; "" when all have.
std::string missing_caption(const Call& call, const RankPlan& plan) {
  for (const int shown : call.shown) {
    if (shown == kCanary) continue;
    const Candidate& candidate = plan.candidates[static_cast<size_t>(shown)];
    if (const auto failed = candidate.failed.find(call.image); failed != candidate.failed.end()) {
      return candidate.name + " has no caption: " + failed->second;
    }
  }
  return "";
}

ChatReply failure(std::string why) {
  ChatReply reply;
  reply.error = std::move(why);
  return reply;
}

// The picture of the calls that follow each other is read once.
class Requests {
 public:
  Requests(const RankPlan& plan, const RankOptions& options) : plan_(plan), options_(options) {}

  ChatRequest operator()(const Call& call) {
    if (call.image != image_name_) {
      auto [bytes, mime] = read_picture(options_.images / call.image);
      image_ = chat_image(std::move(bytes), std::move(mime));
      image_name_ = call.image;
    }
    const auto position = std::lower_bound(plan_.images.begin(), plan_.images.end(), call.image) -
                          plan_.images.begin();
    ranking::RankingQuestion question{.request = plan_.requests[static_cast<size_t>(position)],
                                      .captions = {},
                                      .image = image_,
                                      .seed = options_.calls.seed,
                                      // The same fence for a repeat: it must be the same question.
                                      .key = call.image + "/" + std::to_string(call.order)};
    for (const int shown : call.shown) {
      question.captions.push_back(
          shown == kCanary ? canary_caption(question.key, options_.calls.seed)
                           : plan_.candidates[static_cast<size_t>(shown)].captions.at(call.image));
    }
    ChatRequest request = ranking::ranking_request(options_.prompt, question);
    request.temperature = options_.temperature;
    request.max_tokens = options_.max_tokens;
    request.repeat = call.repeat;
    return request;
  }

 private:
  const RankPlan& plan_;
  const RankOptions& options_;
  std::string image_name_;
  std::shared_ptr<const ChatImage> image_;
};

}  // namespace

RankPlan make_plan(std::vector<Candidate> candidates, const RankOptions& options) {
  RankPlan plan;
  plan.candidates = std::move(candidates);
  const int most =
      options.calls.mode == Mode::kPairwise ? 2 : static_cast<int>(plan.candidates.size());
  if (options.calls.orders > most) {
    throw Error({.what = "--orders " + std::to_string(options.calls.orders) + " is more than the " +
                         std::to_string(most) + " rotations that there are",
                 .fix = "give at most --orders " + std::to_string(most),
                 .exit_code = ExitCode::kUsage});
  }
  size_t left_out = 0;
  const std::vector<std::string> common = common_images(plan.candidates, left_out);
  if (left_out > 0) {
    plan.warnings.push_back(std::to_string(left_out) +
                            " images are left out: not every candidate has a caption of them");
  }
  plan.images = choose_images(common, options.calls);
  if (static_cast<int64_t>(plan.images.size()) < options.calls.samples) {
    plan.warnings.push_back("only " + std::to_string(plan.images.size()) + " images of the " +
                            std::to_string(options.calls.samples) + " asked for have captions");
  }
  for (const std::string& image : plan.images) {
    image_path(options.images, image, "--candidates");
    plan.requests.push_back(options.request.empty() ? common_prompt(plan.candidates, image)
                                                    : options.request);
  }
  plan.calls = plan_calls(plan.images, plan.candidates.size(), options.calls);
  return plan;
}

Json run_settings(const RankPlan& plan, const RankOptions& options, const Json& judge) {
  Json candidates = Json::array();
  for (const Candidate& candidate : plan.candidates) {
    candidates.push_back({{"name", candidate.name}, {"content_sha256", candidate.content_hash}});
  }
  return {{"benchmark", "ranking"},
          {"mode", options.calls.mode == Mode::kBatch ? "batch" : "pairwise"},
          {"candidates", candidates},
          {"samples", options.calls.samples},
          {"orders", options.calls.orders},
          {"repeat_share", options.calls.repeat_share},
          {"canary_every", options.calls.canary_every},
          {"seed", options.calls.seed},
          {"template", {{"name", options.prompt.name}, {"sha256", options.prompt.sha256}}},
          {"prompt", options.request.empty() ? Json() : Json(options.request)},
          {"max_tokens", options.max_tokens},
          {"temperature", options.temperature},
          {"judge", judge},
          {"images", options.images.string()},
          {"max_failures", options.max_failures}};
}

std::vector<std::string> uncompared_settings() {
  return {"images", "max_failures"};
}

Json sample_row(const Call& call, const std::vector<Candidate>& candidates,
                const ChatReply& reply) {
  const auto name_of = [&](size_t place) -> Json {
    const int shown = call.shown[place];
    return shown == kCanary ? Json() : Json(candidates[static_cast<size_t>(shown)].name);
  };
  Json shown = Json::array();
  for (size_t i = 0; i < call.shown.size(); ++i) shown.push_back(name_of(i));
  Json row = {{"key", call.key},        {"image", call.image},  {"order", call.order},
              {"repeat", call.repeat},  {"shown", shown},       {"status", "failed"},
              {"partial", false},       {"rankings", Json()},   {"reply", Json()},
              {"finish", reply.finish}, {"tries", reply.tries}, {"judge_model", reply.model},
              {"error", Json()}};
  if (!reply.error.empty()) {
    row["error"] = reply.error;
    // A refusal is an answer: it would come again.
    if (reply.refused) row["status"] = "unjudged";
    if (!reply.raw.empty()) row["reply"] = reply.raw;
    return row;
  }
  row["reply"] = reply.text;
  const ranking::ParsedReply parsed =
      ranking::parse_reply(reply.text, ranking::labels(call.shown.size()));
  if (parsed.status() == ranking::ReplyStatus::kUnparsable) {
    row["status"] = "unjudged";
    row["error"] = reply.finish == "length" ? "the reply was cut off before it ranked anything"
                   : reads_as_refusal(reply.text) ? "the judge refused"
                                                  : "the reply ranks nothing that could be read";
    return row;
  }
  row["status"] = "scored";
  row["partial"] = parsed.status() == ranking::ReplyStatus::kPartial;
  Json& rankings = row["rankings"] = Json::object();
  for (size_t m = 0; m < ranking::kMetricCount; ++m) {
    Json& groups = rankings[std::string(ranking::kMetrics[m].code)];
    if (!parsed.rankings[m]) continue;
    groups = Json::array();
    for (const std::vector<size_t>& group : *parsed.rankings[m]) {
      Json names = Json::array();
      for (const size_t place : group) names.push_back(name_of(place));
      groups.push_back(std::move(names));
    }
  }
  return row;
}

RankResult evaluate(ChatClient& judge, RunFolder& folder, const RankPlan& plan,
                    const RankOptions& options, Progress& progress, std::stop_token stop) {
  RankResult result;
  std::vector<const Call*> calls;
  for (const Call& call : plan.calls) {
    if (!folder.holds(call.key)) calls.push_back(&call);
  }
  progress.start("rank", "calls", plan.calls.size(), plan.calls.size() - calls.size());
  const auto write = [&](const Call& call, const ChatReply& reply) {
    const Json row = sample_row(call, plan.candidates, reply);
    folder.append({&row, 1});
    ++result.rows;
    progress.advance(1);
  };
  std::vector<const Call*> open;
  std::string checked, picture;  // of the image before: its calls follow each other
  for (const Call* call : calls) {
    if (call->image != checked) {
      picture = picture_problem(options.images / call->image);
      checked = call->image;
    }
    const std::string problem = picture.empty() ? missing_caption(*call, plan) : picture;
    if (problem.empty()) {
      open.push_back(call);
    } else {
      write(*call, failure(problem));
    }
  }
  Requests requests(plan, options);
  size_t answered = 0;
  if (!open.empty()) {
    judge.complete(
        open.size(), [&](size_t index) { return requests(*open[index]); },
        [&](size_t index, ChatReply&& reply) {
          write(*open[index], reply);
          ++answered;
        },
        stop);
  }
  progress.finish();
  result.asked = static_cast<int64_t>(answered);
  result.interrupted = answered < open.size();
  if (result.interrupted && !stop.stop_requested()) {
    throw Error({.what = "the judge left " + std::to_string(open.size() - answered) +
                         " calls without a reply"});
  }
  return result;
}

}  // namespace vigor::captions
