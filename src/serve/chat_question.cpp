#include "serve/chat_question.h"

#include <array>

#include "base/base64.h"
#include "run/sha256.h"

namespace vigor::serve {
namespace {

constexpr std::string_view kImageMark = "<image>";

int64_t in_range(int64_t value, int64_t least, int64_t most, const std::string& name) {
  if (value < least || value > most) {
    throw bad_request(
        name + " must be between " + std::to_string(least) + " and " + std::to_string(most), name);
  }
  return value;
}

double in_range(double value, double least, double most, const std::string& name) {
  if (!(value >= least && value <= most)) {
    throw bad_request(name + " must be between " + Json(least).dump() + " and " + Json(most).dump(),
                      name);
  }
  return value;
}

// The text and the picture of one message.
struct Content {
  std::string text;
  std::shared_ptr<const std::string> image;
};

void add_text(Content& content, const std::string& text, const std::string& where) {
  if (text.find(kImageMark) != std::string::npos) {
    throw bad_request("a text holds '<image>', which marks the picture's place in this model",
                      where);
  }
  if (!content.text.empty() && !text.empty()) content.text += "\n";
  content.text += text;
}

void add_part(Content& content, const Json& part, const std::string& where, bool images) {
  ObjectReader reader(part, where);
  const auto type = reader.require<std::string>("type");
  if (type == "text") {
    add_text(content, reader.require<std::string>("text"), where);
  } else if (type == "image_url" && images) {
    ObjectReader url = reader.child("image_url");
    url.find("detail");  // a hint for models with several resolutions
    if (content.image != nullptr) throw bad_request("this model sees one picture a request", where);
    content.image =
        std::make_shared<const std::string>(image_of_data_url(url.require<std::string>("url")));
    url.reject_unknown();
  } else if (type == "image_url") {
    throw bad_request("pictures stand in messages of the user", where);
  } else {
    throw bad_request("parts of type '" + printable(type) + "' are not supported", where);
  }
  reader.reject_unknown();
}

Content read_content(const Json& value, const std::string& where, bool images) {
  Content content;
  if (value.is_string()) {
    add_text(content, value.get<std::string>(), where);
  } else if (value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i) {
      add_part(content, value[i], where + "[" + std::to_string(i) + "]", images);
    }
  } else {
    throw bad_request("content must be text or a list of parts", where);
  }
  return content;
}

// Messages of one role in a row are joined: the templates take turns.
void read_messages(const Json& messages, ChatQuestion& question) {
  if (!messages.is_array() || messages.empty()) {
    throw bad_request("messages must be a list with at least one message", "messages");
  }
  std::vector<std::pair<bool, std::string>> turns;  // (by the user, text)
  const auto add_turn = [&](bool user, const std::string& text) {
    if (turns.empty() || turns.back().first != user) {
      turns.emplace_back(user, text);
    } else {
      turns.back().second += "\n" + text;
    }
  };
  for (size_t i = 0; i < messages.size(); ++i) {
    const std::string where = "messages[" + std::to_string(i) + "]";
    ObjectReader reader(messages[i], where);
    const auto role = reader.require<std::string>("role");
    reader.find("name");
    const bool user = role == "user";
    if (!user && role != "assistant" && role != "system" && role != "developer") {
      throw bad_request("the role '" + printable(role) + "' is not supported", where + ".role");
    }
    const Json* value = reader.find("content");
    if (value == nullptr) throw bad_request("a message has no content", where + ".content");
    const Content content = read_content(*value, where + ".content", user);
    reader.reject_unknown();
    if (role == "system" || role == "developer") {
      if (!turns.empty()) throw bad_request("the system's message must be the first", where);
      question.system_prompt = question.system_prompt.has_value()
                                   ? *question.system_prompt + "\n" + content.text
                                   : content.text;
      continue;
    }
    if (!user && turns.empty()) throw bad_request("the user must speak first", where);
    std::string text = content.text;
    if (content.image != nullptr) {
      if (question.image != nullptr)
        throw bad_request("this model sees one picture a request", where);
      question.image = content.image;
      question.image_hash = sha256_hex(*content.image);
      // In the first turn the model puts it in front by itself.
      if (!turns.empty()) text = std::string(kImageMark) + "\n" + text;
    }
    if (user && content.text.empty() && content.image == nullptr) {
      throw bad_request("a message is empty", where + ".content");
    }
    add_turn(user, text);
  }
  if (turns.empty() || !turns.back().first) {
    throw bad_request("the last message must be the user's", "messages");
  }
  question.question = turns.back().second;
  for (size_t i = 0; i + 1 < turns.size(); i += 2) {
    question.earlier.push_back({turns[i].second, turns[i + 1].second});
  }
}

std::vector<std::string> read_stop(const Json* value) {
  std::vector<std::string> stops;
  if (value == nullptr || value->is_null()) return stops;
  const Json list = value->is_array() ? *value : Json::array({*value});
  in_range(static_cast<int64_t>(list.size()), 0, 16, "stop");
  for (const Json& each : list) {
    if (!each.is_string()) throw bad_request("stop must be text or a list of texts", "stop");
    stops.push_back(each.get<std::string>());
    in_range(static_cast<int64_t>(stops.back().size()), 1, 256, "stop");
  }
  return stops;
}

// Parameters that this model does not have may be there at the value that changes nothing.
void refuse_unsupported(ObjectReader& reader) {
  static const std::array<std::pair<const char*, Json>, 12> kNeutral = {{
      {"frequency_penalty", 0},
      {"presence_penalty", 0},
      {"repetition_penalty", 1},
      {"min_p", 0},
      {"logit_bias", Json::object()},
      {"tools", Json::array()},
      {"functions", Json::array()},
      {"tool_choice", "none"},
      {"response_format", Json{{"type", "text"}}},
      {"modalities", Json::array({"text"})},
      {"audio", nullptr},
      {"prediction", nullptr},
  }};
  for (const auto& [name, neutral] : kNeutral) {
    const Json* value = reader.find(name);
    if (value == nullptr || value->is_null() || *value == neutral) continue;
    throw bad_request(std::string(name) + " is not supported by this server", name);
  }
  // Notes for the provider's books; no part of the question.
  for (const char* name : {"user", "metadata", "store", "service_tier", "safety_identifier",
                           "prompt_cache_key", "parallel_tool_calls"}) {
    reader.find(name);
  }
}

void read_generation(ObjectReader& reader, const ChatLimits& limits, ChatQuestion& question) {
  GenerationOptions& generation = question.generation;
  const auto most = static_cast<int64_t>(limits.max_tokens);
  const auto older = reader.get<int64_t>("max_tokens", limits.default_tokens);
  generation.max_new_tokens = static_cast<int>(
      in_range(reader.get<int64_t>("max_completion_tokens", older), 1, most, "max_tokens"));
  generation.temperature =
      in_range(reader.get<double>("temperature", 1.0), 0.0, 2.0, "temperature");
  generation.top_p = in_range(reader.get<double>("top_p", 1.0), 0.0, 1.0, "top_p");
  if (generation.top_p <= 0) throw bad_request("top_p must be above 0", "top_p");
  const auto top_k = reader.get<int64_t>("top_k", 0);
  generation.top_k = static_cast<int>(in_range(top_k == -1 ? 0 : top_k, 0, 1'000'000, "top_k"));
  generation.stop = read_stop(reader.find("stop"));
  question.choices =
      static_cast<int>(in_range(reader.get<int64_t>("n", 1), 1, limits.max_choices, "n"));
  generation.samples = generation.temperature > 0 ? question.choices : 1;
  if (const Json* seed = reader.find("seed"); seed != nullptr && !seed->is_null()) {
    if (!seed->is_number_integer()) throw bad_request("seed must be a whole number", "seed");
    generation.seed = seed->get<uint64_t>();  // negative ones wrap around
    question.seeded = true;
  }
  question.logprobs = reader.get<bool>("logprobs", false);
  const auto top = reader.get<int64_t>("top_logprobs", 0);
  in_range(top, 0, 20, "top_logprobs");
  if (top > 0 && !question.logprobs) {
    throw bad_request("top_logprobs needs logprobs: true", "top_logprobs");
  }
  generation.top_logprobs = question.logprobs ? static_cast<int>(std::max<int64_t>(top, 1)) : 0;
  question.stream = reader.get<bool>("stream", false);
  if (const Json* options = reader.find("stream_options");
      options != nullptr && !options->is_null()) {
    ObjectReader stream(*options, "stream_options");
    question.include_usage = stream.get<bool>("include_usage", false);
    stream.reject_unknown();
  }
}

}  // namespace

std::string image_of_data_url(std::string_view url) {
  constexpr std::string_view kParam = "messages.content.image_url.url";
  const auto fail = [&](const std::string& message) {
    return bad_request(message, std::string(kParam));
  };
  if (!url.starts_with("data:")) {
    throw fail(
        "pictures are taken as data URLs alone (data:image/jpeg;base64,...): this server "
        "opens no address and no file");
  }
  const size_t comma = url.find(',');
  const std::string_view head = url.substr(5, comma == std::string_view::npos ? 0 : comma - 5);
  if (head != "image/jpeg;base64" && head != "image/jpg;base64" && head != "image/png;base64" &&
      head != "image/webp;base64") {
    throw fail("a data URL must start with data:image/jpeg;base64, (or png, webp)");
  }
  std::optional<std::string> bytes = base64_decode(url.substr(comma + 1));
  if (!bytes.has_value() || bytes->empty()) throw fail("the data URL's base64 is damaged");
  return std::move(*bytes);
}

ChatQuestion parse_chat_question(std::string_view body, const ChatLimits& limits) {
  try {
    const Json json = parse_json(body, "body");
    ObjectReader reader(json, "body");
    ChatQuestion question;
    question.model = reader.require<std::string>("model");
    read_generation(reader, limits, question);
    refuse_unsupported(reader);
    const Json* messages = reader.find("messages");
    if (messages == nullptr) throw bad_request("messages are missing", "messages");
    reader.reject_unknown();
    read_messages(*messages, question);
    return question;
  } catch (const Error& error) {
    throw bad_request(error.what());
  }
}

}  // namespace vigor::serve
