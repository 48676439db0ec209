#include "judges/judge/judge_config.h"

#include "base/files.h"
#include "judges/judge/key_source.h"
#include "judges/judge/proxy.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

// What reading a configuration needs beside its object.
struct Source {
  const fs::path& folder;
  const Environment& environment;
  Keys keys;
};

// Texts that may hold a key by mistake: messages never repeat them.
std::string unrepeated_text(const Json& value, const std::string& where) {
  if (!value.is_string()) throw Error({.what = "must be text", .where = where});
  return value.get<std::string>();
}

std::string unrepeated_text(ObjectReader& reader, const std::string& key) {
  const Json* value = reader.find(key);
  if (value == nullptr || value->is_null()) return "";
  return unrepeated_text(*value, reader.where() + ": " + key);
}

[[noreturn]] void refuse_key(const std::string& what, const std::string& where) {
  throw Error({.what = what,
               .where = where,
               .cause = "configurations are shared and committed; keys must not be",
               .fix =
                   "name the variable or file that holds the key with key_env or key_file, for a "
                   "header with {\"env\": NAME} or {\"file\": PATH}",
               .exit_code = ExitCode::kUsage});
}

// The part between "//" and the path, where a name and password may stand.
std::string_view authority(std::string_view url) {
  const size_t start = url.find("//");
  if (start == std::string_view::npos) return url.substr(0, url.find('/'));
  return url.substr(start + 2, url.find_first_of("/?#", start + 2) - start - 2);
}

// `url` is not repeated: it may hold what it must not.
void refuse_keys_in_url(std::string_view url, const std::string& where) {
  if (authority(url).find('@') != std::string_view::npos) {
    refuse_key("the address holds a user name or password", where);
  }
  const size_t question = url.find('?');
  if (question == std::string_view::npos) return;
  std::string_view rest = url.substr(question + 1);
  while (!rest.empty()) {
    const std::string_view parameter = rest.substr(0, rest.find('&'));
    if (names_a_secret(parameter.substr(0, parameter.find('=')))) {
      refuse_key("the address holds a parameter that works as a key", where);
    }
    rest.remove_prefix(std::min(parameter.size() + 1, rest.size()));
  }
}

// A configuration that has one of these holds its key.
void refuse_key_as_value(ObjectReader& reader) {
  for (const char* key : {"key", "api_key", "apikey", "api-key", "token", "secret", "password"}) {
    if (reader.has(key)) refuse_key(std::string("'") + key + "' is not taken", reader.where());
  }
}

// Empty when none is named, or when keys are left where they are.
Secret fetch_key(const std::string& variable, const std::string& file, const std::string& where,
                 const Source& source) {
  Secret key;
  if (!variable.empty()) key = key_from_environment(variable, where, source.environment);
  if (source.keys == Keys::kLeave || (variable.empty() && file.empty())) return Secret();
  if (!key.empty()) return key;
  if (!file.empty()) return key_from_file(key_path(file, source.folder, source.environment));
  throw Error({.what = "no key: the environment variable " + variable + " is not set",
               .where = where,
               .fix = "set it to the key, or name a file of mode 600 that holds the key"});
}

void read_headers(ObjectReader& reader, const Source& source, HttpChatOptions& options) {
  if (!reader.has("headers")) return;
  const Json& headers = *reader.find("headers");
  const std::string where = reader.where() + ": headers";
  ObjectReader check(headers, where);
  for (const auto& [name, value] : headers.items()) {
    const std::string here = where + ": " + printable(name);
    if (value.is_object()) {
      ObjectReader origin(value, here);
      const std::string variable = unrepeated_text(origin, "env");
      const std::string file = unrepeated_text(origin, "file");
      origin.reject_unknown();
      if (variable.empty() && file.empty()) {
        throw Error({.what = "the header says neither 'env' nor 'file'", .where = here});
      }
      options.secret_headers.emplace_back(name, fetch_key(variable, file, here, source));
    } else if (names_a_secret(name)) {
      refuse_key("the header works as a key and is written out", here);
    } else {
      options.headers.emplace_back(name, unrepeated_text(value, here));
    }
  }
}

// ObjectReader would wrap numbers that the field cannot hold.
template <typename Number>
void read_whole(ObjectReader& reader, const std::string& key, Number& field) {
  const int64_t value = reader.get<int64_t>(key, static_cast<int64_t>(field));
  if (value < 0 || value > 1'000'000'000) {
    throw Error({.what = "key '" + key + "' must be between 0 and 1000000000",
                 .where = reader.where(),
                 .fix = "correct the value"});
  }
  field = static_cast<Number>(value);
}

// How long, how fast, how often: numbers that are named as the client's fields.
void read_limits(ObjectReader& reader, HttpChatOptions& o) {
  const std::pair<const char*, double*> seconds_and_rates[] = {
      {"connect_timeout_s", &o.connect_timeout_s},     {"timeout_s", &o.timeout_s},
      {"low_speed_bytes_s", &o.low_speed_bytes_s},     {"low_speed_time_s", &o.low_speed_time_s},
      {"requests_per_minute", &o.requests_per_minute}, {"tokens_per_minute", &o.tokens_per_minute},
      {"backoff_base_s", &o.backoff_base_s},           {"backoff_cap_s", &o.backoff_cap_s},
      {"max_retry_after_s", &o.max_retry_after_s}};
  for (const auto& [key, field] : seconds_and_rates) *field = reader.get(key, *field);
  read_whole(reader, "max_in_flight", o.max_in_flight);
  read_whole(reader, "max_tries", o.max_tries);
  read_whole(reader, "max_reply_bytes", o.max_reply_bytes);
}

}  // namespace

HttpChatOptions parse_judge_config(const Json& config, const std::string& where,
                                   const fs::path& folder, const Environment& environment,
                                   Keys keys) {
  ObjectReader reader(config, where);
  const Source source{folder, environment, keys};
  HttpChatOptions options;
  const auto flag = [&](const char* key, bool& field) { field = reader.get(key, field); };
  const auto text = [&](const char* key, std::string& field) { field = reader.get(key, field); };

  refuse_key_as_value(reader);
  if (!reader.has("url")) reader.require<std::string>("url");
  options.base_url = unrepeated_text(reader, "url");
  refuse_keys_in_url(options.base_url, where + ": url");
  options.model = reader.require<std::string>("model");
  const std::string variable = unrepeated_text(reader, "key_env");
  const std::string file = unrepeated_text(reader, "key_file");
  options.api_key = fetch_key(variable, file, where + ": key_env", source);
  text("organisation", options.organisation);
  read_headers(reader, source, options);

  read_limits(reader, options);

  flag("verify_tls", options.verify_tls);
  text("ca_file", options.ca_file);
  if (!options.ca_file.empty()) options.ca_file = (folder / options.ca_file).string();
  // Said to be none, it is none, whatever the environment names.
  options.proxy = reader.has("proxy") ? unrepeated_text(reader, "proxy")
                                      : environment_proxy(options.base_url, environment);
  if (reader.has("proxy")) refuse_keys_in_url(options.proxy, where + ": proxy");

  flag("offers_schema", options.offers_schema);
  flag("offers_logprobs", options.offers_logprobs);
  text("max_tokens_key", options.max_tokens_key);
  options.extra_body = reader.get("extra_body", Json());
  read_whole(reader, "image_tokens", options.image_tokens);
  if (reader.has("prices")) {
    ObjectReader prices = reader.child("prices");
    options.prices.input_per_million = prices.require<double>("input_per_million");
    options.prices.output_per_million = prices.require<double>("output_per_million");
    options.prices.currency = prices.get("currency", options.prices.currency);
    prices.reject_unknown();
  }
  reader.reject_unknown();
  return options;
}

HttpChatOptions read_judge_config(const fs::path& file, const Environment& environment, Keys keys) {
  const std::string where = printable(file.string());
  Json config;
  try {
    config = parse_json(read_file(file), where);
  } catch (const Error& error) {
    // What was last read of a broken file may be a key that somebody wrote into it.
    ErrorParts parts = error.parts();
    parts.what = parts.what.substr(0, parts.what.find("; last read"));
    throw Error(std::move(parts));
  }
  return parse_judge_config(config, where, file.parent_path(), environment, keys);
}

bool is_endpoint_address(const std::string& text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

HttpChatOptions parse_endpoint_address(const std::string& address, const Environment& environment,
                                       Keys keys) {
  refuse_keys_in_url(address, "--judge");
  const size_t hash = address.find('#');
  HttpChatOptions options;
  options.base_url = address.substr(0, hash);
  if (hash != std::string::npos) options.model = address.substr(hash + 1);
  if (options.model.empty()) {
    throw Error({.what = "the address names no model",
                 .where = printable(address),
                 .fix = "put the model's name behind the address: http://host/v1#model",
                 .exit_code = ExitCode::kUsage});
  }
  options.proxy = environment_proxy(options.base_url, environment);
  if (keys == Keys::kFetch) {
    options.api_key = key_from_environment("VIGOR_API_KEY", address, environment);
  }
  return options;
}

}  // namespace vigor
