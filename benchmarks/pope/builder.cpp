#include "benchmarks/pope/builder.h"

#include <algorithm>
#include <functional>
#include <unordered_map>
#include <unordered_set>

#include "base/files.h"
#include "base/json.h"
#include "base/random.h"

namespace vigor::pope {
namespace {

using NameSet = std::unordered_set<std::string>;

// Counts names and remembers their first appearance, as a Python dict does.
class OrderedCounts {
 public:
  void add(const std::string& name) {
    const auto [it, is_new] = index_.emplace(name, counts_.size());
    if (is_new) counts_.emplace_back(name, 0);
    ++counts_[it->second].second;
  }
  const std::vector<std::pair<std::string, int64_t>>& counts() const { return counts_; }
  std::vector<std::string> most_frequent_first() const {
    auto sorted = counts_;
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    std::vector<std::string> names;
    for (auto& [name, count] : sorted) names.push_back(std::move(name));
    return names;
  }

 private:
  std::vector<std::pair<std::string, int64_t>> counts_;
  std::unordered_map<std::string, size_t> index_;
};

struct Tables {
  OrderedCounts objects;
  std::vector<std::string> popular;
  std::vector<std::string> order;  // objects of `seen_with`, in the order of first appearance
  std::unordered_map<std::string, OrderedCounts> seen_with;
  std::unordered_map<std::string, std::vector<std::string>> adversarial;
};

Tables count_objects(const std::vector<ImageObjects>& images) {
  Tables tables;
  NameSet image_names;
  for (const ImageObjects& image : images) {
    if (!image_names.insert(image.image).second) {
      throw Error({.what = "the image '" + printable(image.image) + "' is listed twice",
                   .where = "objects of images",
                   .fix = "list each image once, with all its objects"});
    }
    NameSet names;
    for (const std::string& object : image.objects) {
      if (object.empty() || !names.insert(object).second) {
        throw Error({.what = object.empty()
                                 ? "an object has an empty name"
                                 : "the object '" + printable(object) + "' is listed twice",
                     .where = "objects of image '" + printable(image.image) + "'",
                     .fix = "list each kind of object once an image"});
      }
      tables.objects.add(object);
      if (!tables.seen_with.contains(object)) tables.order.push_back(object);
      OrderedCounts& others = tables.seen_with[object];
      for (const std::string& other : image.objects) {
        if (other != object) others.add(other);
      }
    }
  }
  tables.popular = tables.objects.most_frequent_first();
  for (const auto& [object, others] : tables.seen_with) {
    tables.adversarial[object] = others.most_frequent_first();
  }
  return tables;
}

std::string question_text(const std::string& object, bool misspelt) {
  const bool vowel = std::string_view("aeiouAEIOU").find(object[0]) != std::string_view::npos;
  return std::string("Is there ") + (vowel ? "an " : "a ") + object + " in the " +
         (vowel && misspelt ? "imange?" : "image?");
}

// The objects that may not be asked about with the answer "no".
struct ImageState {
  NameSet taken;
  CounterRandom random;
};

std::string draw_random(ImageState& state, const Tables& tables, const ImageObjects& image) {
  const auto& counts = tables.objects.counts();
  if (state.taken.size() >= counts.size()) {
    throw Error({.what = "no absent object is left for image '" + printable(image.image) + "'",
                 .where = "POPE builder",
                 .cause = "it contains nearly every object of the list",
                 .fix = "ask fewer questions an image, or add images with other objects"});
  }
  for (;;) {
    const auto& name = counts[state.random.below(static_cast<uint32_t>(counts.size()))].first;
    if (!state.taken.contains(name)) return name;
  }
}

// First candidate that is not taken, or "".
std::string first_free(const std::vector<std::string>& candidates, const ImageState& state) {
  for (const std::string& name : candidates) {
    if (!state.taken.contains(name)) return name;
  }
  return "";
}

// Candidates for the "no" question that follows a "yes" question about an object; empty: random.
using Candidates = std::function<const std::vector<std::string>*(const std::string& object)>;

std::vector<Question> build_split(const std::vector<ImageObjects>& images,
                                  const PopeBuildOptions& options, const Tables& tables,
                                  const std::string& name, const Candidates& candidates,
                                  std::vector<int64_t>* fallback_ids) {
  std::vector<Question> questions;
  const auto ask = [&](const ImageObjects& image, const std::string& object, const char* label) {
    const int64_t id = static_cast<int64_t>(questions.size()) + 1;
    questions.push_back(
        {id, image.image, question_text(object, options.official_misspelling), label});
    return id;
  };
  for (const ImageObjects& image : images) {
    if (image.objects.size() < static_cast<size_t>(options.samples)) continue;
    ImageState state{NameSet(image.objects.begin(), image.objects.end()),
                     CounterRandom(options.seed, "pope/" + name + "/" + image.image)};
    for (int i = 0; i < options.samples; ++i) {
      const std::string& object = image.objects[static_cast<size_t>(i)];
      ask(image, object, "yes");
      const std::vector<std::string>* list = candidates(object);
      std::string absent = list == nullptr ? "" : first_free(*list, state);
      const bool drawn = absent.empty();
      if (drawn) absent = draw_random(state, tables, image);
      state.taken.insert(absent);
      const int64_t id = ask(image, absent, "no");
      if (drawn && fallback_ids != nullptr) fallback_ids->push_back(id);
    }
  }
  return questions;
}

}  // namespace

PopeQuestions build_pope(const std::vector<ImageObjects>& images, const PopeBuildOptions& options) {
  if (options.samples < 1) {
    throw Error({.what = "questions an image must be at least 1",
                 .where = "POPE builder",
                 .fix = "the published files have 3",
                 .exit_code = ExitCode::kUsage});
  }
  const Tables tables = count_objects(images);
  PopeQuestions result;
  for (const ImageObjects& image : images) {
    if (image.objects.size() < static_cast<size_t>(options.samples)) {
      result.skipped_images.push_back(image.image);
    }
  }
  if (result.skipped_images.size() == images.size()) {
    throw Error({.what = "no image has " + std::to_string(options.samples) + " objects or more",
                 .where = "POPE builder",
                 .cause = "the list has " + std::to_string(images.size()) + " images",
                 .fix = "give a list with more objects an image, or ask fewer questions an image"});
  }
  result.random = build_split(
      images, options, tables, "random", [](const std::string&) { return nullptr; }, nullptr);
  result.popular = build_split(
      images, options, tables, "popular", [&](const std::string&) { return &tables.popular; },
      &result.popular_fallback_ids);
  result.adversarial = build_split(
      images, options, tables, "adversarial",
      [&](const std::string& object) { return &tables.adversarial.at(object); },
      &result.adversarial_fallback_ids);
  result.ground_truth_objects = tables.objects.counts();
  for (const std::string& object : tables.order) {
    result.co_occurrence.emplace_back(object, tables.adversarial.at(object));
  }
  return result;
}

std::vector<ImageObjects> parse_image_objects(std::string_view bytes, const std::string& where) {
  std::vector<ImageObjects> images;
  for (const JsonRow& row : parse_json_rows(bytes, where)) {
    ObjectReader reader(row.value, where + ":" + std::to_string(row.line));
    images.push_back({reader.require<std::string>("image"),
                      reader.require<std::vector<std::string>>("objects")});
  }
  return images;
}

std::vector<ImageObjects> read_image_objects(const std::filesystem::path& path) {
  return parse_image_objects(read_file(path), path.string());
}

std::vector<std::pair<std::string, std::string>> pope_files(const PopeQuestions& questions,
                                                            const std::string& prefix) {
  // Ordered: the tables' order is part of what they say.
  nlohmann::ordered_json objects = nlohmann::ordered_json::object();
  for (const auto& [name, count] : questions.ground_truth_objects) objects[name] = count;
  nlohmann::ordered_json co_occurrence = nlohmann::ordered_json::object();
  for (const auto& [name, others] : questions.co_occurrence) co_occurrence[name] = others;
  const auto dump = [](const nlohmann::ordered_json& value) {
    return value.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  };
  return {{prefix + "_pope_random.json", questions_to_jsonl(questions.random)},
          {prefix + "_pope_popular.json", questions_to_jsonl(questions.popular)},
          {prefix + "_pope_adversarial.json", questions_to_jsonl(questions.adversarial)},
          {prefix + "_ground_truth_objects.json", dump(objects)},
          {prefix + "_co_occur.json", dump(co_occurrence)}};
}

}  // namespace vigor::pope
