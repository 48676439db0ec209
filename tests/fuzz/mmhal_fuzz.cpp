// MMHal-Bench's records and a judge's stored replies, and every reply in both dialects.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "benchmarks/mmhal/rating.h"
#include "benchmarks/mmhal/record.h"

namespace {

using namespace vigor::mmhal;

// A rating is 0 to 6 or absent with a reason; the official dialect always has one.
void check(std::string_view reply) {
  const Rating strict = read_rating(reply, Dialect::kStrict);
  if (strict.score.has_value() == !strict.reason.empty()) std::abort();
  if (strict.score && (*strict.score < 0 || *strict.score > 6)) std::abort();
  const Rating official = read_rating(reply, Dialect::kOfficial);
  if (!official.score || *official.score < 0 || *official.score > 6) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check(input);
  try {
    for (const Review& review : parse_reviews(input, "reviews.json")) {
      if (review.text) check(*review.text);
    }
  } catch (const vigor::Error&) {
  }
  try {
    const auto records = parse_records(input, "records.json");
    if (parse_records(responses_json(records), "again").size() != records.size()) std::abort();
    for (const Record& record : records) picture_of(record, "images", "records.json");
  } catch (const vigor::Error&) {
  }
  return 0;
}
