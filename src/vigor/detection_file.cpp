#include "vigor/detection_file.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "run/sha256.h"

namespace vigor {
namespace {

struct PictureOfFile {
  std::string name;
  RecordedDetections detections;
};

double finite(ObjectReader& reader, const std::string& key) {
  const auto value = reader.require<double>(key);
  if (std::isfinite(value)) return value;
  throw Error({.what = "key '" + key + "' is no finite number", .where = reader.where()});
}

std::string id_of(ObjectReader& reader, const std::string& key) {
  const Json* value = reader.find(key);
  if (value == nullptr || !(value->is_number_integer() || value->is_string()))
    return std::to_string(reader.require<int64_t>(key));  // says what is wrong
  return value->dump(-1, ' ', false, Json::error_handler_t::replace);
}

const Json& list_of(ObjectReader& reader, const std::string& key) {
  static const Json kEmpty = Json::array();
  const Json* value = reader.find(key);
  if (value == nullptr) return kEmpty;
  if (value->is_array()) return *value;
  throw Error({.what = "key '" + key + "' must be a list",
               .where = reader.where(),
               .fix = "write detections in COCO's layout (docs/format-detect.md)"});
}

void read_info(const Json& info, const std::string& where, RecordedDetections& common) {
  ObjectReader reader(info, where + ": info");
  common.threshold = reader.get<double>("box_threshold", 0);
  if (!(common.threshold >= 0 && common.threshold <= 1)) {
    throw Error({.what = "key 'box_threshold' must be between 0 and 1", .where = reader.where()});
  }
  if (const Json* detector = reader.find("detector")) common.detector = *detector;
  const auto prompt = reader.get<std::string>("prompt", "");
  for (size_t at = 0; at < prompt.size();) {
    const size_t end = std::min(prompt.find('.', at), prompt.size());
    const std::string noun = noun_key(prompt.substr(at, end - at));
    if (!noun.empty()) common.asked.insert(noun);
    at = end + 1;
  }
}

void read_box(const Json& annotation, const std::string& where,
              const std::map<std::string, std::string>& categories,
              std::map<std::string, PictureOfFile>& pictures) {
  ObjectReader reader(annotation, where);
  const auto picture = pictures.find(id_of(reader, "image_id"));
  if (picture == pictures.end()) {
    throw Error({.what = "no picture in 'images' has this image_id", .where = where});
  }
  const auto box = reader.require<std::vector<double>>("bbox");
  const double score = finite(reader, "score");
  if (box.size() != 4 || !std::all_of(box.begin(), box.end(), [](double side) {
        return std::isfinite(side) && std::abs(side) < 1e9;
      })) {
    throw Error({.what = "key 'bbox' must be four numbers: x, y, width, height", .where = where});
  }
  if (score < 0 || score > 1) {
    throw Error({.what = "key 'score' must be between 0 and 1", .where = where});
  }
  std::string phrase = reader.get<std::string>("phrase", "");
  const Json* category = reader.find("category_id");
  if (phrase.empty() && category != nullptr && !category->is_null()) {
    const auto name = categories.find(id_of(reader, "category_id"));
    if (name == categories.end()) {
      throw Error({.what = "no entry of 'categories' has this category_id", .where = where});
    }
    phrase = name->second;
  }
  picture->second.detections.boxes.push_back(
      {.corners = {static_cast<float>(box[0]), static_cast<float>(box[1]),
                   static_cast<float>(box[0] + box[2]), static_cast<float>(box[1] + box[3])},
       .score = static_cast<float>(score),
       .phrase = noun_key(phrase)});
}

void read_document(const Json& document, const std::string& where,
                   std::map<std::string, RecordedDetections>& detections) {
  ObjectReader reader(document, where);
  RecordedDetections common;
  if (const Json* info = reader.find("info"); info != nullptr && !info->is_null()) {
    read_info(*info, where, common);
  }
  std::map<std::string, std::string> categories;
  size_t number = 0;
  const auto place = [&](const char* list) {
    return where + ": " + list + " " + std::to_string(++number);
  };
  for (const Json& category : list_of(reader, "categories")) {
    ObjectReader one(category, place("category"));
    categories[id_of(one, "id")] = one.require<std::string>("name");
  }
  if (common.asked.empty()) {
    for (const auto& [id, name] : categories) common.asked.insert(noun_key(name));
  }
  std::map<std::string, PictureOfFile> pictures;
  number = 0;
  reader.require<Json>("images");  // says that it is missing
  for (const Json& image : list_of(reader, "images")) {
    ObjectReader one(image, place("image"));
    PictureOfFile picture{one.require<std::string>("file_name"), common};
    if (!pictures.emplace(id_of(one, "id"), std::move(picture)).second) {
      throw Error({.what = "a second picture with this id", .where = one.where()});
    }
  }
  number = 0;
  for (const Json& annotation : list_of(reader, "annotations")) {
    read_box(annotation, place("annotation"), categories, pictures);
  }
  for (auto& [id, picture] : pictures) {
    const std::string name = printable(picture.name);
    if (!detections.emplace(picture.name, std::move(picture.detections)).second) {
      throw Error({.what = "the picture '" + name + "' is described twice",
                   .where = where,
                   .fix = "put all that a picture was asked into one document"});
    }
  }
}

// `words` stands in `phrase` between blanks.
bool holds_words(const std::string& phrase, const std::string& words) {
  return (" " + phrase + " ").find(" " + words + " ") != std::string::npos;
}

class RecordedDetector : public Detector {
 public:
  RecordedDetector(std::map<std::string, RecordedDetections> pictures, Json identity)
      : pictures_(std::move(pictures)), identity_(std::move(identity)) {
    for (const auto& [name, picture] : pictures_) floor_ = std::max(floor_, picture.threshold);
  }
  Json identity() const override { return identity_; }
  double lowest_threshold() const override { return floor_; }
  bool needs_pictures() const override { return false; }

  std::vector<NounFinding> find(const Picture& picture,
                                std::span<const std::string> nouns) override {
    const auto found = pictures_.find(picture.name);
    if (found == pictures_.end()) {
      throw Error({.what = "the file of detections has nothing about this picture",
                   .where = printable(picture.name)});
    }
    std::vector<NounFinding> findings;
    for (const std::string& noun : nouns) findings.push_back(answer(found->second, noun_key(noun)));
    return findings;
  }

 private:
  static NounFinding answer(const RecordedDetections& picture, const std::string& noun) {
    NounFinding finding;
    if (!picture.asked.contains(noun)) {
      finding.error = "the file of detections was not asked for this noun";
      return finding;
    }
    finding.score = 0.0f;
    for (const RecordedDetections::Box& box : picture.boxes) {
      const bool fits = box.phrase == noun ||
                        (!picture.asked.contains(box.phrase) && holds_words(box.phrase, noun));
      if (fits && box.score > *finding.score) {
        finding.score = box.score;
        finding.box = box.corners;
      }
    }
    return finding;
  }

  std::map<std::string, RecordedDetections> pictures_;
  Json identity_;
  double floor_ = 0;
};

}  // namespace

std::string noun_key(std::string_view text) {
  std::string key;
  bool gap = false;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      gap = !key.empty();
      continue;
    }
    if (gap) key += ' ';
    gap = false;
    key += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  while (key.ends_with('.') || key.ends_with(' ')) key.pop_back();
  for (const std::string_view article : {"a ", "an ", "the "}) {
    if (key.starts_with(article)) return key.substr(article.size());
  }
  return key;
}

std::map<std::string, RecordedDetections> parse_detections(std::string_view bytes,
                                                           const std::string& where) {
  std::map<std::string, RecordedDetections> detections;
  Json whole;
  bool one_document = false;
  try {
    whole = parse_json(bytes, where);
    one_document = whole.is_object();
  } catch (const Error&) {
    // JSON lines, or a mistake that reading by lines reports better.
  }
  if (one_document) {
    read_document(whole, where, detections);
  } else {
    for (const JsonRow& row : parse_json_rows(bytes, where)) {
      read_document(row.value, where + ":" + std::to_string(row.line), detections);
    }
  }
  if (detections.empty()) {
    throw Error({.what = "no picture in the file of detections",
                 .where = where,
                 .fix = "give documents in COCO's layout, one a line (docs/format-detect.md)"});
  }
  return detections;
}

std::unique_ptr<Detector> open_recorded_detector(const std::filesystem::path& file) {
  const std::string bytes = read_file(file);
  return std::make_unique<RecordedDetector>(
      parse_detections(bytes, file.string()),
      Json{{"detector", "detections"}, {"path", file.string()}, {"sha256", sha256_hex(bytes)}});
}

}  // namespace vigor
