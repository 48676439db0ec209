#include <map>

#include "base/error.h"
#include "base/files.h"
#include "vigor/conversation_row.h"
#include "vigor/loop_stages.h"
#include "vigor/refine.h"
#include "vigor/reward_file.h"
#include "vigor/stage.h"

namespace vigor {
namespace {

using Key = std::pair<std::string, int64_t>;

struct Chosen {
  std::string image;
  std::vector<int64_t> order;  // samples from best to worst
  std::string caption;         // of the first of them
  std::string where;
};

std::vector<Chosen> read_selected(const std::filesystem::path& path) {
  std::vector<Chosen> out;
  for_each_jsonl(read_file(path), path.string(), [&](size_t line, Json&& row) {
    const std::string where = path.string() + ":" + std::to_string(line);
    ObjectReader reader(row, where);
    Chosen one{reader.require<std::string>("image"), reader.get<std::vector<int64_t>>("order", {}),
               reader.get<std::string>("caption", ""), where};
    if (one.order.empty()) one.order = {reader.require<int64_t>("sample")};
    out.push_back(std::move(one));
  });
  return out;
}

// What each caption was the answer to.
std::map<Key, std::string> read_prompts(const std::filesystem::path& path) {
  std::map<Key, std::string> out;
  for_each_jsonl(read_file(path), path.string(), [&](size_t line, Json&& row) {
    ObjectReader reader(row, path.string() + ":" + std::to_string(line));
    out[{reader.require<std::string>("image"), reader.get<int64_t>("sample", 0)}] =
        reader.require<std::string>("prompt");
  });
  return out;
}

struct Counts {
  int64_t sentences = 0, removed = 0, dangling = 0, kept = 0;
  int64_t unchanged = 0, next = 0;
  std::vector<std::string> dropped;
};

}  // namespace

StageResult refine_stage(FileSystem& files, const Json& config, const std::string& where) {
  ObjectReader reader(config, where);
  reader.has("comment");
  const std::filesystem::path selected = reader.require<std::string>("selected");
  if (!reader.has("nouns")) reader.require<std::string>("nouns");
  // Null: no detector says what is missing, and the captions stay as they are.
  const std::filesystem::path nouns = reader.get<std::string>("nouns", "");
  const std::filesystem::path captions = reader.require<std::string>("captions");
  const auto when_empty = reader.get<std::string>("when_empty", "next");
  const std::filesystem::path out = reader.require<std::string>("out");
  reader.reject_unknown();
  if (when_empty != "next" && when_empty != "drop") {
    throw Error({.what = "key 'when_empty' is '" + printable(when_empty) + "'",
                 .where = where,
                 .fix = "next (the next best sample) or drop (the picture)",
                 .exit_code = ExitCode::kUsage});
  }
  StageKey stage{.stage = "refine",
                 .settings = {{"when_empty", when_empty}},
                 .inputs = {{"selected", selected}, {"captions", captions}}};
  if (!nouns.empty()) stage.inputs["nouns"] = nouns;
  if (auto summary = up_to_date(stage, out)) return {out, false, std::move(*summary)};

  std::map<Key, RewardRow> rewards;
  for (RewardRow& row : nouns.empty() ? std::vector<RewardRow>() : read_rewards(nouns)) {
    const Key key{row.image, row.sample};
    rewards.emplace(key, std::move(row));
  }
  const auto prompts = read_prompts(captions);
  Counts counts;
  Json rows = Json::array();
  for (const Chosen& chosen : read_selected(selected)) {
    bool done = false;
    for (size_t i = 0; i < chosen.order.size() && !done; ++i) {
      if (i > 0 && when_empty == "drop") break;
      const Key key{chosen.image, chosen.order[i]};
      const auto row = rewards.find(key);
      const auto prompt = prompts.find(key);
      if (nouns.empty() && prompt != prompts.end()) {
        if (chosen.caption.empty()) break;
        done = true;
        ++counts.unchanged;
        rows.push_back(conversation_row(key.first + "#" + std::to_string(key.second), key.first,
                                        prompt->second, chosen.caption));
        continue;
      }
      if (row == rewards.end() || !row->second.scored || prompt == prompts.end()) {
        const bool no_prompt = prompt == prompts.end();
        throw Error({.what = "sample " + std::to_string(key.second) + " of '" +
                             printable(key.first) + "' is not in " +
                             (no_prompt ? captions : nouns).string() +
                             (no_prompt ? "" : ", or has no score there"),
                     .where = chosen.where,
                     .fix = "give the files that the selection was made from"});
      }
      const RefinedCaption refined =
          refine_caption(row->second.caption, row->second.sentences, row->second.missing);
      if (refined.text.empty()) continue;
      done = true;
      counts.next += i > 0;
      counts.sentences += static_cast<int64_t>(refined.sentences);
      counts.removed += static_cast<int64_t>(refined.removed.size());
      counts.dangling += static_cast<int64_t>(refined.dangling.size());
      counts.unchanged += refined.removed.empty();
      rows.push_back(conversation_row(key.first + "#" + std::to_string(key.second), key.first,
                                      prompt->second, refined.text));
    }
    if (!done) counts.dropped.push_back(chosen.image);
  }
  if (rows.empty()) {
    throw Error({.what = "no caption has a sentence left",
                 .where = where,
                 .cause = "the detector finds nothing: look at the rewards",
                 .fix = "lower the threshold of the detector, or check its pictures"});
  }
  counts.kept = counts.sentences - counts.removed;
  const Json summary = {
      {"images", rows.size()},
      {"images_dropped", counts.dropped},
      {"next_best_taken", counts.next},
      {"captions_unchanged", counts.unchanged},
      {"sentences", counts.sentences},
      {"sentences_removed", counts.removed},
      {"dangling", counts.dangling},
      {"dangling_rate", counts.kept > 0 ? Json(static_cast<double>(counts.dangling) /
                                               static_cast<double>(counts.kept))
                                        : Json()}};
  finish_stage(files, stage, out, dump_json(rows, 1) + "\n", summary);
  return {out, true, summary};
}

}  // namespace vigor
