#include "run/measurement.h"

#include <gtest/gtest.h>

namespace vigor {
namespace {

TEST(Measurement, SessionsAddUp) {
  Json run = Json::object();
  SessionMeasurement first{.load_s = 1, .evaluate_s = 4, .rows = 8, .asked = 6};
  first.model = {{"phases", {{"vision", 1.5}}}, {"useful_flops", 1e9}, {"new_tokens", 8}};
  run.update(measured_keys(run, first));
  EXPECT_EQ(run["rows_per_s"], 2.0);
  run.update(measured_keys(run, first));
  EXPECT_EQ(run["timing"]["load_s"], 2.0);
  EXPECT_EQ(run["timing"]["evaluate_s"], 8.0);
  EXPECT_EQ(run["timing"]["phases"]["vision"], 3.0);
  EXPECT_EQ(run["timing"]["sessions"], 2);
  EXPECT_EQ(run["rows"], 16);
  EXPECT_EQ(run["questions_asked"], 12);
  EXPECT_EQ(run["rows_per_s"], 2.0);
  EXPECT_EQ(run["useful_flops"], 2e9);
  EXPECT_EQ(run["model_counts"]["new_tokens"], 16);
  EXPECT_GT(run["peak_memory_bytes"].get<int64_t>(), 1 << 20);
}

TEST(Measurement, WhatWasNotMeasuredIsNull) {
  const Json keys = measured_keys(Json::object(), {});
  EXPECT_TRUE(keys["rows_per_s"].is_null());
  EXPECT_TRUE(keys["useful_flops"].is_null());
}

}  // namespace
}  // namespace vigor
