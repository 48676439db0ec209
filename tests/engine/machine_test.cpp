// What doctor says about a machine, from facts that no test machine has.
#include "engine/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

MachineFacts good() {
  MachineFacts facts;
  facts.blas = "/usr/lib/x86_64-linux-gnu/openblas-openmp/libopenblasp-r0.3.21.so";
  facts.threads = 2;
  facts.units = {"avx2", "avx512f", "avx512_bf16", "amx_bf16"};
  return facts;
}

TEST(MachineAdvice, AGoodMachineHasNone) {
  EXPECT_THAT(machine_advice(good(), {.gemm_gflops_float32 = 300, .gemm_gflops_bfloat16 = 1600}),
              IsEmpty());
  EXPECT_THAT(machine_advice(good(), {}), IsEmpty());
}

TEST(MachineAdvice, TheReferenceBlasIsNamedWithItsCure) {
  MachineFacts facts = good();
  facts.reference_blas = true;
  facts.blas = "/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0";
  EXPECT_THAT(machine_advice(facts, {}),
              ElementsAre(HasSubstr("apt-get install libopenblas0-openmp")));
}

TEST(MachineAdvice, ThePthreadBuildOfOpenBlasSpins) {
  MachineFacts facts = good();
  facts.pthread_openblas = true;
  EXPECT_THAT(machine_advice(facts, {}), ElementsAre(HasSubstr("spin against each other")));
}

TEST(MachineAdvice, AnAbsurdRateIsSaidAloud) {
  EXPECT_THAT(machine_advice(good(), {.gemm_gflops_float32 = 2, .gemm_gflops_bfloat16 = 1600}),
              ElementsAre(HasSubstr("absurd for this processor")));
}

TEST(MachineAdvice, UnusedMatrixUnitsAndMissingOnes) {
  EXPECT_THAT(machine_advice(good(), {.gemm_gflops_float32 = 300, .gemm_gflops_bfloat16 = 5}),
              ElementsAre(HasSubstr("--dtype float32")));
  MachineFacts old = good();
  old.units = {"avx2"};
  EXPECT_THAT(machine_advice(old, {.gemm_gflops_float32 = 80, .gemm_gflops_bfloat16 = 4}),
              ElementsAre(HasSubstr("no bf16 matrix units")));
}

TEST(MachineFactsTest, ThisMachineIsDescribed) {
  const MachineFacts facts = machine_facts();
  EXPECT_FALSE(facts.libtorch.empty());
  EXPECT_GE(facts.threads, 1);
  EXPECT_GT(facts.memory_bytes, 0);
}

TEST(MachineRatesTest, AreMeasured) {
  const MachineRates rates =
      measure_machine({.gemm_size = 64, .seconds = 0.005, .memory_bytes = 1 << 20});
  EXPECT_GT(rates.gemm_gflops_float32, 0);
  EXPECT_GT(rates.gemm_gflops_bfloat16, 0);
  EXPECT_GT(rates.memory_gb_per_s, 0);
}

}  // namespace
}  // namespace vigor
