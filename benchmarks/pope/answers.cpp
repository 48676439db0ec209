#include "benchmarks/pope/answers.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "base/files.h"

namespace vigor::pope {
namespace {

// LLaVA's combined file numbers the questions of its k-th split from k * 10,000,000 + 1.
constexpr int64_t kBlock = 10'000'000;

// Answers that belong to one split: a whole file, or one block of a combined file. Ids are those of
// the question file.
struct AnswerSet {
  const std::filesystem::path* path = nullptr;
  size_t place = 0;    // of the file in the list
  int64_t block = -1;  // -1: a whole file
  std::vector<AnswerRow> rows;
};

std::string at_line(const std::filesystem::path& path, size_t line) {
  return path.string() + ":" + std::to_string(line);
}

std::optional<std::string> optional_text(ObjectReader& reader, const std::string& key) {
  const Json* value = reader.find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return reader.require<std::string>(key);
}

AnswerRow answer_of(const JsonRow& row, const std::filesystem::path& file) {
  const std::string where = at_line(file, row.line);
  ObjectReader reader(row.value, where);
  AnswerRow answer;
  answer.line = row.line;
  if (const Json* id = reader.find("question_id"); id != nullptr && !id->is_null()) {
    answer.id = reader.require<int64_t>("question_id");
  }
  answer.image = optional_text(reader, "image").value_or("");
  const bool has_answer = reader.has("answer");
  if (!has_answer && (!reader.has("text") || reader.has("label"))) {
    const bool question = reader.has("label");
    throw Error(
        {.what = question ? "this is a question, not an answer" : "no answer in this row",
         .where = where,
         .cause =
             question ? "a question file was given as answers" : "the file is of another format",
         .fix = "give {\"question\", \"answer\"} or {\"question_id\", \"prompt\", \"text\"}"});
  }
  const std::string key = has_answer ? "answer" : "text";
  const std::optional<std::string> text = optional_text(reader, key);
  answer.missing = !text.has_value();
  answer.text = text.value_or("");
  for (const char* prompt : {"prompt", "question", "text"}) {
    if (answer.prompt.empty() && key != prompt) {
      answer.prompt = optional_text(reader, prompt).value_or("");
    }
  }
  return answer;
}

using IdIndex = std::unordered_map<int64_t, size_t>;

// The prompt may have words around the question ("...\nAnswer the question using a single word").
bool same_question(const AnswerRow& answer, const Question& question) {
  if (!answer.image.empty() && std::filesystem::path(answer.image).filename() !=
                                   std::filesystem::path(question.image).filename()) {
    return false;
  }
  return answer.prompt.empty() ||
         normalised_text(answer.prompt).find(normalised_text(question.text)) != std::string::npos;
}

std::vector<AnswerSet> split_into_sets(const std::vector<AnswerFile>& files,
                                       const std::vector<IdIndex>& indices) {
  std::vector<AnswerSet> sets;
  for (size_t place = 0; place < files.size(); ++place) {
    const AnswerFile& file = files[place];
    const auto with_id = static_cast<size_t>(std::count_if(
        file.rows.begin(), file.rows.end(), [](const AnswerRow& r) { return r.id.has_value(); }));
    if (with_id != 0 && with_id != file.rows.size()) {
      throw Error({.what = "some rows have a question_id and some have none",
                   .where = file.path.string(),
                   .cause = "files of two formats were put together",
                   .fix = "give every row its question_id"});
    }
    // Ids of a question file as they stand are that file's, however large.
    const bool as_they_stand =
        std::any_of(indices.begin(), indices.end(), [&](const IdIndex& index) {
          return std::all_of(file.rows.begin(), file.rows.end(), [&](const AnswerRow& r) {
            return r.id.has_value() && index.contains(*r.id);
          });
        });
    const bool combined =
        !as_they_stand && std::any_of(file.rows.begin(), file.rows.end(), [](const AnswerRow& r) {
          return r.id.has_value() && *r.id > kBlock;
        });
    std::map<int64_t, AnswerSet> blocks;
    std::unordered_set<int64_t> seen;
    for (const AnswerRow& row : file.rows) {
      if (row.id && !seen.insert(*row.id).second) {
        throw Error({.what = "question_id " + std::to_string(*row.id) + " is answered twice",
                     .where = at_line(file.path, row.line),
                     .cause = "two runs, or several splits, were put into one file",
                     .fix = "keep one answer a question; give one file a split"});
      }
      const int64_t block = combined ? *row.id / kBlock : -1;
      AnswerSet& set = blocks[block];
      set.rows.push_back(row);
      if (combined) set.rows.back().id = *row.id % kBlock;
    }
    if (blocks.empty()) blocks[-1];  // an empty file answers no question of its split
    for (auto& [block, set] : blocks) {
      set.path = &file.path;
      set.place = place;
      set.block = block;
      sets.push_back(std::move(set));
    }
  }
  return sets;
}

IdIndex index_of(const QuestionSplit& split) {
  IdIndex index;
  for (size_t i = 0; i < split.questions.size(); ++i) index[split.questions[i].question_id] = i;
  return index;
}

// True when the set's texts say that it belongs to the split: no mismatch, and texts to compare.
bool texts_fit(const AnswerSet& set, const QuestionSplit& split, const IdIndex& index) {
  size_t compared = 0;
  for (size_t i = 0; i < set.rows.size(); ++i) {
    const AnswerRow& row = set.rows[i];
    size_t at = i;
    if (row.id) {
      const auto it = index.find(*row.id);
      if (it == index.end()) return false;
      at = it->second;
    }
    if (at >= split.questions.size()) break;  // surplus answers
    if (!same_question(row, split.questions[at])) return false;
    if (!row.prompt.empty()) ++compared;
  }
  return compared > 0;
}

// "random" in "llava-7b-coco-random-greedy": the name between characters that are no letters or
// digits.
bool named_for(const std::filesystem::path& path, const std::string& split) {
  const std::string stem = path.stem().string();
  const auto letter = [&](size_t i) {
    return i < stem.size() && std::isalnum(static_cast<unsigned char>(stem[i])) != 0;
  };
  for (size_t at = stem.find(split); at != std::string::npos; at = stem.find(split, at + 1)) {
    if ((at == 0 || !letter(at - 1)) && !letter(at + split.size())) return true;
  }
  return false;
}

// Which split each set answers: indices into `splits`.
std::vector<size_t> assign_splits(const std::vector<QuestionSplit>& splits,
                                  const std::vector<IdIndex>& indices,
                                  const std::vector<AnswerSet>& sets, size_t file_count) {
  std::vector<size_t> assigned;
  for (const AnswerSet& set : sets) {
    std::vector<size_t> by_text, by_name;
    for (size_t s = 0; s < splits.size(); ++s) {
      if (texts_fit(set, splits[s], indices[s])) by_text.push_back(s);
      if (named_for(*set.path, splits[s].name)) by_name.push_back(s);
    }
    std::optional<size_t> choice;
    if (by_text.size() == 1) {
      choice = by_text[0];
    } else if (set.block < 0 && by_name.size() == 1) {
      choice = by_name[0];
    } else if (set.block < 0 && file_count == splits.size()) {
      choice = set.place;
    }
    if (!choice) {
      const std::string block =
          set.block < 0 ? "" : " (ids from " + std::to_string(set.block * kBlock + 1) + ")";
      throw Error(
          {.what = "cannot tell which question file these answers" + block + " belong to",
           .where = set.path->string(),
           .cause = by_text.empty() ? "their question texts match none of the question files: they "
                                      "were made with another version of the questions"
                                    : "their question texts match several of the question files",
           .fix = "give the question files with which the answers were made; name the answer "
                  "file after its split, such as coco_pope_random.jsonl"});
    }
    if (std::find(assigned.begin(), assigned.end(), *choice) != assigned.end()) {
      throw Error({.what = "the split '" + splits[*choice].name + "' is answered twice",
                   .where = set.path->string(),
                   .fix = "give one answer file a split"});
    }
    assigned.push_back(*choice);
  }
  return assigned;
}

[[noreturn]] void wrong_question(const AnswerSet& set, const AnswerRow& row,
                                 const Question& question) {
  throw Error({.what = "the answer is to another question than question_id " +
                       std::to_string(question.question_id) + " of the question file",
               .where = at_line(*set.path, row.line),
               .cause = "found '" + printable((row.image + " " + row.prompt).substr(0, 120)) +
                        "', the question file has '" +
                        printable((question.image + " " + question.text).substr(0, 120)) + "'",
               .fix = "give the question files with which the answers were made"});
}

SampleOutcome outcome_of(const QuestionSplit& split, const Question& question,
                         const AnswerRow& row) {
  SampleOutcome sample;
  sample.split = split.name;
  sample.question = question;
  sample.answer = row.text;
  if (row.missing) sample.error = "the answer file has null for this question";
  return sample;
}

[[noreturn]] void refuse_lengths(const AnswerSet& set, const QuestionSplit& split,
                                 const IdIndex& index) {
  std::unordered_set<int64_t> answered;
  for (const AnswerRow& row : set.rows) {
    if (!row.id) continue;
    answered.insert(*row.id);
    if (!index.contains(*row.id)) {
      throw Error({.what = "question_id " + std::to_string(*row.id) + " is not in the split '" +
                           split.name + "'",
                   .where = at_line(*set.path, row.line),
                   .cause = "the answers were made with another version of the questions",
                   .fix = "give the question files with which the answers were made"});
    }
  }
  std::string first;
  for (const Question& question : split.questions) {
    if (!answered.empty() && !answered.contains(question.question_id)) {
      first =
          "; the first without an answer is question_id " + std::to_string(question.question_id);
      break;
    }
  }
  throw Error({.what = std::to_string(set.rows.size()) + " answers for " +
                       std::to_string(split.questions.size()) + " questions of the split '" +
                       split.name + "'" + first,
               .where = set.path->string(),
               .cause = "the run that made the answers was stopped, or used other questions",
               .fix = "finish the answers; dialect official cuts the longer list as the official "
                      "script does"});
}

void pair_set(const AnswerSet& set, const QuestionSplit& split, const IdIndex& index,
              Dialect dialect, PairedAnswers* paired) {
  const bool has_ids = !set.rows.empty() && set.rows[0].id.has_value();
  const bool same_length = set.rows.size() == split.questions.size();
  // Ids do not repeat, so equal length and every id known means: each question answered once.
  const bool by_id = has_ids && same_length &&
                     std::all_of(set.rows.begin(), set.rows.end(),
                                 [&](const AnswerRow& row) { return index.contains(*row.id); });
  if (!by_id && (has_ids || !same_length) && dialect != Dialect::kOfficial) {
    refuse_lengths(set, split, index);
  }
  std::vector<const AnswerRow*> answer_to(split.questions.size(), nullptr);
  SplitCut cut{.split = split.name};
  size_t unchecked = 0;
  for (size_t i = 0; i < set.rows.size(); ++i) {
    const AnswerRow& row = set.rows[i];
    const size_t at = by_id ? index.at(*row.id) : i;
    if (at >= split.questions.size()) {
      ++cut.surplus_answers;
      if (decide(row.text, dialect) == Decision::kYes) ++cut.surplus_yes;
      continue;
    }
    // By position, ids are a check: the official script would pair shifted answers in silence.
    const bool other_id =
        !by_id && row.id && index.contains(*row.id) && *row.id != split.questions[at].question_id;
    if (other_id || !same_question(row, split.questions[at])) {
      wrong_question(set, row, split.questions[at]);
    }
    if (!row.id && row.prompt.empty()) ++unchecked;
    answer_to[at] = &row;
  }
  for (size_t q = 0; q < split.questions.size(); ++q) {
    if (answer_to[q] == nullptr) {
      ++cut.unanswered;
    } else {
      paired->samples.push_back(outcome_of(split, split.questions[q], *answer_to[q]));
    }
  }
  if (unchecked > 0) {
    paired->warnings.push_back(
        "split '" + split.name + "': " + std::to_string(unchecked) +
        " answers have neither question_id nor question; they were paired by position, and "
        "nothing shows whether that is right");
  }
  if (cut.unanswered + cut.surplus_answers == 0) return;
  paired->cuts.push_back(cut);
  paired->warnings.push_back(
      "NOT COMPLETE: split '" + split.name + "' has " + std::to_string(set.rows.size()) +
      " answers for " + std::to_string(split.questions.size()) +
      " questions; the longer list was cut as the official script does, so its figures are not "
      "comparable with complete ones");
}

}  // namespace

AnswerFile parse_answers(std::string_view bytes, const std::filesystem::path& file) {
  AnswerFile answers{.path = file, .rows = {}};
  for (const JsonRow& row : parse_json_rows(bytes, file.string())) {
    answers.rows.push_back(answer_of(row, file));
  }
  if (answers.rows.empty()) {
    throw Error({.what = "the file holds no answers",
                 .where = file.string(),
                 .cause = "the run that made it was stopped before its first answer",
                 .fix = "give a file with one answer a question"});
  }
  return answers;
}

AnswerFile read_answers(const std::filesystem::path& path) {
  return parse_answers(read_file(path), path);
}

PairedAnswers pair_answers(const std::vector<QuestionSplit>& splits,
                           const std::vector<AnswerFile>& files, Dialect dialect) {
  std::vector<IdIndex> indices;
  for (const QuestionSplit& split : splits) indices.push_back(index_of(split));
  const std::vector<AnswerSet> sets = split_into_sets(files, indices);
  const std::vector<size_t> assigned = assign_splits(splits, indices, sets, files.size());

  PairedAnswers paired;
  paired.warnings = variant_warnings(splits);
  for (size_t s = 0; s < splits.size(); ++s) {
    const auto it = std::find(assigned.begin(), assigned.end(), s);
    if (it != assigned.end()) {
      pair_set(sets[static_cast<size_t>(it - assigned.begin())], splits[s], indices[s], dialect,
               &paired);
      continue;
    }
    if (dialect != Dialect::kOfficial) {
      throw Error({.what = "no answers for the split '" + splits[s].name + "'",
                   .where = files.empty() ? "--answers" : files[0].path.string(),
                   .cause = "the run that made the answers was stopped",
                   .fix = "give its answers, or leave its question file out"});
    }
    paired.cuts.push_back(
        {.split = splits[s].name, .unanswered = static_cast<int64_t>(splits[s].questions.size())});
    paired.warnings.push_back("NOT COMPLETE: split '" + splits[s].name + "' has no answers");
  }
  return paired;
}

}  // namespace vigor::pope
