#include "nightly/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nightly/fingerprint.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::nightly {
namespace {

using ::testing::HasSubstr;

Json valid() {
  return {{"folder", "nights"},
          {"gate", {{"rules", {{{"metric", "average.f1"}, {"allowed_drop", 0.01}}}}}},
          {"benchmarks", {{{"command", {"pope", "--model", "m"}}, {"baseline", "pinned"}}}}};
}

std::string message_of(const Json& document) {
  try {
    parse_config(document, "jobs/nightly.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(NightlyConfig, PathsAreRelativeToTheFile) {
  const Config config = parse_config(valid(), "jobs/nightly.json");
  EXPECT_EQ(config.folder, "jobs/nights");
  EXPECT_EQ(config.benchmarks[0].name, "pope");
  EXPECT_EQ(config.benchmarks[0].baseline, "jobs/pinned");
  EXPECT_EQ(config.keep_days, 60);
}

TEST(NightlyConfig, PathsAboveTheFileAreShort) {
  Json above = valid();
  above["folder"] = "../../runs/nights";
  EXPECT_EQ(parse_config(above, "configs/nightly/demo.json").folder, "runs/nights");
}

TEST(NightlyConfig, MistakesAreNamed) {
  Json config = valid();
  config["folders"] = "x";
  EXPECT_THAT(message_of(config), HasSubstr("folder"));
  config = valid();
  config["benchmarks"] = Json::array();
  EXPECT_THAT(message_of(config), HasSubstr("at least one"));
  config = valid();
  config["benchmarks"][0]["command"].push_back("--out");
  EXPECT_THAT(message_of(config), HasSubstr("must not have --out"));
  config = valid();
  config["benchmarks"].push_back(config["benchmarks"][0]);
  EXPECT_THAT(message_of(config), HasSubstr("a second benchmark is named pope"));
  config = valid();
  config["benchmarks"][0]["name"] = "../pope";
  EXPECT_THAT(message_of(config), HasSubstr("a name is a folder"));
  config = valid();
  config.erase("gate");
  EXPECT_THAT(message_of(config), HasSubstr("missing key 'gate'"));
}

TEST(NightlyConfig, TheShippedConfigurationIsRead) {
  const Config config = read_config(testing::source_dir() / "configs/nightly/demo.json");
  EXPECT_FALSE(config.benchmarks.empty());
  EXPECT_FALSE(config.gate.rules.empty());
}

TEST(Fingerprint, SeesContentNotNames) {
  const testing::TemporaryFolder folder;
  folder.write("a/config.json", "{}");
  folder.write("a/model.safetensors", "weights");
  folder.write("b/config.json", "{}");
  folder.write("b/model.safetensors", "weights");
  folder.write("pictures/1.jpg", "one");
  const auto print = [&](const std::string& model, const std::string& program = "1") {
    return fingerprint(
        {"pope", "--model", (folder / model).string(), "--images", (folder / "pictures").string()},
        program);
  };
  EXPECT_EQ(print("a"), print("b"));
  EXPECT_NE(print("a"), print("a", "2"));
  const auto before = print("b");
  folder.write("b/model.safetensors", "Weights");
  EXPECT_NE(print("b"), before);
  folder.write("pictures/2.jpg", "two");
  EXPECT_NE(print("a"), before);
}

TEST(Fingerprint, AModelBehindAnEndpointCannotBeSeen) {
  EXPECT_FALSE(fingerprint({"pope", "--model", "http://host/v1#m"}, "1"));
  EXPECT_TRUE(fingerprint({"mmhal", "--judge", "http://host/v1#m", "--limit", "3"}, "1"));
}

}  // namespace
}  // namespace vigor::nightly
