// Judgements that others collected, read into our format. Nothing is dropped silently: what is not
// understood is counted with an example (ImportResult::left_out).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "language/sentences.h"
#include "vigor/annotations.h"

namespace vigor {

struct ImportResult {
  std::vector<CaptionAnnotation> annotations;
  struct LeftOut {
    int64_t count = 0;
    std::string example;  // the first: line, and what it was
  };
  std::map<std::string, LeftOut> left_out;  // by reason
};

// FaithScore's annotation.jsonl (Jing et al. 2023): {"id", "answer", "stage 1": {SUB-SENTENCE:
// 0|1}, "stage 2": {ATOMIC FACT: 0|1}}. Its facts are sentences of their own that no position ties
// to the answer, so a fact belongs to the sentence whose content words hold most of the fact's. A
// sentence is wrong when a fact of it has 0, correct when all its facts have 1, unjudged without
// facts: in the data 1 marks a supported fact, whatever the source's text says of the direction.
// Kinds of error are unknown. Image: COCO_val2014_000000ID.jpg.
ImportResult import_faithscore(std::string_view text, const std::string& where,
                               const language::SentenceSplitter& splitter);

// M-HalDetect (Gunjal et al. 2023): a JSON array or JSON lines of {"image", "response" or
// "caption", "annotations": [{"start", "end", "label", "text"}]}, positions in characters (code
// points). Labels ACCURATE, INACCURATE, ANALYSIS, UNSURE: correct; wrong; correct and creative;
// unjudged. Where a segment's text is not what stands at its position, it is looked for, forwards,
// in the response.
ImportResult import_mhaldetect(std::string_view text, const std::string& where);

// amazon-science/vigor's annotations.json (Yan et al. 2024): captions of MS-COCO pictures by LLaVA
// with people's judgement of correctness and creativity. Its keys are not described anywhere and
// the file was not at hand, so rows are read by what their keys are called
// (docs/format-annotations.md has the names); every key, label and kind of error that is not
// understood is counted. Whatever JSON: an array, lines, an object of rows, or one with an array of
// rows.
//
// A row has an image, and a caption or sentences to make it of; a sentence without position is
// looked for, forwards, in the caption. Wrong: called so, or with a kind of error; correct: called
// so, or an empty list of errors; else unjudged.
ImportResult import_vigor(std::string_view text, const std::string& where);

}  // namespace vigor
