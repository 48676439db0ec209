// A run that is stopped at any write, flush or rename is finished by running it again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "run/run_folder.h"
#include "tests/run/failing_file_system.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

using testing::FailingFileSystem;
using testing::Fault;
using testing::Killed;

constexpr int kImages = 5;
constexpr int kQuestions = 3;
const Json kFaultSettings = {{"what", "test"}};

std::string key(int image, int question) {
  return std::to_string(image) + "/" + std::to_string(question);
}

// A small run: an image's questions are asked together, and their samples appended together.
// `asked` counts how often each question's answer was produced.
void run_once(FileSystem& files, const std::filesystem::path& path,
              std::map<std::string, int>& asked) {
  RunFolder run = RunFolder::open(files, path, kFaultSettings, {.sync_every = 4});
  if (run.complete()) return;
  for (int image = 0; image < kImages; ++image) {
    std::vector<Json> samples;
    for (int question = 0; question < kQuestions; ++question) {
      if (run.holds(key(image, question))) continue;
      ++asked[key(image, question)];
      samples.push_back({{"key", key(image, question)}, {"answer", image * 10 + question}});
    }
    if (!samples.empty()) run.append(samples);
  }
  run.update_run({{"timing", {{"evaluate_s", 1.5}}}});
  int sum = 0;
  for (const Json& sample : run.samples()) sum += sample["answer"].get<int>();
  run.write_metrics({{"sum", sum}, {"samples", run.samples().size()}});
}

std::string whole_metrics() {
  static const std::string text = [] {
    const testing::TemporaryFolder folder;
    DiskFileSystem files;
    std::map<std::string, int> asked;
    run_once(files, folder / "run", asked);
    return read_file(folder / "run/metrics.json");
  }();
  return text;
}

void expect_finished(const std::filesystem::path& path) {
  EXPECT_EQ(read_file(path / "metrics.json"), whole_metrics());
  std::map<std::string, int> seen;
  for_each_jsonl(read_file(path / "samples.jsonl"), "samples.jsonl",
                 [&](size_t, Json&& sample) { ++seen[sample["key"].get<std::string>()]; });
  EXPECT_EQ(seen.size(), static_cast<size_t>(kImages * kQuestions));
  for (const auto& [name, count] : seen) EXPECT_EQ(count, 1) << name;
}

std::string fault_name(Fault fault) {
  static const std::array<const char*, 4> kNames = {"NoSpace", "DiskFull", "KillBefore",
                                                    "KillAfter"};
  return kNames[static_cast<size_t>(fault)];
}

class FaultRunFolder : public ::testing::TestWithParam<Fault> {};

TEST_P(FaultRunFolder, StoppedAtEveryOperationARerunFinishes) {
  int operations = 0;
  {
    const testing::TemporaryFolder folder;
    FailingFileSystem files(-1, GetParam());
    std::map<std::string, int> asked;
    run_once(files, folder / "run", asked);
    operations = files.operations();
  }
  ASSERT_GT(operations, 15);
  for (int fail_at = 0; fail_at < operations; ++fail_at) {
    SCOPED_TRACE("operation " + std::to_string(fail_at));
    const testing::TemporaryFolder folder;
    std::map<std::string, int> asked;
    bool stopped = false;
    {
      FailingFileSystem files(fail_at, GetParam());
      try {
        run_once(files, folder / "run", asked);
      } catch (const Killed&) {
        stopped = true;
      } catch (const Error& error) {
        stopped = true;
        EXPECT_EQ(error.parts().what, "no space left on the disk");
        EXPECT_EQ(error.parts().exit_code, ExitCode::kError);
      }
    }
    EXPECT_TRUE(stopped);
    // What reached the disk as whole lines must not be asked again.
    std::map<std::string, int> kept;
    if (std::filesystem::exists(folder / "run/samples.jsonl")) {
      const std::string text = read_file(folder / "run/samples.jsonl");
      for_each_jsonl(text.substr(0, text.rfind('\n') + 1), "samples.jsonl",
                     [&](size_t, Json&& sample) { ++kept[sample["key"].get<std::string>()]; });
    }
    std::map<std::string, int> asked_again;
    DiskFileSystem disk;
    run_once(disk, folder / "run", asked_again);
    expect_finished(folder / "run");
    for (const auto& [name, count] : kept) EXPECT_EQ(asked_again.count(name), 0u) << name;
    EXPECT_EQ(kept.size() + asked_again.size(), static_cast<size_t>(kImages * kQuestions));
  }
}

INSTANTIATE_TEST_SUITE_P(Fault, FaultRunFolder,
                         ::testing::Values(Fault::kNoSpace, Fault::kDiskFull, Fault::kKillBefore,
                                           Fault::kKillAfter),
                         [](const auto& tested) { return fault_name(tested.param); });

// A kill during the repair of a killed run is a kill like any other.
TEST(FaultRunFolderTwice, StoppedAgainDuringTheRepair) {
  for (int first = 3; first < 20; first += 3) {
    for (int second = 0; second < 8; ++second) {
      SCOPED_TRACE(std::to_string(first) + " then " + std::to_string(second));
      const testing::TemporaryFolder folder;
      std::map<std::string, int> asked;
      for (const int fail_at : {first, second}) {
        FailingFileSystem files(fail_at, Fault::kKillBefore);
        try {
          run_once(files, folder / "run", asked);
        } catch (const Killed&) {
        }
      }
      DiskFileSystem disk;
      run_once(disk, folder / "run", asked);
      expect_finished(folder / "run");
    }
  }
}

// With a real process and a real SIGKILL, at the moment that an operation starts.
class SuicidalFileSystem : public DiskFileSystem {
 public:
  explicit SuicidalFileSystem(int fail_at) : left_(fail_at) {}
  void rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    step();
    DiskFileSystem::rename(from, to);
  }
  std::unique_ptr<WritableFile> append(const std::filesystem::path& path) override {
    return std::make_unique<File>(*this, DiskFileSystem::append(path));
  }

 private:
  struct File : WritableFile {
    File(SuicidalFileSystem& owner, std::unique_ptr<WritableFile> file)
        : owner(owner), file(std::move(file)) {}
    void write(std::string_view bytes) override {
      file->write(bytes.substr(0, bytes.size() / 2));
      owner.step();
      file->write(bytes.substr(bytes.size() / 2));
    }
    void sync() override { file->sync(); }
    SuicidalFileSystem& owner;
    std::unique_ptr<WritableFile> file;
  };
  void step() {
    if (left_-- == 0) ::kill(::getpid(), SIGKILL);
  }
  int left_;
};

TEST(FaultRunFolderProcess, KilledProcessesAreFinishedByTheNext) {
  for (int fail_at = 0; fail_at < 8; ++fail_at) {
    SCOPED_TRACE(fail_at);
    const testing::TemporaryFolder folder;
    const pid_t child = ::fork();
    if (child == 0) {
      SuicidalFileSystem files(fail_at);
      std::map<std::string, int> asked;
      run_once(files, folder / "run", asked);
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    DiskFileSystem disk;
    std::map<std::string, int> asked;
    run_once(disk, folder / "run", asked);
    expect_finished(folder / "run");
  }
}

}  // namespace
}  // namespace vigor
