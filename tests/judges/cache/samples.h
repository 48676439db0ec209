// Requests and replies for tests of what keeps them.
#pragma once

#include <string>
#include <utility>

#include "judges/cache/reply_record.h"

namespace vigor::testing {

inline ChatRequest request_of(std::string text) {
  ChatRequest request;
  request.messages = {{"user", {{std::move(text), nullptr}}}};
  return request;
}

inline ReplyRecord sample_record(std::string question, std::string answer) {
  ReplyRecord record;
  record.identity = {{"url", "scripted"}, {"model", "scripted"}};
  record.request = request_of(std::move(question)).canonical();
  record.reply.text = std::move(answer);
  record.reply.finish = "stop";
  record.reply.model = "scripted-2024-08-06";
  record.reply.usage = {120, 7};
  record.reply.first_token = {{"the", -0.25}, {"a", -1.5}};
  record.reply.raw = R"({"choices":[]})";
  record.created = 1'700'000'000;
  return record;
}

}  // namespace vigor::testing
