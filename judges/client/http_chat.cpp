#include "judges/client/http_chat.h"

#include <curl/curl.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cmath>
#include <exception>
#include <map>
#include <unordered_map>

#include "judges/client/chat_reply.h"
#include "judges/client/options_check.h"
#include "judges/client/outcome.h"
#include "judges/client/request_body.h"
#include "judges/client/schedule.h"
#include "judges/client/transport.h"
#include "judges/client/trouble.h"

namespace vigor {

namespace asio = boost::asio;

namespace {

constexpr size_t kKeptBytes = 64 << 10;

class HttpChat : public ChatClient {
 public:
  HttpChat(HttpChatOptions options, HttpChatEnvironment environment)
      : options_(std::move(options)),
        identity_(identity_of(options_)),
        environment_(std::move(environment)),
        schedule_(options_, environment_.random),
        wake_(loop_),
        transport_(loop_, transport_options(options_)) {
    redactor_.add(options_.api_key);
    for (const auto& [name, value] : options_.secret_headers) redactor_.add(value);
    redactor_.add(proxy_password(options_.proxy));
  }

  Json identity() const override { return identity_; }

  void complete(size_t count, const ChatRequestSource& make, const ChatReplyCallback& done,
                std::stop_token stop) override {
    const double started = environment_.clock();
    make_ = &make;
    done_ = &done;
    ++runs_;
    schedule_.begin(count, started);
    loop_.restart();
    asio::post(loop_, [this] { pump(); });
    {
      // Called in the thread that stops, or here when that was before.
      const std::stop_callback stopping(stop, [this] {
        // May still be waiting when this run has ended and another has begun.
        asio::post(loop_, [this, run = runs_] {
          if (run != runs_) return;
          schedule_.stop();
          pump();
        });
      });
      if (stop.stop_requested()) schedule_.stop();
      try {
        loop_.run();
      } catch (...) {
        // Of make or done: the run is over, and what is under way has nobody to go to.
        leave(started);
        throw;
      }
    }
    leave(started);
    if (schedule_.why_ended() == Schedule::Ended::kBudget) throw budget_error();
    if (schedule_.why_ended() == Schedule::Ended::kDeadline) throw deadline_error();
  }

  Json usage() const override {
    Json out = {{"requests", requests_},
                {"retries", retries_},
                {"cache_hits", 0},
                {"prompt_tokens", prompt_tokens_},
                {"completion_tokens", completion_tokens_},
                {"cost", schedule_.budget().spent()},
                {"cost_unknown_at_most", schedule_.budget().unknown()},
                {"currency", options_.prices.currency},
                {"seconds", seconds_},
                {"peak_in_flight", peak_in_flight_},
                {"errors", errors_}};
    if (const double before = schedule_.budget().before(); before > 0) {
      out["cost_of_earlier_starts"] = before;
    }
    if (!options_.proxy.empty()) out["proxy"] = proxy_shown(options_.proxy);
    if (schema_refused_) out["schema_refused"] = true;
    if (logprobs_refused_) out["logprobs_refused"] = true;
    return out;
  }

 private:
  // As it is sent.
  struct Body {
    std::shared_ptr<const std::string> json;
    bool schema = false, logprobs = false;
  };

  static Json identity_of(const HttpChatOptions& options) {
    return {{"url", options.base_url},
            {"model", options.model},
            {"offers_schema", options.offers_schema},
            {"offers_logprobs", options.offers_logprobs},
            {"extra_body", options.extra_body}};
  }

  // Does what is due now, and sees to it that the loop wakes when more is.
  void pump() {
    if (std::exchange(pumping_, true)) return;
    struct Ended {
      bool& flag;
      ~Ended() { flag = false; }
    } ended{pumping_};
    for (;;) {
      const double now = environment_.clock();
      const Schedule::Step step = schedule_.step(now);
      switch (step.what) {
        case Schedule::Step::What::kMake: {
          schedule_.made(step.index, make_body(step.index));
          break;
        }
        case Schedule::Step::What::kSend:
          send(step.index);
          break;
        case Schedule::Step::What::kWait:
          wake_at(step.until, now);
          return;
        case Schedule::Step::What::kAnswers:
          return;
        case Schedule::Step::What::kEnd:
          loop_.stop();
          return;
      }
    }
  }

  TokenEstimate make_body(size_t index) {
    RequestBody body = request_body((*make_)(index), options_);
    bodies_[index] = {std::make_shared<const std::string>(std::move(body.json)), body.schema,
                      body.logprobs};
    return body.tokens;
  }

  // An endpoint may refuse what its configuration says, or nothing says, that it takes. Then it is
  // asked without, from now on; true when that is so.
  bool goes_without(size_t index, const Outcome& outcome) {
    const Body& body = bodies_.at(index);
    const bool schema = outcome.refused_parameter == "response_format" && body.schema;
    const bool logprobs = outcome.refused_parameter == "logprobs" && body.logprobs;
    if (!schema && !logprobs) return false;
    bool& refused = schema ? schema_refused_ : logprobs_refused_;
    (schema ? options_.offers_schema : options_.offers_logprobs) = false;
    if (!std::exchange(refused, true)) {
      say(std::string("takes no ") + (schema ? "JSON schema" : "logprobs") + " (" +
          outcome.reply.error + "); it is asked without");
    }
    make_body(index);
    return true;
  }

  void wake_at(double until, double now) {
    wake_.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(
        std::chrono::duration<double>(std::clamp(until - now, 0.0, 3600.0))));
    wake_.async_wait([this](boost::system::error_code error) {
      if (!error) pump();
    });
  }

  void send(size_t index) {
    if (schedule_.tries(index) > 1) ++retries_;
    peak_in_flight_ = std::max(peak_in_flight_, schedule_.in_flight());
    transport_.post(bodies_.at(index).json,
                    [this, index](HttpResult&& result) { ended(index, std::move(result)); });
  }

  void ended(size_t index, HttpResult&& result) {
    if (result.exchange == Exchange::kNotConnected && !options_.proxy.empty()) {
      result.trouble = "through the proxy " + proxy_shown(options_.proxy) + ": " + result.trouble;
    }
    // Before anything is cut short: half a key would not be known again.
    for (std::string* text : {&result.body, &result.trouble, &result.location}) {
      *text = redactor_.redact(*text);
    }
    Outcome outcome = read_outcome(result, environment_.wall_clock());
    prompt_tokens_ += outcome.usage.prompt_tokens;
    completion_tokens_ += outcome.usage.completion_tokens;
    if (goes_without(index, outcome)) outcome.next = Outcome::Next::kAgain;
    const int tries = schedule_.tries(index);
    const double now = environment_.clock();
    if (schedule_.ended(index, outcome, now)) {
      if (outcome.next == Outcome::Next::kDone) say(trouble_.answered(now));
      bodies_.erase(index);
      ++requests_;
      if (!outcome.reply.error.empty()) ++errors_[outcome.kind];
      outcome.reply.tries = tries;
      outcome.reply.raw = kept_text(result.body, kKeptBytes);
      redact(outcome.reply);
      (*done_)(index, std::move(outcome.reply));
    } else if (const std::optional<double> next = schedule_.next_try(now);
               next && outcome.next != Outcome::Next::kAgain) {
      say(trouble_.failed(outcome.reply.error, tries, options_.max_tries, *next - now, now));
    }
    pump();
  }

  void say(const std::string& words) const {
    if (environment_.trouble && !words.empty()) environment_.trouble(redactor_.redact(words));
  }

  // An endpoint, or a proxy before it, may send back what it was sent; what was escaped in the body
  // appears only now.
  void redact(ChatReply& reply) const {
    for (std::string* text : {&reply.error, &reply.text, &reply.finish, &reply.model}) {
      *text = redactor_.redact(*text);
    }
    for (TokenLogprob& token : reply.first_token) token.token = redactor_.redact(token.token);
  }

  void leave(double started) {
    transport_.abandon();
    wake_.cancel();
    bodies_.clear();
    seconds_ += environment_.clock() - started;
  }

  Error budget_error() const {
    const Budget& budget = schedule_.budget();
    const std::string& currency = options_.prices.currency;
    const auto money = [&](double amount) { return dump_json(amount) + " " + currency; };
    std::string what = "the budget of " + money(budget.limit()) +
                       " has no room for another request: " + money(budget.spent()) + " spent";
    if (budget.unknown() > 0) {
      what += ", " + money(budget.unknown()) + " for requests whose cost is not known";
    }
    if (budget.before() > 0) what += ", " + money(budget.before()) + " by earlier starts";
    return Error({.what = what,
                  .where = options_.base_url,
                  .fix = options_.spending_file.empty()
                             ? "give a larger budget; what was answered is kept"
                             : "give a larger --budget, which counts all starts of a run: what was "
                               "answered is kept, and the run goes on from there"});
  }

  Error deadline_error() const {
    return Error({.what = "the deadline of " + format_duration(*options_.deadline_s) +
                          " has passed before the last request",
                  .where = options_.base_url,
                  .fix = "give the same command again; what was answered is kept"});
  }

  HttpChatOptions options_;
  const Json identity_;
  HttpChatEnvironment environment_;
  Redactor redactor_;
  Schedule schedule_;
  asio::io_context loop_{1};
  asio::steady_timer wake_;
  HttpTransport transport_;
  // Of what was made and has not ended.
  std::unordered_map<size_t, Body> bodies_;
  const ChatRequestSource* make_ = nullptr;  // of the complete() that runs
  const ChatReplyCallback* done_ = nullptr;
  uint64_t runs_ = 0;
  bool pumping_ = false;
  TroubleReport trouble_;

  // Since construction.
  uint64_t requests_ = 0, retries_ = 0;
  int64_t prompt_tokens_ = 0, completion_tokens_ = 0;
  size_t peak_in_flight_ = 0;
  double seconds_ = 0;
  std::map<std::string, uint64_t> errors_;
  bool schema_refused_ = false, logprobs_refused_ = false;
};

}  // namespace

std::unique_ptr<ChatClient> make_http_chat(HttpChatOptions options,
                                           HttpChatEnvironment environment) {
  check_options(options);
  return std::make_unique<HttpChat>(std::move(options), std::move(environment));
}

}  // namespace vigor
