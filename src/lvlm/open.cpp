#include "lvlm/open.h"

#include "judges/judge/judge_config.h"
#include "judges/judge/key_source.h"
#include "lvlm/http.h"
#include "lvlm/recorded.h"

namespace vigor {
namespace {

constexpr std::string_view kRecorded = "recorded:";
constexpr std::string_view kEndpoint = "endpoint:";

std::unique_ptr<Lvlm> open_endpoint(const LvlmOptions& options) {
  HttpChatOptions chat =
      is_endpoint_address(options.model)
          ? parse_endpoint_address(options.model, options.environment, Keys::kFetch)
          : read_judge_config(options.model.substr(kEndpoint.size()), options.environment,
                              Keys::kFetch);
  if (!options.api_key_file.empty()) chat.api_key = key_from_file(options.api_key_file);
  HttpLvlmOptions lvlm;
  lvlm.system_prompt = options.system_prompt;
  lvlm.window = 3 * static_cast<size_t>(chat.max_in_flight);
  return std::make_unique<HttpLvlm>(
      make_http_chat(std::move(chat), {.clock = options.clock, .trouble = options.trouble}),
      std::move(lvlm));
}

}  // namespace

std::unique_ptr<Lvlm> open_lvlm(const LvlmOptions& options) {
  if (options.model.starts_with(kRecorded)) {
    return std::make_unique<RecordedLvlm>(options.model.substr(kRecorded.size()));
  }
  if (is_remote_model(options.model)) return open_endpoint(options);
  return open_native_lvlm(options);
}

bool is_remote_model(std::string_view model) {
  return model.starts_with(kRecorded) || model.starts_with(kEndpoint) ||
         is_endpoint_address(std::string(model));
}

}  // namespace vigor
