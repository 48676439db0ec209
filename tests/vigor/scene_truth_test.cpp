#include "vigor/scene_truth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/random.h"
#include "scenes/language.h"
#include "scenes/scene.h"
#include "tests/testing/english.h"
#include "tests/testing/temporary_folder.h"
#include "vigor/annotate_scenes_stage.h"

namespace vigor {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using E = SentenceError;

// A red cup on the left, two blue cars in the middle and on the right, a person in green.
SceneFacts street() {
  const Json scene = parse_json(R"({"image": "s.jpg", "background": "street", "objects": [
      {"kind": "cup", "color": "red", "size": "small", "position": "left"},
      {"kind": "car", "color": "blue", "size": "large", "position": "middle"},
      {"kind": "car", "color": "blue", "size": "small", "position": "right"},
      {"kind": "person", "color": "green", "size": "large", "position": "left"},
      {"kind": "banana", "color": null, "size": "small", "position": "right"}],
      "relations": [{"subject": 0, "predicate": "below", "object": 3}]})",
                                "truth");
  return parse_scene_facts(dump_json(scene), "truth").at("s.jpg");
}

std::vector<E> errors(const std::string& sentence) {
  const auto found = check_sentence(street(), sentence).errors;
  return {found.begin(), found.end()};
}

TEST(SceneTruth, EachKindOfErrorIsFound) {
  for (const char* right :
       {"There is a red cup.", "Two blue cars are parked.", "A person in green waits.",
        "The cup is on the left side.", "On the right side there is a car.",
        "The cup is small and can be seen on the left side.", "The cup is below the person.",
        "This is a street scene.", "In total, there are five objects in the image.",
        "There are two cars and a banana.", "A car stands in the middle of the street."}) {
    EXPECT_THAT(errors(right), IsEmpty()) << right;
    EXPECT_GT(check_sentence(street(), right).claims, 0) << right;
  }
  EXPECT_THAT(errors("There is a dog."), ElementsAre(E::kObject));
  EXPECT_THAT(errors("There is a blue cup."), ElementsAre(E::kColour));
  EXPECT_THAT(errors("A person in red waits."), ElementsAre(E::kColour));
  EXPECT_THAT(errors("There are three cars."), ElementsAre(E::kCount));
  EXPECT_THAT(errors("There are cups."), ElementsAre(E::kCount));
  EXPECT_THAT(errors("In total, there are six objects in the image."), ElementsAre(E::kCount));
  EXPECT_THAT(errors("The cup is large."), ElementsAre(E::kSize));
  EXPECT_THAT(errors("The cup is on the right side."), ElementsAre(E::kLocation));
  EXPECT_THAT(errors("The image features a cup in a kitchen."), ElementsAre(E::kLocation));
  EXPECT_THAT(errors("The cup is above the person."), ElementsAre(E::kRelation));
  // Nothing stands beside itself; which of two cars is meant is open.
  EXPECT_THAT(errors("The cup is to the left of the cup."), ElementsAre(E::kRelation));
  EXPECT_THAT(errors("The car is to the left of the car."), IsEmpty());
  // What is listed one by one is as many things.
  EXPECT_THAT(errors("There is a blue car, a car and a cup."), IsEmpty());
  EXPECT_THAT(errors("There is a red cup and a red cup."), ElementsAre(E::kCount));
  EXPECT_THAT(errors("There are two cars, a cup and a car."), ElementsAre(E::kCount));
  EXPECT_THAT(errors("The cup is small, and the cup is on the left side."), IsEmpty());
  EXPECT_THAT(errors("A dog and three cars."), ElementsAre(E::kObject, E::kCount));
  EXPECT_EQ(check_sentence(street(), "There is a car and a car.").claims, 3)
      << "each is there, and there are two";
  const CheckedSentence nothing = check_sentence(street(), "It is a sunny day.");
  EXPECT_EQ(nothing.claims, 0);
  EXPECT_THAT(nothing.errors, IsEmpty());
  EXPECT_THAT(check_sentence(street(), "A teddy bear.").absent, ElementsAre("teddy bear"));
}

SceneFacts facts(const Scene& scene) {
  SceneFacts out;
  out.background = scene.background;
  for (const auto& o : scene.objects) out.objects.push_back({o.kind, o.colour, o.size, o.position});
  for (const auto& r : scene.relations) out.relations.push_back({r.subject, r.object, r.predicate});
  return out;
}

// What the scenes' own language says of a scene is true, and of another scene mostly not.
TEST(SceneTruth, CaptionsOfAScenePassAndThoseOfAnotherDoNot) {
  SceneOptions options;
  options.width = options.height = 64;
  int64_t wrong_elsewhere = 0, sentences_elsewhere = 0;
  Scene before = generate_scene(5, 999, options);
  for (uint64_t index = 0; index < 150; ++index) {
    const Scene scene = generate_scene(5, index, options);
    CounterRandom random(1, "truth", index);
    const std::string caption = long_caption(scene, random);
    const auto sentences = testing::english().sentences.split_finely(caption);
    const auto here = annotate_truly(facts(scene), "a", 0, caption, sentences);
    for (const auto& sentence : here.sentences) {
      EXPECT_NE(sentence.label, SentenceLabel::kWrong) << caption;
    }
    EXPECT_EQ(here.detail, 5) << caption;
    EXPECT_THAT(here.missing, IsEmpty());
    for (const auto& sentence :
         annotate_truly(facts(before), "a", 0, caption, sentences).sentences) {
      wrong_elsewhere += sentence.label == SentenceLabel::kWrong;
      ++sentences_elsewhere;
    }
    before = scene;
  }
  EXPECT_GT(wrong_elsewhere * 10, sentences_elsewhere * 8);
}

TEST(SceneTruth, AKindThatIsNotThereIsFoundInTrainingCaptions) {
  SceneOptions options;
  options.width = options.height = 64;
  for (uint64_t index = 0; index < 40; ++index) {
    const Scene scene = generate_scene(6, index, options);
    CounterRandom random(2, "truth", index);
    const std::string absent = plausible_absent(scene).front();
    const std::string caption = long_caption(scene, random, {absent});
    const auto checked = check_sentence(facts(scene), caption);
    EXPECT_THAT(checked.absent, ElementsAre(absent)) << caption;
  }
}

TEST(SceneTruth, AnnotatorsErrAtTheirRateAndDiffer) {
  std::string caption;
  std::vector<language::Span> sentences;
  for (int i = 0; i < 50; ++i) {
    const size_t begin = caption.size();
    caption += i % 2 == 0 ? "A cup." : "A dog.";
    sentences.push_back({begin, caption.size()});
  }
  AnnotatorModel model;
  model.annotators = 4;
  model.spread = 1;
  std::map<std::string, int64_t> slips;
  const int64_t captions = 200;
  for (int64_t i = 0; i < captions; ++i) {
    const auto truth = annotate_truly(street(), "i" + std::to_string(i), 0, caption, sentences);
    for (const auto& one : annotate_like_people(truth, model)) {
      EXPECT_EQ(annotation_row(parse_annotation(annotation_row(one), "t")), annotation_row(one));
      for (size_t s = 0; s < sentences.size(); ++s) {
        slips[one.annotator] += one.sentences[s].label != truth.sentences[s].label;
      }
    }
  }
  ASSERT_EQ(slips.size(), 4u);
  double least = 1, most = 0;
  for (const auto& [name, count] : slips) {
    const double rate = static_cast<double>(count) / static_cast<double>(captions * 50);
    EXPECT_LE(rate, 0.21) << name;
    least = std::min(least, rate);
    most = std::max(most, rate);
  }
  EXPECT_GT(most - least, 0.02);
  model.error_rate = 0.6;
  EXPECT_THROW(annotate_like_people({}, model), Error);
  model.error_rate = 0;
  const auto truth = annotate_truly(street(), "i", 0, caption, sentences);
  EXPECT_EQ(annotate_like_people(truth, model)[2].sentences[7].label, truth.sentences[7].label);
}

TEST(SceneTruth, TheStageJudgesCaptionsOfScenes) {
  testing::TemporaryFolder folder;
  DiskFileSystem files;
  const auto path = [&](const char* name) { return (folder.path() / name).string(); };
  folder.write("captions.jsonl",
               "{\"image\":\"s.jpg\",\"sample\":1,\"prompt\":\"P\",\"caption\":\"A cup. A dog.\"}\n"
               "{\"image\":\"s.jpg\",\"sample\":2,\"caption\":null}\n");
  folder.write("truth.jsonl",
               "{\"image\":\"s.jpg\",\"background\":\"park\",\"objects\":[{\"kind\":\"cup\"}]}\n");
  Json config = {{"format", "scenes"},
                 {"captions", path("captions.jsonl")},
                 {"truth", path("truth.jsonl")},
                 {"out", path("out.jsonl")}};
  const auto run = [&] {
    return annotate_scenes_stage(files, config, "c.json", testing::english());
  };
  EXPECT_EQ(run().summary["true_sentences"], Json({{"correct", 1}, {"wrong", 1}}));
  EXPECT_FALSE(run().ran);
  const auto read = read_annotations(path("out.jsonl"));
  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(read[0].prompt, "P");
  EXPECT_THAT(read[0].sentences[1].errors, ElementsAre(E::kObject));
  config["annotators"] = 3;
  EXPECT_TRUE(run().ran);
  EXPECT_EQ(read_annotations(path("out.jsonl")).size(), 3u);
  folder.write("captions.jsonl", "{\"image\":\"t.jpg\",\"caption\":\"A cup.\"}\n");
  EXPECT_THROW(run(), Error);
}

}  // namespace
}  // namespace vigor
