// What a server has done, as Prometheus reads it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "serve/batcher.h"

namespace vigor::serve {

// Not thread-safe: the server's network thread owns it.
class ServeMetrics {
 public:
  // A request that ended with this status; `path` is one of the server's own, or "other".
  void count(const std::string& path, int status, double seconds);

  int64_t connections = 0;          // open now
  int64_t connections_refused = 0;  // above the limit
  int64_t slow_clients = 0;         // dropped by a timeout

  // Text format 0.0.4.
  std::string text(const BatchMeasurements& batches) const;

 private:
  static constexpr std::array kBounds = {0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0};
  std::map<std::pair<std::string, int>, int64_t> requests_;
  std::array<int64_t, kBounds.size()> below_{};  // chat completions that took at most kBounds[i] s
  int64_t completions_ = 0;
  double completion_seconds_ = 0;
};

}  // namespace vigor::serve
