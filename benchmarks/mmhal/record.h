// MMHal-Bench's files: 96 questions about 96 pictures, model answers, and a judge's replies.
// docs/format-mmhal.md describes them.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace vigor::mmhal {

// In the official order: record i of the published file is of type i mod 8.
inline constexpr std::array<const char*, 8> kTypes{"attribute", "adversarial", "comparison",
                                                   "counting",  "relation",    "environment",
                                                   "holistic",  "other"};
inline constexpr size_t kPublishedRecords = 96;

// One object of response_template.json, or of a file of responses.
struct Record {
  std::string type;   // question_type
  std::string topic;  // question_topic
  std::string image_id;
  std::string image_src;              // where the picture came from; never fetched
  std::string image;                  // file name, which the published file does not have
  std::vector<std::string> contents;  // image_content: what is in the picture
  std::string question;
  std::string standard_answer;              // gt_answer
  std::optional<std::string> model_answer;  // null: the model gave none
  std::string failure;                      // why it gave none
};

// A JSON array, or JSON lines. Throws Error naming `where`, the record and the key. An absent
// model_answer is null.
std::vector<Record> parse_records(std::string_view text, const std::string& where);
std::vector<Record> read_records(const std::filesystem::path& path);
// Throws Error when every answer is null or empty: that is the template, which nobody has answered.
void require_answers(const std::vector<Record>& records, const std::string& where);

// The records in the published form, with their answers, for other programs.
std::string responses_json(const std::vector<Record>& records);

// The picture in `folder`: under `image` when the record has it, else under the last part of
// image_src, else under image_id with an ending of a picture. The first that exists; when none
// does, the first that could be. Throws Error naming `where` for a name that leaves the folder.
std::filesystem::path picture_of(const Record& record, const std::filesystem::path& folder,
                                 const std::string& where);

// A stored reply of a judge.
struct Review {
  size_t record = 0;
  int repeat = 0;
  std::optional<std::string> text;  // null: the judge gave none
  std::string failure;              // why, or that it refused
  bool refused = false;             // it was asked and declined
  std::string model;                // as the endpoint named itself
};

// What is read: chat completions as OpenAI's client saves them, or plain strings, one a record and
// in the order of the records; or rows of a run folder's samples.jsonl. As an array or as JSON
// lines. Throws Error naming `where`, the row and the key.
std::vector<Review> parse_reviews(std::string_view text, const std::string& where);
std::vector<Review> read_reviews(const std::filesystem::path& path);

}  // namespace vigor::mmhal
