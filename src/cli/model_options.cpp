#include "cli/model_options.h"

#include "cli/judge_options.h"
#include "engine/machine.h"
#include "judges/client/secret.h"
#include "judges/judge/usage_table.h"

namespace vigor {

void ModelOptions::add_to(CLI::App& app, Models models, bool own_device) {
  app.add_option("--model", options_.model,
                 models == Models::kNative
                     ? "Checkpoint folder, or random:GEOMETRY.json"
                     : "Checkpoint folder, http(s)://host/v1#name (a model behind an endpoint; key "
                       "from VIGOR_API_KEY), endpoint:FILE.json, random:GEOMETRY.json, or "
                       "recorded:ANSWERS.jsonl")
      ->type_name("MODEL");
  conversation_option_ =
      app.add_option("--conversation", options_.conversation,
                     "Conversation template: vicuna_v1, llava_v1, llava_v0, v0_mmtag, v1_mmtag, "
                     "plain, llava_llama_2, mpt")
          ->capture_default_str();
  system_prompt_option_ = app.add_option("--system-prompt", system_prompt_,
                                         "Replaces the template's system prompt; may be empty");
  if (own_device) {
    app.add_option(
           "--dtype", options_.dtype,
           "Numbers that the model computes with; auto: bfloat16 where there are bf16 matrix "
           "units")
        ->check(CLI::IsMember({"auto", "float32", "bfloat16", "float16"}))
        ->capture_default_str();
    app.add_option("--device", options_.device, "cpu, cuda or cuda:N")->capture_default_str();
  }
  app.add_option("--batch-images", options_.images_per_batch,
                 "Pictures that share a forward; 0: chosen from the geometry")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  app.add_option("--vision-tower", options_.vision_tower,
                 "Vision tower of a checkpoint in the original layout (default: beside it)")
      ->type_name("DIR");
  app.add_option("--tokenizer", options_.tokenizer,
                 "Folder of tokenizer.model (default: the checkpoint's; random weights need it)")
      ->type_name("DIR");
  if (models == Models::kAll) {
    app.add_option("--api-key-file", options_.api_key_file,
                   "File (mode 600) with the key of an endpoint, instead of VIGOR_API_KEY")
        ->type_name("FILE");
  }
  app.add_flag("--one-at-a-time", one_at_a_time_,
               "Ask every question by itself, sharing nothing: the baseline of measurements");
}

void ModelOptions::compute_with(const std::string& dtype, const std::string& device) {
  options_.dtype = dtype;
  options_.device = device;
}

Json ModelOptions::given_conversation() const {
  return conversation_option_->count() > 0 ? Json(options_.conversation) : Json();
}

Json ModelOptions::given_system_prompt() const {
  return system_prompt_option_->count() > 0 ? Json(system_prompt_) : Json();
}

void ModelOptions::warn_about_machine(const Console& console) const {
  if (is_remote_model(options_.model) || options_.device != "cpu") return;
  // A twentieth of a second is enough to see a rate that is absurd.
  const MachineRates rates = {.gemm_gflops_float32 = quick_gemm_gflops()};
  for (const std::string& advice : machine_advice(machine_facts(), rates)) console.warn(advice);
}

void ModelOptions::print_usage(const Console& console, Json measurements) const {
  if (!measurements.contains("requests")) return;
  measurements["completion_tokens"] = measurements.value("new_tokens", Json(0));
  *console.err << usage_table(measurements, "model");
}

LvlmOptions ModelOptions::lvlm(uint64_t seed, const Console& console) const {
  LvlmOptions options = options_;
  if (system_prompt_option_->count() > 0) options.system_prompt = system_prompt_;
  options.share_prefix = !one_at_a_time_;
  options.random_seed = seed;
  options.clock = console.clock;
  options.trouble = trouble_on(console, "the model");
  options.environment = process_environment();
  // A key is read for these.
  if (is_remote_model(options.model)) forbid_core_dumps();
  return options;
}

}  // namespace vigor
