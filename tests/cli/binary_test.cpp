// The built program, started as a user starts it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/json.h"
#include "tests/testing/spawn.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

using ::testing::HasSubstr;
using testing::spawn;

TEST(EndToEndBinary, HelpListsTheCommands) {
  const auto result = spawn(VIGOR_PROGRAM, {"--help"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("doctor"));
  EXPECT_EQ(result.err, "");
}

TEST(EndToEndBinary, VersionNamesTheCommit) {
  const auto result = spawn(VIGOR_PROGRAM, {"--version"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, ::testing::MatchesRegex("vigor-eval [0-9.]+ \\([0-9a-z-]+\\)\n"));
}

TEST(EndToEndBinary, AMisspeltCommandIsAUsageError) {
  const auto result = spawn(VIGOR_PROGRAM, {"docter"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.err, "error: unknown command docter\n  what to do: did you mean doctor?\n");
  EXPECT_EQ(result.out, "");
}

TEST(EndToEndBinary, DoctorMeasures) {
  const auto result =
      spawn(VIGOR_PROGRAM, {"doctor", "--json", "--seconds", "0.01", "--gemm-size", "64"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const Json doctor = Json::parse(result.out);
  EXPECT_GT(doctor["gemm_gflops"]["float32"].get<double>(), 0);
  EXPECT_GT(doctor["gemm_gflops"]["bfloat16"].get<double>(), 0);
  EXPECT_GT(doctor["memory_gb_per_s"].get<double>(), 0);
  EXPECT_FALSE(doctor["versions"]["libtorch"].get<std::string>().empty());
  EXPECT_TRUE(doctor["advice"].is_array());
}

// Its start would take most of a second otherwise, at every command.
TEST(EndToEndBinary, LoadsLibTorchOnlyToCompute) {
  ::setenv("LD_TRACE_LOADED_OBJECTS", "1", 1);
  const auto loaded = spawn(VIGOR_PROGRAM, {});
  ::unsetenv("LD_TRACE_LOADED_OBJECTS");
  EXPECT_THAT(loaded.out, HasSubstr("libcurl"));
  EXPECT_THAT(loaded.out, ::testing::Not(HasSubstr("torch")));
}

TEST(EndToEndBinary, WithoutThePartThatComputesItSaysSoAndDoesTheRest) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path alone = folder / "vigor-eval";
  std::filesystem::copy_file(VIGOR_PROGRAM, alone);
  EXPECT_EQ(spawn(alone, {"rank", "--help"}).exit_code, 0);
  const auto doctor = spawn(alone, {"doctor"});
  EXPECT_EQ(doctor.exit_code, 1);
  EXPECT_THAT(doctor.err, HasSubstr("keep vigor-eval-native beside vigor-eval"));
}

}  // namespace
}  // namespace vigor
