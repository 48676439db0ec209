#include "serve/serve_metrics.h"

#include "base/json.h"

namespace vigor::serve {
namespace {

void head(std::string& text, const char* name, const char* type, const char* help) {
  text += std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
}

template <typename Number>
void value(std::string& text, const std::string& name, Number number) {
  text += name + " " + Json(number).dump() + "\n";
}

}  // namespace

void ServeMetrics::count(const std::string& path, int status, double seconds) {
  ++requests_[{path, status}];
  if (path != "/v1/chat/completions") return;
  ++completions_;
  completion_seconds_ += seconds;
  for (size_t i = 0; i < kBounds.size(); ++i) {
    if (seconds <= kBounds[i]) ++below_[i];
  }
}

std::string ServeMetrics::text(const BatchMeasurements& batches) const {
  std::string text;
  head(text, "vigor_requests_total", "counter", "Requests that ended, by path and status.");
  for (const auto& [key, count] : requests_) {
    value(text,
          "vigor_requests_total{path=\"" + key.first + "\",status=\"" + std::to_string(key.second) +
              "\"}",
          count);
  }
  head(text, "vigor_completion_seconds", "histogram", "From a request's header to its last byte.");
  for (size_t i = 0; i < kBounds.size(); ++i) {
    value(text, "vigor_completion_seconds_bucket{le=\"" + Json(kBounds[i]).dump() + "\"}",
          below_[i]);
  }
  value(text, "vigor_completion_seconds_bucket{le=\"+Inf\"}", completions_);
  value(text, "vigor_completion_seconds_sum", completion_seconds_);
  value(text, "vigor_completion_seconds_count", completions_);
  const auto counter = [&](const char* name, const char* help, int64_t number) {
    head(text, name, "counter", help);
    value(text, name, number);
  };
  const auto gauge = [&](const char* name, const char* help, int64_t number) {
    head(text, name, "gauge", help);
    value(text, name, number);
  };
  counter("vigor_batches_total", "Calls of the model.", batches.batches);
  counter("vigor_questions_total", "Questions in them.", batches.questions);
  counter("vigor_shared_prefixes_total",
          "Groups of questions with the same picture and beginning, computed once each.",
          batches.images);
  counter("vigor_prompt_tokens_total", "Tokens of the prompts.", batches.prompt_tokens);
  counter("vigor_new_tokens_total", "Tokens of the answers.", batches.new_tokens);
  counter("vigor_connections_refused_total", "Connections above the limit.", connections_refused);
  counter("vigor_slow_clients_total", "Clients dropped by a timeout.", slow_clients);
  gauge("vigor_connections", "Open connections.", connections);
  gauge("vigor_questions_waiting", "Questions that wait for the model.",
        static_cast<int64_t>(batches.waiting));
  return text;
}

}  // namespace vigor::serve
