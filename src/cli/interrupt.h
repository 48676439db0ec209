// Ctrl-C as a request to stop.
#pragma once

#include <stop_token>

namespace vigor {

// Turns the first SIGINT or SIGTERM into a stop request and the second into the end of the
// process (exit 130). Call once, in main, before any other thread starts: the signals are blocked
// in the caller, whose threads inherit it, and taken by a thread of their own.
std::stop_token stop_on_interrupt();

}  // namespace vigor
