#include "base/progress.h"

#include <cmath>
#include <cstdio>

namespace vigor {

Clock steady_clock() {
  return [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  };
}

Clock system_clock() {
  return [] {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  };
}

std::string format_duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "?";
  const auto whole = static_cast<long long>(seconds + 0.5);
  char text[64];
  if (whole < 60) {
    std::snprintf(text, sizeof text, "%lld s", whole);
  } else if (whole < 3600) {
    std::snprintf(text, sizeof text, "%lld min %02lld s", whole / 60, whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%lld h %02lld min", whole / 3600, whole / 60 % 60);
  }
  return text;
}

Progress::Progress(std::ostream* out, ProgressOptions options, Clock clock)
    : out_(out), options_(options), clock_(std::move(clock)) {
  if (options_.interval_seconds == 0) options_.interval_seconds = options_.terminal ? 0.1 : 10;
}

void Progress::start(const std::string& what, const std::string& unit, uint64_t total,
                     uint64_t done) {
  if (active_) finish();
  what_ = what;
  unit_ = unit;
  detail_.clear();
  total_ = total;
  done_ = done_at_start_ = done;
  started_ = clock_();
  drawn_ = options_.terminal ? -1e9 : started_;
  active_ = true;
  draw(false);
}

void Progress::advance(uint64_t count, const std::string& detail) {
  done_ += count;
  detail_ = detail;
  draw(false);
}

void Progress::finish() {
  if (!active_) return;
  draw(true);
  active_ = false;
}

void Progress::draw(bool last) {
  if (out_ == nullptr) return;
  const double now = clock_();
  if (!last && now - drawn_ < options_.interval_seconds) return;
  drawn_ = now;
  const double elapsed = now - started_;
  const double rate = elapsed > 0 ? static_cast<double>(done_ - done_at_start_) / elapsed : 0;
  char numbers[160];
  std::snprintf(numbers, sizeof numbers, "%llu/%llu %s, %.1f/s",
                static_cast<unsigned long long>(done_), static_cast<unsigned long long>(total_),
                unit_.c_str(), rate);
  std::string line = what_ + ": " + numbers;
  if (last) {
    line += ", took " + format_duration(elapsed);
  } else if (rate > 0 && total_ >= done_) {
    line += ", " + format_duration(static_cast<double>(total_ - done_) / rate) + " left";
  }
  if (!detail_.empty()) line += ", " + detail_;
  if (options_.terminal) {
    *out_ << '\r' << line << "\x1b[K";
    if (last) *out_ << '\n';
  } else {
    *out_ << line << '\n';
  }
  out_->flush();
}

}  // namespace vigor
