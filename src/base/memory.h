// What the process takes from the system.
#pragma once

namespace vigor {

// Keeps freed memory in the process instead of giving it back at every large free. Fresh pages cost
// as much as the work on them (first touch runs at 0.7-0.8 GB/s here), and a forward frees and
// takes the same sizes again and again. Call once, in main(); does nothing without glibc.
void keep_freed_memory();

}  // namespace vigor
