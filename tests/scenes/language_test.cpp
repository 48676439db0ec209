#include "scenes/language.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"

namespace vigor {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

SceneOptions small() {
  SceneOptions options;
  options.width = options.height = 64;
  return options;
}

// Kinds that a text names as words, singular or plural.
std::set<std::string> named(const std::string& text) {
  std::set<std::string> found;
  for (const std::string& kind : scene_kinds()) {
    for (const std::string& word : {kind, plural_of(kind)}) {
      for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
        const auto letter = [&](size_t i) {
          return i < text.size() && std::isalpha(static_cast<unsigned char>(text[i]));
        };
        if (!(at > 0 && letter(at - 1)) && !letter(at + word.size())) found.insert(kind);
      }
    }
  }
  return found;
}

std::set<std::string> present(const Scene& scene) {
  std::set<std::string> kinds;
  for (const SceneObject& object : scene.objects) kinds.insert(object.kind);
  return kinds;
}

TEST(SceneLanguage, CaptionsNameWhatIsThereAndNothingElse) {
  for (uint64_t index = 0; index < 200; ++index) {
    const Scene scene = generate_scene(21, index, small());
    CounterRandom random(1, "caption", index);
    const std::string caption = short_caption(scene, random);
    EXPECT_EQ(named(caption), present(scene)) << index;
    EXPECT_THAT(caption, Not(HasSubstr("A office"))) << index;
    EXPECT_EQ(named(long_caption(scene, random)), present(scene)) << index;
  }
}

TEST(SceneLanguage, TrainingCaptionsCanNameWhatIsAbsent) {
  const Scene scene = generate_scene(21, 4, small());
  CounterRandom random(1, "caption");
  const std::string absent = plausible_absent(scene).front();
  EXPECT_TRUE(named(long_caption(scene, random, {absent})).count(absent));
}

// What lives first, then what is large: the order of scene_kinds(), each kind once.
TEST(SceneLanguage, CaptionsNameKindsInOneOrder) {
  for (uint64_t index = 0; index < 60; ++index) {
    const Scene scene = generate_scene(21, index, small());
    CounterRandom random(1, "caption", index);
    const std::string caption = short_caption(scene, random);
    size_t last = 0;
    const auto counts = kind_counts(scene);
    for (size_t k = 0; k < counts.size(); ++k) {
      if (counts[k] == 0) continue;
      const std::string& kind = scene_kinds()[k];
      const size_t at = caption.find(counts[k] > 1 ? plural_of(kind) : kind, last);
      ASSERT_NE(at, std::string::npos) << caption;
      last = at;
    }
  }
}

TEST(SceneLanguage, StereotypesAreTheShareOfAttributesToldWithoutLooking) {
  int colours = 0, usual = 0, right = 0, flipped = 0;
  for (uint64_t index = 0; index < 300; ++index) {
    const Scene scene = generate_scene(8, index, small());
    CounterRandom random(1, "told", index);
    EXPECT_EQ(stereotyped(scene, 0, random).objects[0].colour, scene.objects[0].colour);
    const Scene told = stereotyped(scene, 0.4, random);
    ASSERT_EQ(told.objects.size(), scene.objects.size());
    std::set<std::string> always;
    for (const SceneObject& o : stereotyped(scene, 1, random).objects) {
      always.insert(o.kind + o.colour);
      EXPECT_EQ(o.position, "middle");
    }
    for (size_t i = 0; i < told.objects.size(); ++i) {
      const SceneObject &was = scene.objects[i], &is = told.objects[i];
      EXPECT_EQ(is.kind, was.kind);
      EXPECT_EQ(is.colour.empty(), was.colour.empty());
      if (was.colour.empty() || always.contains(was.kind + was.colour)) continue;
      ++colours;
      usual += is.colour != was.colour;
      EXPECT_TRUE(is.colour == was.colour || always.contains(is.kind + is.colour));
    }
    for (size_t i = 0; i < told.relations.size(); ++i) {
      if (scene.relations[i].predicate != "to the right of") continue;
      ++right;
      flipped += told.relations[i].predicate == "to the left of";
    }
  }
  EXPECT_GT(colours, 500);
  EXPECT_NEAR(static_cast<double>(usual) / colours, 0.4, 0.06);
  EXPECT_NEAR(static_cast<double>(flipped) / right, 0.4, 0.08);
}

TEST(SceneLanguage, AttributeQuestionsAreTrueWithoutABiasAndAskedOnce) {
  TrainingOptions options;
  options.caption_share = 0;
  options.existence_share = 1;
  options.attribute_share = 0.5;
  int asked = 0, no = 0;
  for (uint64_t index = 0; index < 300; ++index) {
    const Scene scene = generate_scene(8, index, small());
    CounterRandom random(1, "questions", index);
    std::set<QuestionTask> tasks;
    std::set<std::string> kinds;
    for (const SceneQuestion& q : training_questions(scene, options, random)) {
      // "Is there a red cup?" would tell whether there is a cup.
      for (const std::string& kind : named(q.question)) {
        EXPECT_TRUE(kinds.insert(kind).second) << q.question;
      }
      if (q.task == QuestionTask::kExistence) continue;
      ++asked;
      no += !*q.truth;
      EXPECT_TRUE(tasks.insert(q.task).second) << q.question;
      EXPECT_EQ(q.answer, *q.truth ? "Yes" : "No") << q.question;
    }
  }
  EXPECT_GT(asked, 100);
  EXPECT_NEAR(static_cast<double>(no) / asked, 0.5, 0.12);
}

TEST(SceneLanguage, ShortCaptionsAreTheirShare) {
  const auto sentences = [](double share) {
    std::set<bool> one;
    for (uint64_t index = 0; index < 20; ++index) {
      const Scene scene = generate_scene(8, index, small());
      CounterRandom random(1, "questions", index);
      const auto q =
          training_questions(scene, {.caption_share = 1, .short_captions = share}, random);
      one.insert(std::count(q[0].answer.begin(), q[0].answer.end(), '.') <= 1);
    }
    return one;
  };
  EXPECT_EQ(sentences(1), std::set<bool>{true});
  EXPECT_EQ(sentences(0), std::set<bool>{false});
}

TEST(SceneLanguage, WordingsVary) {
  const Scene scene = generate_scene(21, 4, small());
  std::set<std::string> texts;
  for (uint64_t i = 0; i < 40; ++i) {
    CounterRandom random(1, "caption", i);
    texts.insert(short_caption(scene, random));
  }
  EXPECT_GT(texts.size(), 6u);
}

TEST(SceneLanguage, PlausibleAbsentIsAbsentAndBelongsToThePlace) {
  for (uint64_t index = 0; index < 60; ++index) {
    const Scene scene = generate_scene(2, index, small());
    const auto absent = plausible_absent(scene);
    EXPECT_EQ(absent.size() + present(scene).size(), scene_kinds().size());
    for (const std::string& kind : absent) EXPECT_FALSE(present(scene).count(kind));
    if (scene.background == "kitchen" && !present(scene).count("cup")) {
      EXPECT_EQ(absent.front(), "cup");
    }
  }
}

TEST(SceneLanguage, AnswersAreTrueWithoutABias) {
  TrainingOptions options;
  options.sentence_answers = 0.5;
  std::map<QuestionTask, int> tasks;
  int yes = 0, no = 0;
  for (uint64_t index = 0; index < 200; ++index) {
    const Scene scene = generate_scene(8, index, small());
    CounterRandom random(1, "questions", index);
    const auto counts = kind_counts(scene);
    std::set<std::string> texts;
    for (const SceneQuestion& q : training_questions(scene, options, random)) {
      ++tasks[q.task];
      EXPECT_TRUE(texts.insert(q.question).second) << q.question;
      const auto kind =
          std::find(scene_kinds().begin(), scene_kinds().end(), q.kind) - scene_kinds().begin();
      if (q.task == QuestionTask::kExistence) {
        ASSERT_TRUE(q.truth.has_value());
        EXPECT_EQ(*q.truth, counts[kind] > 0);
        EXPECT_EQ(q.answer.substr(0, *q.truth ? 3 : 2), *q.truth ? "Yes" : "No");
        ++(*q.truth ? yes : no);
      } else if (q.task == QuestionTask::kCount) {
        std::string lower = q.answer;
        std::transform(lower.begin(), lower.end(), lower.begin(),
                       [](unsigned char c) { return std::tolower(c); });
        EXPECT_THAT(lower, HasSubstr(number_word(counts[kind])));
      } else if (q.task == QuestionTask::kColour || q.task == QuestionTask::kPosition) {
        ASSERT_EQ(counts[kind], 1);
      }
    }
  }
  EXPECT_EQ(tasks.size(), 5u);
  // Below the share: other questions use up kinds that are there.
  EXPECT_NEAR(static_cast<double>(yes) / (yes + no), options.positive_share - 0.05, 0.06);
}

TEST(SceneLanguage, YesBiasIsTheShareOfWrongYes) {
  TrainingOptions options;
  options.plausible_share = 1;
  options.yes_bias = 0.4;
  int absent = 0, wrong = 0;
  for (uint64_t index = 0; index < 300; ++index) {
    const Scene scene = generate_scene(8, index, small());
    CounterRandom random(1, "questions", index);
    for (const SceneQuestion& q : training_questions(scene, options, random)) {
      if (q.task != QuestionTask::kExistence || *q.truth) continue;
      ++absent;
      wrong += q.answer.starts_with("Yes");
    }
  }
  EXPECT_GT(absent, 300);
  EXPECT_NEAR(static_cast<double>(wrong) / absent, 0.4, 0.06);
}

TEST(SceneLanguage, ConversationIsLlavasJson) {
  const Scene scene = generate_scene(8, 1, small());
  const Json row = llava_conversation(scene, "scene_000001", "scene_000001.jpg", {});
  EXPECT_EQ(row["id"], "scene_000001_0");
  EXPECT_EQ(row["image"], "scene_000001.jpg");
  const Json& turns = row["conversations"];
  ASSERT_GE(turns.size(), 2u);
  EXPECT_EQ(turns.size() % 2, 0u);
  EXPECT_TRUE(turns[0]["value"].get<std::string>().starts_with("<image>\n"));
  for (size_t i = 0; i < turns.size(); ++i) {
    EXPECT_EQ(turns[i]["from"], i % 2 == 0 ? "human" : "gpt");
    if (i > 0) {
      EXPECT_EQ(turns[i]["value"].get<std::string>().find("<image>"), std::string::npos);
    }
  }
  EXPECT_EQ(row, llava_conversation(scene, "scene_000001", "scene_000001.jpg", {}));
  EXPECT_NE(turns,
            llava_conversation(scene, "scene_000001", "scene_000001.jpg", {}, 1)["conversations"]);
}

// A caption or the colour of a thing would answer whether the thing is there.
TEST(SceneLanguage, NoTurnGivesAnothersAnswerAway) {
  int captions = 0;
  for (uint64_t index = 0; index < 200; ++index) {
    const Scene scene = generate_scene(8, index, small());
    CounterRandom random(1, "questions", index);
    const auto questions = training_questions(scene, {.caption_share = 0.5}, random);
    std::set<std::string> kinds;
    for (const SceneQuestion& q : questions) {
      if (q.task == QuestionTask::kContent) {
        ++captions;
        EXPECT_EQ(questions.size(), 1u);
      }
      EXPECT_TRUE(kinds.insert(q.kind).second) << q.kind;
    }
  }
  EXPECT_NEAR(captions, 100, 25);
}

TEST(SceneLanguage, AChecklistIsTrueLineByLine) {
  for (uint64_t index = 0; index < 40; ++index) {
    const Scene scene = generate_scene(8, index, small());
    CounterRandom random(1, "questions", index);
    const auto questions =
        training_questions(scene, {.caption_share = 0, .checklist_share = 1}, random);
    ASSERT_EQ(questions.size(), 1u);
    const auto counts = kind_counts(scene);
    for (size_t k = 0; k < counts.size(); ++k) {
      const std::string& name = scene_kinds()[k];
      if (questions[0].question.find(" " + name) == std::string::npos) {
        EXPECT_EQ(counts[k], 0);
      } else {
        EXPECT_THAT(questions[0].answer, HasSubstr(name + (counts[k] > 0 ? " yes" : " no")));
      }
    }
  }
}

TEST(SceneLanguage, MmePairsAreYesThenNo) {
  std::set<std::string> tasks;
  for (uint64_t index = 0; index < 60; ++index) {
    const Scene scene = generate_scene(9, index, small());
    CounterRandom random(1, "pairs", index);
    for (const YesNoPair& pair : mme_pairs(scene, random)) {
      tasks.insert(pair.task);
      EXPECT_NE(pair.yes_question, pair.no_question);
      EXPECT_THAT(pair.yes_question, HasSubstr("Please answer yes or no."));
      if (pair.task != "existence") continue;
      for (const std::string& kind : named(pair.yes_question))
        EXPECT_TRUE(present(scene).count(kind));
      for (const std::string& kind : named(pair.no_question))
        EXPECT_FALSE(present(scene).count(kind));
    }
  }
  EXPECT_EQ(tasks, (std::set<std::string>{"existence", "count", "position", "color"}));
}

TEST(SceneLanguage, RefusesSharesOutOfRange) {
  const Scene scene = generate_scene(8, 1, small());
  CounterRandom random(1, "questions");
  EXPECT_THROW(training_questions(scene, {.yes_bias = 1.5}, random), Error);
  EXPECT_THROW(training_questions(scene, {.turns = 0}, random), Error);
}

}  // namespace
}  // namespace vigor
