#include "lvlm/recorded.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "run/sha256.h"

namespace vigor {

RecordedLvlm::RecordedLvlm(const std::filesystem::path& file)
    : name_(file.filename().string()), hash_(sha256_file(file)) {
  const std::string where = printable(file.string());
  const auto run = file.parent_path() / "run.json";
  if (file.filename() == "samples.jsonl" && std::filesystem::exists(run)) {
    const Json model = read_json_file(run).value(Json::json_pointer("/settings/model"), Json());
    if (model.is_object()) {
      for (const char* key : {"conversation", "system_prompt"}) {
        if (model.contains(key)) prompt_[key] = model[key];
      }
    }
  }
  for (const JsonRow& json : read_json_rows(file)) {
    const std::string line = where + ":" + std::to_string(json.line);
    ObjectReader reader(json.value, line);
    Row row;
    const auto image = reader.require<std::string>("image");
    const auto question = reader.require<std::string>("question");
    row.answer.error = reader.get<std::string>("error", "");
    row.answer.text = row.answer.error.empty() ? reader.require<std::string>("answer") : "";
    row.answer.finish = reader.get<std::string>("finish", "stop");
    if (const Json* margin = reader.find("margin"); margin != nullptr && !margin->is_null()) {
      row.answer.yes_margin = reader.require<double>("margin");
    }
    row.delay_s = std::clamp(reader.get<double>("delay_s", 0.0), 0.0, 60.0);
    const auto [place, added] = rows_.try_emplace({image, question}, row);
    if (!added && place->second.answer.text != row.answer.text) {
      throw Error({.what = "a second answer to the same question about " + printable(image),
                   .where = line,
                   .cause = "the file joins the answers of several models",
                   .fix = "keep one model's answers in a file"});
    }
  }
}

Json RecordedLvlm::identity() const {
  Json identity = {{"kind", "recorded"}, {"checkpoint", name_}, {"checkpoint_hash", hash_}};
  identity.update(prompt_);
  return identity;
}

void RecordedLvlm::answer(std::span<const ImageRequest> requests, const GenerationOptions& options,
                          const AnswersCallback& done, std::stop_token stop) {
  for (size_t i = 0; i < requests.size(); ++i) {
    if (stop.stop_requested()) return;
    std::vector<Answer> answers;
    double delay_s = 0;
    for (const std::string& question : requests[i].questions) {
      const auto found = rows_.find({requests[i].key, question});
      Answer answer;
      if (found == rows_.end()) {
        answer.error = "no recorded answer to this question";
      } else {
        answer = found->second.answer;
        delay_s = std::max(delay_s, found->second.delay_s);
      }
      answers.insert(answers.end(), static_cast<size_t>(std::max(options.samples, 1)), answer);
    }
    if (delay_s > 0) std::this_thread::sleep_for(std::chrono::duration<double>(delay_s));
    done(i, std::move(answers));
  }
}

}  // namespace vigor
