// Caption files and tables of the objects in images.
#include <algorithm>
#include <set>

#include "base/files.h"
#include "benchmarks/chair/score.h"

namespace vigor::chair {
namespace {

// An image's name, or its number as text.
std::string image_of(ObjectReader& reader) {
  for (const char* key : {"image", "image_id"}) {
    const Json* value = reader.find(key);
    if (value == nullptr || value->is_null()) continue;
    if (value->is_number_integer()) return std::to_string(value->get<int64_t>());
    return reader.require<std::string>(key);
  }
  return reader.require<std::string>("image");  // says that it is missing
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// "COCO_val2014_000000000042.jpg" -> "42"; the name itself when it ends in no number.
std::string number_key(const std::string& image) {
  const std::string stem = std::filesystem::path(image).stem().string();
  size_t begin = stem.size();
  while (begin > 0 && is_digit(stem[begin - 1])) --begin;
  if (begin == stem.size()) return image;
  const size_t first = std::min(stem.find_first_not_of('0', begin), stem.size() - 1);
  return stem.substr(first);
}

}  // namespace

std::vector<Caption> parse_captions(std::string_view bytes, const std::string& file) {
  std::vector<Caption> captions;
  for (const JsonRow& row : parse_json_rows(bytes, file)) {
    ObjectReader reader(row.value, file + ":" + std::to_string(row.line));
    Caption caption;
    caption.line = row.line;
    caption.image = image_of(reader);
    caption.error = reader.get<std::string>("error", "");
    if (reader.has("sample")) caption.sample = reader.require<int64_t>("sample");
    const Json* text = reader.find("caption");
    if (text != nullptr && !text->is_null()) {
      caption.text = reader.require<std::string>("caption");
    } else if (caption.error.empty()) {
      if (text == nullptr) reader.require<std::string>("caption");
      caption.error = "the caption is null";
    }
    captions.push_back(std::move(caption));
  }
  if (captions.empty()) {
    throw Error({.what = "no captions in the file",
                 .where = file,
                 .cause = "the file is empty",
                 .fix = "give rows of {\"image\", \"caption\"}"});
  }
  return captions;
}

std::vector<Caption> read_captions(const std::filesystem::path& path) {
  return parse_captions(read_file(path), path.string());
}

void ImageObjectTable::add(const std::string& image, std::vector<std::string> objects,
                           const std::string& where) {
  if (!objects_.emplace(image, std::move(objects)).second) {
    throw Error({.what = "the image '" + printable(image) + "' is listed twice",
                 .where = where,
                 .fix = "list each image once, with all its objects"});
  }
  // Two images with one number: neither is found by it.
  const auto [it, is_new] = name_of_number_.emplace(number_key(image), image);
  if (!is_new) it->second.clear();
}

ImageObjectTable ImageObjectTable::parse(std::string_view bytes, const std::string& file) {
  ImageObjectTable table;
  const auto is_table = [](const Json& value) {
    return value.is_object() && !value.contains("objects");
  };
  Json whole;
  try {
    whole = parse_json(bytes, file);
  } catch (const Error&) {
    // JSON lines, or a mistake that reading by lines reports better.
  }
  if (is_table(whole)) {
    for (const auto& [image, objects] : whole.items()) {
      const bool names =
          objects.is_array() && std::all_of(objects.begin(), objects.end(),
                                            [](const Json& name) { return name.is_string(); });
      if (!names) {
        throw Error(
            {.what = "the value of '" + printable(image) + "' is not a list of object names",
             .where = file,
             .fix = "write {\"IMAGE\": [\"dog\", ...], ...}"});
      }
      table.add(image, objects.get<std::vector<std::string>>(), file);
    }
    return table;
  }
  for (const JsonRow& row : parse_json_rows(bytes, file)) {
    const std::string where = file + ":" + std::to_string(row.line);
    ObjectReader reader(row.value, where);
    const std::string image = image_of(reader);
    table.add(image, reader.require<std::vector<std::string>>("objects"), where);
  }
  return table;
}

ImageObjectTable ImageObjectTable::read(const std::filesystem::path& path) {
  return parse(read_file(path), path.string());
}

const std::vector<std::string>* ImageObjectTable::find(const std::string& image) const {
  if (const auto it = objects_.find(image); it != objects_.end()) return &it->second;
  const auto number = name_of_number_.find(number_key(image));
  if (number == name_of_number_.end() || number->second.empty()) return nullptr;
  return &objects_.at(number->second);
}

std::vector<std::vector<std::string>> ImageObjectTable::kinds() const {
  std::set<std::string> names;
  for (const auto& [image, objects] : objects_) names.insert(objects.begin(), objects.end());
  std::vector<std::vector<std::string>> classes;
  for (const std::string& name : names) classes.push_back({name});
  return classes;
}

}  // namespace vigor::chair
