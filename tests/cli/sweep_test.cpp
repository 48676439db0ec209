// vigor-eval sweep and train loop through the built program.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "base/files.h"
#include "base/json.h"
#include "base/random.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/spawn.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::spawn;
using testing::SpawnResult;

class EndToEndSweepPlan : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Shipped, EndToEndSweepPlan, ::testing::Values("demo", "nightly", "paper"));

// What a shipped sweep would do, line by line. After a change that is meant: the printed text is
// the new file.
TEST_P(EndToEndSweepPlan, IsTheOneThatWasAgreed) {
  const testing::TemporaryFolder folder;
  const SpawnResult result = spawn(VIGOR_PROGRAM,
                                   {"sweep", std::string("configs/sweeps/") + GetParam() + ".json",
                                    "--dry-run", "--out", (folder / "out").string()},
                                   {.folder = testing::source_dir()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, read_file(testing::source_dir() / "tests/cli/data" /
                                  (std::string("sweep-") + GetParam() + ".txt")));
  EXPECT_FALSE(fs::exists(folder / "out")) << "a dry run writes nothing";
}

// What is concluded from eight seeds is said of the settings of three.
TEST(ShippedSweeps, TheLongDemoIsTheDemoWithMoreSeedsAndOtherPictures) {
  const auto read = [](const char* name) {
    Json out = read_json_file(testing::source_dir() / "configs/sweeps" / name);
    for (const char* own : {"comment", "title", "seeds"}) EXPECT_EQ(out.erase(own), 1u) << own;
    EXPECT_EQ(out["benchmarks"].erase("scenes"), 1u);
    EXPECT_EQ(out["benchmarks"]["rank"].erase("samples"), 1u);
    return out;
  };
  EXPECT_EQ(read("demo.json"), read("demo-long.json"));
}

// Captions that were recorded of generated scenes: no weights are needed.
class EndToEndSweep : public ::testing::Test {
 protected:
  EndToEndSweep() {
    const SpawnResult made = spawn(VIGOR_PROGRAM, {"scenes", "--seed", "7", "--count", "6", "--out",
                                                   path("scenes"), "--threads", "1"});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    std::string rows;
    const auto record = [&](const std::string& image, const std::string& question,
                            const std::string& answer) {
      rows += dump_json({{"image", image},
                         {"question", question},
                         {"answer", answer},
                         {"margin", answer == "Yes" ? 1 : -1},
                         {"delay_s", 0.01}}) +
              "\n";
    };
    for_each_jsonl(read_file(folder_ / "scenes/truth.jsonl"), "truth", [&](size_t, Json&& row) {
      record(row["image"], "Describe this image in detail.",
             "There is a " + row["objects"][0]["kind"].get<std::string>() +
                 ". A boat is on the left.");
    });
    for (const char* split : {"random", "popular", "adversarial"}) {
      for_each_jsonl(
          read_file(folder_ / ("scenes/scenes_pope_" + std::string(split) + ".json")), "pope",
          [&](size_t, Json&& row) {
            if (!asked_.insert(row["image"].get<std::string>() + row["text"].get<std::string>())
                     .second)
              return;
            record(row["image"], row["text"], row["label"] == "yes" ? "Yes" : "No");
          });
    }
    folder_.write("answers.jsonl", rows);
    config_ = {
        {"title", "Recorded"},
        {"model", "recorded:" + path("answers.jsonl")},
        {"pictures", {{"images", path("scenes/images")}}},
        {"variants", {"base"}},
        {"benchmarks",
         {{"pope",
           {{"images", path("scenes/images")},
            {"questions", Json::array({path("scenes/scenes_pope_random.json")})}}},
          {"captions", {{"images", path("scenes/images")}}},
          {"chair",
           {{"objects", path("scenes/objects.jsonl")}, {"synonyms", path("scenes/synonyms.txt")}}},
          {"sentences", {{"truth", path("scenes/truth.jsonl")}}}}}};
  }
  std::string path(const char* below) { return (folder_ / below).string(); }
  SpawnResult sweep(const char* out, std::vector<std::string> more = {},
                    const std::function<void(pid_t)>& meanwhile = {}) {
    folder_.write("sweep.json", dump_json(config_));
    std::vector<std::string> arguments = {"sweep", path("sweep.json"), "--out", path(out)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return spawn(VIGOR_PROGRAM, arguments, {.meanwhile = meanwhile});
  }
  // What a sweep is for, by name below OUT: everything but logs, records of time and settings.
  std::map<std::string, std::string> results(const char* out) {
    std::map<std::string, std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / out)) {
      const std::string name = entry.path().filename().string();
      for (const char* wanted :
           {"samples.jsonl", "metrics.json", "captions.jsonl", "sentences.jsonl", "report.json",
            "model.safetensors", "conversations.json", "rewards.jsonl", "selected.jsonl"}) {
        if (name != wanted) continue;
        found[entry.path().lexically_relative(folder_ / out).string()] = read_file(entry.path());
      }
    }
    return found;
  }
  testing::TemporaryFolder folder_;
  std::set<std::string> asked_;
  Json config_;
};

TEST_F(EndToEndSweep, EvaluatesReportsAndDoesNothingTwice) {
  const SpawnResult first = sweep("out");
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("Table 3: POPE"));
  const Json report = read_json_file(folder_ / "out/report.json");
  const Json& captions = report["tables"][1];
  EXPECT_EQ(captions["id"], "captions");
  EXPECT_GT(captions["rows"][0]["cells"][0]["value"], 0.0) << "a boat is not everywhere";
  EXPECT_GT(captions["rows"][0]["cells"][3]["value"], 0.0);
  const auto before = results("out");
  const SpawnResult again = sweep("out", {"--json"});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.err, Not(HasSubstr("note: [")));
  for (const Json& job : Json::parse(again.out)["jobs"]) EXPECT_EQ(job["state"], "done");
  EXPECT_EQ(results("out"), before);
}

// Locked while a command is at work.
bool all_logs_are_free(const fs::path& out) {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(out / "work", none)) {
    const int log = ::open((entry.path() / "log.txt").c_str(), O_RDONLY | O_CLOEXEC);
    if (log < 0) continue;
    const bool is_free = ::flock(log, LOCK_EX | LOCK_NB) == 0;
    ::close(log);
    if (!is_free) return false;
  }
  return true;
}

TEST_F(EndToEndSweep, JobsBesideEachOtherMakeTheSame) {
  const SpawnResult one = sweep("one", {"--jobs", "1"}), many = sweep("many", {"--jobs", "4"});
  ASSERT_EQ(one.exit_code, 0) << one.err;
  ASSERT_EQ(many.exit_code, 0) << many.err;
  EXPECT_EQ(results("one"), results("many"));
  EXPECT_THAT(sweep("many", {"--jobs", "-1"}).err, HasSubstr("--jobs"));
}

TEST_F(EndToEndSweep, AnInterruptEndsAllThatRunAndTheNextStartGoesOn) {
  uint32_t looks = 0;
  const SpawnResult stopped = sweep("out", {"--jobs", "4"}, [&](pid_t process) {
    // When two commands are at work.
    size_t begun = 0;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder_ / "out/work", none)) {
      begun += fs::exists(entry.path() / "log.txt", none);
    }
    if (begun >= 2 && ++looks == 1) ::kill(process, SIGTERM);
  });
  EXPECT_EQ(stopped.exit_code, 130) << stopped.err;
  EXPECT_THAT(stopped.err, HasSubstr("interrupted after"));
  EXPECT_TRUE(all_logs_are_free(folder_ / "out")) << "none is left behind";
  EXPECT_FALSE(fs::exists(folder_ / "out/report.json"));
  const SpawnResult last = sweep("out", {"--jobs", "4"});
  EXPECT_EQ(last.exit_code, 0) << last.err;
}

TEST_F(EndToEndSweep, KilledAtRandomMomentsItEndsInTheSameFiles) {
  ASSERT_EQ(sweep("whole", {"--jobs", "1"}).exit_code, 0);
  CounterRandom random(11, "kills");
  for (int kill = 0; kill < 4; ++kill) {
    uint32_t looks = 2 + random.below(40);
    sweep("killed", {"--jobs", kill % 2 == 0 ? "3" : "1"}, [&](pid_t process) {
      if (looks > 0 && --looks == 0) ::kill(process, kill % 3 == 2 ? SIGTERM : SIGKILL);
    });
  }
  const SpawnResult last = sweep("killed");
  EXPECT_EQ(last.exit_code, 0) << last.err;
  EXPECT_EQ(results("killed"), results("whole"));
}

TEST_F(EndToEndSweep, AFailureIsNamedTheRestGoesOnAndIsMendedByTheNext) {
  const fs::path objects = folder_ / "scenes/objects.jsonl";
  const std::string whole = read_file(objects);
  folder_.write("scenes/objects.jsonl", "{\"image\": 3}\n");
  const SpawnResult first = sweep("out");
  EXPECT_EQ(first.exit_code, 1);
  EXPECT_THAT(first.err, HasSubstr("1 of 4 jobs have no result; the first: chair: base: "));
  EXPECT_THAT(first.err, HasSubstr("objects.jsonl"));
  const Json report = read_json_file(folder_ / "out/report.json");
  EXPECT_TRUE(report["tables"][1]["rows"][0]["cells"][0]["value"].is_null());
  EXPECT_THAT(report["tables"][1]["rows"][0]["cells"][0]["reason"].get<std::string>(),
              HasSubstr("objects.jsonl"));
  EXPECT_TRUE(report["tables"][0]["rows"][0]["cells"][0]["value"].is_number());
  folder_.write("scenes/objects.jsonl", whole);
  EXPECT_EQ(sweep("out").exit_code, 0);
}

TEST_F(EndToEndSweep, ARankingIsAskedOfTheJudgeThatKnowsTheScenes) {
  config_["variants"] = {"base", {{"name", "again"}}};
  config_["benchmarks"] = {{"captions", {{"images", path("scenes/images")}}},
                           {"rank", {{"samples", 3}}}};
  bool asked = false;
  SpawnResult result;
  const SpawnResult judge =
      spawn(VIGOR_PROGRAM, {"serve", "--scenes-judge", path("scenes"), "--port", "0", "--json"},
            {.out = folder_ / "judge.json", .meanwhile = [&](pid_t server) {
               const std::string said = read_file(folder_ / "judge.json");
               if (asked || said.find('\n') == std::string::npos) return;
               asked = true;
               const std::string url = Json::parse(said)["url"];
               result = sweep("out", {"--judge", url + "#scenes-truth"});
               ::kill(server, SIGTERM);
             }});
  ASSERT_EQ(result.exit_code, 0) << result.err << judge.err;
  const Json table = read_json_file(folder_ / "out/report.json")["tables"][0];
  EXPECT_EQ(table["id"], "1");
  EXPECT_EQ(table["title"], "Mean rank of captions, by scenes-truth, 3 pictures");
  for (const Json& row : table["rows"]) {
    EXPECT_EQ(row["cells"][0]["value"], 1.5) << "the same captions: " << row;
  }
}

TEST_F(EndToEndSweep, MistakesAreNamed) {
  struct Mistake {
    const char* pointer;
    Json value;
    const char* message;
  };
  for (const Mistake& mistake : {Mistake{"/variant", "base", "did you mean 'variants'?"},
                                 Mistake{"/train", {{"epoch", 2}}, "did you mean 'epochs'?"},
                                 Mistake{"/sft", {{"imges", "x"}}, "unknown key 'imges'"}}) {
    const Json kept = config_;
    config_[Json::json_pointer(mistake.pointer)] = mistake.value;
    const SpawnResult result = sweep("out");
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_THAT(result.err, HasSubstr(mistake.message));
    config_ = kept;
  }
  EXPECT_THAT(sweep("out", {"--variant", "bas"}).err, HasSubstr("did you mean base?"));
  EXPECT_EQ(spawn(VIGOR_PROGRAM, {"sweep"}).exit_code, 2);
  EXPECT_EQ(spawn(VIGOR_PROGRAM, {"sweep", "none.json"}).exit_code, 2);
  const SpawnResult stage = spawn(VIGOR_PROGRAM, {"train", "refin"});
  EXPECT_EQ(stage.exit_code, 2);
  EXPECT_THAT(stage.err, HasSubstr("did you mean refine?"));
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

// The loop with the bundled checkpoint: samples, rewards, selection, refinement, training.
TEST(EndToEndLoop, TrainsACheckpointThatIsKeptWhenItRunsAgain) {
  const testing::TemporaryFolder folder;
  const Json config = {{"out", (folder / "out").string()},
                       {"model", (testing::source_dir() / "data/demo").string()},
                       {"model_options", {{"dtype", "float32"}}},
                       {"pictures", {{"scenes", {{"seed", 5}, {"count", 3}, {"threads", 1}}}}},
                       {"sample", {{"samples", 2}, {"temperature", 0.8}, {"max_new_tokens", 12}}},
                       {"automatic", {{"detector", "scenes"}}},
                       {"train", {{"batch_size", 2}, {"max_steps", 2}, {"max_length", 200}}},
                       {"variants", {"base", "AT"}}};
  folder.write("loop.json", dump_json(config));
  // As a user has it: the program decides.
  ::unsetenv("OMP_NUM_THREADS");
  const SpawnResult first = spawn(VIGOR_PROGRAM, {"train", (folder / "loop.json").string()});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const Json loop = read_json_file(folder / "out/loop.json");
  EXPECT_EQ(loop["checkpoints"].size(), 2u);
  const fs::path model = loop["checkpoints"][1]["model"].get<std::string>();
  EXPECT_TRUE(fs::exists(model / "config.json")) << model;
  EXPECT_TRUE(fs::exists(model / "model.safetensors"));
  // Only the training is done again; how many jobs may run beside it changes no byte.
  const std::string weights = read_file(model / "model.safetensors");
  fs::remove_all(model.parent_path().parent_path());
  const SpawnResult again = spawn(
      VIGOR_PROGRAM, {"train", "loop", "--config", (folder / "loop.json").string(), "--jobs", "1"});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("6 jobs: 5 done, 1 to do"));
  EXPECT_TRUE(read_file(model / "model.safetensors") == weights);
}

}  // namespace
}  // namespace vigor
