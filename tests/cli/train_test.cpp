// vigor-eval train through the built program: from scenes to a checkpoint that answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "base/files.h"
#include "base/json.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/spawn.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::shared;
using testing::spawn;
using testing::SpawnResult;

constexpr char kGeometry[] = R"({"model_type": "llava", "projector_type": "mlp2x_gelu",
  "image_token_index": 400, "vision_feature_layer": -1, "vision_feature_select_strategy": "default",
  "text_config": {"vocab_size": 416, "hidden_size": 16, "intermediate_size": 24,
    "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2,
    "max_position_embeddings": 1024, "rms_norm_eps": 1e-5},
  "vision_config": {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1,
    "num_attention_heads": 2, "image_size": 28, "patch_size": 14}})";

class EndToEndTrain : public ::testing::Test {
 protected:
  EndToEndTrain() {
    const SpawnResult made = run(
        {"scenes", "--seed", "3", "--count", "6", "--size", "64", "--train", "--out", "scenes"});
    EXPECT_EQ(made.exit_code, 0) << made.err;
  }
  SpawnResult run(const std::vector<std::string>& arguments) {
    return spawn(VIGOR_PROGRAM, arguments, {.folder = folder_.path()});
  }
  SpawnResult train(const std::string& stage, const Json& config) {
    folder_.write(stage + ".json", dump_json(config, 2));
    return run({"train", stage, "--config", stage + ".json", "--json"});
  }
  Json sft_config(const std::string& model) const {
    return {{"model", model},
            {"data", "scenes/llava_conversations.json"},
            {"images", "scenes/images"},
            {"out", "sft"},
            {"train",
             {{"learning_rate", 1e-3},
              {"batch_size", 2},
              {"max_steps", 2},
              {"epochs", 9},
              {"checkpoint_every", 1},
              {"save_dtype", "fp32"},
              {"max_length", 700}}}};
  }
  // The yes margins of every question about the scenes, in the order of the questions.
  std::vector<double> margins(const std::string& model, const std::string& out) {
    const SpawnResult result =
        run({"pope", "--model", model, "--questions", "scenes/scenes_pope_random.json", "--images",
             "scenes/images", "--dtype", "float32", "--out", out});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    std::vector<std::pair<std::string, double>> found;
    for (const JsonRow& row : read_json_rows(folder_ / out / "samples.jsonl"))
      found.emplace_back(row.value.at("image").dump() + row.value.at("question").dump(),
                         row.value.at("margin").get<double>());
    std::sort(found.begin(), found.end());
    std::vector<double> margins;
    for (const auto& [id, margin] : found) margins.push_back(margin);
    return margins;
  }
  testing::TemporaryFolder folder_;
};

TEST_F(EndToEndTrain, FromNothingToACheckpointThatAnswers) {
  folder_.write("tiny.json", kGeometry);
  const SpawnResult tokenizer = train(
      "tokenizer",
      {{"data", "scenes/llava_conversations.json"}, {"vocab_size", 400}, {"out", "tokenizer"}});
  ASSERT_EQ(tokenizer.exit_code, 0) << tokenizer.err;
  const SpawnResult vision =
      train("vision", {{"geometry", "tiny.json"},
                       {"out", "vision"},
                       {"scenes", {{"seed", 1}, {"count", 4}}},
                       {"held_out", {{"seed", 2}, {"count", 2}}},
                       {"train", {{"learning_rate", 1e-3}, {"batch_size", 4}, {"max_steps", 2}}}});
  ASSERT_EQ(vision.exit_code, 0) << vision.err;

  Json config = sft_config("random:tiny.json");
  config["tokenizer"] = "tokenizer";
  config["vision_weights"] = "vision/vision.safetensors";
  config["align_words"] = {{"seed", 1}, {"count", 4}};
  const SpawnResult sft = train("sft", config);
  ASSERT_EQ(sft.exit_code, 0) << sft.err;
  EXPECT_EQ(Json::parse(sft.out)["steps"], 2);
  EXPECT_THAT(sft.err, HasSubstr("note: 'epochs' and 'max_steps' are both given: it ends after 2"));
  EXPECT_FALSE(margins("sft/model", "answers").empty());

  // Nothing is left to do, and what it started from is compared.
  EXPECT_EQ(Json::parse(train("sft", config).out)["resumed_from"], 2);
  config["align_words"]["seed"] = 7;
  const SpawnResult other = train("sft", config);
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("'start'"));
}

TEST_F(EndToEndTrain, ADetectorFromNothingThatIsAskedAboutScenes) {
  folder_.write("tiny.json", R"({
    "model_type": "grounding-dino", "d_model": 32, "encoder_layers": 1, "decoder_layers": 1,
    "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "num_queries": 8,
    "backbone_config": {"model_type": "swin", "embed_dim": 8, "depths": [1, 1, 1, 1],
                        "num_heads": [1, 1, 1, 1], "window_size": 4},
    "text_config": {"model_type": "bert", "vocab_size": 1104, "hidden_size": 16,
                    "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 16}})");
  Json config = {{"model", "random:tiny.json"},
                 {"out", "detector"},
                 {"side", 64},
                 {"scenes", {{"seed", 1}, {"count", 4}}},
                 {"held_out", {{"seed", 2}, {"count", 2}}},
                 {"train", {{"batch_size", 2}, {"max_steps", 2}, {"save_dtype", "bf16"}}}};
  const SpawnResult trained = train("detector", config);
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_EQ(Json::parse(trained.out)["steps"], 2);
  EXPECT_EQ(Json::parse(trained.out)["held_out"]["pictures"], 4);  // with their mirror images

  const SpawnResult detected =
      run({"detect", "--detector", "detector/model", "--image", "scenes/images/scene_000000.jpg",
           "--prompt", "a dog. a bus.", "--out", "boxes.json", "--box-threshold", "0"});
  ASSERT_EQ(detected.exit_code, 0) << detected.err;
  EXPECT_EQ(read_json_file(folder_ / "boxes.json")["annotations"].size(), 8u);

  // From what was saved, with pictures of another size.
  config["model"] = "detector/model";
  config["out"] = "more";
  config["side"] = 96;
  const SpawnResult more = train("detector", config);
  ASSERT_EQ(more.exit_code, 0) << more.err;
  EXPECT_EQ(
      read_json_file(folder_ / "more/model/preprocessor_config.json")["size"]["shortest_edge"], 96);

  config["model"] = "random:tiny.json";
  config["side"] = 0;
  const SpawnResult no_side = train("detector", config);
  EXPECT_EQ(no_side.exit_code, 2);
  EXPECT_THAT(no_side.err, HasSubstr("'side' in the config"));
}

TEST_F(EndToEndTrain, ACheckpointOfTheOriginalLayoutIsSavedForOtherPrograms) {
  VIGOR_REQUIRE_SHARED("reference/llava-v1-tiny");
  const std::string original = shared("reference/llava-v1-tiny").string();
  const Json before = read_json_file(shared("reference/llava-v1-tiny/config.json"));
  Json config = sft_config(original);
  config["train"]["max_steps"] = 1;
  config["train"]["max_length"] = 512;
  config["train"]["learning_rate"] = 1e-12;  // what is saved is what was loaded
  config["conversation"] = "llava_v1";
  const SpawnResult sft = train("sft", config);
  ASSERT_EQ(sft.exit_code, 0) << sft.err;

  const Json saved = read_json_file(folder_ / "sft/model/config.json");
  const auto image = saved["image_token_index"].get<int64_t>();
  EXPECT_EQ(image, before["vocab_size"].get<int64_t>());
  EXPECT_GT(saved["text_config"]["vocab_size"].get<int64_t>(), image);
  EXPECT_EQ(read_json_file(folder_ / "sft/model/added_tokens.json")["<image>"], image);

  const std::vector<double> expected = margins(original, "before");
  const std::vector<double> margin = margins("sft/model", "after");
  ASSERT_EQ(margin.size(), expected.size());
  ASSERT_FALSE(margin.empty());
  for (size_t i = 0; i < margin.size(); ++i) EXPECT_NEAR(margin[i], expected[i], 1e-4) << i;
}

// Before anything is read or written; the same for every stage.
TEST(EndToEndTrainConfig, AWrongKeyIsWrongUsage) {
  const testing::TemporaryFolder folder;
  const auto train = [&](const std::string& stage, const std::string& config) {
    folder.write("config.json", config);
    return spawn(VIGOR_PROGRAM, {"train", stage, "--config", "config.json"},
                 {.folder = folder.path()});
  };
  for (const char* stage : {"tokenizer", "vision", "sft", "detector"}) {
    for (const auto& [config, message] : std::vector<std::pair<const char*, const char*>>{
             {"{}", "error: config.json: key '"},
             {R"({"outt": "x"})", "unknown key 'outt'\n  what to do: did you mean 'out'?"},
             {R"({"out": 3})", "' "},
             {"[]", "must be one JSON object"},
             {"{\"out\": \"x\",\n\"out\": \"y\"}", "config.json:2:1: key 'out' stands twice"},
             {"{\"out\":", "config.json:1:"}}) {
      // What is no document is the same for all; keys are each stage's own.
      if (std::string(stage) != "sft" && std::string(message).find("key") == std::string::npos) {
        continue;
      }
      const SpawnResult result = train(stage, config);
      EXPECT_EQ(result.exit_code, 2) << stage << " " << config << result.err;
      EXPECT_THAT(result.err, HasSubstr(message)) << stage << " " << config;
    }
  }
  EXPECT_EQ(
      spawn(VIGOR_PROGRAM, {"train", "sft", "--config", "none.json"}, {.folder = folder.path()})
          .exit_code,
      2);
  const SpawnResult nested = train("sft", R"({"model": "m", "data": "d", "images": "i", "out": "o",
                       "train": {"lora": {"rnk": 8}}})");
  EXPECT_EQ(nested.exit_code, 2);
  EXPECT_THAT(nested.err,
              HasSubstr("config.json: train: lora: unknown key 'rnk'\n  what to do: did "
                        "you mean 'rank'?"));
  EXPECT_THAT(spawn(VIGOR_PROGRAM, {"train", "sft", "--help"}).out,
              HasSubstr("train.learning_rate            number; 2e-5"));
}

// Every key that the documentation names is read: with all of them spelt out, what is wrong is the
// first file that is missing, and no key.
TEST(EndToEndTrainConfig, EveryDocumentedKeyIsRead) {
  const testing::TemporaryFolder folder;
  const std::string page = read_file(testing::source_dir() / "docs/training-keys.md");
  std::map<std::string, Json> configs;
  std::string stage;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("## train ")) stage = line.substr(9);
    if (!line.starts_with("| `")) continue;
    std::vector<std::string> cells;
    for (size_t at = 2; at < line.size();) {
      const size_t end = std::min(line.find(" | ", at), line.size());
      cells.push_back(line.substr(at, end - at));
      at = end + 3;
    }
    ASSERT_GE(cells.size(), 4u) << line;
    std::string pointer = "/" + cells[0].substr(1, cells[0].size() - 2);
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    Json& value = configs[stage][Json::json_pointer(pointer)];
    if (cells[1] == "object") {
      value = Json::object();
    } else if (cells[2].starts_with('`')) {
      value = Json::parse(cells[2].substr(1, cells[2].size() - 2));
    } else {
      value = "nowhere";
    }
  }
  ASSERT_EQ(configs.size(), 4u);
  configs["vision"]["held_out"]["seed"] = 1;
  configs["detector"]["held_out"]["seed"] = 1;
  for (const auto& [name, config] : configs) {
    folder.write("config.json", dump_json(config));
    const SpawnResult result =
        spawn(VIGOR_PROGRAM, {"train", name, "--config", "config.json"}, {.folder = folder.path()});
    EXPECT_EQ(result.exit_code, 1) << name << result.err;
    EXPECT_THAT(result.err, HasSubstr("nowhere")) << name;
  }
}

}  // namespace
}  // namespace vigor
