// The frame around commands: parsing, configuration files, errors, exit codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/command.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Seen {
  int seed = 7;
  double rate = 0.5;
  bool fast = false;
  std::string dialect = "official";
  std::vector<std::string> questions;
  bool json = false;
  int runs = 0;
  std::string inner;
};

class Inner : public Command {
 public:
  explicit Inner(Seen& seen) : seen_(seen) {}
  std::string name() const override { return "build"; }
  std::string summary() const override { return "An inner command"; }
  std::string examples() const override { return "  vigor-eval probe build\n"; }
  void add_options(CLI::App& app) override { app.add_option("--prefix", seen_.inner, "A prefix"); }
  ExitCode run(const CommandContext&) override { return ExitCode::kInconclusive; }

 private:
  Seen& seen_;
};

class Probe : public Command {
 public:
  explicit Probe(
      Seen& seen, std::function<ExitCode()> body = [] { return ExitCode::kDone; })
      : seen_(seen), body_(std::move(body)) {}
  std::string name() const override { return "probe"; }
  std::string summary() const override { return "A command of the tests"; }
  std::string examples() const override { return "  vigor-eval probe --seed 1\n"; }
  void add_options(CLI::App& app) override {
    app.add_option("--seed", seen_.seed, "A seed")->check(CLI::Range(0, 100));
    app.add_option("--rate", seen_.rate, "A rate")->check(CLI::NonNegativeNumber);
    app.add_flag("--fast", seen_.fast, "A flag");
    app.add_option("--dialect", seen_.dialect, "A choice")
        ->check(CLI::IsMember({"official", "lmms"}));
    app.add_option("--question-files", seen_.questions, "Files");
  }
  ExitCode run(const CommandContext& context) override {
    ++seen_.runs;
    seen_.json = context.json;
    return body_();
  }
  std::vector<std::unique_ptr<Command>> subcommands() const override {
    std::vector<std::unique_ptr<Command>> inner;
    inner.push_back(std::make_unique<Inner>(seen_));
    return inner;
  }

 private:
  Seen& seen_;
  std::function<ExitCode()> body_;
};

class ProgramTest : public ::testing::Test {
 protected:
  ExitCode run(
      const std::vector<std::string>& arguments,
      std::function<ExitCode()> body = [] { return ExitCode::kDone; }) {
    out_.str("");
    err_.str("");
    std::vector<std::unique_ptr<Command>> commands;
    commands.push_back(std::make_unique<Probe>(seen_, std::move(body)));
    CommandContext context;
    context.console = {
        .out = &out_, .err = &err_, .err_is_terminal = false, .clock = [] { return 0.0; }};
    context.files = &files_;
    return run_program(std::move(commands), arguments, "vigor-eval 1.2.3", std::move(context));
  }
  std::string config(const std::string& text) {
    return folder_.write("config.json", text).string();
  }

  Seen seen_;
  std::ostringstream out_, err_;
  DiskFileSystem files_;
  testing::TemporaryFolder folder_;
};

TEST_F(ProgramTest, FlagsReachTheCommand) {
  EXPECT_EQ(run({"probe", "--seed", "3", "--fast", "--question-files", "a", "b", "--json"}),
            ExitCode::kDone);
  EXPECT_EQ(seen_.seed, 3);
  EXPECT_TRUE(seen_.fast);
  EXPECT_TRUE(seen_.json);
  EXPECT_THAT(seen_.questions, ElementsAre("a", "b"));
}

TEST_F(ProgramTest, AFileMayHaveTheNameOfACommand) {
  EXPECT_EQ(run({"probe", "--question-files", "a", "probe"}), ExitCode::kDone) << err_.str();
  EXPECT_THAT(seen_.questions, ElementsAre("a", "probe"));
}

TEST_F(ProgramTest, TheConfigFileGivesOptionsAndFlagsWin) {
  EXPECT_EQ(
      run({"probe", "--config",
           config(
               R"({"seed":5,"rate":0.25,"fast":true,"dialect":"lmms","question_files":["x","y"]})"),
           "--seed", "6"}),
      ExitCode::kDone)
      << err_.str();
  EXPECT_EQ(seen_.seed, 6);
  EXPECT_EQ(seen_.rate, 0.25);
  EXPECT_TRUE(seen_.fast);
  EXPECT_EQ(seen_.dialect, "lmms");
  EXPECT_THAT(seen_.questions, ElementsAre("x", "y"));
}

TEST_F(ProgramTest, KeysMayBeSpeltAsTheFlagIs) {
  EXPECT_EQ(run({"probe", "--config", config(R"({"question-files":"x"})")}), ExitCode::kDone);
  EXPECT_THAT(seen_.questions, ElementsAre("x"));
}

TEST_F(ProgramTest, AnUnknownKeySuggestsTheNearest) {
  const std::string file = config(R"({"dialekt":"lmms"})");
  EXPECT_EQ(run({"probe", "--config", file}), ExitCode::kUsage);
  EXPECT_THAT(err_.str(), HasSubstr("error: " + file + ": unknown key"));
  EXPECT_THAT(err_.str(), HasSubstr("dialect"));
  EXPECT_EQ(seen_.runs, 0);
}

TEST_F(ProgramTest, ValuesOfAConfigFileAreCheckedAsFlagsAre) {
  EXPECT_EQ(run({"probe", "--config", config(R"({"seed":101})")}), ExitCode::kUsage);
  EXPECT_THAT(err_.str(), HasSubstr("key 'seed': "));
  EXPECT_EQ(run({"probe", "--config", config(R"({"seed":{"a":1}})")}), ExitCode::kUsage);
  EXPECT_THAT(err_.str(), HasSubstr("key 'seed' must be"));
}

TEST_F(ProgramTest, ABrokenConfigFileIsNamedByLine) {
  EXPECT_EQ(run({"probe", "--config", config("{\n\"seed\": oops}")}), ExitCode::kUsage);
  EXPECT_THAT(err_.str(), HasSubstr("config.json:2"));
}

TEST_F(ProgramTest, UsageMistakesSuggestWhatWasMeant) {
  EXPECT_EQ(run({"prob"}), ExitCode::kUsage);
  EXPECT_EQ(err_.str(), "error: unknown command prob\n  what to do: did you mean probe?\n");
  EXPECT_EQ(run({"probe", "--sed", "1"}), ExitCode::kUsage);
  EXPECT_EQ(err_.str(), "error: unknown option --sed\n  what to do: did you mean --seed?\n");
  EXPECT_EQ(run({"probe", "buid"}), ExitCode::kUsage);
  EXPECT_EQ(err_.str(), "error: vigor-eval probe has no buid\n  what to do: did you mean build?\n");
  EXPECT_EQ(run({"probe", "--seed=x"}), ExitCode::kUsage);
  EXPECT_EQ(run({"probe", "--seed", "1000"}), ExitCode::kUsage);
  EXPECT_EQ(run({}), ExitCode::kUsage);
  EXPECT_EQ(seen_.runs, 0);
}

TEST_F(ProgramTest, ANumberBelowItsRangeIsSaidInAFewWords) {
  EXPECT_EQ(run({"probe", "--rate", "-1"}), ExitCode::kUsage);
  EXPECT_THAT(err_.str(), HasSubstr("error: --rate: '-1' is below 0\n"));
  EXPECT_EQ(run({"probe", "--rate", "much"}), ExitCode::kUsage);
  EXPECT_THAT(err_.str(), HasSubstr("error: --rate: 'much' is no number\n"));
}

TEST_F(ProgramTest, HelpHasExamplesAndVersionIsOneLine) {
  EXPECT_EQ(run({"probe", "--help"}), ExitCode::kDone);
  EXPECT_THAT(out_.str(), HasSubstr("vigor-eval probe --seed 1"));
  EXPECT_EQ(run({"--version"}), ExitCode::kDone);
  EXPECT_EQ(out_.str(), "vigor-eval 1.2.3\n");
  EXPECT_EQ(seen_.runs, 0);
}

TEST_F(ProgramTest, ASubcommandRunsInsteadOfItsCommand) {
  EXPECT_EQ(run({"probe", "build", "--prefix", "coco"}), ExitCode::kInconclusive);
  EXPECT_EQ(seen_.inner, "coco");
  EXPECT_EQ(seen_.runs, 0);
}

TEST_F(ProgramTest, AnErrorIsOneBlockAndItsExitCode) {
  EXPECT_EQ(run({"probe"},
                []() -> ExitCode {
                  throw Error({.what = "gone", .where = "f:1", .cause = "why", .fix = "mend"});
                }),
            ExitCode::kError);
  EXPECT_EQ(err_.str(), "error: f:1: gone\n  likely cause: why\n  what to do: mend\n");
  EXPECT_THAT(out_.str(), IsEmpty());
}

TEST_F(ProgramTest, WhatWasNotForeseenIsStillOneBlock) {
  EXPECT_EQ(run({"probe"}, []() -> ExitCode { throw std::runtime_error("odd\x1b[2J"); }),
            ExitCode::kError);
  EXPECT_THAT(err_.str(), HasSubstr("error: unexpected failure: odd\\x1b[2J"));
  EXPECT_EQ(run({"probe"}, []() -> ExitCode { throw std::bad_alloc(); }), ExitCode::kError);
  EXPECT_THAT(err_.str(), HasSubstr("out of memory"));
}

TEST_F(ProgramTest, TheCommandsExitCodeIsTheProgramsExitCode) {
  for (const ExitCode code :
       {ExitCode::kDone, ExitCode::kRegression, ExitCode::kInconclusive, ExitCode::kInterrupted}) {
    EXPECT_EQ(run({"probe"}, [code] { return code; }), code);
  }
}

}  // namespace
}  // namespace vigor
