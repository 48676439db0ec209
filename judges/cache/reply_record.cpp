#include "judges/cache/reply_record.h"

#include "run/sha256.h"

namespace vigor {
namespace {

int64_t token_count(ObjectReader& usage, const std::string& key) {
  const int64_t count = usage.get<int64_t>(key, 0);
  if (count >= 0 && count <= 1'000'000'000) return count;
  throw Error({.what = "key '" + key + "' must be between 0 and 1000000000",
               .where = usage.where(),
               .fix = "correct the value"});
}

}  // namespace

std::string reply_key(const Json& identity, const Json& canonical_request) {
  // dump_json() sorts keys and has no newline, so that the join is unambiguous.
  return sha256_hex(dump_json(identity) + "\n" + dump_json(canonical_request));
}

Json reply_to_json(const ChatReply& reply) {
  Json first_token = Json::array();
  for (const TokenLogprob& token : reply.first_token) {
    first_token.push_back({{"token", token.token}, {"logprob", token.logprob}});
  }
  return {{"text", reply.text},
          {"finish", reply.finish},
          {"model", reply.model},
          {"usage",
           {{"prompt_tokens", reply.usage.prompt_tokens},
            {"completion_tokens", reply.usage.completion_tokens}}},
          {"first_token", std::move(first_token)},
          {"raw", reply.raw}};
}

ChatReply reply_from_json(const Json& value, const std::string& where) {
  ObjectReader reader(value, where);
  ChatReply reply;
  reply.text = reader.require<std::string>("text");
  reply.finish = reader.get<std::string>("finish", "");
  reply.model = reader.get<std::string>("model", "");
  reply.raw = reader.get<std::string>("raw", "");
  if (reader.has("usage")) {
    ObjectReader usage = reader.child("usage");
    reply.usage.prompt_tokens = token_count(usage, "prompt_tokens");
    reply.usage.completion_tokens = token_count(usage, "completion_tokens");
    usage.reject_unknown();
  }
  if (const Json* tokens = reader.find("first_token"); tokens != nullptr && !tokens->is_null()) {
    if (!tokens->is_array()) {
      throw Error({.what = "key 'first_token' must be a list", .where = where});
    }
    for (const Json& token : *tokens) {
      ObjectReader one(token, where + ": first_token");
      reply.first_token.push_back(
          {one.require<std::string>("token"), one.require<double>("logprob")});
      one.reject_unknown();
    }
  }
  reader.reject_unknown();
  return reply;
}

Json record_to_json(const ReplyRecord& record) {
  return {{"identity", record.identity},
          {"request", record.request},
          {"reply", reply_to_json(record.reply)},
          {"created", record.created}};
}

ReplyRecord record_from_json(const Json& value, const std::string& where) {
  ObjectReader reader(value, where);
  ReplyRecord record;
  record.identity = reader.require<Json>("identity");
  record.request = reader.require<Json>("request");
  // Views that say what is wrong when they are no objects.
  ObjectReader(record.identity, where + ": identity");
  ObjectReader(record.request, where + ": request");
  record.reply = reply_from_json(reader.require<Json>("reply"), where + ": reply");
  record.created = reader.get<int64_t>("created", 0);
  reader.reject_unknown();
  return record;
}

void for_each_reply_record(std::string_view text, const std::string& where,
                           const std::function<void(size_t line, ReplyRecord&&)>& record) {
  for_each_jsonl(text, where, [&](size_t line, Json&& value) {
    record(line, record_from_json(value, where + ":" + std::to_string(line)));
  });
}

}  // namespace vigor
