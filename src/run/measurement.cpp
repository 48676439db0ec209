#include "run/measurement.h"

#include <sys/resource.h>

#include <algorithm>

namespace vigor {
namespace {

double number(const Json& object, const char* key) {
  if (!object.is_object()) return 0;
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

int64_t whole(const Json& object, const char* key) {
  if (!object.is_object()) return 0;
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

// Adds the numbers of `more` to those of `sum`, key by key.
Json add_numbers(Json sum, const Json& more) {
  if (!sum.is_object()) sum = Json::object();
  if (!more.is_object()) return sum;
  for (const auto& [key, value] : more.items()) {
    if (value.is_number_integer()) {
      sum[key] = whole(sum, key.c_str()) + value.get<int64_t>();
    } else if (value.is_number()) {
      sum[key] = number(sum, key.c_str()) + value.get<double>();
    }
  }
  return sum;
}

}  // namespace

int64_t peak_memory_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

Json measured_keys(const Json& run, const SessionMeasurement& session) {
  const Json before = run.value("timing", Json::object());
  const double evaluate_s = number(before, "evaluate_s") + session.evaluate_s;
  const int64_t rows = whole(run, "rows") + session.rows;
  Json model = session.model.is_object() ? session.model : Json::object();
  const Json phases = model.value("phases", Json::object());
  model.erase("phases");
  model.erase("images_per_batch");  // a choice, not an amount
  Json useful = run.value("useful_flops", Json());
  if (model.contains("useful_flops")) {
    useful = number(run, "useful_flops") + number(model, "useful_flops");
    model.erase("useful_flops");
  }
  return {{"timing",
           {{"load_s", number(before, "load_s") + session.load_s},
            {"evaluate_s", evaluate_s},
            {"phases", add_numbers(before.value("phases", Json::object()), phases)},
            {"sessions", whole(before, "sessions") + 1}}},
          {"rows", rows},
          {"questions_asked", whole(run, "questions_asked") + session.asked},
          {"rows_per_s",
           rows > 0 && evaluate_s > 0 ? Json(static_cast<double>(rows) / evaluate_s) : Json()},
          {"useful_flops", useful},
          {"model_counts", add_numbers(run.value("model_counts", Json::object()), model)},
          {"peak_memory_bytes", std::max(whole(run, "peak_memory_bytes"), peak_memory_bytes())}};
}

}  // namespace vigor
