// The nightly job on run folders made up by a command that is a function.
#include "nightly/nightly.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/reports/synthetic_runs.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::nightly {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::synthetic_answers;
using testing::SyntheticModel;
using testing::SyntheticWorld;
using testing::write_pope_run;

constexpr int64_t kDay = 86'400;
constexpr int64_t kStart = 1'795'392'000;  // 2026-11-23

class NightlyTest : public ::testing::Test {
 protected:
  NightlyTest() {
    config_.folder = folder_ / "nights";
    config_.report = false;
    config_.gate = reports::parse_gate(
        {{"rules", {{{"metric", "average.accuracy"}, {"allowed_drop", 0.03}}}}}, "gate");
    config_.benchmarks.push_back(
        {"pope", {"pope", "--model", checkpoint().string()}, "", "", false});
    put_checkpoint("weights 0");
  }
  fs::path checkpoint() const { return folder_ / "checkpoint"; }
  void put_checkpoint(const std::string& weights) {
    folder_.write("checkpoint/config.json", "{}");
    folder_.write("checkpoint/model.safetensors", weights);
  }
  NightlyResult night(int day) {
    NightlyOptions options;
    options.now = kStart + day * kDay;
    options.program = "test";
    options.note = [&](const std::string& text) { notes_ += text + "\n"; };
    options.run = [&](const std::vector<std::string>& arguments, const fs::path& log) {
      ++evaluated_;
      if (exit_code_ != 0) {
        testing::write_text(log, "error: the model is not there\n");
        return exit_code_;
      }
      write_pope_run(arguments.back(), synthetic_answers(world_, model_), {.name = "tonight"});
      return 0;
    };
    return run_night(disk_, config_, options);
  }
  // A night with new weights, so that it is evaluated.
  Night changed_night(int day, const SyntheticModel& model) {
    model_ = model;
    put_checkpoint("weights of day " + std::to_string(day));
    return night(day).night;
  }

  testing::TemporaryFolder folder_;
  DiskFileSystem disk_;
  Config config_;
  SyntheticWorld world_{.images = 120, .splits = {"random"}};
  SyntheticModel model_{.own = 0.02};
  int exit_code_ = 0;
  int evaluated_ = 0;
  std::string notes_;
};

TEST_F(NightlyTest, TheFirstNightIsAcceptedAndLaysEverythingDown) {
  const NightlyResult result = night(0);
  EXPECT_EQ(result.night.id, "2026-11-23");
  EXPECT_EQ(result.night.outcome, Outcome::kPass);
  EXPECT_TRUE(result.night.accepted);
  for (const char* file : {"2026-11-23/night.json", "2026-11-23/plan.json", "vigor.db",
                           "trend.html", "summary.md", "junit.xml"}) {
    EXPECT_TRUE(fs::exists(config_.folder / file)) << file;
  }
  EXPECT_THAT(read_file(config_.folder / "summary.md"), HasSubstr("the first"));
}

TEST_F(NightlyTest, NothingIsEvaluatedTwice) {
  night(0);
  const NightlyResult again = night(0);
  EXPECT_TRUE(again.repeated);
  EXPECT_EQ(again.night.id, "2026-11-23");
  const NightlyResult next = night(1);
  EXPECT_EQ(evaluated_, 1);
  EXPECT_TRUE(next.night.jobs[0].reused);
  EXPECT_EQ(next.night.jobs[0].run, "2026-11-23/runs/pope");
  EXPECT_EQ(next.night.outcome, Outcome::kPass);
}

TEST_F(NightlyTest, ARegressionIsNamedAndNotAccepted) {
  night(0);
  const Night bad = changed_night(1, {.drop = 0.15, .seed = 1});
  EXPECT_EQ(bad.outcome, Outcome::kRegression);
  EXPECT_FALSE(bad.accepted);
  EXPECT_EQ(exit_code(bad.outcome), ExitCode::kRegression);
  EXPECT_EQ(bad.reference, "2026-11-23");
  ASSERT_EQ(bad.jobs[0].rules.size(), 1u);
  EXPECT_THAT(bad.jobs[0].rules[0].sentence, HasSubstr("average.accuracy dropped by"));
  EXPECT_THAT(read_file(config_.folder / "junit.xml"), HasSubstr("failures=\"1\""));
  EXPECT_TRUE(fs::exists(config_.folder / "2026-11-24/compared/pope-accepted/compare.json"));
  // The next good night is compared with the one that was accepted.
  const Night good = changed_night(2, {.own = 0.02, .seed = 2});
  EXPECT_EQ(good.reference, "2026-11-23");
  EXPECT_EQ(good.outcome, Outcome::kPass);
  EXPECT_TRUE(good.accepted);
}

TEST_F(NightlyTest, SmallDropsThatAddUpAreSeenAgainstTheBaseline) {
  write_pope_run(folder_ / "pinned", synthetic_answers(world_, {.own = 0.02}));
  config_.benchmarks[0].baseline = folder_ / "pinned";
  night(0);
  const Night bad = changed_night(1, {.drop = 0.15, .seed = 1});
  ASSERT_EQ(bad.jobs[0].rules.size(), 2u);
  EXPECT_EQ(bad.jobs[0].rules[1].against, "baseline");
  EXPECT_EQ(bad.jobs[0].rules[1].outcome, reports::GateOutcome::kRegression);
}

TEST_F(NightlyTest, AFailingCommandIsAnErrorAndTheSameNightTriesAgain) {
  exit_code_ = 1;
  const Night failed = night(0).night;
  EXPECT_EQ(failed.outcome, Outcome::kError);
  EXPECT_FALSE(failed.accepted);
  EXPECT_THAT(failed.jobs[0].error, HasSubstr("the model is not there"));
  exit_code_ = 0;
  const NightlyResult mended = night(0);
  EXPECT_FALSE(mended.repeated);
  EXPECT_EQ(mended.night.id, failed.id);
  EXPECT_EQ(mended.night.outcome, Outcome::kPass);
}

// A rule for whichever benchmark has the figure, and the one that has it gave no run.
TEST_F(NightlyTest, ARuleOfABenchmarkThatFailedIsNotTakenForMisspelt) {
  config_.benchmarks.push_back({"mme", {"mme", "--model", checkpoint().string()}, "", "", false});
  config_.gate.rules.push_back(config_.gate.rules[0]);
  config_.gate.rules[1].metric = "perception";
  for (int day = 0; day < 2; ++day) {
    put_checkpoint("weights of day " + std::to_string(day));
    NightlyOptions options;
    options.now = kStart + day * kDay;
    options.program = "test";
    options.run = [&](const std::vector<std::string>& arguments, const fs::path& log) {
      if (arguments.front() == "mme") {
        testing::write_text(log, "error: no space left on the disk\n");
        return 1;
      }
      write_pope_run(arguments.back(), synthetic_answers(world_, model_), {.name = "tonight"});
      return 0;
    };
    const Night night = run_night(disk_, config_, options).night;
    EXPECT_EQ(night.outcome, Outcome::kError);
    EXPECT_THAT(night.jobs[1].error, HasSubstr("no space left on the disk"));
    // As a person would do, so that the next one is compared.
    if (day == 0) accept_night(disk_, config_, night.id);
    EXPECT_EQ(night.jobs[0].rules.size(), static_cast<size_t>(day));
  }
}

TEST_F(NightlyTest, AnInterruptedNightDecidesNothingAndGoesOn) {
  exit_code_ = static_cast<int>(ExitCode::kInterrupted);
  EXPECT_TRUE(night(0).interrupted);
  EXPECT_FALSE(fs::exists(config_.folder / "2026-11-23/night.json"));
  EXPECT_TRUE(fs::exists(config_.folder / "2026-11-23/plan.json"));
  exit_code_ = 0;
  const NightlyResult result = night(0);
  EXPECT_EQ(result.night.id, "2026-11-23");
  EXPECT_EQ(result.night.outcome, Outcome::kPass);
}

TEST_F(NightlyTest, ANightThatWasStoppedGoesOnTheNextDay) {
  exit_code_ = static_cast<int>(ExitCode::kInterrupted);
  night(0);
  exit_code_ = 0;
  EXPECT_EQ(night(1).night.id, "2026-11-23");
  EXPECT_EQ(night(1).night.id, "2026-11-24");
}

TEST_F(NightlyTest, ANightThatWasStoppedBeforeAChangeIsLeftAsItIs) {
  exit_code_ = static_cast<int>(ExitCode::kInterrupted);
  night(0);
  exit_code_ = 0;
  put_checkpoint("other weights");
  EXPECT_EQ(night(0).night.id, "2026-11-23.2");
  EXPECT_THAT(notes_, HasSubstr("something changed since"));
}

TEST_F(NightlyTest, AChangeOnTheSameDayIsAnotherNight) {
  night(0);
  const Night second = changed_night(0, {.own = 0.02, .seed = 3});
  EXPECT_EQ(second.id, "2026-11-23.2");
  EXPECT_EQ(second.reference, "2026-11-23");
}

TEST_F(NightlyTest, TwoJobsAtOnceAreRefused) {
  fs::create_directories(config_.folder);
  const auto held = disk_.try_lock(config_.folder / "nightly.lock");
  EXPECT_THROW(night(0), Error);
  EXPECT_EQ(evaluated_, 0);
}

TEST_F(NightlyTest, WhatMustNotBeComparedIsInconclusiveUntilAPersonAccepts) {
  night(0);
  put_checkpoint("new prompt");
  NightlyOptions options;
  options.now = kStart + kDay;
  options.program = "test";
  options.run = [&](const std::vector<std::string>& arguments, const fs::path&) {
    write_pope_run(arguments.back(), synthetic_answers(world_, {}), {.suffix = "One word."});
    return 0;
  };
  const Night night = run_night(disk_, config_, options).night;
  EXPECT_EQ(night.outcome, Outcome::kInconclusive);
  EXPECT_THAT(night.jobs[0].error, HasSubstr("prompt"));
  EXPECT_TRUE(accept_night(disk_, config_, night.id).accepted);
  const std::vector<Night> nights = read_nights(config_.folder);
  EXPECT_EQ(last_accepted(nights)->id, night.id);
  EXPECT_THROW(accept_night(disk_, config_, "2026-12-24"), Error);
}

TEST_F(NightlyTest, AGateWithoutAllowanceIsSaid) {
  night(0);
  EXPECT_EQ(notes_.find("no drop"), std::string::npos);
  config_.gate.rules[0].allowed_drop = 0;
  EXPECT_EQ(changed_night(1, {.own = 0.02, .seed = 2}).outcome, Outcome::kInconclusive);
  EXPECT_THAT(notes_, HasSubstr("the gate allows average.accuracy no drop"));
}

TEST_F(NightlyTest, TheGateOfTheFirstNightIsChecked) {
  config_.gate.rules[0].metric = "average.acuracy";
  EXPECT_THROW(night(0), Error);
  config_.gate.rules[0].metric = "average.accuracy";
  EXPECT_EQ(night(0).night.outcome, Outcome::kPass);
  EXPECT_EQ(evaluated_, 2);
}

TEST_F(NightlyTest, TheIndexIsRebuiltFromTheFolders) {
  night(0);
  changed_night(1, {.drop = 0.15, .seed = 1});
  fs::remove(config_.folder / "vigor.db");
  fs::remove(config_.folder / "trend.html");
  rebuild(disk_, config_);
  SQLite::Database database((config_.folder / "vigor.db").string());
  EXPECT_EQ(database.execAndGet("SELECT count(*) FROM nights").getInt(), 2);
  EXPECT_EQ(
      database.execAndGet("SELECT outcome FROM nights WHERE night = '2026-11-24'").getString(),
      "regression");
  EXPECT_GT(database.execAndGet("SELECT count(*) FROM night_figures").getInt(), 10);
  const std::string page = read_file(config_.folder / "trend.html");
  EXPECT_THAT(page, AllOf(HasSubstr("2026-11-24"), HasSubstr("class=\"reference\"")));
}

TEST_F(NightlyTest, AFigureThatMustStayHasAGateOnEitherSide) {
  config_.gate.rules[0].direction = reports::GateRule::Direction::kEither;
  night(0);
  changed_night(1, {.own = 0.02, .seed = 2});
  const std::string page = read_file(config_.folder / "trend.html");
  size_t lines = 0;
  for (size_t at = 0; (at = page.find("class=\"reference\"", at)) != std::string::npos; ++at)
    ++lines;
  EXPECT_EQ(lines, 2u);
  EXPECT_EQ(read_nights(config_.folder).back().jobs[0].rules[0].sign, 0);
}

TEST_F(NightlyTest, OldNightsAreMadeLightButWhatIsNeededStays) {
  config_.keep_days = 10;
  night(0);                                     // accepted, referred to below
  changed_night(1, {.drop = 0.15, .seed = 1});  // a regression
  const Night kept = changed_night(30, {.own = 0.02, .seed = 2});
  ASSERT_TRUE(kept.accepted);
  EXPECT_TRUE(fs::exists(config_.folder / kept.id / "runs"));
  EXPECT_FALSE(fs::exists(config_.folder / "2026-11-24/runs"));
  EXPECT_TRUE(fs::exists(config_.folder / "2026-11-24/night.json"));
  EXPECT_EQ(read_nights(config_.folder).size(), 3u);
}

TEST_F(NightlyTest, TheReportSetsTonightsRunBesideTheAcceptedOne) {
  config_.report = true;
  std::vector<std::vector<std::string>> reports;
  int report_code = 0;
  const auto start = [&](int day) {
    put_checkpoint("weights of day " + std::to_string(day));
    NightlyOptions options;
    options.now = kStart + day * kDay;
    options.program = "test";
    options.note = [&](const std::string& text) { notes_ += text + "\n"; };
    options.run = [&](const std::vector<std::string>& arguments, const fs::path&) {
      if (arguments.front() == "report") {
        reports.push_back(arguments);
        return report_code;
      }
      write_pope_run(arguments.back(), synthetic_answers(world_, model_), {.name = "tonight"});
      return 0;
    };
    return run_night(disk_, config_, options);
  };
  start(0);
  const std::string nights = config_.folder.string() + "/";
  EXPECT_EQ(reports.back(), (std::vector<std::string>{"report", nights + "2026-11-23/runs/pope",
                                                      "--out", nights + "2026-11-23/report"}));
  // A report that fails is said, and changes no outcome.
  report_code = 1;
  EXPECT_EQ(start(1).night.outcome, Outcome::kPass);
  EXPECT_EQ(reports.back(), (std::vector<std::string>{"report", nights + "2026-11-23/runs/pope",
                                                      nights + "2026-11-24/runs/pope", "--out",
                                                      nights + "2026-11-24/report"}));
  EXPECT_THAT(notes_, HasSubstr("the report could not be written: see 2026-11-24/logs/report.txt"));
  // One that was interrupted leaves the night to the next start.
  report_code = static_cast<int>(ExitCode::kInterrupted);
  EXPECT_TRUE(start(2).interrupted);
  EXPECT_FALSE(fs::exists(config_.folder / "2026-11-25/night.json"));
  report_code = 0;
  EXPECT_EQ(start(2).night.id, "2026-11-25");
}

TEST_F(NightlyTest, NightJsonReadsBack) {
  night(0);
  const Night bad = changed_night(1, {.drop = 0.15, .seed = 1});
  const Json json = night_json(bad);
  EXPECT_EQ(night_json(night_of_json(json, "night.json")), json);
}

}  // namespace
}  // namespace vigor::nightly
