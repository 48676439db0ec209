#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "benchmarks/pope/answers.h"

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

// What the texts of a set say about a split.
struct Fit {
  size_t compared = 0, matching = 0;   // rows with a text; of them, those with their question's
  const AnswerRow* wrong = nullptr;    // the first row to another question
  const Question* question = nullptr;  // that it stands at; null: the split has no such id

  bool perfect() const { return compared > 0 && wrong == nullptr; }
};

Fit fit_of(const AnswerSet& set, const QuestionSplit& split, const IdIndex& index) {
  Fit fit;
  for (size_t i = 0; i < set.rows.size(); ++i) {
    const AnswerRow& row = set.rows[i];
    const Question* question = nullptr;
    if (row.id) {
      const auto it = index.find(*row.id);
      if (it != index.end()) question = &split.questions[it->second];
    } else if (i < split.questions.size()) {
      question = &split.questions[i];
    } else {
      break;  // surplus answers
    }
    const bool same = question != nullptr && same_question(row, *question);
    if (!row.prompt.empty()) {
      ++fit.compared;
      if (same) ++fit.matching;
    }
    if (!same && fit.wrong == nullptr) {
      fit.wrong = &row;
      fit.question = question;
    }
  }
  return fit;
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

std::string shown(const std::string& image, const std::string& text) {
  constexpr size_t kMost = 160;
  return printable((image.empty() ? text : image + ": " + text).substr(0, kMost));
}

[[noreturn]] void wrong_question(const AnswerSet& set, const AnswerRow& row,
                                 const Question& question) {
  throw Error({.what = "the answer is to another question than question_id " +
                       std::to_string(question.question_id) + " of the question file",
               .where = at_line(*set.path, row.line),
               .cause = "found '" + shown(row.image, row.prompt) + "', the question file has '" +
                        shown(row.image.empty() ? "" : question.image, question.text) + "'",
               .fix = "give the question files with which the answers were made"});
}

[[noreturn]] void unknown_id(const AnswerSet& set, const AnswerRow& row,
                             const QuestionSplit& split) {
  throw Error({.what = "question_id " + std::to_string(*row.id) + " is not in the split '" +
                       split.name + "'",
               .where = at_line(*set.path, row.line),
               .cause = "the answers were made with another version of the questions",
               .fix = "give the question files with which the answers were made"});
}

using Fits = std::vector<std::vector<Fit>>;  // by set, by split

// Throws when all but some of a set's rows are of one split that no other set answers: what is
// wrong is then those rows.
void refuse_wrong_rows(const std::vector<QuestionSplit>& splits, const std::vector<AnswerSet>& sets,
                       const Fits& fits, size_t set) {
  std::optional<size_t> best;
  for (size_t s = 0; s < splits.size(); ++s) {
    const bool taken = std::any_of(fits.begin(), fits.end(), [&](const std::vector<Fit>& other) {
      return other[s].perfect();
    });
    if (!taken && (!best || fits[set][s].matching > fits[set][*best].matching)) best = s;
  }
  // The "yes" questions, every second row, are the same in all splits of one version.
  if (!best || fits[set][*best].matching * 2 <= fits[set][*best].compared) return;
  const Fit& fit = fits[set][*best];
  if (fit.question == nullptr) unknown_id(sets[set], *fit.wrong, splits[*best]);
  wrong_question(sets[set], *fit.wrong, *fit.question);
}

// Which split each set answers: indices into `splits`.
std::vector<size_t> assign_splits(const std::vector<QuestionSplit>& splits,
                                  const std::vector<IdIndex>& indices,
                                  const std::vector<AnswerSet>& sets, size_t file_count) {
  Fits fits;
  for (const AnswerSet& set : sets) {
    fits.emplace_back();
    for (size_t s = 0; s < splits.size(); ++s) {
      fits.back().push_back(fit_of(set, splits[s], indices[s]));
    }
  }
  std::vector<size_t> assigned;
  for (size_t i = 0; i < sets.size(); ++i) {
    const AnswerSet& set = sets[i];
    std::vector<size_t> by_text, by_name;
    for (size_t s = 0; s < splits.size(); ++s) {
      if (fits[i][s].perfect()) by_text.push_back(s);
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
    if (!choice && by_text.empty()) refuse_wrong_rows(splits, sets, fits, i);
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
    if (!index.contains(*row.id)) unknown_id(set, row, split);
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

// "2, 7, 9 and 4 more"
std::string listed(const std::vector<int64_t>& ids) {
  constexpr size_t kMost = 5;
  std::string text;
  for (size_t i = 0; i < std::min(ids.size(), kMost); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(ids[i]);
  }
  if (ids.size() > kMost) text += " and " + std::to_string(ids.size() - kMost) + " more";
  return text;
}

// Dialect official with ids, where not every question has one answer: by position, as the official
// script pairs, every known id must stand at the place of its question. The script would score
// what follows against other questions' labels in silence.
void refuse_shifted(const AnswerSet& set, const QuestionSplit& split, const IdIndex& index) {
  const AnswerRow* shifted = nullptr;
  std::unordered_set<int64_t> answered;
  std::vector<int64_t> missing, unknown;
  for (size_t i = 0; i < set.rows.size(); ++i) {
    const int64_t id = *set.rows[i].id;
    answered.insert(id);
    if (!index.contains(id)) {
      unknown.push_back(id);
    } else if (shifted == nullptr &&
               (i >= split.questions.size() || split.questions[i].question_id != id)) {
      shifted = &set.rows[i];
    }
  }
  if (shifted == nullptr) return;
  for (const Question& question : split.questions) {
    if (!answered.contains(question.question_id)) missing.push_back(question.question_id);
  }
  std::string what;
  if (!missing.empty()) what = "no answer to question_id " + listed(missing);
  if (!unknown.empty()) {
    what += (what.empty() ? "" : ", and ") + ("no question with question_id " + listed(unknown));
  }
  throw Error(
      {.what = "split '" + split.name + "': " + what +
               ", and the answers are not at the places of their questions",
       .where = at_line(*set.path, shifted->line),
       .cause = "the official script pairs by position: from here on it would score answers to "
                "other questions",
       .fix = "give every question one answer (then any order will do); dialect official cuts a "
              "list at its end alone"});
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
  if (has_ids && !by_id) refuse_shifted(set, split, index);
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
    if (!same_question(row, split.questions[at])) wrong_question(set, row, split.questions[at]);
    if ((!row.id || !index.contains(*row.id)) && row.prompt.empty()) ++unchecked;
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
    paired->warnings.push_back("split '" + split.name + "': " + std::to_string(unchecked) +
                               " answers have neither a known question_id nor a question; they "
                               "were paired by position, and "
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

PairedAnswers pair_answers(const std::vector<QuestionSplit>& splits,
                           const std::vector<AnswerFile>& files, Dialect dialect) {
  std::vector<IdIndex> indices;
  for (const QuestionSplit& split : splits) indices.push_back(index_of(split));
  const std::vector<AnswerSet> sets = split_into_sets(files, indices);
  const std::vector<size_t> assigned = assign_splits(splits, indices, sets, files.size());

  PairedAnswers paired;
  paired.warnings = variant_warnings(splits);
  if (files.size() == 1 && sets.size() > 1) {
    for (const size_t s : assigned) paired.average_order.push_back(splits[s].name);
  }
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
