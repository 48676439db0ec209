#include "engine/machine.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <torch/version.h>
#include <unistd.h>

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"

namespace vigor {
namespace {

using SteadyClock = std::chrono::steady_clock;

// The shortest of the repetitions that fit into `seconds`; the first one is a warm-up.
template <typename Work>
double best_time(double seconds, const Work& work) {
  work();
  double best = 1e9;
  const auto start = SteadyClock::now();
  std::chrono::duration<double> passed{0};
  while (passed.count() < seconds) {
    const auto before = SteadyClock::now();
    work();
    const auto after = SteadyClock::now();
    best = std::min(best, std::chrono::duration<double>(after - before).count());
    passed = after - start;
  }
  return best;
}

double gemm_gflops(const MachineOptions& options, at::ScalarType type) {
  const int64_t n = options.gemm_size;
  const at::Tensor a = at::full({n, n}, 0.5, at::TensorOptions().dtype(type));
  const at::Tensor b = at::full({n, n}, 0.25, at::TensorOptions().dtype(type));
  at::Tensor out = at::empty({n, n}, at::TensorOptions().dtype(type));
  const double best = best_time(options.seconds, [&] { at::mm_out(out, a, b); });
  const auto size = static_cast<double>(n);
  return 2 * size * size * size / best / 1e9;
}

double memory_rate(const MachineOptions& options) {
  const int64_t count = options.memory_bytes / static_cast<int64_t>(sizeof(float));
  const at::Tensor data = at::ones({count}, at::kFloat);
  const float* values = data.data_ptr<float>();
  // Sums over sixteen lanes, bound by memory; the volatile result keeps the loop alive.
  const double best = best_time(options.seconds, [&] {
    at::parallel_for(0, count, 1 << 20, [&](int64_t begin, int64_t end) {
      float sums[16] = {};
      for (int64_t i = begin; i + 16 <= end; i += 16) {
        for (int lane = 0; lane < 16; ++lane) sums[lane] += values[i + lane];
      }
      volatile float keep = sums[0] + sums[15];
      (void)keep;
    });
  });
  return static_cast<double>(count) * sizeof(float) / best / 1e9;
}

std::string mapped_blas() {
  std::ifstream maps("/proc/self/maps");
  std::string line, best;
  int best_rank = 0;
  while (std::getline(maps, line)) {
    const size_t at = line.find('/');
    if (at == std::string::npos) continue;
    const std::string path = line.substr(at);
    const std::string name = std::filesystem::path(path).filename().string();
    // Some libraries carry the kernels (OpenBLAS, MKL); libblas.so may be a front for them.
    int rank = 0;
    if (name.find("openblas") != std::string::npos || name.find("mkl_") != std::string::npos ||
        name.find("libblis") != std::string::npos) {
      rank = 2;
    } else if (name.rfind("libblas.so", 0) == 0 || name.rfind("libatlas", 0) == 0) {
      rank = 1;
    }
    if (rank > best_rank) {
      best_rank = rank;
      best = path;
    }
  }
  return best;
}

}  // namespace

std::string libtorch_version() {
  return TORCH_VERSION;
}

double quick_gemm_gflops() {
  const c10::NoGradGuard no_grad;
  return gemm_gflops({.gemm_size = 512, .seconds = 0.05}, at::kFloat);
}

MachineRates measure_machine(const MachineOptions& options) {
  const c10::NoGradGuard no_grad;
  MachineRates rates;
  rates.gemm_gflops_float32 = gemm_gflops(options, at::kFloat);
  rates.gemm_gflops_bfloat16 = gemm_gflops(options, at::kBFloat16);
  rates.memory_gb_per_s = memory_rate(options);
  return rates;
}

std::string checked_device(const std::string& name) {
  const auto refuse = [&](const std::string& what, const std::string& fix) {
    throw Error({.what = what, .fix = fix, .exit_code = ExitCode::kUsage});
  };
  const bool numbered = name.starts_with("cuda:") && name.size() > 5 && name.size() < 9 &&
                        name.find_first_not_of("0123456789", 5) == std::string::npos;
  if (name == "cpu") return name;
  if (name != "cuda" && !numbered) {
    refuse("unknown device '" + printable(name) + "'", "choose cpu, cuda or cuda:N");
  }
  const int count = at::hasCUDA() ? static_cast<int>(at::getNumGPUs()) : 0;
  if (count == 0) {
    refuse("this LibTorch has no CUDA device",
           "choose --device cpu; vigor-eval doctor lists what is here");
  }
  if (numbered && std::stoi(name.substr(5)) >= count) {
    refuse("there are " + std::to_string(count) + " CUDA devices, " + name + " is none of them",
           "choose cuda:0 to cuda:" + std::to_string(count - 1));
  }
  return name;
}

void set_compute_threads(int threads) {
  if (threads <= 0) {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    threads = ::sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
  }
  at::set_num_threads(threads);
}

MachineFacts machine_facts() {
  MachineFacts facts;
  std::ifstream cpuinfo("/proc/cpuinfo");
  std::string line, flags;
  while (std::getline(cpuinfo, line)) {
    const size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    if (facts.processor.empty() && line.rfind("model name", 0) == 0) {
      facts.processor = line.substr(colon + 2);
    }
    if (flags.empty() && line.rfind("flags", 0) == 0) flags = line.substr(colon + 2);
  }
  std::istringstream words(flags);
  std::string word;
  while (words >> word) {
    for (const char* unit : {"avx2", "avx512f", "avx512_bf16", "amx_bf16", "amx_int8"}) {
      if (word == unit) facts.units.push_back(unit);
    }
  }
  facts.libtorch = TORCH_VERSION;
  facts.threads = at::get_num_threads();
  facts.blas = mapped_blas();
  const std::string name = std::filesystem::path(facts.blas).filename().string();
  // Debian links /lib/.../libblas.so.3 to .../blas/libblas.so.3 (reference) or to OpenBLAS's own
  // copy in .../openblas-{pthread,openmp,serial}/libblas.so.3.
  const bool front = name.rfind("libblas.so", 0) == 0;
  facts.reference_blas = front && facts.blas.find("openblas") == std::string::npos &&
                         facts.blas.find("mkl") == std::string::npos &&
                         facts.blas.find("blis") == std::string::npos &&
                         facts.blas.find("atlas") == std::string::npos;
  facts.pthread_openblas = facts.blas.find("openblas-pthread") != std::string::npos;
  if (at::hasCUDA()) {
    const auto count = static_cast<int>(at::getNumGPUs());
    for (int i = 0; i < count; ++i) facts.gpus.push_back("cuda:" + std::to_string(i));
  }
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page = ::sysconf(_SC_PAGE_SIZE);
  if (pages > 0 && page > 0) facts.memory_bytes = pages * page;
  return facts;
}

std::vector<std::string> machine_advice(const MachineFacts& facts, const MachineRates& rates) {
  std::vector<std::string> advice;
  const auto has = [&](const char* unit) {
    return std::find(facts.units.begin(), facts.units.end(), unit) != facts.units.end();
  };
  if (facts.reference_blas) {
    advice.push_back("LibTorch computes with the reference BLAS (" + facts.blas +
                     "), about a hundred times slower than it could: apt-get install "
                     "libopenblas0-openmp");
  } else if (facts.pthread_openblas) {
    advice.push_back(
        "OpenBLAS is the pthread build, whose threads and LibTorch's spin against each other: "
        "apt-get install libopenblas0-openmp && apt-get remove libopenblas0-pthread");
  } else if (rates.gemm_gflops_float32 > 0 && has("avx2")) {
    // A core with AVX2 reaches 30 GFLOP/s and more; a tenth of that is not this processor's fault.
    const double floor = 3.0 * std::max(facts.threads, 1);
    if (rates.gemm_gflops_float32 < floor) {
      advice.push_back("matrix products run at " +
                       std::to_string(static_cast<int>(rates.gemm_gflops_float32)) +
                       " GFLOP/s, absurd for this processor: look for other programs that use it, "
                       "or a BLAS that does not fit (" +
                       (facts.blas.empty() ? "none found" : facts.blas) + ")");
    }
  }
  if (rates.gemm_gflops_bfloat16 > 0) {
    const bool matrix_units = has("amx_bf16") || has("avx512_bf16");
    if (matrix_units && rates.gemm_gflops_bfloat16 < rates.gemm_gflops_float32) {
      advice.push_back(
          "the processor has bf16 units but bf16 products are slower than fp32: this LibTorch's "
          "oneDNN does not use them; pass --dtype float32");
    }
    if (!matrix_units) {
      advice.push_back(
          "the processor has no bf16 matrix units: fp32 is the faster choice (the default)");
    }
  }
  return advice;
}

}  // namespace vigor
