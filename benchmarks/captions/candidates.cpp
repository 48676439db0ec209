#include "benchmarks/captions/candidates.h"

#include <set>

#include "base/error.h"
#include "base/files.h"
#include "run/sha256.h"

namespace vigor::captions {
namespace {

Error usage(std::string what, std::string fix) {
  return Error({.what = std::move(what), .fix = std::move(fix), .exit_code = ExitCode::kUsage});
}

}  // namespace

Candidate parse_candidate(std::string_view text, const std::string& where) {
  Candidate candidate;
  candidate.content_hash = sha256_hex(text);
  for (const JsonRow& row : parse_json_rows(text, where)) {
    const std::string line = where + ":" + std::to_string(row.line);
    ObjectReader reader(row.value, line);
    if (reader.get<int64_t>("sample", 0) != 0) continue;
    const auto image = reader.require<std::string>("image");
    if (candidate.captions.contains(image) || candidate.failed.contains(image)) {
      throw Error({.what = "a second caption of the image " + printable(image),
                   .where = line,
                   .cause = "two files were joined",
                   .fix = "remove one of the two lines"});
    }
    candidate.prompts[image] = reader.get<std::string>("prompt", "");
    if (const Json* caption = reader.find("caption"); caption != nullptr && caption->is_null()) {
      const std::string error = reader.get<std::string>("error", "");
      candidate.failed[image] = error.empty() ? "the caption is null" : error;
    } else {
      candidate.captions[image] = reader.require<std::string>("caption");
    }
  }
  return candidate;
}

std::vector<Candidate> read_candidates(const std::vector<std::string>& arguments, size_t most) {
  if (arguments.size() < 2 || arguments.size() > most) {
    throw usage(std::to_string(arguments.size()) + " candidates cannot be ranked",
                "give 2 to " + std::to_string(most) + " of them: --candidates A=a.jsonl B=b.jsonl");
  }
  std::vector<Candidate> candidates;
  std::set<std::string> names;
  for (const std::string& argument : arguments) {
    const size_t equals = argument.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == argument.size()) {
      throw usage("--candidates " + printable(argument) + " is not NAME=FILE.jsonl",
                  "name the model before an equals sign: llava=captions.jsonl");
    }
    const std::string name = argument.substr(0, equals), file = argument.substr(equals + 1);
    if (!names.insert(name).second) {
      throw usage("two candidates are called " + printable(name), "give each a name of its own");
    }
    candidates.push_back(parse_candidate(read_file(file), printable(file)));
    candidates.back().name = name;
  }
  return candidates;
}

std::vector<std::string> common_images(const std::vector<Candidate>& candidates, size_t& left_out) {
  std::map<std::string, size_t> held;
  for (const Candidate& candidate : candidates) {
    for (const auto& [image, prompt] : candidate.prompts) ++held[image];
  }
  std::vector<std::string> images;
  left_out = 0;
  for (const auto& [image, count] : held) {
    if (count == candidates.size()) {
      images.push_back(image);
    } else {
      ++left_out;
    }
  }
  if (images.empty()) {
    throw Error({.what = "no image has a caption of every candidate",
                 .where = "--candidates",
                 .cause = "the files are of different images",
                 .fix = "make the captions of all models on the same --images"});
  }
  return images;
}

std::string common_prompt(const std::vector<Candidate>& candidates, const std::string& image) {
  const std::string& prompt = candidates.front().prompts.at(image);
  for (const Candidate& candidate : candidates) {
    if (candidate.prompts.at(image) == prompt) continue;
    throw Error({.what = printable(candidates.front().name) + " and " + printable(candidate.name) +
                         " were asked differently for " + printable(image),
                 .where = "--candidates",
                 .cause = "the caption files were made with different --prompt",
                 .fix = "make them with one prompt, or say with --prompt what the judge is told"});
  }
  return prompt;
}

}  // namespace vigor::captions
