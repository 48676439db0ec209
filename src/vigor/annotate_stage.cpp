#include "base/error.h"
#include "base/files.h"
#include "vigor/annotation_import.h"
#include "vigor/loop_stages.h"
#include "vigor/stage.h"

namespace vigor {
namespace {

ImportResult import(const std::string& format, const std::filesystem::path& file,
                    const language::English* english, const std::string& where) {
  if (format == "annotations") return {read_annotations(file), {}};
  if (format == "m-haldetect") return import_mhaldetect(read_file(file), file.string());
  if (format == "vigor") return import_vigor(read_file(file), file.string());
  if (format == "faithscore") {
    if (english == nullptr) {
      throw Error(
          {.what = "FaithScore's answers need the data for reading English", .where = where});
    }
    return import_faithscore(read_file(file), file.string(), english->sentences);
  }
  throw Error({.what = "'" + printable(format) + "' is no format of judgements",
               .where = where,
               .fix = "one of annotations, faithscore, m-haldetect, vigor, scenes",
               .exit_code = ExitCode::kUsage});
}

Json count(const ImportResult& result) {
  std::map<std::string, int64_t> labels, errors;
  int64_t creative = 0;
  for (const CaptionAnnotation& one : result.annotations) {
    for (const SentenceAnnotation& sentence : one.sentences) {
      ++labels[std::string(name_of(sentence.label))];
      for (const SentenceError error : sentence.errors) ++errors[std::string(name_of(error))];
      creative += sentence.creative.value_or(false);
    }
  }
  Json left_out = Json::object();
  for (const auto& [reason, entry] : result.left_out) {
    left_out[reason] = {{"count", entry.count}, {"example", entry.example}};
  }
  return {{"captions", result.annotations.size()},
          {"sentences", labels},
          {"errors", errors},
          {"creative", creative},
          {"left_out", std::move(left_out)}};
}

}  // namespace

StageResult annotate_stage(FileSystem& files, const Json& config, const std::string& where,
                           const language::English* english) {
  ObjectReader reader(config, where);
  reader.has("comment");
  const std::filesystem::path file = reader.require<std::string>("file");
  const auto format = reader.get<std::string>("format", "annotations");
  const auto by_majority = reader.get<bool>("majority", false);
  const std::filesystem::path out = reader.require<std::string>("out");
  reader.reject_unknown();

  const StageKey key{.stage = "annotate",
                     .settings = {{"format", format}, {"majority", by_majority}},
                     .inputs = {{"file", file}}};
  if (auto summary = up_to_date(key, out)) return {out, false, std::move(*summary)};
  ImportResult result = import(format, file, english, where);
  if (by_majority) result.annotations = majority(result.annotations);
  if (result.annotations.empty()) {
    throw Error(
        {.what = "no judgement could be read" +
                 (result.left_out.empty() ? std::string()
                                          : ": " + result.left_out.begin()->first + " (" +
                                                result.left_out.begin()->second.example + ")"),
         .where = file.string(),
         .cause = "the file is empty or of another format than '" + format + "'"});
  }
  std::string text;
  for (const CaptionAnnotation& one : result.annotations) {
    text += dump_json(annotation_row(one)) + "\n";
  }
  const Json summary = count(result);
  finish_stage(files, key, out, text, summary);
  return {out, true, summary};
}

}  // namespace vigor
