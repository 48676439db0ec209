// The table of training keys against what reads them and against its page.
#include "cli/training_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/testing/shared_data.h"
#include "train/detector_training.h"
#include "train/sft_options.h"
#include "vigor/conversation_samples.h"
#include "vigor/scene_detections.h"
#include "vigor/scene_pictures.h"

namespace vigor {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr TrainStage kStages[] = {TrainStage::kTokenizer, TrainStage::kVision, TrainStage::kSft,
                                  TrainStage::kDetector};

// The defaults of the keys below `prefix` ("train."), as a document that spells them all out.
Json spelt_out(TrainStage stage, const std::string& prefix) {
  Json object = Json::object();
  for (const TrainingKey& key : training_keys(stage)) {
    const std::string name = key.name;
    if (!name.starts_with(prefix) || !Json::accept(key.fallback)) continue;
    std::string pointer = name.substr(prefix.size());
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    object[Json::json_pointer("/" + pointer)] = Json::parse(key.fallback);
  }
  return object;
}

std::string refusal_of(TrainStage stage, const Json& config) {
  try {
    check_training_keys(stage, config, "sft.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.parts().exit_code, ExitCode::kUsage);
    return error.what();
  }
  return "no error";
}

Json least_sft() {
  return {{"model", "m"}, {"data", "d"}, {"images", "i"}, {"out", "o"}, {"train", Json::object()}};
}

TEST(TrainingKeys, TheirDefaultsAreThoseOfTheOptions) {
  const SftOptions sft = parse_sft_options(Json::object(), "x");
  const SftOptions spelt = parse_sft_options(spelt_out(TrainStage::kSft, "train."), "x");
  EXPECT_EQ(sft_settings(spelt), sft_settings(sft));
  EXPECT_EQ(spelt.loop.checkpoint_every, sft.loop.checkpoint_every);
  EXPECT_EQ(spelt.loop.keep_checkpoints, sft.loop.keep_checkpoints);
  EXPECT_EQ(spelt.gradient_checkpointing, sft.gradient_checkpointing);
  EXPECT_EQ(spelt.save_dtype, sft.save_dtype);

  const VisionPretrainOptions vision;
  const VisionPretrainOptions spelt_vision =
      parse_vision_pretrain_options(spelt_out(TrainStage::kVision, "train."), "x");
  EXPECT_EQ(loop_settings(spelt_vision.loop), loop_settings(vision.loop));
  EXPECT_EQ(spelt_vision.micro_batch, vision.micro_batch);
  EXPECT_EQ(spelt_vision.dtype, vision.dtype);
  EXPECT_EQ(spelt_vision.kind_weight, vision.kind_weight);
  EXPECT_EQ(spelt_vision.colour_weight, vision.colour_weight);
  EXPECT_EQ(spelt_vision.presence_weight, vision.presence_weight);

  const DetectorTrainOptions detector;
  const DetectorTrainOptions spelt_detector =
      parse_detector_train_options(spelt_out(TrainStage::kDetector, "train."), "x");
  EXPECT_EQ(loop_settings(spelt_detector.loop), loop_settings(detector.loop));
  EXPECT_EQ(spelt_detector.micro_batch, detector.micro_batch);
  EXPECT_EQ(spelt_detector.dtype, detector.dtype);
  EXPECT_EQ(spelt_detector.save_dtype, detector.save_dtype);
  EXPECT_EQ(spelt_detector.loss.class_cost, detector.loss.class_cost);
  EXPECT_EQ(spelt_detector.loss.box_cost, detector.loss.box_cost);
  EXPECT_EQ(spelt_detector.loss.giou_cost, detector.loss.giou_cost);
  EXPECT_EQ(spelt_detector.loss.class_weight, detector.loss.class_weight);
  EXPECT_EQ(spelt_detector.loss.box_weight, detector.loss.box_weight);
  EXPECT_EQ(spelt_detector.loss.giou_weight, detector.loss.giou_weight);
  EXPECT_EQ(spelt_detector.loss.focal_alpha, detector.loss.focal_alpha);
  EXPECT_EQ(spelt_detector.loss.focal_gamma, detector.loss.focal_gamma);
  EXPECT_EQ(spelt_detector.loss.place_weight, detector.loss.place_weight);
  EXPECT_EQ(spelt_detector.threshold, detector.threshold);
  const SceneDetectionsOptions detections;
  const Json asked = spelt_out(TrainStage::kDetector, "");
  EXPECT_EQ(asked["absent_nouns"], detections.absent_nouns);
  EXPECT_EQ(asked["left_out"], detections.left_out);
  EXPECT_EQ(asked["plural"], detections.plural);
  EXPECT_EQ(asked["seed"], detections.seed);

  const ScenePicturesOptions scenes;
  for (const char* object : {"scenes.", "held_out."}) {
    const Json keys = spelt_out(TrainStage::kVision, object);
    EXPECT_EQ(keys, Json({{"seed", scenes.seed},
                          {"first", scenes.first},
                          {"count", scenes.count},
                          {"mirror", scenes.mirror}}));
    EXPECT_EQ(spelt_out(TrainStage::kSft, "align_words."), keys);
    EXPECT_EQ(spelt_out(TrainStage::kDetector, object), keys);
  }
  for (const TrainStage stage : {TrainStage::kTokenizer, TrainStage::kSft}) {
    EXPECT_EQ(spelt_out(stage, "")["conversation"], ConversationSamplesOptions().conversation);
  }
}

TEST(TrainingKeys, ThePageHasEveryOne) {
  const std::string page = read_file(testing::source_dir() / "docs/training-keys.md");
  size_t rows = 0;
  for (const TrainStage stage : kStages) {
    std::string table;
    for (const TrainingKey& key : training_keys(stage)) {
      const bool json = Json::accept(key.fallback);
      table += std::string("| `") + key.name + "` | " + key_type_name(key.type) + " | " +
               (json ? "`" : "") + key.fallback + (json ? "`" : "") + " | " + key.meaning + " |\n";
      ++rows;
    }
    EXPECT_THAT(page, HasSubstr("\n" + table + "\n"));
  }
  size_t found = 0;
  for (size_t at = page.find("\n| `"); at != page.npos; at = page.find("\n| `", at + 1)) ++found;
  EXPECT_EQ(found, rows);
}

TEST(TrainingKeys, MistakesAreNamedWithTheirPlace) {
  EXPECT_EQ(refusal_of(TrainStage::kSft, least_sft()), "no error");
  Json config = least_sft();
  config.erase("images");
  EXPECT_THAT(refusal_of(TrainStage::kSft, config),
              HasSubstr("sft.json: key 'images' is missing: folder that"));
  config = least_sft();
  config["train"]["learnin_rate"] = 1;
  EXPECT_THAT(refusal_of(TrainStage::kSft, config),
              AllOf(HasSubstr("sft.json: train: unknown key 'learnin_rate'"),
                    HasSubstr("did you mean 'learning_rate'?")));
  config = least_sft();
  config["train"]["lora"]["rank"] = "eight";
  EXPECT_THAT(refusal_of(TrainStage::kSft, config),
              HasSubstr("sft.json: train: lora: key 'rank' must be a whole number, found"));
  config = least_sft();
  config["train"] = {1};
  EXPECT_THAT(refusal_of(TrainStage::kSft, config), HasSubstr("'train' must be an object"));
  EXPECT_THAT(refusal_of(TrainStage::kSft, Json::array()), HasSubstr("one JSON object"));
  EXPECT_THAT(refusal_of(TrainStage::kTokenizer, {{"out", "o"}}), HasSubstr("'data' is missing"));
}

TEST(TrainingKeys, TheCommittedConfigsHaveNoOther) {
  const auto folder = testing::source_dir() / "configs/demo-training";
  const auto check = [&](TrainStage stage, const char* file) {
    EXPECT_NO_THROW(check_training_keys(stage, read_json_file(folder / file), file));
  };
  check(TrainStage::kTokenizer, "tokenizer.json");
  check(TrainStage::kVision, "vision.json");
  check(TrainStage::kSft, "sft.json");
  check(TrainStage::kSft, "bias.json");
  check(TrainStage::kDetector, "detector.json");
}

}  // namespace
}  // namespace vigor
