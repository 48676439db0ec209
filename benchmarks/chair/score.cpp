#include "benchmarks/chair/score.h"

#include <algorithm>
#include <set>

#include "benchmarks/chair/words.h"
#include "reports/statistics.h"

namespace vigor::chair {
namespace {

using statistics::ClusterRatio;

// What one image's captions add to the four ratios.
struct ImageSums {
  ClusterRatio chair_s, chair_i, recall;
};

Json ratio_json(const std::vector<ClusterRatio>& clusters, double level, Json* interval) {
  *interval = nullptr;
  const auto estimate = statistics::ratio_estimate(clusters);
  if (!estimate) return nullptr;
  if (const auto ci = statistics::share_interval(*estimate, level)) {
    *interval = Json::array({ci->low, ci->high});
  }
  return estimate->value;
}

Json row_of(const ScoredCaption& scored, const std::set<std::string>& present, size_t number) {
  Json row = {{"key", std::to_string(number + 1) + "/" + scored.caption.image},
              {"image", scored.caption.image},
              {"caption", scored.caption.text},
              {"status", "scored"},
              {"present", scored.present},
              {"objects", Json::array()},
              {"hallucinated", Json::array()},
              {"words", scored.found.words},
              {"error", nullptr}};
  for (const Mention& mention : scored.found.mentions) {
    row["objects"].push_back(mention.object);
    if (!present.contains(mention.object)) {
      row["hallucinated"].push_back(
          {{"object", mention.object}, {"word", mention.word}, {"token", mention.token}});
    }
  }
  return row;
}

Json failed_row(const ScoredCaption& scored, size_t number) {
  return {{"key", std::to_string(number + 1) + "/" + scored.caption.image},
          {"image", scored.caption.image},
          {"caption", nullptr},
          {"status", "failed"},
          {"error", scored.caption.error}};
}

}  // namespace

ChairResult score_found(const std::vector<ScoredCaption>& captions, const ScoreOptions& options) {
  ChairResult result;
  std::map<std::string, ImageSums> images;
  int64_t failed = 0, mentions = 0, hallucinated = 0;
  double words = 0;
  for (size_t i = 0; i < captions.size(); ++i) {
    const ScoredCaption& scored = captions[i];
    if (!scored.caption.error.empty()) {
      ++failed;
      result.rows.push_back(failed_row(scored, i));
      continue;
    }
    const std::set<std::string> present(scored.present.begin(), scored.present.end());
    result.rows.push_back(row_of(scored, present, i));
    std::set<std::string> found;
    for (const Mention& mention : scored.found.mentions) {
      if (present.contains(mention.object)) found.insert(mention.object);
    }
    const auto wrong = static_cast<int64_t>(result.rows.back()["hallucinated"].size());
    const auto all = static_cast<int64_t>(scored.found.mentions.size());
    mentions += all;
    hallucinated += wrong;
    words += static_cast<double>(scored.found.words);
    ImageSums& sums = images[scored.caption.image];
    sums.chair_s.numerator += wrong > 0 ? 1 : 0;
    sums.chair_s.denominator += 1;
    sums.chair_i.numerator += static_cast<double>(wrong);
    sums.chair_i.denominator += static_cast<double>(all);
    sums.recall.numerator += static_cast<double>(found.size());
    sums.recall.denominator += static_cast<double>(present.size());
  }

  const double scored_count = static_cast<double>(captions.size()) - static_cast<double>(failed);
  Json& metrics = result.metrics;
  metrics = {{"benchmark", "chair"},
             {"captions", captions.size()},
             {"images", images.size()},
             {"mentions", mentions},
             {"hallucinated_mentions", hallucinated},
             {"counts",
              {{"scored", captions.size() - static_cast<size_t>(failed)},
               {"unparsed", 0},
               {"failed", failed},
               {"unjudged", 0}}},
             {"withheld", failed > options.max_failures},
             {"length", nullptr}};
  std::vector<ClusterRatio> chair_s, chair_i, recall;
  for (const auto& [image, sums] : images) {
    chair_s.push_back(sums.chair_s);
    chair_i.push_back(sums.chair_i);
    recall.push_back(sums.recall);
  }
  metrics["chair_s"] = ratio_json(chair_s, options.level, &metrics["ci95"]["chair_s"]);
  metrics["chair_i"] = ratio_json(chair_i, options.level, &metrics["ci95"]["chair_i"]);
  metrics["recall"] = ratio_json(recall, options.level, &metrics["ci95"]["recall"]);
  if (scored_count > 0) metrics["length"] = words / scored_count * 0.01;

  std::string reason;
  if (scored_count == 0) {
    reason = "no captions";
  } else {
    if (mentions == 0) reason = "chair_i: no caption mentions an object";
    if (metrics["recall"].is_null()) {
      reason += std::string(reason.empty() ? "" : "; ") + "recall: no image has an object";
    }
  }
  if (failed > options.max_failures) {
    reason = std::to_string(failed) + " of " + std::to_string(captions.size()) +
             " captions failed, " + std::to_string(options.max_failures) + " may (--max-failures)";
    for (const char* key : {"chair_s", "chair_i", "recall", "length"}) metrics[key] = nullptr;
    for (const char* key : {"chair_s", "chair_i", "recall"}) metrics["ci95"][key] = nullptr;
  }
  if (!reason.empty()) metrics["reason"] = reason;
  return result;
}

ChairResult score_captions(const std::vector<Caption>& captions, const ImageObjectTable& objects,
                           const Vocabulary& vocabulary, const language::English& english,
                           const ScoreOptions& options) {
  std::vector<ScoredCaption> scored;
  for (const Caption& caption : captions) {
    const std::vector<std::string>* present = objects.find(caption.image);
    if (present == nullptr) {
      throw Error({.what = "no objects are known for the image '" + printable(caption.image) + "'",
                   .where = "caption in line " + std::to_string(caption.line),
                   .cause = "captions and objects are of different image sets",
                   .fix = "give the objects file of these images"});
    }
    ScoredCaption entry{.caption = caption, .present = {}, .found = {}};
    for (const std::string& object : *present) {
      const std::string name = vocabulary.class_of(object);
      if (name.empty()) {
        throw Error({.what = "the object '" + printable(object) + "' is not in the vocabulary",
                     .where = "objects of image '" + printable(caption.image) + "'",
                     .cause = "the synonyms file is for other objects",
                     .fix = "add it to the synonyms file"});
      }
      entry.present.push_back(name);
    }
    if (caption.error.empty()) entry.found = vocabulary.find(caption_words(caption.text, english));
    scored.push_back(std::move(entry));
  }
  return score_found(scored, options);
}

}  // namespace vigor::chair
