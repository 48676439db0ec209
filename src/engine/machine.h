// What this machine's processor can do, measured: the floor that speeds are compared with.
#pragma once

#include <string>
#include <vector>

namespace vigor {

struct MachineOptions {
  // Rows, columns and depth of the square product that is timed.
  int gemm_size = 1536;
  // Each measurement repeats until this many seconds have passed; the best repetition counts.
  double seconds = 0.5;
  // Bytes of the array that is read to measure memory; far above the caches.
  long memory_bytes = 256L << 20;
};

struct MachineRates {
  double gemm_gflops_float32 = 0;   // 10^9 floating-point operations a second
  double gemm_gflops_bfloat16 = 0;  // the same with bf16 operands
  double memory_gb_per_s = 0;       // 10^9 bytes read a second, all threads
};

// Version of the LibTorch that this was built with.
std::string libtorch_version();

// fp32 alone, on a product of 512 rows for about 50 ms: enough to see what is absurd.
double quick_gemm_gflops();

// Takes about 4 x options.seconds. LibTorch's thread count decides how many cores are used.
MachineRates measure_machine(const MachineOptions& options = {});

// Lets LibTorch compute with `threads` threads, 0: as many as the machine has cores for this
// process. Debian's LibTorch takes half of them by itself (one of two), assuming hyper-threads.
// Call before the first operation.
void set_compute_threads(int threads);

// "cpu", "cuda" or "cuda:N" as it stands; throws Error (usage) for anything else, and for a CUDA
// device that this LibTorch or machine does not have.
std::string checked_device(const std::string& name);

struct MachineFacts {
  std::string processor;  // "model name" of /proc/cpuinfo, "" when unknown
  std::string libtorch;   // version
  int threads = 0;        // that LibTorch computes with
  std::string blas;       // path of the BLAS that this process has mapped, "" when none is found
  bool reference_blas = false;    // Debian's libblas3: a hundred times slower than the others
  bool pthread_openblas = false;  // its threads and LibTorch's spin against each other
  std::vector<std::string>
      units;  // of avx2, avx512f, avx512_bf16, amx_bf16, amx_int8: those present
  std::vector<std::string> gpus;  // names of CUDA devices that LibTorch can use
  long memory_bytes = 0;          // installed
};

MachineFacts machine_facts();

// What is wrong with the machine and how to mend it, in plain words; empty when nothing is.
// Rates may be zero (not measured).
std::vector<std::string> machine_advice(const MachineFacts& facts, const MachineRates& rates);

}  // namespace vigor
