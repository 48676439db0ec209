// What the reward model is taught from (ViGoR section 3.1): conversations in LLaVA's format, made
// of annotations. "We prepend the sentence with all preceding generated text and explicitly ask the
// reward model to score the last sentence"; the answer is positive, or negative with the kinds of
// error. The holistic variant (Table 5) asks once a caption, which is wrong when a sentence is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "vigor/annotations.h"

namespace vigor {

// Questions; the text that is judged follows on a new line. The first word of the answers to
// `sentence`, `caption` and `creative` is Yes or No, so that the model's score is the log ratio of
// these two (the same margin that POPE's answers have).
struct RewardQuestions {
  std::string sentence =
      "Is the last sentence of the following description of this image correct? If not, name the "
      "kinds of error.";
  std::string caption = "Is every sentence of the following description of this image correct?";
  std::string creative =
      "Is the last sentence of the following description a thoughtful and reasonable "
      "interpretation of this image?";
  std::string detail =
      "How detailed is the following description of this image, from 1 (poor) to 5?";
};

struct RewardDataOptions {
  RewardQuestions questions;
  bool holistic = false;  // one question a caption in place of one a sentence
  bool creative = true;   // ask for creativity where it was judged
  bool detail = true;     // ask for the level of detail where it was judged
  // Share of the images (0 to below 1), drawn by the seed and the image's name, that are held out:
  // all captions of an image are on the same side.
  double held_out = 0.1;
  uint64_t seed = 0;
};

struct RewardQuestion {
  std::string image;
  int64_t sample = 0;
  // Index of the sentence; -1: of the whole caption.
  int64_t sentence = -1;
  std::string kind;      // "sentence", "caption", "creative", "detail"
  std::string question;  // with the text that is judged
  std::string answer;    // "Yes.", "No: object, count.", "3"
  std::string annotator;
};

struct RewardData {
  std::vector<RewardQuestion> training, held_out;
  int64_t unjudged = 0;  // sentences that give no question: they stay in the text before others
};

// In the order of the annotations, sentence by sentence. Throws Error (usage) for a wrong share.
RewardData reward_data(const std::vector<CaptionAnnotation>& annotations,
                       const RewardDataOptions& options);

// The text up to and with the sentence, as it is judged.
std::string text_until(const CaptionAnnotation& annotation, size_t sentence);
std::string reward_question(const std::string& question, const std::string& text);

// LLaVA's conversation JSON.
Json reward_conversations(const std::vector<RewardQuestion>& questions);

}  // namespace vigor
