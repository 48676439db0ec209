// Answers made elsewhere, and their pairing with question files.
//
// Formats, as JSON lines or one JSON array, LF or CRLF:
//   POPE   {"question": ..., "answer": ...}
//   LLaVA  {"question_id": ..., "prompt": ..., "text": ...}   optionally with "image"
// With ids the rows may come in any order; without, the n-th answer belongs to the n-th question,
// and count and texts must match. LLaVA's combined file puts three splits into one: ids 1...,
// 10000001..., 20000001...; which block is which split is found by comparing the texts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "benchmarks/pope/dialect.h"
#include "benchmarks/pope/question.h"

namespace vigor::pope {

struct AnswerRow {
  size_t line = 0;  // 1-based line, or position in an array
  std::optional<int64_t> id;
  std::string prompt;  // "" when the row has none
  std::string image;   // "" when the row has none
  std::string text;
  bool missing = false;  // the answer is null: the row is a failed sample
};

struct AnswerFile {
  std::filesystem::path path;
  std::vector<AnswerRow> rows;
};

// Throw Error naming file, line and key; a question file given as answers is recognised.
AnswerFile read_answers(const std::filesystem::path& path);
AnswerFile parse_answers(std::string_view bytes, const std::filesystem::path& file);

// "FILE:LINE"
std::string at_line(const std::filesystem::path& file, size_t line);

// What happened to one question: the scorer's input, one row of samples.jsonl.
struct SampleOutcome {
  std::string split;
  Question question;
  std::string answer;
  std::optional<double> margin;  // log p(yes) - log p(no) at the first token; models run here
  std::string finish;            // "stop", "length", or "" when unknown
  std::string error;             // not empty: the sample failed, there is no answer
};

// Where the longer of two lists was cut (dialect official only).
struct SplitCut {
  std::string split{};
  int64_t unanswered = 0;       // questions without an answer: not scored
  int64_t surplus_answers = 0;  // answers without a question: they count in the yes ratio alone,
  int64_t surplus_yes = 0;      // as in the official script
};

struct PairedAnswers {
  std::vector<SampleOutcome> samples;  // in the order of the splits and their questions
  std::vector<SplitCut> cuts;          // empty: complete
  std::vector<std::string> warnings;
  // Of a combined file: the splits in the order of its blocks, in which its average is summed.
  // Empty: the usual order (ScoreOptions::average_order).
  std::vector<std::string> average_order;
};

// Finds the split of each file (by the texts, by its name, then by its place in the list) and
// pairs. Throws Error when the texts do not match (naming the row, with both texts), ids repeat or
// are unknown, or the lists differ in length. In dialect official different lengths are cut
// instead, by position, as the official script does; where answers have ids that stand at other
// places than their questions, it throws and says which are missing.
PairedAnswers pair_answers(const std::vector<QuestionSplit>& splits,
                           const std::vector<AnswerFile>& files, Dialect dialect);

}  // namespace vigor::pope
