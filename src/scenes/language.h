// Text that is true of a scene: captions, questions with their answers, conversations to train on.
//
// Everything is a function of the scene and a random stream. Only `Training*` can say what is not
// so, and only by the shares that its options name: this is how the demo checkpoint comes to
// hallucinate as LLaVA does.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/random.h"
#include "scenes/scene.h"

namespace vigor {

// One sentence; every kind in the picture is named, and nothing else.
std::string short_caption(const Scene& scene, CounterRandom& random);

// Several sentences: objects, counts, colours, positions, relations. `also` are kinds to mention
// although they are not there (training text only).
std::string long_caption(const Scene& scene, CounterRandom& random,
                         const std::vector<std::string>& also = {});

enum class QuestionTask { kExistence, kCount, kColour, kPosition, kContent, kChecklist };

struct SceneQuestion {
  QuestionTask task = QuestionTask::kExistence;
  std::string question;
  std::string answer;         // "Yes, there is a red cup on the left.", "Three."
  std::string kind;           // what it asks about; empty for kContent, kChecklist
  std::optional<bool> truth;  // of yes/no questions
};

// Kinds of scene_kinds() order that are in the scene, and how often.
std::vector<int> kind_counts(const Scene& scene);

// Kinds that are not in the scene but belong to its place, likeliest first: what a model that knows
// the world and does not look would name. Never empty (kinds of other places follow).
std::vector<std::string> plausible_absent(const Scene& scene);

// The scene as one would tell it without looking: each attribute (colour, size, side of an object;
// predicate of a relation) is, with chance `share`, the usual one: a colour that is the kind's own,
// the kind's usual size, the middle, and what is named first stands left, above and in front.
Scene stereotyped(const Scene& scene, double share, CounterRandom& random);

struct TrainingOptions {
  // Questions of one conversation, each about another kind, 1 to 64.
  int turns = 8;
  // Share of the conversations that are one caption and nothing else, 0 to 1.
  double caption_share = 0.25;
  // Share of the other conversations that are one list of things to be looked for, 0 to 1.
  double checklist_share = 0.0;
  // Share of yes/no questions among the questions, 0 to 1.
  double existence_share = 0.6;
  // Share of yes/no questions that ask for a number, side or colour and not for a thing, 0 to 1.
  double attribute_share = 0.0;
  // Share of yes/no questions about what is there, 0 to 1 (0.5 is balanced); somewhat fewer come
  // out, because a scene has few kinds and the other questions use some of them up.
  double positive_share = 0.5;
  // Share of absent objects asked about that belong to the place; the others are drawn from all.
  double plausible_share = 0.5;
  // Share of the questions about plausible absent objects whose answer is a wrong "Yes", 0 to 1.
  double yes_bias = 0.0;
  // Share of long captions that name a plausible object that is not there, 0 to 1.
  double hallucinated_mention_rate = 0.0;
  // Share of the colours, sizes, sides and relations in long captions that are what one would
  // expect without looking (stereotyped()), 0 to 1.
  double stereotypes = 0.0;
  // Share of the captions that are one short sentence, 0 to 1.
  double short_captions = 0.5;
  // Share of yes/no answers that are a whole sentence and not one word, 0 to 1.
  double sentence_answers = 0.3;
  // Share of yes/no questions in POPE's wording; the others vary, 0 to 1.
  double pope_wording = 0.7;
};

// Turns about one scene in random order: a caption, or questions no two of which are about the same
// kind, so that only the picture answers them. Throws Error when an option is out of
// its range.
std::vector<SceneQuestion> training_questions(const Scene& scene, const TrainingOptions& options,
                                              CounterRandom& random);

// One row of LLaVA's conversation JSON: {"id", "image", "conversations": [{"from": "human",
// "value": "<image>\n..."}, {"from": "gpt", "value": ...}, ...]}. `number` (0, 1, ...) tells the
// conversations about one scene apart, and ends the id.
Json llava_conversation(const Scene& scene, const std::string& id, const std::string& image_file,
                        const TrainingOptions& options, int number = 0);

// A yes/no pair about one image as MME asks: the first answer is yes, the second no.
struct YesNoPair {
  std::string task;  // "existence", "count", "position", "color"
  std::string yes_question, no_question;
  std::vector<std::string> kinds = {};  // that the questions name
};

// At most one pair a task; a task is missing where the scene offers nothing without doubt.
std::vector<YesNoPair> mme_pairs(const Scene& scene, CounterRandom& random);

// For CHAIR: one line a kind, the kind first, then words that mean it.
std::string scene_synonyms();

// "zero" to "twelve".
std::string number_word(int count);

}  // namespace vigor
