// The native model from a checkpoint folder to text, as a command uses it.
#include "lvlm/native.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/files.h"
#include "image/image.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

using ::testing::HasSubstr;

std::vector<std::vector<Answer>> ask(Lvlm& model, const std::vector<ImageRequest>& requests,
                                     const GenerationOptions& options) {
  std::vector<std::vector<Answer>> all(requests.size());
  model.answer(
      requests, options,
      [&](size_t request, std::vector<Answer>&& answers) { all[request] = std::move(answers); },
      {});
  return all;
}

class ReferenceNative : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    VIGOR_REQUIRE_SHARED(std::filesystem::path("reference") / GetParam());
    folder_ = testing::shared(std::filesystem::path("reference") / GetParam());
    golden_ = read_json_file(folder_ / "golden.json");
  }
  std::filesystem::path folder_;
  Json golden_;
};

// From the picture's file and the user's words to the reference's text: template, tokenizer,
// preprocessing, model, decoding together.
TEST_P(ReferenceNative, GreedyTextFromPictureAndQuestion) {
  NativeOptions native;
  native.model = folder_.string();
  native.dtype = "float32";
  native.conversation = golden_.at("template").get<std::string>();
  const auto model = open_native_lvlm(native);
  std::vector<ImageRequest> requests;
  std::vector<std::string> expected;
  GenerationOptions options;
  for (const Json& prompt : golden_.at("prompts")) {
    const std::string text = prompt.at("text").get<std::string>();
    const size_t mark = text.find("USER: ");
    const size_t end = text.rfind(" ASSISTANT:");
    ASSERT_NE(mark, std::string::npos);
    std::string question = text.substr(mark + 6, end - mark - 6);
    if (question.starts_with("<image>\n")) question = question.substr(8);
    requests.push_back(
        {prompt.at("image"), folder_ / prompt.at("image").get<std::string>(), {question}});
    expected.push_back(prompt.at("greedy_text").get<std::string>());
    options.max_new_tokens = static_cast<int>(prompt.at("greedy_ids").size());
  }
  const auto answers = ask(*model, requests, options);
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(answers[i].size(), 1u);
    EXPECT_EQ(answers[i][0].error, "");
    EXPECT_EQ(answers[i][0].text, expected[i].substr(expected[i].find_first_not_of(' ')));
    EXPECT_TRUE(answers[i][0].yes_margin.has_value());
  }
}

TEST_P(ReferenceNative, AMissingOrBrokenPictureFailsItsOwnAnswersAlone) {
  testing::TemporaryFolder temporary;
  NativeOptions native;
  native.model = folder_.string();
  native.dtype = "float32";
  const auto model = open_native_lvlm(native);
  GenerationOptions options;
  options.max_new_tokens = 2;
  const auto answers = ask(*model,
                           {{"a", folder_ / "images/0.png", {"What?", "Where?"}},
                            {"b", temporary / "none.png", {"What?", "Where?"}},
                            {"c", temporary.write("broken.png", "\x89PNG\r\n"), {"What?"}},
                            {"d", folder_ / "images/1.png", {std::string(9000, 'x'), "What?"}}},
                           options);
  EXPECT_EQ(answers[0][0].error + answers[0][1].error, "");
  EXPECT_THAT(answers[1][0].error, HasSubstr("no such file"));
  EXPECT_THAT(answers[1][1].error, HasSubstr("no such file"));
  EXPECT_NE(answers[2][0].error, "");
  EXPECT_THAT(answers[3][0].error, HasSubstr("context"));
  EXPECT_EQ(answers[3][1].error, "");
}

// What the server needs: a picture in memory, text alone, dialogues, and answers as they grow.
TEST_P(ReferenceNative, APictureInMemoryIsThePictureInTheFile) {
  NativeOptions native;
  native.model = folder_.string();
  native.dtype = "float32";
  const auto model = open_native_lvlm(native);
  const auto picture = std::make_shared<const std::string>(read_file(folder_ / "images/0.png"));
  GenerationOptions options;
  options.max_new_tokens = 6;
  options.top_logprobs = 3;
  std::map<std::pair<size_t, size_t>, std::string> grown;
  options.progress = [&](size_t request, size_t answer, std::string_view fresh) {
    grown[{request, answer}] += fresh;
    return true;
  };
  const auto answers =
      ask(*model,
          {{"a", folder_ / "images/0.png", {"What?"}},
           {.key = "b",
            .image = "",
            .questions = {std::string(9000, 'x'), "What?"},
            .image_bytes = picture},
           {.key = "c", .image = "", .questions = {"What?"}, .without_image = true},
           {.key = "d",
            .image = "",
            .questions = {"What?"},
            .image_bytes = picture,
            .system_prompt = "",
            .earlier = {{"Is it red?", "Yes"}}},
           {.key = "e", .image = "", .questions = {"<image>"}, .without_image = true}},
          options);
  EXPECT_TRUE(answers[1][0].request_at_fault);
  EXPECT_EQ(answers[0][0].text, answers[1][1].text);
  EXPECT_GT(answers[0][0].prompt_tokens, answers[2][0].prompt_tokens + 1);
  for (const auto& each : {answers[0][0], answers[1][1], answers[2][0], answers[3][0]}) {
    EXPECT_EQ(each.error, "");
    ASSERT_TRUE(each.first.has_value());
    ASSERT_GE(each.likely.size(), 3u);
    EXPECT_EQ(each.first->logprob, each.likely[0].logprob);  // greedy takes the likeliest
    EXPECT_EQ(each.first->token, each.likely[0].token);
  }
  EXPECT_TRUE(answers[4][0].request_at_fault);
  for (const auto& [place, text] : grown) {
    EXPECT_TRUE(answers[place.first][place.second].text.starts_with(text))
        << answers[place.first][place.second].text << " / " << text;
  }
  EXPECT_EQ(grown.count({1, 1}), 1u);
  // The caller ends one answer; the other goes on.
  options.progress = [](size_t request, size_t, std::string_view) { return request != 0; };
  const auto ended =
      ask(*model,
          {{"a", folder_ / "images/0.png", {"What?"}}, {"b", folder_ / "images/0.png", {"What?"}}},
          options);
  EXPECT_EQ(ended[0][0].tokens, 1);
  EXPECT_EQ(ended[0][0].finish, "length");
  EXPECT_EQ(ended[1][0].text, answers[0][0].text);
}

TEST(ReferenceNativeLoad, AnotherImageTokenThanTheTokenizersIsRefused) {
  namespace fs = std::filesystem;
  VIGOR_REQUIRE_SHARED("reference/llava-hf-tiny");
  const testing::TemporaryFolder temporary;
  const fs::path folder = temporary / "model";
  fs::create_directories(folder);
  for (const auto& entry : fs::directory_iterator(testing::shared("reference/llava-hf-tiny"))) {
    if (entry.is_regular_file() && entry.path().filename() != "config.json")
      fs::create_symlink(fs::absolute(entry.path()), folder / entry.path().filename());
  }
  Json config = read_json_file(testing::shared("reference/llava-hf-tiny/config.json"));
  const auto right = config.at("image_token_index").get<int64_t>();
  config["image_token_index"] = right - 1;
  temporary.write("model/config.json", dump_json(config));
  NativeOptions native;
  native.model = folder.string();
  try {
    open_native_lvlm(native);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("the tokenizer has <image> as " + std::to_string(right) +
                                        ", config.json says " + std::to_string(right - 1)));
    EXPECT_THAT(error.what(), HasSubstr("belong to another checkpoint"));
  }
}

INSTANTIATE_TEST_SUITE_P(Reference, ReferenceNative,
                         ::testing::Values("llava-hf-tiny", "llava-v1-tiny"), [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace vigor
