// Where a language model from nothing starts when its vision tower already sees.
//
// With random words and random attention, a model must learn for each kind of thing by itself that
// the word in a question and the patches of the picture belong together, and first must find out
// that looking for what is alike is of use at all: hours of training in which answers stay at
// chance. CLIP's towers come with words that lie where their pictures lie; a tower that was trained
// on labelled patches has the same to give: the mean of the patches that show a thing. With words
// that start there, and attention that starts as "look where the same content is, and copy it"
// (mimetic initialisation, Trockman and Kolter 2023), one circuit serves all kinds from the first
// step.
#pragma once

#include "model/config.h"
#include "model/parameters.h"
#include "text/tokenizer.h"
#include "vigor/scene_pictures.h"

namespace vigor {

struct WordAlignment {
  // As the source that was given, but for
  // - the projector's last layer: centred and scaled, so that what it makes of patches has mean 0
  //   and the spread of the words;
  // - the embeddings (and the head's rows, where it has its own) of words that are one piece and
  //   name a kind or colour of the scenes: their random start plus twice the unit direction of the
  //   patches that show it, scaled to the length of a random embedding;
  // - all embeddings: a spread of 0.5 (0.02 where the head shares them), large beside what a step
  //   of training changes;
  // - half of the attention heads, where every head has its own keys: q = k, o = transpose of v,
  //   with gains that give a token a score near 6 with itself and copy half of what was there.
  ParameterSource source;
  int64_t words = 0;  // pieces that were placed
};

// `source` gives fp32 parameters on the CPU; all pictures are encoded once with its tower.
WordAlignment align_words(const LlavaConfig& config, const ParameterSource& source,
                          const ScenePictures& pictures, const Tokenizer& tokenizer);

}  // namespace vigor
