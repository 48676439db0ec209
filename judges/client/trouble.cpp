#include "judges/client/trouble.h"

#include <algorithm>

#include "base/progress.h"

namespace vigor {
namespace {

// Seconds without an answer until failures are worth a line, once there was one.
constexpr double kQuiet = 2;
constexpr double kFirstInterval = 5, kLongestInterval = 600;

std::string counted(uint64_t failures) {
  return std::to_string(failures) + (failures == 1 ? " failed try" : " failed tries");
}

std::string short_duration(double seconds) {
  return seconds < 1 ? "less than 1 s" : format_duration(seconds);
}

}  // namespace

std::string TroubleReport::failed(const std::string& error, int tries, int max_tries, double next_s,
                                  double now) {
  if (failures_++ == 0) since_ = now;
  if (last_answer_ && now - *last_answer_ < kQuiet) return "";
  if (said_ && now < silent_until_) return "";
  interval_ = said_ ? std::min(2 * interval_, kLongestInterval) : kFirstInterval;
  silent_until_ = now + interval_;
  const std::string so_far = said_ ? "still failing after " + short_duration(now - since_) +
                                         " and " + counted(failures_) + ": "
                                   : std::string();
  said_ = true;
  return so_far + error + "; after try " + std::to_string(tries) + " of " +
         std::to_string(max_tries) + " it is asked again in " + short_duration(next_s);
}

std::string TroubleReport::answered(double now) {
  std::string text;
  if (said_) {
    text = "answers again after " + short_duration(now - since_) + " and " + counted(failures_);
  }
  last_answer_ = now;
  failures_ = 0;
  said_ = false;
  return text;
}

}  // namespace vigor
