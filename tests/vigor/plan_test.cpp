#include "vigor/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "run/sha256.h"
#include "tests/testing/temporary_folder.h"
#include "vigor/run_plan.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::optional<std::string> file_content(const std::string& path) {
  std::error_code none;
  if (!fs::is_regular_file(path, none)) return std::nullopt;
  return sha256_hex(read_file(path));
}

class PlanTest : public ::testing::Test {
 protected:
  Plan plan(const char* out = "out") { return Plan(folder_ / out, file_content); }
  // base -> left, right -> both
  static void add_diamond(Plan& plan, int right = 1) {
    const size_t base =
        plan.add({.kind = "base", .title = "base", .command = {"b"}, .out = "f", .units = 10});
    const auto on_base = [&](const std::string& name, Json config) {
      config["from"] = plan.result(base, "f");
      return plan.add(
          {.kind = name, .title = name, .command = {"x"}, .config = config, .out = "f"});
    };
    const size_t left = on_base("left", {{"n", 1}}), other = on_base("right", {{"n", right}});
    plan.add(
        {.kind = "both",
         .title = "both",
         .command = {"y"},
         .config = {{"from", {"A=" + plan.result(left, "f"), "scenes:" + plan.result(other, "f")}}},
         .out = "f"});
    plan.look();
  }
  // Runs with a command that writes its --out, unless its kind is to fail or to be interrupted.
  PlanRunResult run(Plan& plan, const std::string& fails = "-", const std::string& stops = "-") {
    started_.clear();
    double now = 0;
    PlanRunOptions options;
    options.clock = [&] { return now; };
    options.run = [&](const PlanCommand& command) {
      const auto& [arguments, log, stop] = command;
      const std::string name = log.parent_path().filename().string();
      const std::string kind = name.substr(0, name.find('-'));
      started_.push_back(kind);
      now += 2;
      if (kind == stops) return 130;
      EXPECT_EQ(arguments[1], "--config");
      EXPECT_TRUE(read_json_file(arguments[2]).is_object());
      if (kind == fails) {
        folder_.write(log.lexically_relative(folder_.path()), "error: old\nerror: no\n  more\n");
        return 1;
      }
      folder_.write(fs::path(arguments[4]).lexically_relative(folder_.path()), kind);
      return 0;
    };
    DiskFileSystem files;
    return run_plan(files, plan, options);
  }
  static std::vector<std::string> states(const Plan& plan) {
    std::vector<std::string> out;
    for (const PlannedJob& one : plan.jobs()) out.push_back(name_of(one.state));
    return out;
  }
  testing::TemporaryFolder folder_;
  std::vector<std::string> started_;
};

TEST_F(PlanTest, WhatAJobTakesIsReadFromItsOptions) {
  Plan one = plan();
  add_diamond(one);
  ASSERT_THAT(one.jobs(), SizeIs(4));
  EXPECT_THAT(one.jobs()[3].needs, ElementsAre(1, 2));
  EXPECT_THAT(states(one), ElementsAre("to do", "waits", "waits", "waits"));
}

TEST_F(PlanTest, TheSameJobIsThereOnceAndWhereverItLies) {
  Plan one = plan(), other = plan("elsewhere");
  add_diamond(one);
  add_diamond(one);
  add_diamond(other);
  ASSERT_THAT(one.jobs(), SizeIs(4));
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(one.jobs()[i].key, other.jobs()[i].key);
}

TEST_F(PlanTest, AChangeRunsAgainOnlyWhatDependsOnIt) {
  Plan first = plan();
  add_diamond(first);
  EXPECT_EQ(run(first).ran, 4u);
  EXPECT_THAT(started_, ElementsAre("base", "left", "right", "both"));
  Plan again = plan();
  add_diamond(again);
  EXPECT_THAT(states(again), ElementsAre("done", "done", "done", "done"));
  EXPECT_EQ(run(again).kept, 4u);
  EXPECT_THAT(started_, ElementsAre());
  Plan changed = plan();
  add_diamond(changed, 2);
  run(changed);
  EXPECT_THAT(started_, ElementsAre("right", "both"));
}

TEST_F(PlanTest, AResultThatWasChangedOrRemovedIsMadeAgain) {
  Plan first = plan();
  add_diamond(first);
  run(first);
  folder_.write(fs::path(first.result(1, "f")).lexically_relative(folder_.path()), "by hand");
  fs::remove(first.result(0, "f"));
  Plan again = plan();
  add_diamond(again);
  EXPECT_EQ(states(again)[0], "goes on");
  EXPECT_EQ(states(again)[1], "waits") << "its own result was changed by hand";
}

TEST_F(PlanTest, AFailureKeepsOnlyWhatTakesItsResultFromRunning) {
  Plan one = plan();
  add_diamond(one);
  const PlanRunResult result = run(one, "left");
  EXPECT_FALSE(result.interrupted);
  EXPECT_THAT(started_, ElementsAre("base", "left", "right"));
  EXPECT_EQ(result.failed(), 2u);
  EXPECT_EQ(result.failures[1], "the command ended with exit code 1: no   more");
  EXPECT_EQ(result.failures[3], "not started: 'left' failed");
  run(one);
  EXPECT_THAT(started_, ElementsAre("left", "both"));
}

TEST_F(PlanTest, AStoppedPlanGoesOnWithTheJobThatItStoppedIn) {
  Plan one = plan();
  add_diamond(one);
  EXPECT_TRUE(run(one, "-", "left").interrupted);
  EXPECT_THAT(started_, ElementsAre("base", "left"));
  Plan again = plan();
  add_diamond(again);
  EXPECT_THAT(states(again), ElementsAre("done", "goes on", "to do", "waits"));
  EXPECT_FALSE(run(again).interrupted);
  EXPECT_THAT(started_, ElementsAre("left", "right", "both"));
}

TEST_F(PlanTest, AFileThatIsNotThereIsNamedAndTheRestRuns) {
  const auto build = [&](Plan& one) {
    const std::string file = one.input((folder_ / "in.txt").string());
    one.add({.kind = "reads",
             .title = "reads",
             .command = {"r"},
             .config = {{"in", file}},
             .out = "f"});
    one.add({.kind = "other", .title = "other", .command = {"o"}, .out = "f"});
    one.look();
  };
  Plan one = plan();
  build(one);
  EXPECT_THAT(states(one), ElementsAre("missing", "to do"));
  EXPECT_THAT(run(one).failures[0], HasSubstr("there is no "));
  EXPECT_THAT(started_, ElementsAre("other"));
  folder_.write("in.txt", "now");
  Plan again = plan();
  build(again);
  run(again);
  EXPECT_THAT(started_, ElementsAre("reads"));
  folder_.write("in.txt", "changed");
  Plan changed = plan();
  build(changed);
  EXPECT_THAT(states(changed), ElementsAre("to do", "done")) << "files count by their content";
}

TEST_F(PlanTest, TimeIsEstimatedFromJobsOfTheKindThatEnded) {
  Plan one = plan();
  add_diamond(one);
  EXPECT_FALSE(one.estimate(0));
  EXPECT_THAT(plan_text(one), HasSubstr("4 jobs: 0 done, 4 to do; time: not known before"));
  run(one);
  EXPECT_DOUBLE_EQ(*one.rate("base"), 5);
  Plan more = plan();
  more.add({.kind = "base", .title = "again", .command = {"b2"}, .out = "f", .units = 600});
  more.look();
  EXPECT_DOUBLE_EQ(*more.estimate(0), 120);
  EXPECT_THAT(plan_text(more), HasSubstr("1 jobs: 0 done, 1 to do; time: about 2 min"));
}

TEST_F(PlanTest, WhatOnlyAnUnfinishedJobNeedsIsRemoved) {
  Plan one = plan();
  const size_t job = one.add(
      {.kind = "trains", .title = "trains", .command = {"t"}, .out = "f", .scratch = {"state"}});
  one.look();
  const fs::path state = fs::path(one.result(job, "state/1")).lexically_relative(folder_.path());
  folder_.write(state, "moments");
  EXPECT_EQ(run(one, "trains").failed(), 1u);
  EXPECT_TRUE(fs::exists(folder_ / state));
  EXPECT_EQ(run(one).failed(), 0u);
  EXPECT_FALSE(fs::exists(folder_ / state));
}

// Commands that run until `release` lets them end, so that a test sees what runs beside what.
class PlanBesideTest : public PlanTest {
 protected:
  PlanRunResult run_beside(Plan& plan, size_t jobs,
                           const std::function<int(const std::string& kind)>& command = {},
                           std::stop_token stop = {}) {
    PlanRunOptions options;
    options.jobs = jobs;
    options.clock = [] { return 0.0; };
    options.stop = stop;
    options.run = [&, command](const PlanCommand& of) {
      const std::string name = of.log.parent_path().filename().string();
      const std::string kind = name.substr(0, name.find('-'));
      {
        const std::lock_guard lock(mutex_);
        now_.insert(kind);
        most_ = std::max(most_, now_.size());
        seen_.insert(now_);
        change_.notify_all();
      }
      const int code = command ? command(kind) : 0;
      if (code == 0) {
        folder_.write(fs::path(of.arguments[4]).lexically_relative(folder_.path()), kind);
      }
      const std::lock_guard lock(mutex_);
      now_.erase(kind);
      ended_.push_back(kind);
      change_.notify_all();
      return of.stop.stop_requested() && code != 0 ? 130 : code;
    };
    DiskFileSystem files;
    return run_plan(files, plan, options);
  }
  // Waits until these run at the same time.
  void meet(const std::set<std::string>& kinds) {
    std::unique_lock lock(mutex_);
    change_.wait(lock, [&] { return seen_.contains(kinds); });
  }
  std::mutex mutex_;
  std::condition_variable change_;
  std::set<std::string> now_;
  std::set<std::set<std::string>> seen_;
  std::vector<std::string> ended_;
  size_t most_ = 0;
};

TEST_F(PlanBesideTest, JobsThatNeedNothingOfEachOtherRunBesideEachOther) {
  Plan one = plan();
  add_diamond(one);
  const PlanRunResult result = run_beside(one, 4, [&](const std::string& kind) {
    if (kind == "left" || kind == "right") meet({"left", "right"});
    return 0;
  });
  EXPECT_EQ(result.ran, 4u);
  EXPECT_EQ(most_, 2u) << "base and both take what others make";
  EXPECT_EQ(ended_.front(), "base");
  EXPECT_EQ(ended_.back(), "both");
}

TEST_F(PlanBesideTest, NoMoreThanAreAllowedAndNoneOfTheSameResource) {
  for (const bool shared : {false, true}) {
    most_ = 0;
    Plan one = plan(shared ? "shared" : "free");
    for (int i = 0; i < 6; ++i) {
      one.add({.kind = "k" + std::to_string(i),
               .title = "t",
               .command = {"c"},
               .out = "f",
               .resource = shared ? "judge" : ""});
    }
    one.look();
    EXPECT_EQ(run_beside(one, 3).ran, 6u);
    EXPECT_LE(most_, shared ? 1u : 3u);
  }
}

TEST_F(PlanBesideTest, AFailureStopsNoOther) {
  Plan one = plan();
  add_diamond(one);
  const PlanRunResult result = run_beside(one, 2, [&](const std::string& kind) {
    if (kind == "left" || kind == "right") meet({"left", "right"});
    return kind == "left" ? 1 : 0;
  });
  EXPECT_EQ(result.failed(), 2u);
  EXPECT_EQ(result.failures[3], "not started: 'left' failed");
  EXPECT_EQ(states(one)[2], "done");
}

TEST_F(PlanBesideTest, AStopEndsAllThatRunAndStartsNoOther) {
  Plan one = plan();
  add_diamond(one);
  std::stop_source stop;
  const PlanRunResult result = run_beside(
      one, 2,
      [&](const std::string& kind) {
        if (kind == "base") return 0;
        meet({"left", "right"});
        stop.request_stop();
        return kind == "left" ? 0 : 1;
      },
      stop.get_token());
  EXPECT_TRUE(result.interrupted);
  EXPECT_EQ(result.failed(), 0u) << "what was told to end is no failure";
  EXPECT_EQ(states(one)[1], "done") << "what ended all the same is taken";
  EXPECT_FALSE(fs::exists(one.jobs()[3].folder));
}

TEST_F(PlanBesideTest, ACommandThatCannotBeStartedEndsTheOthersFirst) {
  Plan one = plan();
  add_diamond(one);
  EXPECT_THROW(run_beside(one, 2,
                          [&](const std::string& kind) -> int {
                            if (kind == "base") return 0;
                            meet({"left", "right"});
                            if (kind == "left") throw Error({.what = "no more processes"});
                            return 0;
                          }),
               Error);
  EXPECT_THAT(now_, ::testing::ElementsAre("left")) << "the other one was waited for";
}

TEST_F(PlanTest, TimeLeftCountsWhatRunsBesideEachOther) {
  Plan measured = plan();
  add_diamond(measured);
  run(measured);  // base: 10 units in 2 s
  Plan one = plan();
  const auto add = [&](const std::string& title, const std::string& from, double units) {
    const size_t job = one.add({.kind = "base",
                                .title = title,
                                .command = {title},
                                .config = {{"from", from}},
                                .out = "f",
                                .units = units});
    return one.result(job, "f");
  };
  const std::string first = add("first", "", 50), long_one = add("long", first, 100);
  add("short", first, 25);
  add("last", long_one, 5);
  one.look();
  EXPECT_DOUBLE_EQ(one.time_left(1).seconds, 10 + 20 + 5 + 1);
  EXPECT_DOUBLE_EQ(one.time_left(2).seconds, 10 + 20 + 1) << "short runs beside long";
  EXPECT_DOUBLE_EQ(one.time_left(2, {{0, 4}}).seconds, 6 + 20 + 1);
  EXPECT_DOUBLE_EQ(one.time_left(2, {{0, 400}}).seconds, 20 + 1) << "later than was thought";
  EXPECT_EQ(one.time_left(2).unknown, 0u);
  EXPECT_THAT(plan_text(one, 2), HasSubstr("time: about 31 s with 2 jobs at a time"));
}

TEST_F(PlanTest, TwoProcessesDoNotRunOnePlan) {
  Plan one = plan();
  add_diamond(one);
  DiskFileSystem files;
  files.create_directories(folder_ / "out");
  const auto held = files.try_lock(folder_ / "out/plan.lock");
  EXPECT_THROW(run(one), Error);
}

TEST_F(PlanTest, ATornRecordIsMadeAgain) {
  Plan one = plan();
  add_diamond(one);
  run(one);
  folder_.write(fs::path(one.result(2, "job.json")).lexically_relative(folder_.path()),
                "{\"key\":");
  Plan again = plan();
  add_diamond(again);
  EXPECT_EQ(states(again)[2], "goes on");
}

}  // namespace
}  // namespace vigor
