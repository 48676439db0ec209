#include "base/memory.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace vigor {

void keep_freed_memory() {
#ifdef __GLIBC__
  // Thresholds above 32 MiB are refused, and activations are larger: no block is mapped on its own.
  ::mallopt(M_MMAP_MAX, 0);
  ::mallopt(M_TRIM_THRESHOLD, -1);
  ::mallopt(M_TOP_PAD, 64 << 20);
#endif
}

}  // namespace vigor
