#include <map>

#include "base/error.h"
#include "vigor/loop_stages.h"
#include "vigor/reward_file.h"
#include "vigor/select.h"
#include "vigor/stage.h"

namespace vigor {
namespace {

struct Settings {
  std::map<std::string, std::filesystem::path> rewards;  // by stream
  SelectOptions options;
  std::filesystem::path out;
};

Settings read_settings(const Json& config, const std::string& where) {
  ObjectReader reader(config, where);
  reader.has("comment");
  Settings out;
  const auto rewards = reader.require<std::map<std::string, std::string>>("rewards");
  const auto weights = reader.get<std::map<std::string, double>>("weights", {});
  for (const auto& [stream, weight] : weights) {
    if (rewards.count(stream) != 0) continue;
    throw Error({.what = "key 'weights' has '" + printable(stream) + "', 'rewards' has not",
                 .where = where,
                 .fix = "name a file of its rewards, or remove the weight",
                 .exit_code = ExitCode::kUsage});
  }
  for (const auto& [stream, file] : rewards) {
    const auto weight = weights.find(stream);
    out.rewards[stream] = file;
    out.options.streams.push_back({stream, weight == weights.end() ? 1.0 : weight->second});
  }
  out.options.normalise = normalise_of(reader.get<std::string>("normalise", "variance"), where);
  out.options.per_sentence = reader.get<bool>("per_sentence", false);
  out.options.positive_weight = reader.get<double>("positive_weight", 0);
  out.options.detail_weight = reader.get<double>("detail_weight", 0);
  out.options.creative_weight = reader.get<double>("creative_weight", 0);
  out.options.length_fair = reader.get<bool>("length_fair", false);
  out.options.first = reader.get<bool>("first", false);
  out.out = reader.require<std::string>("out");
  reader.reject_unknown();
  return out;
}

using Key = std::pair<std::string, int64_t>;

// Captions of all streams side by side. A caption that a stream does not know has no score there.
std::map<Key, ScoredCaption> join(const Settings& settings, std::map<Key, std::string>& texts) {
  std::map<Key, ScoredCaption> out;
  size_t k = 0;
  for (const auto& [stream, file] : settings.rewards) {
    for (const RewardRow& row : read_rewards(file)) {
      const Key key{row.image, row.sample};
      ScoredCaption& one = out[key];
      one.image = row.image;
      one.sample = row.sample;
      one.signals.resize(settings.rewards.size());
      if (!row.scored) continue;
      const auto [text, is_new] = texts.emplace(key, row.caption);
      if (!is_new && text->second != row.caption) {
        throw Error({.what = "sample " + std::to_string(row.sample) + " of '" +
                             printable(row.image) +
                             "' is another caption than in the other rewards",
                     .where = file.string(),
                     .fix = "score the same captions in every stream"});
      }
      one.sentences = static_cast<int64_t>(row.sentences.size());
      one.signals[k] = {-row.negative, row.positive};
      // Of several reward models the first that was asked.
      if (!one.detail) one.detail = row.detail;
      if (!one.creative) one.creative = row.creative;
    }
    ++k;
  }
  return out;
}

}  // namespace

StageResult select_stage(FileSystem& files, const Json& config, const std::string& where) {
  const Settings settings = read_settings(config, where);
  Json streams = Json::object();
  for (const StreamOptions& stream : settings.options.streams) {
    streams[stream.name] = stream.weight;
  }
  StageKey key{.stage = "select",
               .settings = {{"weights", std::move(streams)},
                            {"normalise", name_of(settings.options.normalise)},
                            {"per_sentence", settings.options.per_sentence},
                            {"positive_weight", settings.options.positive_weight},
                            {"length_fair", settings.options.length_fair}},
               .inputs = settings.rewards};
  // Not a key of selections that were made without them.
  if (settings.options.first) key.settings["first"] = true;
  if (settings.options.detail_weight != 0) {
    key.settings["detail_weight"] = settings.options.detail_weight;
  }
  if (settings.options.creative_weight != 0) {
    key.settings["creative_weight"] = settings.options.creative_weight;
  }
  if (auto summary = up_to_date(key, settings.out)) {
    return {settings.out, false, std::move(*summary)};
  }
  std::map<Key, std::string> texts;
  std::vector<ScoredCaption> captions;
  for (auto& [of, caption] : join(settings, texts)) captions.push_back(std::move(caption));
  const size_t all = captions.size();
  const Selection selection = select_captions(std::move(captions), settings.options);
  if (selection.chosen.empty()) {
    throw Error({.what = "no picture has a caption with a score in every stream (" +
                         std::to_string(all) + " captions)",
                 .where = where,
                 .cause = "scoring failed, or the streams hold other pictures"});
  }

  std::string text;
  std::map<std::string, int64_t> decided;
  int64_t left_out = 0;
  for (const Selected& one : selection.chosen) {
    ++decided[one.decided_by];
    left_out += one.left_out;
    text += dump_json({{"image", one.image},
                       {"sample", one.sample},
                       {"caption", texts.at({one.image, one.sample})},
                       {"penalty", one.penalty},
                       {"credit", one.credit},
                       {"decided_by", one.decided_by},
                       {"candidates", one.candidates},
                       {"left_out", one.left_out},
                       {"order", one.order}}) +
            "\n";
  }
  Json scales = Json::object();
  for (size_t k = 0; k < selection.scales.size(); ++k) {
    const Selection::Scale& scale = selection.scales[k];
    scales[settings.options.streams[k].name] = {
        {"negative", scale.negative}, {"positive", scale.positive}, {"captions", scale.captions}};
    if (settings.options.length_fair) {
      scales[settings.options.streams[k].name]["share_negative"] = scale.share_negative;
    }
  }
  const Json summary = {{"captions", all},
                        {"images", selection.chosen.size()},
                        {"images_without_score", selection.without_score},
                        {"captions_left_out", left_out},
                        {"decided_by", decided},
                        {"scales", std::move(scales)}};
  finish_stage(files, key, settings.out, text, summary);
  return {settings.out, true, summary};
}

}  // namespace vigor
