// Reference cases of shared/reference: golden.json with its tensors. Header only, so that
// vigor_testing itself needs no LibTorch.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "model/weights.h"
#include "tests/testing/shared_data.h"

namespace vigor::testing {

struct Golden {
  explicit Golden(const std::filesystem::path& case_folder)
      : folder(case_folder),
        json(read_json_file(case_folder / "golden.json")),
        tensors(Weights::open_file(case_folder / "golden.safetensors")) {}

  at::Tensor tensor(const std::string& name) const { return tensors.get(name); }
  bool has(const std::string& name) const { return tensors.has(name); }

  std::filesystem::path folder;
  Json json;
  Weights tensors;
};

inline double max_abs_difference(const at::Tensor& a, const at::Tensor& b) {
  if (a.sizes() != b.sizes()) return std::numeric_limits<double>::infinity();
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

// The measured error is kept in the test's output, for the record of parity.
inline ::testing::AssertionResult near(const at::Tensor& actual, const at::Tensor& expected,
                                       double tolerance, const std::string& what) {
  const double error = max_abs_difference(actual, expected);
  ::testing::Test::RecordProperty(what, std::to_string(error));
  if (error <= tolerance) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << what << ": largest difference " << error << ", tolerance " << tolerance;
}

inline std::vector<int64_t> id_vector(const Json& ids) {
  return ids.get<std::vector<int64_t>>();
}

}  // namespace vigor::testing
