#include "vigor/annotate_scenes_stage.h"

#include "base/error.h"
#include "base/files.h"
#include "vigor/scene_truth.h"
#include "vigor/stage.h"

namespace vigor {

StageResult annotate_scenes_stage(FileSystem& files, const Json& config, const std::string& where,
                                  const language::English& english) {
  ObjectReader reader(config, where);
  reader.has("comment");
  reader.has("format");
  const std::filesystem::path captions = reader.require<std::string>("captions");
  const std::filesystem::path truth = reader.require<std::string>("truth");
  AnnotatorModel model;
  const auto annotators = reader.get<int>("annotators", 0);
  model.annotators = std::max(annotators, 1);
  model.error_rate = reader.get<double>("error_rate", model.error_rate);
  model.spread = reader.get<double>("spread", model.spread);
  model.seed = reader.get<uint64_t>("seed", model.seed);
  const std::filesystem::path out = reader.require<std::string>("out");
  reader.reject_unknown();

  const StageKey key{.stage = "annotate",
                     .settings = {{"format", "scenes"},
                                  {"annotators", annotators},
                                  {"error_rate", model.error_rate},
                                  {"spread", model.spread},
                                  {"seed", model.seed}},
                     .inputs = {{"captions", captions}, {"truth", truth}}};
  if (auto summary = up_to_date(key, out)) return {out, false, std::move(*summary)};

  const auto scenes = parse_scene_facts(read_file(truth), truth.string());
  std::string text;
  std::map<std::string, int64_t> labels, errors;
  int64_t all = 0, failed = 0;
  for_each_jsonl(read_file(captions), captions.string(), [&](size_t line, Json&& row) {
    const std::string here = captions.string() + ":" + std::to_string(line);
    ObjectReader caption(row, here);
    const auto image = caption.require<std::string>("image");
    const auto scene = scenes.find(image);
    if (scene == scenes.end()) {
      throw Error({.what = "'" + printable(image) + "' is no picture of " + truth.string(),
                   .where = here,
                   .fix = "give the truth of the scenes that the captions are about"});
    }
    const auto written = caption.get<std::string>("caption", "");
    if (written.empty()) {
      ++failed;
      return;
    }
    ++all;
    CaptionAnnotation exact =
        annotate_truly(scene->second, image, caption.get<int64_t>("sample", 0), written,
                       english.sentences.split_finely(written));
    exact.prompt = caption.get<std::string>("prompt", "");
    for (const SentenceAnnotation& sentence : exact.sentences) {
      ++labels[std::string(name_of(sentence.label))];
      for (const SentenceError error : sentence.errors) ++errors[std::string(name_of(error))];
    }
    if (annotators == 0) {
      text += dump_json(annotation_row(exact)) + "\n";
      return;
    }
    for (const CaptionAnnotation& one : annotate_like_people(exact, model)) {
      text += dump_json(annotation_row(one)) + "\n";
    }
  });
  if (all == 0) {
    throw Error({.what = "there is no caption to judge", .where = captions.string()});
  }
  const Json summary = {{"captions", all},
                        {"captions_without_text", failed},
                        {"true_sentences", labels},
                        {"true_errors", errors}};
  finish_stage(files, key, out, text, summary);
  return {out, true, summary};
}

}  // namespace vigor
