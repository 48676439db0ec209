// POPE (Li et al. 2023, "Evaluating Object Hallucination in Large Vision-Language Models"): does
// the model say that an object is there that is not?
//
// benchmarks/pope/ is a room without LibTorch. question.h reads question files, builder.h makes
// them, answers.h reads answers made elsewhere and pairs them with questions, dialect.h turns an
// answer into a decision, score.h turns decisions into metrics.json.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace vigor::pope {

struct Question {
  int64_t question_id = 0;
  std::string image;  // file name, as in the question file
  std::string text;   // "Is there a snowboard in the image?"
  std::string label;  // "yes" or "no"; official reads whatever is not "no" as yes

  bool operator==(const Question&) const = default;
};

// One question file.
struct QuestionSplit {
  // What follows "pope_" in the file name ("random"), else the stem of the file name.
  std::string name;
  std::vector<Question> questions;
  // Which published files these questions are: "coco current", "coco e3e3926", or "unknown".
  std::string variant = "unknown";
  // SHA-256 (hex) of id, image, text and label of every row: line ends and key order do not count.
  std::string content_hash;
};

// JSON lines (or one array) of {"question_id", "image", "text", "label"}; LF or CRLF; other keys
// are allowed. A row without question_id takes its 1-based position. Throws Error naming file, line
// and key; an empty file, a label other than yes/no and a repeated id are errors.
QuestionSplit read_questions(const std::filesystem::path& path);
// The same from memory; `file` names the file in messages and gives the split its name.
QuestionSplit parse_questions(std::string_view bytes, const std::filesystem::path& file);

// Every file; throws Error when two files give the same split name.
std::vector<QuestionSplit> read_question_files(const std::vector<std::filesystem::path>& paths);

// One sentence for each pair of known variants that are mixed; empty when nothing is wrong.
std::vector<std::string> variant_warnings(const std::vector<QuestionSplit>& splits);

// The lines of a question file, keys in the order of the published files, LF.
std::string questions_to_jsonl(const std::vector<Question>& questions);

// The text in the form in which two questions are the same: without white space at the ends, and
// with the misspelling "imange?" of the older published files mended.
std::string normalised_text(std::string_view text);

}  // namespace vigor::pope
