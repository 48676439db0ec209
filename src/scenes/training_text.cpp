// Conversations to train on: true but for the shares that TrainingOptions names.
#include <algorithm>
#include <set>

#include "base/error.h"
#include "scenes/language.h"
#include "scenes/phrases.h"

namespace vigor {
namespace {

using namespace scenes;

void check(const TrainingOptions& o) {
  const bool shares = [&] {
    for (const double share :
         {o.caption_share, o.checklist_share, o.existence_share, o.positive_share,
          o.plausible_share, o.yes_bias, o.hallucinated_mention_rate, o.sentence_answers,
          o.pope_wording, o.stereotypes, o.short_captions, o.attribute_share}) {
      if (!(share >= 0 && share <= 1)) return false;
    }
    return true;
  }();
  if (!shares || o.turns < 1 || o.turns > 64) {
    throw Error({.what = shares ? "the number of turns must be 1 to 64" : "a share must be 0 to 1",
                 .where = "training text options",
                 .cause = "",
                 .fix = "see TrainingOptions in scenes/language.h",
                 .exit_code = ExitCode::kUsage});
  }
}

template <typename T>
const T& any_of(const std::vector<T>& values, CounterRandom& random) {
  return values[random.below(static_cast<uint32_t>(values.size()))];
}

std::string existence_question(const std::string& kind, bool pope_wording, CounterRandom& random) {
  const std::string thing = with_article(kind);
  if (pope_wording) return "Is there " + thing + " in the image?";
  switch (random.below(5)) {
    case 0:
      return "Does the image show " + thing + "?";
    case 1:
      return "Do you see " + thing + " in this picture?";
    case 2:
      return "Is there " + thing + " in this image? Please answer yes or no.";
    case 3:
      return "Can you find " + thing + " here?";
    default:
      return "Is there any " + kind + " in the picture?";
  }
}

SceneQuestion existence(const Scene& scene, const TrainingOptions& options, CounterRandom& random) {
  SceneQuestion q;
  q.task = QuestionTask::kExistence;
  q.truth = random.uniform() < options.positive_share;
  bool say_yes = *q.truth;
  const SceneObject* object = nullptr;
  if (*q.truth) {
    object = &any_of(scene.objects, random);
    q.kind = object->kind;
  } else {
    const auto absent = plausible_absent(scene);
    if (random.uniform() < options.plausible_share) {
      q.kind = absent[random.below(static_cast<uint32_t>(std::min<size_t>(absent.size(), 6)))];
      say_yes = random.uniform() < options.yes_bias;
    } else {
      q.kind = any_of(absent, random);
    }
  }
  q.question = existence_question(q.kind, random.uniform() < options.pope_wording, random);
  const bool sentence = random.uniform() < options.sentence_answers;
  if (!sentence) {
    q.answer = say_yes ? "Yes" : "No";
  } else if (!say_yes) {
    q.answer = "No, there is no " + q.kind + " in the image.";
  } else if (object != nullptr && kind_counts(scene)[object->kind_index] > 1) {
    q.answer = "Yes, there are " + number_word(kind_counts(scene)[object->kind_index]) + " " +
               plural_of(q.kind) + " in the image.";
  } else {
    q.answer = "Yes, there is " + with_article(object != nullptr ? described(*object) : q.kind) +
               " in the image.";
  }
  return q;
}

SceneQuestion count(const Scene& scene, CounterRandom& random) {
  const SceneObject& object = any_of(scene.objects, random);
  const int n = kind_counts(scene)[object.kind_index];
  SceneQuestion q{QuestionTask::kCount, "", "", object.kind, {}};
  q.question = random.below(2) == 0
                   ? "How many " + plural_of(object.kind) + " are there in the image?"
                   : "How many " + plural_of(object.kind) + " can you see?";
  q.answer = random.below(2) == 0
                 ? capitalised(number_word(n))
                 : "There " +
                       (n == 1 ? "is one " + object.kind
                               : "are " + number_word(n) + " " + plural_of(object.kind)) +
                       ".";
  return q;
}

// Only of things whose kind names them without doubt.
std::vector<const SceneObject*> singles(const Scene& scene, bool with_colour) {
  const auto counts = kind_counts(scene);
  std::vector<const SceneObject*> out;
  for (const SceneObject& object : scene.objects) {
    if (counts[object.kind_index] == 1 && (!with_colour || !object.colour.empty()))
      out.push_back(&object);
  }
  return out;
}

SceneQuestion colour(const SceneObject& object, CounterRandom& random) {
  SceneQuestion q{QuestionTask::kColour, "", "", object.kind, {}};
  const bool person = object.kind == "person";
  q.question =
      person ? "What color is the person wearing?" : "What color is the " + object.kind + "?";
  if (random.below(2) == 0) {
    q.answer = capitalised(object.colour);
  } else {
    q.answer = "The " + object.kind + (person ? " is wearing " : " is ") + object.colour + ".";
  }
  return q;
}

SceneQuestion position(const SceneObject& object, CounterRandom& random) {
  SceneQuestion q{QuestionTask::kPosition, "", "", object.kind, {}};
  q.question = random.below(2) == 0 ? "Where is the " + object.kind + "?"
                                    : "Where is the " + object.kind + " in the image?";
  q.answer = "The " + object.kind + " is " + side_phrase(object.position) + " of the image.";
  return q;
}

SceneQuestion caption(const Scene& scene, const TrainingOptions& options, CounterRandom& random) {
  static const std::vector<std::string> kLong = {
      "Describe this image in detail.", "Describe the image in detail.",
      "What do you see in this image? Describe it in detail."};
  static const std::vector<std::string> kShort = {"Describe this image briefly.",
                                                  "Write a short caption for this image.",
                                                  "What is in the image?", "Describe the image."};
  SceneQuestion q{QuestionTask::kContent, "", "", "", {}};
  if (random.uniform() < options.short_captions) {
    q.question = any_of(kShort, random);
    q.answer = short_caption(scene, random);
    return q;
  }
  std::vector<std::string> also;
  if (random.uniform() < options.hallucinated_mention_rate) {
    const auto absent = plausible_absent(scene);
    also.push_back(absent[random.below(static_cast<uint32_t>(std::min<size_t>(absent.size(), 4)))]);
  }
  q.question = any_of(kLong, random);
  q.answer = options.stereotypes > 0
                 ? long_caption(stereotyped(scene, options.stereotypes, random), random, also)
                 : long_caption(scene, random, also);
  return q;
}

struct AttributeQuestion {
  SceneQuestion question;
  // What no other turn may be about: the kinds that it names, which are there, and its task.
  std::vector<std::string> about;
};

// One half of a pair as MME asks them, about a number, a side or a colour. A wrong "Yes" by
// `yes_bias`, as for things.
std::optional<AttributeQuestion> attribute(const Scene& scene, const TrainingOptions& options,
                                           CounterRandom& random) {
  std::vector<YesNoPair> pairs = mme_pairs(scene, random);
  std::erase_if(pairs, [](const YesNoPair& pair) { return pair.task == "existence"; });
  if (pairs.empty()) return std::nullopt;
  const YesNoPair& pair = any_of(pairs, random);
  SceneQuestion q;
  q.task = pair.task == "count"   ? QuestionTask::kCount
           : pair.task == "color" ? QuestionTask::kColour
                                  : QuestionTask::kPosition;
  q.kind = pair.kinds.front();
  q.truth = random.uniform() < options.positive_share;
  q.question = *q.truth ? pair.yes_question : pair.no_question;
  q.answer = *q.truth || random.uniform() < options.yes_bias ? "Yes" : "No";
  std::vector<std::string> about = pair.kinds;
  about.push_back(pair.task);
  return AttributeQuestion{std::move(q), std::move(about)};
}

// "dog yes, black, left. boat no. ...": the thing's name stands right before what is to be read
// off the picture, which is far easier to learn than a question whose answer comes words later.
SceneQuestion checklist(const Scene& scene, CounterRandom& random) {
  const auto counts = kind_counts(scene);
  std::vector<size_t> kinds;
  std::vector<size_t> absent;
  for (size_t k = 0; k < counts.size(); ++k) (counts[k] > 0 ? kinds : absent).push_back(k);
  shuffle(absent, random);
  // Twice as many that are not there, so that "no" is the likelier answer but never a safe one.
  absent.resize(std::min(absent.size(), std::max<size_t>(4, 2 * kinds.size())));
  kinds.insert(kinds.end(), absent.begin(), absent.end());
  shuffle(kinds, random);
  SceneQuestion q{QuestionTask::kChecklist, "", "", "", {}};
  q.question = "Check which of these are in the image:";
  for (const size_t k : kinds) {
    const std::string& name = scene_kinds()[k];
    q.question += (k == kinds.front() ? " " : ", ") + name;
    q.answer += (q.answer.empty() ? "" : " ") + name + (counts[k] > 0 ? " yes" : " no");
    if (counts[k] == 1) {
      for (const SceneObject& object : scene.objects) {
        if (object.kind_index != static_cast<int>(k)) continue;
        if (!object.colour.empty()) q.answer += ", " + object.colour;
        q.answer += ", " + object.position;
      }
    }
    q.answer += ".";
  }
  return q;
}

}  // namespace

std::vector<SceneQuestion> training_questions(const Scene& scene, const TrainingOptions& options,
                                              CounterRandom& random) {
  check(options);
  // No turn may give another's answer away, or a model learns to read the conversation and not the
  // picture: a caption tells all, so it stands alone, and a kind is asked about once.
  if (random.uniform() < options.caption_share) return {caption(scene, options, random)};
  if (random.uniform() < options.checklist_share) return {checklist(scene, random)};
  std::vector<SceneQuestion> questions;
  std::set<std::string> asked;
  const auto take = [&](SceneQuestion q) {
    if (asked.insert(q.kind).second) questions.push_back(std::move(q));
  };
  int yes = 0, no = 0;
  const int first_no = random.uniform() < options.positive_share ? 0 : 1;
  const auto with_colour = singles(scene, true), alone = singles(scene, false);
  for (int tries = 0;
       tries < options.turns * 4 && static_cast<int>(questions.size()) < options.turns; ++tries) {
    if (random.uniform() < options.existence_share) {
      if (options.attribute_share > 0 && random.uniform() < options.attribute_share) {
        auto found = attribute(scene, options, random);
        if (!found || std::any_of(found->about.begin(), found->about.end(),
                                  [&](const std::string& what) { return asked.contains(what); }))
          continue;
        asked.insert(found->about.begin(), found->about.end());
        questions.push_back(std::move(found->question));
        continue;
      }
      // A scene has few kinds and lacks many: without this the absent ones would take the share
      // that is left when all that is there has been asked about.
      SceneQuestion q = existence(scene, options, random);
      const double allowed = (yes + first_no) * (1 - options.positive_share);
      if (!*q.truth && no * options.positive_share >= allowed && options.positive_share > 0)
        continue;
      const size_t before = questions.size();
      const bool truth = *q.truth;
      take(std::move(q));
      if (questions.size() > before) ++(truth ? yes : no);
      continue;
    }
    // Colours most often: they teach to look up a thing by its name, and need one word.
    const uint32_t which = random.below(4);
    if (which == 0) {
      take(count(scene, random));
    } else if (which <= 2 && !with_colour.empty()) {
      take(colour(*any_of(with_colour, random), random));
    } else if (!alone.empty()) {
      take(position(*any_of(alone, random), random));
    }
  }
  shuffle(questions, random);
  return questions;
}

Json llava_conversation(const Scene& scene, const std::string& id, const std::string& image_file,
                        const TrainingOptions& options, int number) {
  CounterRandom random(scene.seed, "scene conversation " + std::to_string(number), scene.index);
  Json turns = Json::array();
  for (const SceneQuestion& q : training_questions(scene, options, random)) {
    turns.push_back(
        {{"from", "human"}, {"value", (turns.empty() ? "<image>\n" : "") + q.question}});
    turns.push_back({{"from", "gpt"}, {"value", q.answer}});
  }
  return {{"id", id + "_" + std::to_string(number)},
          {"image", image_file},
          {"conversations", std::move(turns)}};
}

}  // namespace vigor
