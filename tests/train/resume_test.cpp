// A run that was stopped, however it was, goes on to bit-identical weights.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>

#include <fstream>

#include "base/files.h"
#include "tests/testing/spawn.h"
#include "tests/testing/temporary_folder.h"
#include "tests/train/tiny_samples.h"
#include "train/training_state.h"

namespace vigor {
namespace {

using ::testing::HasSubstr;
using testing::silent_run;
using testing::TemporaryFolder;
using testing::tiny_config;
using testing::TinySamples;

SftOptions six_steps(const std::string& dtype = "fp32") {
  SftOptions options;
  options.loop.learning_rate = 1e-2;
  options.loop.weight_decay = 0.01;
  options.loop.batch_size = 3;
  options.loop.max_steps = 6;
  options.loop.checkpoint_every = 3;
  options.micro_batch = 2;
  options.dtype = dtype;
  return options;
}

struct Trained {
  at::Tensor values;
  TrainingResult result;
};

Trained train(const TinySamples& samples, const SftOptions& options, TrainingRun& run) {
  SftTask task(samples, tiny_config(), random_parameters(1, at::kFloat, at::kCPU), options);
  Trained out;
  out.result = run_training(task, options.loop, run);
  out.values = task.parameters().values().clone();
  return out;
}

std::string without_times(const std::string& log) {
  std::string out;
  for_each_jsonl(log, "train.jsonl", [&](size_t, Json&& line) {
    line.erase("seconds");
    line.erase("tokens_per_s");
    out += dump_json(line) + "\n";
  });
  return out;
}

class Resume : public ::testing::TestWithParam<const char*> {};

TEST_P(Resume, AfterACrashGoesOnBitIdentically) {
  SftOptions options = six_steps(GetParam());
  options.lora.rank = std::string(GetParam()) == "bf16" ? 2 : 0;
  DiskFileSystem files;
  TemporaryFolder whole_folder, folder;
  TinySamples samples(10);
  TrainingRun whole_run = silent_run(files, whole_folder.path());
  const Trained whole = train(samples, options, whole_run);

  TrainingRun run = silent_run(files, folder.path());
  run.on_step = [](const StepReport& report, MasterParameters&) {
    if (report.step == 5) throw std::runtime_error("the machine went down");
  };
  EXPECT_THROW(train(samples, options, run), std::runtime_error);
  run.on_step = nullptr;
  const Trained resumed = train(samples, options, run);
  EXPECT_EQ(resumed.result.resumed_from, 3);
  EXPECT_EQ(resumed.result.steps, 6);
  EXPECT_TRUE(at::equal(whole.values, resumed.values));
  // One line a step, whatever happened on the way.
  EXPECT_EQ(without_times(read_file(folder / "train.jsonl")),
            without_times(read_file(whole_folder / "train.jsonl")));
}
INSTANTIATE_TEST_SUITE_P(Dtypes, Resume, ::testing::Values("fp32", "bf16"));

TEST(FaultTraining, ACheckpointThatWasBeingWrittenDoesNotCount) {
  // Fails in the middle of the second checkpoint, and leaves what was written.
  class Failing : public DiskFileSystem {
   public:
    std::unique_ptr<WritableFile> create(const std::filesystem::path& path) override {
      auto file = DiskFileSystem::create(path);
      if (path.string().find("step-00000006") == std::string::npos) return file;
      struct Broken : WritableFile {
        explicit Broken(std::unique_ptr<WritableFile> f) : file(std::move(f)) {}
        void write(std::string_view bytes) override {
          file->write(bytes.substr(0, bytes.size() / 2));
          throw Error({.what = "no space left", .where = "step-00000006"});
        }
        void sync() override {}
        std::unique_ptr<WritableFile> file;
      };
      return std::make_unique<Broken>(std::move(file));
    }
    void remove(const std::filesystem::path&) override {}  // killed: nothing tidies up
  };
  const SftOptions options = six_steps();
  TemporaryFolder whole_folder, folder;
  TinySamples samples(10);
  DiskFileSystem files;
  TrainingRun whole_run = silent_run(files, whole_folder.path());
  const Trained whole = train(samples, options, whole_run);

  Failing failing;
  TrainingRun run = silent_run(failing, folder.path());
  EXPECT_THROW(train(samples, options, run), Error);
  std::ofstream(folder / "train.jsonl", std::ios::app) << "{\"step\": 7, \"lo";
  TrainingRun again = silent_run(files, folder.path());
  const Trained resumed = train(samples, options, again);
  EXPECT_EQ(resumed.result.resumed_from, 3);
  EXPECT_TRUE(at::equal(whole.values, resumed.values));
  EXPECT_EQ(training_states(folder / "state").size(), 2u);
}

SftOptions victim_options() {
  SftOptions options = six_steps();
  options.loop.max_steps = 12;
  options.loop.checkpoint_every = 1;
  return options;
}

// The process that the next test kills: trains in the working folder.
TEST(TrainingVictim, DISABLED_Trains) {
  DiskFileSystem files;
  TrainingRun run = silent_run(files, "run");
  train(TinySamples(10), victim_options(), run);
}

TEST(FaultTraining, KilledAgainAndAgainItEndsWithTheSameState) {
  TemporaryFolder killed, whole;
  DiskFileSystem files;
  TrainingRun run = silent_run(files, whole.path());
  train(TinySamples(10), victim_options(), run);

  const std::vector<std::string> arguments = {"--gtest_filter=TrainingVictim.*",
                                              "--gtest_also_run_disabled_tests"};
  int kills = 0;
  for (int attempt = 0; attempt < 3; ++attempt) {
    const auto before = training_states(killed / "run/state");
    int polls = 0;
    testing::SpawnOptions options{.folder = killed.path()};
    if (attempt < 2) {
      options.meanwhile = [&](pid_t process) {
        // Some milliseconds after it wrote its first state: in the middle of anything.
        if (training_states(killed / "run/state") == before || polls++ < attempt) return;
        ::kill(process, SIGKILL);
      };
    }
    const testing::SpawnResult result =
        testing::spawn(std::filesystem::canonical("/proc/self/exe"), arguments, options);
    kills += result.signal == SIGKILL ? 1 : 0;
    if (attempt == 2) {
      EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
    }
  }
  EXPECT_GT(kills, 0);
  const std::string last = "state/step-00000012.safetensors";
  EXPECT_TRUE(read_file(killed / "run" / last) == read_file(whole / last));
}

TEST(Training, AStopFinishesTheStepAndWritesTheState) {
  SftOptions options = six_steps();
  options.loop.checkpoint_every = 0;
  DiskFileSystem files;
  TemporaryFolder folder;
  TinySamples samples(10);
  std::stop_source stop;
  TrainingRun run = silent_run(files, folder.path());
  run.stop = stop.get_token();
  run.on_step = [&](const StepReport& report, MasterParameters&) {
    if (report.step == 4) stop.request_stop();
  };
  const Trained first = train(samples, options, run);
  EXPECT_TRUE(first.result.interrupted);
  EXPECT_EQ(first.result.steps, 4);
  TrainingRun rest = silent_run(files, folder.path());
  const Trained second = train(samples, options, rest);
  EXPECT_FALSE(second.result.interrupted);
  EXPECT_EQ(second.result.resumed_from, 4);
}

TEST(Training, OtherSettingsAreRefusedByName) {
  SftOptions options = six_steps();
  DiskFileSystem files;
  TemporaryFolder folder;
  TrainingRun run = silent_run(files, folder.path());
  train(TinySamples(10), options, run);
  options.loop.learning_rate = 5e-3;
  try {
    train(TinySamples(10), options, run);
    FAIL() << "other settings were taken";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("'learning_rate' was 0.01, is now 0.005"));
    EXPECT_EQ(error.parts().exit_code, ExitCode::kUsage);
  }
  EXPECT_THROW(train(TinySamples(11), six_steps(), run), Error);
  // How often checkpoints are written may change.
  options = six_steps();
  options.loop.checkpoint_every = 1;
  EXPECT_EQ(train(TinySamples(10), options, run).result.resumed_from, 6);
}

TEST(Training, KeepsTheNewestStates) {
  SftOptions options = six_steps();
  options.loop.checkpoint_every = 1;
  options.loop.keep_checkpoints = 2;
  DiskFileSystem files;
  TemporaryFolder folder;
  TrainingRun run = silent_run(files, folder.path());
  train(TinySamples(10), options, run);
  const auto states = training_states(folder / "state");
  ASSERT_EQ(states.size(), 2u);
  EXPECT_EQ(states[0].filename(), "step-00000005.safetensors");
  EXPECT_EQ(states[1].filename(), "step-00000006.safetensors");
}

}  // namespace
}  // namespace vigor
