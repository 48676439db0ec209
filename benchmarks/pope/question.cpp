#include "benchmarks/pope/question.h"

#include <algorithm>
#include <array>
#include <map>
#include <unordered_set>

#include "base/files.h"
#include "base/json.h"
#include "run/sha256.h"

namespace vigor::pope {
namespace {

struct KnownFile {
  const char* content_hash;
  const char* variant;
};

// The published COCO files (github.com/AoiDragon/POPE, output/coco), by content_hash. In e3e3926,
// which LLaVA and its descendants use, `random` has 2,910 rows.
constexpr std::array<KnownFile, 6> kKnownFiles{{
    {"0a3eab093c0bef0650c19da62da90ff5b2ee656ea966d46517ab7767174e1ce1", "coco current"},
    {"0c5b4fa5535000ceb3c8808326f7b0ada454890a6a9e5446cd51d82d2e30d68d", "coco current"},
    {"6d3cb270a70eec795b50bcd55374d40ff69c761807e30e270a036f65421b56fa", "coco current"},
    {"ce77753f41bd8af349b2e36ae841b21e7364ec122b8626861e944f5f9271dea7", "coco e3e3926"},
    {"00f05b1085d5d3bb30a1de8696834480a9f6e7fe4574e88a8d4bbb770ab6680a", "coco e3e3926"},
    {"566ceceda8831d7e475c26e7cbc6b779ee789efd48064cf0635452bb089e40f2", "coco e3e3926"},
}};

std::string content_hash_of(const std::vector<Question>& questions) {
  std::string text;
  for (const Question& q : questions) {
    text += std::to_string(q.question_id) + '\t' + q.image + '\t' + q.text + '\t' + q.label + '\n';
  }
  return sha256_hex(text);
}

std::string split_name_of(const std::filesystem::path& file) {
  const std::string stem = file.stem().string();
  const size_t at = stem.rfind("pope_");
  const std::string after = at == std::string::npos ? "" : stem.substr(at + 5);
  return after.empty() ? stem : after;
}

Question question_of(const Json& row, const std::string& where, size_t position) {
  ObjectReader reader(row, where);
  Question question;
  question.question_id = reader.get<int64_t>("question_id", static_cast<int64_t>(position));
  question.image = reader.require<std::string>("image");
  question.text = reader.require<std::string>("text");
  question.label = reader.require<std::string>("label");
  if (question.label != "yes" && question.label != "no") {
    throw Error({.what = "the label is '" + printable(question.label) + "', not yes or no",
                 .where = where + ": label",
                 .cause = "this may be an answer file, or a question file of another benchmark",
                 .fix = "give a POPE question file"});
  }
  return question;
}

}  // namespace

QuestionSplit parse_questions(std::string_view bytes, const std::filesystem::path& file) {
  QuestionSplit split;
  split.name = split_name_of(file);
  std::unordered_set<int64_t> seen;
  for (const JsonRow& row : parse_json_rows(bytes, file.string())) {
    const std::string where = file.string() + ":" + std::to_string(row.line);
    split.questions.push_back(question_of(row.value, where, split.questions.size() + 1));
    if (!seen.insert(split.questions.back().question_id).second) {
      throw Error({.what = "question_id " + std::to_string(split.questions.back().question_id) +
                           " appears twice",
                   .where = where,
                   .cause = "several splits were put into one file",
                   .fix = "give one file a split"});
    }
  }
  if (split.questions.empty()) {
    throw Error({.what = "no questions in the file",
                 .where = file.string(),
                 .cause = "the file is empty",
                 .fix = "give a POPE question file"});
  }
  split.content_hash = content_hash_of(split.questions);
  for (const KnownFile& known : kKnownFiles) {
    if (split.content_hash == known.content_hash) split.variant = known.variant;
  }
  return split;
}

QuestionSplit read_questions(const std::filesystem::path& path) {
  return parse_questions(read_file(path), path);
}

std::vector<QuestionSplit> read_question_files(const std::vector<std::filesystem::path>& paths) {
  std::vector<QuestionSplit> splits;
  std::map<std::string, std::string> file_of;
  for (const std::filesystem::path& path : paths) {
    splits.push_back(read_questions(path));
    const auto [it, is_new] = file_of.emplace(splits.back().name, path.string());
    if (!is_new) {
      throw Error(
          {.what = "two question files are named for the split '" + splits.back().name + "'",
           .where = path.string(),
           .cause = "the other is " + it->second,
           .fix = "give one of them, or rename one: the name after pope_ is the split"});
    }
  }
  return splits;
}

std::vector<std::string> variant_warnings(const std::vector<QuestionSplit>& splits) {
  std::vector<std::string> warnings;
  const QuestionSplit* first = nullptr;
  for (const QuestionSplit& split : splits) {
    if (split.variant == "unknown") continue;
    if (first == nullptr) {
      first = &split;
    } else if (first->variant != split.variant) {
      warnings.push_back("question files of two versions are mixed: '" + first->name + "' is " +
                         first->variant + ", '" + split.name + "' is " + split.variant +
                         "; their figures do not belong in one average");
    }
  }
  return warnings;
}

std::string questions_to_jsonl(const std::vector<Question>& questions) {
  std::string text;
  for (const Question& q : questions) {
    // Json sorts keys; the published files do not, and people compare them by eye.
    text += "{\"question_id\": " + std::to_string(q.question_id) +
            ", \"image\": " + dump_json(q.image) + ", \"text\": " + dump_json(q.text) +
            ", \"label\": " + dump_json(q.label) + "}\n";
  }
  return text;
}

std::string normalised_text(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return "";
  std::string result(text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1));
  for (size_t at; (at = result.find("imange")) != std::string::npos;)
    result.replace(at, 6, "image");
  return result;
}

}  // namespace vigor::pope
