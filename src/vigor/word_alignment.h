// Where a language model from nothing starts when its vision tower already sees.
//
// With random words, a model must learn for each kind of thing by itself that the word in a
// question and the patches of the picture belong together, and a few hundred questions a kind do
// not teach that. CLIP's towers come with words that lie where their pictures lie; a tower that was
// trained on labelled patches has the same to give: the mean of the patches that show a thing.
// Words that start there make one circuit, "the same content", serve all kinds.
#pragma once

#include "model/config.h"
#include "model/parameters.h"
#include "text/tokenizer.h"
#include "vigor/scene_pictures.h"

namespace vigor {

struct WordAlignment {
  // As the source that was given, but for
  // - the projector's last layer: centred and scaled, so that what it makes of patches has mean 0
  // and
  //   the spread of random word embeddings (0.02 a number);
  // - the embeddings (and the head's rows, where it has its own) of words that are one piece and
  //   name a kind or colour of the scenes: their random start plus twice the unit direction of the
  //   patches that show it, scaled to the length of a random embedding.
  ParameterSource source;
  int64_t words = 0;  // pieces that were placed
};

// `source` gives fp32 parameters on the CPU; all pictures are encoded once with its tower.
WordAlignment align_words(const LlavaConfig& config, const ParameterSource& source,
                          const ScenePictures& pictures, const Tokenizer& tokenizer);

}  // namespace vigor
