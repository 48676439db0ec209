#include "train/training_state.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdio>

#include "base/files.h"
#include "model/safetensors.h"
#include "model/weights.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

// The step of "step-00000123.safetensors", or -1.
int64_t step_of(const fs::path& path) {
  const std::string name = path.filename().string();
  if (!name.starts_with("step-") || path.extension() != ".safetensors") return -1;
  const std::string digits = name.substr(5, name.size() - 5 - 12);
  if (digits.empty() || digits.size() > 18 ||
      digits.find_first_not_of("0123456789") != std::string::npos) {
    return -1;
  }
  return std::stoll(digits);
}

fs::path state_path(const fs::path& folder, int64_t step) {
  char name[64];
  std::snprintf(name, sizeof name, "step-%08lld.safetensors", static_cast<long long>(step));
  return folder / name;
}

void reject_other_settings(const Json& saved, const Json& wanted, const fs::path& file) {
  std::vector<std::string> keys;
  for (const auto& item : saved.items()) keys.push_back(item.key());
  for (const auto& item : wanted.items()) {
    if (!saved.contains(item.key())) keys.push_back(item.key());
  }
  for (const std::string& key : keys) {
    const Json before = saved.value(key, Json());
    const Json now = wanted.value(key, Json());
    if (before == now) continue;
    throw Error({.what = "the run was started with other settings: '" + printable(key) + "' was " +
                         dump_json(before) + ", is now " + dump_json(now),
                 .where = printable(file.string()),
                 .cause = "a run goes on only with the settings that it began with",
                 .fix = "restore the setting, or train into another folder",
                 .exit_code = ExitCode::kUsage});
  }
}

}  // namespace

std::vector<fs::path> training_states(const fs::path& folder) {
  std::vector<fs::path> found;
  if (!fs::is_directory(folder)) return found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (step_of(entry.path()) >= 0) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end(),
            [](const fs::path& a, const fs::path& b) { return step_of(a) < step_of(b); });
  return found;
}

void save_training_state(FileSystem& files, const fs::path& folder, const TrainingState& state,
                         MasterParameters& parameters, AdamW& optimiser, int64_t keep) {
  files.create_directories(folder);
  std::vector<SafetensorsItem> items;
  const auto add = [&](const std::string& prefix, const at::Tensor& flat) {
    for (const TrainedParameter& p : parameters.trained()) {
      const at::Tensor view = parameters.view(flat, p);
      items.push_back({prefix + p.name, Dtype::kF32, p.shape, [view](const ByteSink& sink) {
                         const at::Tensor plain = view.to(at::kCPU).contiguous();
                         sink({static_cast<const std::byte*>(plain.data_ptr()), plain.nbytes()});
                       }});
    }
  };
  add("parameters.", parameters.values());
  add("first_moment.", optimiser.first_moment());
  add("second_moment.", optimiser.second_moment());
  const Json json = {
      {"step", state.step},
      {"optimiser_steps", optimiser.steps()},
      // Every random number of training is a function of the seed and these.
      {"rng", {{"seed", state.settings.value("seed", Json())}, {"step", state.step}}},
      {"settings", state.settings}};
  write_safetensors(files, state_path(folder, state.step), items,
                    {{"format", "pt"}, {"state", dump_json(json)}});
  const std::vector<fs::path> states = training_states(folder);
  for (size_t i = 0; i + static_cast<size_t>(keep) < states.size(); ++i) files.remove(states[i]);
}

std::optional<TrainingState> load_training_state(const fs::path& folder, const Json& settings,
                                                 MasterParameters& parameters, AdamW& optimiser) {
  const std::vector<fs::path> states = training_states(folder);
  if (states.empty()) return std::nullopt;
  const fs::path& file = states.back();
  const std::string where = file.string();
  TrainingState state;
  {
    const MappedFile map(file);
    const SafetensorsHeader header = parse_safetensors(map.bytes(), where);
    const auto found = header.metadata.find("state");
    if (found == header.metadata.end()) {
      throw Error({.what = "holds no training state",
                   .where = printable(where),
                   .cause = "another program wrote it",
                   .fix = "remove it; training goes on from the one before"});
    }
    const Json json = parse_json(found->second, where + ": state");
    ObjectReader reader(json, where + ": state");
    state.step = reader.require<int64_t>("step");
    optimiser.set_steps(reader.require<int64_t>("optimiser_steps"));
    state.settings = reader.require<Json>("settings");
  }
  reject_other_settings(state.settings, settings, file);
  const Weights weights = Weights::open_file(file);
  const auto restore = [&](const std::string& prefix, const at::Tensor& flat) {
    for (const TrainedParameter& p : parameters.trained()) {
      parameters.view(flat, p).copy_(weights.get(prefix + p.name, p.shape));
    }
  };
  restore("parameters.", parameters.values());
  restore("first_moment.", optimiser.first_moment());
  restore("second_moment.", optimiser.second_moment());
  parameters.refresh();
  return state;
}

}  // namespace vigor
