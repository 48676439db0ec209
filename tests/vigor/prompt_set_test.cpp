#include "vigor/prompt_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/error.h"
#include "base/files.h"
#include "tests/testing/shared_data.h"

namespace vigor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string refusal_of(const std::string& bytes) {
  try {
    parse_prompts(bytes, "p.txt");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(PromptSet, TextHasOneALine) {
  EXPECT_THAT(parse_prompts("# ways to ask\r\n Say it. \r\n\n\"Quoted\" later? Yes.\n", "p.txt"),
              ElementsAre("Say it.", "\"Quoted\" later? Yes."));
}

TEST(PromptSet, JsonHasStringsOrObjects) {
  EXPECT_THAT(parse_prompts("{\"prompt\": \"Say it.\", \"id\": 3}\n\"Tell.\"\n", "p.jsonl"),
              ElementsAre("Say it.", "Tell."));
  EXPECT_THAT(parse_prompts("[\"Say it.\", {\"prompt\": \"Tell.\"}]", "p.json"),
              ElementsAre("Say it.", "Tell."));
}

TEST(PromptSet, MistakesNameTheirLine) {
  EXPECT_THAT(refusal_of("# none\n\n"), HasSubstr("no phrasing"));
  EXPECT_THAT(refusal_of("Say.\nTell.\nSay. \n"), HasSubstr("p.txt:3"));
  EXPECT_THAT(refusal_of("Say <image>.\n"), HasSubstr("<image>"));
  EXPECT_THAT(refusal_of("caf\xE9\n"), HasSubstr("UTF-8"));
  EXPECT_THAT(refusal_of("{\"text\": \"Say.\"}\n"), HasSubstr("prompt"));
  EXPECT_THAT(refusal_of("\"Say.\"\n\" \"\n"), HasSubstr("p.txt:2"));
}

TEST(PromptSet, DrawnBySeedAndPictureAlone) {
  const std::vector<std::string> prompts = {"a", "b", "c"};
  std::map<std::string, int> counts;
  int moved = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::string image = std::to_string(i) + ".jpg";
    const std::string& drawn = drawn_prompt(prompts, 7, image);
    ++counts[drawn];
    EXPECT_EQ(drawn, drawn_prompt(prompts, 7, image));
    moved += drawn != drawn_prompt(prompts, 8, image) ? 1 : 0;
  }
  // Six standard deviations (26) about 1,000 each, and 2,000 that another seed moves.
  for (const auto& [prompt, count] : counts) EXPECT_NEAR(count, 1000, 155) << prompt;
  EXPECT_NEAR(moved, 2000, 155);
}

TEST(PromptSet, TheShippedOneHasEnough) {
  const auto file = testing::source_dir() / "data/prompts/describe.txt";
  EXPECT_GE(parse_prompts(read_file(file), "describe.txt").size(), 10u);
}

}  // namespace
}  // namespace vigor
