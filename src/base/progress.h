// Progress of long work: rate and time left on a terminal, plain lines elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>

namespace vigor {

// Returns seconds of a steady clock; passed in, so that tests own time.
using Clock = std::function<double()>;
Clock steady_clock();
// Seconds since 1970 of the machine's wall clock, as another such function.
Clock system_clock();

struct ProgressOptions {
  bool terminal = false;        // redraw one line in place; otherwise a line now and then
  double interval_seconds = 0;  // 0: 0.1 s on a terminal, 10 s elsewhere
};

// Not thread-safe; the owner reports from one thread. Writes nothing when `out` is null.
class Progress {
 public:
  Progress(std::ostream* out, ProgressOptions options, Clock clock);
  // Starts a phase: "pope: 120/9000 questions, 41.2/s, 3 min 35 s left".
  void start(const std::string& what, const std::string& unit, uint64_t total, uint64_t done = 0);
  // `detail` is appended as it stands (loss, tokens/s).
  void advance(uint64_t count, const std::string& detail = "");
  void finish();

 private:
  void draw(bool last);

  std::ostream* out_;
  ProgressOptions options_;
  Clock clock_;
  std::string what_, unit_, detail_;
  uint64_t total_ = 0, done_ = 0, done_at_start_ = 0;
  double started_ = 0, drawn_ = -1e9;
  bool active_ = false;
};

// "41 s", "3 min 35 s", "2 h 05 min".
std::string format_duration(double seconds);

}  // namespace vigor
