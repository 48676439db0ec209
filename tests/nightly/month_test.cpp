// A month of nights with a drop of three points on one of them.
//
// The job itself runs over run folders for VIGOR_MONTHS seeds (1; a month takes a few seconds); the
// gate alone, in memory, for 20 seeds and more images.
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/random.h"
#include "nightly/nightly.h"
#include "tests/reports/synthetic_runs.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::nightly {
namespace {

namespace fs = std::filesystem;
using testing::SyntheticWorld;

constexpr int kNights = 30;
constexpr int kPlanted = 17;
constexpr double kDrop = 0.03;

int months() {
  const char* text = std::getenv("VIGOR_MONTHS");
  return text == nullptr ? 1 : std::max(1, std::atoi(text));
}

TEST(NightlyMonth, TheJobNamesThePlantedNight) {
  int false_alarms = 0, named = 0;
  for (int seed = 0; seed < months(); ++seed) {
    const testing::TemporaryFolder folder;
    DiskFileSystem disk;
    Config config;
    config.folder = folder / "nights";
    config.report = false;
    config.keep_days = 5;
    config.gate = reports::parse_gate(
        {{"rules", {{{"metric", "average.accuracy"}, {"allowed_drop", 0.005}}}}}, "gate");
    config.benchmarks.push_back({"pope", {"pope", "--night", ""}, "", "", false});
    const SyntheticWorld world{
        .seed = static_cast<uint64_t>(seed), .images = 150, .questions = 6, .splits = {"random"}};
    for (int day = 0; day < kNights; ++day) {
      config.benchmarks[0].command[2] = std::to_string(day);
      NightlyOptions options;
      options.now = 1'795'392'000 + int64_t{day} * 86'400;
      options.run = [&](const std::vector<std::string>& arguments, const fs::path&) {
        testing::write_pope_run(
            arguments.back(),
            testing::synthetic_answers(world, {.drop = day == kPlanted ? kDrop : 0,
                                               .own = 0.08,
                                               .seed = static_cast<uint64_t>(day + 1)}));
        return 0;
      };
      const Night night = run_night(disk, config, options).night;
      const bool regression = night.outcome == Outcome::kRegression;
      named += day == kPlanted && regression;
      false_alarms += day != kPlanted && regression;
    }
  }
  EXPECT_EQ(named, months());
  EXPECT_LE(false_alarms, 0.05 * months() * (kNights - 1));
  RecordProperty("named", named);
  RecordProperty("false_alarms", false_alarms);
}

// Views in memory: 500 images of 18 questions, as POPE has.
reports::RunView view_of(uint64_t seed, int day, double drop) {
  reports::RunView view;
  view.benchmark = "pope";
  view.folder = std::to_string(day);
  reports::RunMetric metric;
  metric.key = metric.name = metric.title = "average.accuracy";
  metric.headline = true;
  metric.terms = {{1, {}}};
  for (int image = 0; image < 500; ++image) {
    view.clusters.push_back(std::to_string(image));
    CounterRandom shared(seed, "shared", static_cast<uint64_t>(image));
    CounterRandom own(seed, "night " + std::to_string(day), static_cast<uint64_t>(image));
    const double p = 0.75 + 0.2 * shared.uniform() - drop;
    statistics::ClusterRatio cluster{0, 18};
    for (int q = 0; q < 18; ++q) {
      const double common = shared.uniform();
      cluster.numerator += (own.uniform() < 0.3 ? own.uniform() : common) < p ? 1 : 0;
    }
    metric.terms[0].clusters.push_back(cluster);
  }
  metric.value = statistics::sum_estimate(metric.terms)->value;
  view.metrics.push_back(metric);
  return view;
}

struct Month {
  bool named = false;
  int false_alarms = 0, passed = 0;
};

Month month(uint64_t seed, double allowed) {
  const reports::Gate gate = reports::parse_gate(
      {{"rules", {{{"metric", "average.accuracy"}, {"allowed_drop", allowed}}}}}, "gate");
  Month out;
  reports::RunView accepted = view_of(seed, 0, 0);
  for (int day = 1; day < kNights; ++day) {
    const reports::RunView tonight = view_of(seed, day, day == kPlanted ? kDrop : 0);
    const reports::GateResult result =
        reports::apply_gate(gate, reports::compare_runs({accepted}, {tonight}));
    const bool regression = result.outcome == reports::GateOutcome::kRegression;
    out.named = out.named || (day == kPlanted && regression);
    out.false_alarms += day != kPlanted && regression;
    if (result.outcome != reports::GateOutcome::kPass) continue;
    ++out.passed;
    accepted = tonight;
  }
  return out;
}

TEST(NightlyMonth, TheGateNamesThePlantedNightForEverySeed) {
  int named = 0, false_alarms = 0, passed = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const Month one = month(seed, 0.01);
    named += one.named;
    false_alarms += one.false_alarms;
    passed += one.passed;
  }
  EXPECT_EQ(named, 20);
  EXPECT_LE(false_alarms, 0.05 * 20 * (kNights - 2));
  // Most others pass: a gate that is inconclusive every night would be no gate.
  EXPECT_GT(passed, 0.7 * 20 * (kNights - 2));
  RecordProperty("false_alarms", false_alarms);
  RecordProperty("passed", passed);
}

}  // namespace
}  // namespace vigor::nightly
