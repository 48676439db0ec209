#include "benchmarks/mmhal/record.h"

#include <algorithm>

#include "base/files.h"
#include "run/image_path.h"

namespace vigor::mmhal {
namespace {

namespace fs = std::filesystem;

std::string place(const std::string& where, size_t row) {
  return where + ": record " + std::to_string(row);
}

std::vector<std::string> contents_of(ObjectReader& reader) {
  std::vector<std::string> contents;
  const Json* list = reader.find("image_content");
  if (list == nullptr || list->is_null()) return contents;
  if (!list->is_array()) return {reader.require<std::string>("image_content")};
  for (const Json& item : *list) {
    if (!item.is_string()) {
      throw Error({.what = "key 'image_content' must be a list of texts",
                   .where = reader.where(),
                   .fix = "correct the value"});
    }
    contents.push_back(item.get<std::string>());
  }
  return contents;
}

Record record_of(const Json& value, const std::string& where) {
  ObjectReader reader(value, where);
  Record record;
  record.type = reader.get<std::string>("question_type", "");
  record.topic = reader.get<std::string>("question_topic", "");
  record.image_id = reader.get<std::string>("image_id", "");
  record.image_src = reader.get<std::string>("image_src", "");
  record.image = reader.get<std::string>("image", "");
  record.contents = contents_of(reader);
  record.question = reader.require<std::string>("question");
  record.standard_answer = reader.require<std::string>("gt_answer");
  if (const Json* answer = reader.find("model_answer"); answer != nullptr && !answer->is_null()) {
    record.model_answer = reader.require<std::string>("model_answer");
  } else {
    record.failure = "the file has no model_answer for it";
  }
  return record;
}

// {"choices": [{"message": {"content", "refusal"}, "finish_reason"}], "model"}
Review completion_of(ObjectReader& reader) {
  Review review;
  review.model = reader.get<std::string>("model", "");
  const Json* choices = reader.find("choices");
  if (!choices->is_array() || choices->empty()) {
    throw Error({.what = "key 'choices' must be a list with a reply",
                 .where = reader.where(),
                 .fix = "give the judge's replies as they were received"});
  }
  ObjectReader choice((*choices)[0], reader.where() + ": choices: 0");
  ObjectReader message = choice.child("message");
  if (const Json* content = message.find("content"); content != nullptr && !content->is_null()) {
    review.text = message.require<std::string>("content");
    return review;
  }
  const std::string refusal = message.get<std::string>("refusal", "");
  const std::string finish = choice.get<std::string>("finish_reason", "");
  review.refused = !refusal.empty() || finish == "content_filter";
  review.failure = !refusal.empty() ? "refused: " + refusal
                   : review.refused ? "refused: content filter"
                                    : "the reply is null";
  return review;
}

Review review_of(const Json& value, size_t position, const std::string& where) {
  Review review;
  review.record = position;
  if (value.is_null()) {
    review.failure = "the reply is null";
    return review;
  }
  if (value.is_string()) {
    review.text = value.get<std::string>();
    return review;
  }
  ObjectReader reader(value, where);
  if (reader.has("choices")) {
    review = completion_of(reader);
    review.record = position;
    return review;
  }
  if (reader.has("reply")) {
    review.record = reader.require<size_t>("record");
    review.repeat = reader.get<int>("repeat", 0);
    review.model = reader.get<std::string>("judge_model", "");
    if (!reader.find("reply")->is_null()) {
      review.text = reader.require<std::string>("reply");
    } else {
      review.failure = reader.get<std::string>("error", "the reply is null");
      review.refused = reader.get<bool>("refused", false);
    }
    return review;
  }
  if (const Json* error = reader.find("error"); error != nullptr && !error->is_null()) {
    review.failure = error->is_string() ? error->get<std::string>() : dump_json(*error);
    return review;
  }
  throw Error({.what = "this is no reply of a judge",
               .where = where,
               .cause = "it has neither \"choices\" nor \"reply\"",
               .fix = "give chat completions, plain texts, or samples.jsonl of a run"});
}

}  // namespace

std::vector<Record> parse_records(std::string_view text, const std::string& where) {
  std::vector<Record> records;
  for (const JsonRow& row : parse_json_rows(text, where)) {
    records.push_back(record_of(row.value, place(where, row.line)));
  }
  if (records.empty()) {
    throw Error({.what = "no records in this file",
                 .where = where,
                 .fix = "give MMHal-Bench's response_template.json, or answers in its form"});
  }
  return records;
}

std::vector<Record> read_records(const fs::path& path) {
  return parse_records(read_file(path), printable(path.string()));
}

void require_answers(const std::vector<Record>& records, const std::string& where) {
  const bool any = std::any_of(records.begin(), records.end(), [](const Record& record) {
    return record.model_answer && !record.model_answer->empty();
  });
  if (any) return;
  throw Error({.what = "no record has a model_answer",
               .where = where,
               .cause = "this is the template of the benchmark, which no model has answered",
               .fix = "give a file with answers, or --model with --data to make them"});
}

std::string responses_json(const std::vector<Record>& records) {
  Json list = Json::array();
  for (const Record& record : records) {
    Json one = {{"question_type", record.type},       {"question_topic", record.topic},
                {"image_id", record.image_id},        {"image_src", record.image_src},
                {"image_content", record.contents},   {"question", record.question},
                {"gt_answer", record.standard_answer}};
    one["model_answer"] = record.model_answer ? Json(*record.model_answer) : Json();
    if (!record.image.empty()) one["image"] = record.image;
    list.push_back(std::move(one));
  }
  return dump_json(list, 2) + "\n";
}

fs::path picture_of(const Record& record, const fs::path& folder, const std::string& where) {
  std::vector<std::string> names;
  if (!record.image.empty()) {
    names.push_back(record.image);
  } else {
    std::string source = record.image_src.substr(0, record.image_src.find_first_of("?#"));
    source = source.substr(source.rfind('/') + 1);
    if (!source.empty()) names.push_back(source);
    if (!record.image_id.empty()) {
      for (const char* ending : {".jpg", ".jpeg", ".png", ".webp"}) {
        names.push_back(record.image_id + ending);
      }
    }
  }
  if (names.empty()) {
    throw Error({.what = "the record names no picture",
                 .where = where,
                 .cause = "it has neither image, image_src nor image_id",
                 .fix = "add the file's name as \"image\""});
  }
  fs::path first;
  for (const std::string& name : names) {
    fs::path path = image_path(folder, name, where);
    std::error_code code;
    if (fs::exists(path, code)) return path;
    if (first.empty()) first = std::move(path);
  }
  return first;
}

std::vector<Review> parse_reviews(std::string_view text, const std::string& where) {
  std::vector<Review> reviews;
  for (const JsonRow& row : parse_json_rows(text, where)) {
    reviews.push_back(
        review_of(row.value, reviews.size(), where + ": reply " + std::to_string(row.line)));
  }
  if (reviews.empty()) {
    throw Error({.what = "no replies in this file",
                 .where = where,
                 .fix = "give the judge's replies, one a record"});
  }
  std::stable_sort(reviews.begin(), reviews.end(), [](const Review& a, const Review& b) {
    return std::pair(a.record, a.repeat) < std::pair(b.record, b.repeat);
  });
  for (size_t i = 1; i < reviews.size(); ++i) {
    if (reviews[i].record == reviews[i - 1].record && reviews[i].repeat == reviews[i - 1].repeat) {
      throw Error({.what = "two replies to record " + std::to_string(reviews[i].record) +
                           ", repeat " + std::to_string(reviews[i].repeat),
                   .where = where,
                   .cause = "two runs were joined",
                   .fix = "give the replies of one run"});
    }
  }
  return reviews;
}

std::vector<Review> read_reviews(const fs::path& path) {
  return parse_reviews(read_file(path), printable(path.string()));
}

}  // namespace vigor::mmhal
