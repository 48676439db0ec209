#include "vigor/loop_config.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace vigor {
namespace {

Error wrong_key(const std::string& what, const std::string& where, const std::string& fix) {
  return Error({.what = what, .where = where, .fix = fix, .exit_code = ExitCode::kUsage});
}

bool folder_name(const std::string& name) {
  return !name.empty() && name.size() <= 40 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

// Options of a command. `decided` are those that the plan gives.
Json options_of(ObjectReader& reader, const std::string& key, Json fallback,
                const std::vector<std::string>& decided) {
  const Json* value = reader.find(key);
  Json out = value == nullptr || value->is_null() ? std::move(fallback) : *value;
  const std::string where = reader.where() + ": " + key;
  if (!out.is_object()) {
    throw wrong_key("key '" + key + "' must be an object of options", reader.where(),
                    "write {} for the defaults");
  }
  out.erase("comment");
  for (const auto& [name, option] : out.items()) {
    std::string plain = name;
    std::replace(plain.begin(), plain.end(), '-', '_');
    if (std::find(decided.begin(), decided.end(), plain) != decided.end()) {
      throw wrong_key("key '" + printable(name) + "' is decided by the plan", where, "remove it");
    }
  }
  return out;
}

const std::vector<std::string> kOfCaption = {"model", "images", "out", "seed"};
const std::vector<std::string> kOfSelect = {"rewards", "weights", "out"};
const std::vector<std::string> kOfRefine = {"selected", "nouns", "captions", "out"};

LoopPictures pictures_of(const Json& document, const std::string& where) {
  ObjectReader reader(document, where);
  reader.has("comment");
  LoopPictures out;
  if (reader.has("scenes")) {
    out.scenes = options_of(reader, "scenes", {}, {"out", "train"});
    ObjectReader scenes(*out.scenes, where + ": scenes");
    scenes.require<uint64_t>("seed");
    out.count = scenes.require<int64_t>("count");
  } else {
    out.images = reader.require<std::string>("images");
    out.count = reader.get<int64_t>("count", 0);
  }
  reader.reject_unknown();
  if (out.count < 0 || out.count > 1'000'000'000 || (out.scenes && out.count < 1)) {
    throw wrong_key("key 'count' must be a number of pictures", where, "write 1 or more");
  }
  return out;
}

LoopPictures required_pictures(ObjectReader& reader, const std::string& key) {
  const Json* value = reader.find(key);
  if (value == nullptr) {
    throw wrong_key("missing key '" + key + "'", reader.where(),
                    "write {\"images\": DIR} or {\"scenes\": {\"seed\": 1, \"count\": 100}}");
  }
  return pictures_of(*value, reader.where() + ": " + key);
}

LoopBeside beside_of(const Json& document, const std::string& where) {
  constexpr int64_t kMost = 1'000'000'000;
  if (!document.is_object()) {
    throw wrong_key("key 'beside' is no object", where,
                    "write {\"data\": FILE, \"images\": DIR} or {\"scenes\": {\"seed\": 1, "
                    "\"count\": 100}}; a variant may have false, for none");
  }
  ObjectReader reader(document, where);
  reader.has("comment");
  LoopBeside out;
  out.count = reader.get<int64_t>("count", 0);
  const Json* scenes = reader.find("scenes");
  out.data = reader.get<std::string>("data", "");
  out.pictures.images = reader.get<std::string>("images", "");
  reader.reject_unknown();
  const bool files = !out.data.empty() && !out.pictures.images.empty();
  const bool neither = out.data.empty() && out.pictures.images.empty();
  if (scenes != nullptr ? !neither : !files) {
    throw wrong_key("key 'beside' names not one source of conversations", where,
                    "give 'data' with 'images', or 'scenes'");
  }
  if (scenes != nullptr) {
    out.pictures = pictures_of({{"scenes", *scenes}}, where);
    (*out.pictures.scenes)["train"] = true;
  }
  if (out.count < 0 || out.count > kMost) {
    throw wrong_key("key 'count' is not between 0 and " + std::to_string(kMost), where, "0 is all");
  }
  return out;
}

RewardStream stream_of(const std::string& name, const std::string& where) {
  for (const RewardStream stream :
       {RewardStream::kAutomatic, RewardStream::kModel, RewardStream::kHolistic}) {
    if (name == name_of(stream)) return stream;
  }
  throw wrong_key("'" + printable(name) + "' is no stream of rewards", where,
                  "one of automatic, model, holistic");
}

// The paper's, by the names of its tables (section 4).
std::optional<LoopVariant> known_variant(const std::string& name) {
  using enum RewardStream;
  LoopVariant out;
  out.name = name;
  if (name == "base") return out;
  if (name == "AT") out.rewards = {{kAutomatic, 1}};
  if (name == "RM") out.rewards = {{kModel, 1}};
  if (name == "All") out.rewards = {{kAutomatic, 1}, {kModel, 1}};
  // Table 5's other reward model in place of the fine-grained one, and nothing else changed.
  if (name == "holistic") out.rewards = {{kAutomatic, 1}, {kHolistic, 1}};
  if (out.rewards.empty()) return std::nullopt;
  // No noun is judged by a reward model.
  out.refine = out.rewards.count(kAutomatic) != 0;
  return out;
}

// `common` is what variants are trained on beside their captions unless they say otherwise.
LoopVariant variant_of(const Json& document, const std::optional<LoopBeside>& common,
                       const std::string& where) {
  if (document.is_string()) {
    if (auto known = known_variant(document.get<std::string>())) {
      known->beside = common;
      return *std::move(known);
    }
    const std::string nearest =
        nearest_name(document.get<std::string>(), {"base", "AT", "RM", "All", "holistic"});
    throw wrong_key("'" + printable(document.get<std::string>()) + "' is no variant of the paper",
                    where,
                    nearest.empty() ? "one of base, AT, RM, All, holistic, or an object"
                                    : "did you mean " + nearest + "?");
  }
  ObjectReader reader(document, where);
  reader.has("comment");
  LoopVariant out;
  out.name = reader.require<std::string>("name");
  if (!folder_name(out.name)) {
    throw wrong_key("key 'name' is '" + printable(out.name) + "'", where,
                    "letters, digits, '-' and '_', at most 40");
  }
  for (const auto& [name, weight] : reader.get<std::map<std::string, double>>("rewards", {})) {
    if (!(weight >= 0) || !std::isfinite(weight)) {
      throw wrong_key("key 'rewards': a weight is below 0", where, "0 or more");
    }
    out.rewards[stream_of(name, where)] = weight;
  }
  out.refine = out.rewards.count(RewardStream::kAutomatic) != 0;
  out.select = options_of(reader, "select", Json::object(), kOfSelect);
  if (const Json* refine = reader.find("refine"); refine != nullptr && refine->is_boolean()) {
    out.refine = refine->get<bool>();
  } else {
    out.refine_options = options_of(reader, "refine", Json::object(), kOfRefine);
  }
  out.train = options_of(reader, "train", Json::object(), {"seed"});
  const Json* beside = reader.find("beside");
  out.beside = common;
  if (beside != nullptr) {
    out.beside.reset();
    if (*beside != Json(false)) out.beside = beside_of(*beside, where + ": beside");
  }
  reader.reject_unknown();
  if (out.base() && (!out.select.empty() || !out.train.empty() || beside != nullptr)) {
    throw wrong_key("variant '" + out.name + "' has no rewards, so nothing is trained", where,
                    "write \"rewards\": {\"automatic\": 1}, or remove its settings");
  }
  if (!out.base() && out.refine && out.rewards.count(RewardStream::kAutomatic) == 0) {
    throw wrong_key("variant '" + out.name + "' is refined without the automatic stream", where,
                    "only that one says which nouns are missing: write \"refine\": false");
  }
  return out;
}

RewardModelPart reward_model_of(const Json& document, const Json& sample,
                                const std::string& where) {
  ObjectReader reader(document, where);
  reader.has("comment");
  RewardModelPart out;
  const auto start = reader.get<std::string>("start", "automatic");
  if (start != "automatic" && start != "base") {
    throw wrong_key("key 'start' is '" + printable(start) + "'", where,
                    "automatic (the checkpoint of the automatic reward) or base");
  }
  out.from_automatic = start == "automatic";
  out.annotate = options_of(reader, "annotate", Json::object(), {"captions", "out", "seed"});
  if (!out.annotate.contains("format")) out.annotate["format"] = "scenes";
  // Of judgements from a file the pictures are named from this folder.
  out.pictures = required_pictures(reader, "pictures");
  if (const auto file = out.annotate.find("file"); file != out.annotate.end()) {
    if (!file->is_string()) {
      throw wrong_key("key 'file' of 'annotate' must be a path", where, "write it as text");
    }
  } else {
    if (out.annotate["format"] != "scenes") {
      throw wrong_key("key 'annotate' has neither 'file' nor the format scenes", where,
                      "name the file of judgements");
    }
    if (!out.pictures.scenes && !out.annotate.contains("truth")) {
      throw wrong_key("the truth about 'pictures' is not known", where,
                      "give the judgements with 'file', generated scenes, or their 'truth'");
    }
  }
  out.sample = options_of(reader, "sample", sample, kOfCaption);
  out.data = options_of(reader, "data", Json::object(), {"annotations", "holistic", "out", "seed"});
  out.train = options_of(reader, "train", Json::object(), {"seed"});
  out.score = options_of(
      reader, "score", Json::object(),
      {"reward", "model", "captions", "images", "holistic", "held_out", "taught", "out"});
  out.check = reader.get<bool>("check", out.check);
  reader.reject_unknown();
  return out;
}

std::optional<Json> benchmark_of(ObjectReader& reader, const std::string& key,
                                 const std::vector<std::string>& decided) {
  if (!reader.has(key)) return std::nullopt;
  return options_of(reader, key, {}, decided);
}

void require_key(const std::optional<Json>& options, const std::string& benchmark,
                 const std::string& key, bool from_scenes, const std::string& where) {
  if (!options || from_scenes || options->contains(key)) return;
  throw wrong_key("missing key '" + key + "'", where + ": " + benchmark,
                  "name it, or evaluate on generated scenes");
}

LoopBenchmarks benchmarks_of(const Json& document, const std::string& where) {
  ObjectReader reader(document, where);
  reader.has("comment");
  LoopBenchmarks out;
  if (const Json* scenes = reader.find("scenes")) {
    out.scenes = pictures_of({{"scenes", *scenes}}, where);
  }
  const bool generated = out.scenes.has_value();
  out.pope = benchmark_of(reader, "pope", {"model", "out", "seed", "answers"});
  out.mme = benchmark_of(reader, "mme", {"model", "out", "seed", "answers"});
  out.mmhal = benchmark_of(reader, "mmhal", {"model", "out", "seed", "judge", "responses"});
  out.captions = benchmark_of(reader, "captions", {"model", "out", "seed", "samples"});
  out.chair = benchmark_of(reader, "chair", {"captions", "out"});
  out.sentences = benchmark_of(reader, "sentences", {"captions", "out", "annotators"});
  out.rank = benchmark_of(reader, "rank", {"candidates", "out", "judge"});
  reader.reject_unknown();
  require_key(out.pope, "pope", "questions", generated, where);
  require_key(out.pope, "pope", "images", generated, where);
  require_key(out.mme, "mme", "data", generated, where);
  require_key(out.mmhal, "mmhal", "data", false, where);
  require_key(out.mmhal, "mmhal", "images", false, where);
  require_key(out.captions, "captions", "images", generated, where);
  require_key(out.chair, "chair", "objects", generated, where);
  require_key(out.sentences, "sentences", "truth", generated, where);
  for (const auto& [name, options] :
       {std::pair{"chair", &out.chair}, {"sentences", &out.sentences}, {"rank", &out.rank}}) {
    if (*options && !out.captions) {
      throw wrong_key(std::string("'") + name + "' is of captions, and there is no key 'captions'",
                      where, "write \"captions\": {}");
    }
  }

  return out;
}

void check_streams(const LoopConfig& config, const std::string& where) {
  std::set<std::string> names;
  for (const LoopVariant& variant : config.variants) {
    if (!names.insert(variant.name).second) {
      throw wrong_key("a second variant is named " + variant.name, where, "give it another name");
    }
    const bool model = variant.rewards.count(RewardStream::kModel) != 0 ||
                       variant.rewards.count(RewardStream::kHolistic) != 0;
    if (model && !config.reward_model) {
      throw wrong_key("variant '" + variant.name + "' needs a reward model", where,
                      "write the key 'reward_model'");
    }
    const bool automatic = variant.rewards.count(RewardStream::kAutomatic) != 0 ||
                           (model && config.reward_model->from_automatic);
    if (automatic && !config.automatic.contains("detector")) {
      throw wrong_key("variant '" + variant.name + "' needs a detector", where,
                      "write \"automatic\": {\"detector\": ...}");
    }
  }
  if (config.automatic.value("detector", Json()) == Json("scenes") && !config.pictures.scenes) {
    throw wrong_key("key 'automatic': detector 'scenes' knows generated scenes alone", where,
                    "name another detector, or the truth: scenes:truth.jsonl");
  }
}

LoopConfig read_loop(const Json& document, const std::string& where);

}  // namespace

const char* name_of(RewardStream stream) {
  switch (stream) {
    case RewardStream::kAutomatic:
      return "automatic";
    case RewardStream::kModel:
      return "model";
    default:
      return "holistic";
  }
}

LoopConfig parse_loop_config(const Json& document, const std::string& where) {
  try {
    return read_loop(document, where);
  } catch (const Error& error) {
    // Missing keys and wrong types are mistakes in what was written, as unknown keys are.
    ErrorParts parts = error.parts();
    parts.exit_code = ExitCode::kUsage;
    throw Error(std::move(parts));
  }
}

namespace {

LoopConfig read_loop(const Json& document, const std::string& where) {
  ObjectReader reader(document, where);
  reader.has("comment");
  reader.has("open");  // what the source of the settings does not say, for people
  LoopConfig out;
  out.title = reader.get<std::string>("title", "");
  out.out = reader.get<std::string>("out", "");
  out.model = reader.require<std::string>("model");
  out.model_options = options_of(reader, "model_options", Json::object(), {"model", "out", "seed"});
  out.seeds = reader.get<std::vector<uint64_t>>("seeds", out.seeds);
  if (out.seeds.empty() || out.seeds.size() > 100 ||
      std::set<uint64_t>(out.seeds.begin(), out.seeds.end()).size() != out.seeds.size()) {
    throw wrong_key("key 'seeds' must be 1 to 100 different numbers", where, "write [0, 1, 2]");
  }
  out.pictures = required_pictures(reader, "pictures");
  out.sample = options_of(reader, "sample", Json::object(), kOfCaption);
  out.automatic = options_of(reader, "automatic", Json::object(),
                             {"reward", "captions", "images", "out", "truth", "truth_synonyms",
                              "detections_cache", "shard"});
  out.select = options_of(reader, "select", Json::object(), kOfSelect);
  out.refine = options_of(reader, "refine", Json::object(), kOfRefine);
  out.train = options_of(reader, "train", Json::object(), {"seed"});
  out.sft =
      options_of(reader, "sft", Json::object(),
                 {"model", "data", "images", "beside", "out", "train", "seed", "conversation"});
  if (const Json* beside = reader.find("beside")) {
    out.beside = beside_of(*beside, where + ": beside");
  }
  if (const Json* part = reader.find("reward_model")) {
    out.reward_model = reward_model_of(*part, out.sample, where + ": reward_model");
  }
  const Json* variants = reader.find("variants");
  if (variants == nullptr || !variants->is_array() || variants->empty() || variants->size() > 50) {
    throw wrong_key("key 'variants' must be a list of 1 to 50", where,
                    "write [\"base\", \"AT\", \"RM\", \"All\"]");
  }
  for (size_t i = 0; i < variants->size(); ++i) {
    out.variants.push_back(
        variant_of((*variants)[i], out.beside, where + ": variant " + std::to_string(i + 1)));
  }
  out.judge = reader.get<std::string>("judge", "");
  if (const Json* benchmarks = reader.find("benchmarks")) {
    out.benchmarks = benchmarks_of(*benchmarks, where + ": benchmarks");
  }
  reader.reject_unknown();
  check_streams(out, where);
  return out;
}

}  // namespace

}  // namespace vigor
