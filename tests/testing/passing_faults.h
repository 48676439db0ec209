// What an endpoint or the way to it does wrongly for a moment: an answer that is right otherwise,
// spoilt so that the same request is to be sent again.
#pragma once

#include <ostream>
#include <vector>

#include "tests/testing/chat_server.h"

namespace vigor::testing {

struct PassingFault {
  const char* name;
  void (*apply)(ServerAnswer& answer);
  friend void PrintTo(const PassingFault& fault, std::ostream* out) { *out << fault.name; }
};

inline void cut_in_half(ServerAnswer& answer) {
  answer.body.resize(answer.body.size() / 2);
}

inline const std::vector<PassingFault>& passing_faults() {
  static const std::vector<PassingFault> kFaults = {
      {"ResetBeforeTheReply", [](ServerAnswer& answer) { answer.reset = true; }},
      {"ResetMidReply",
       [](ServerAnswer& answer) {
         answer.cut_after = 30;
         answer.reset = true;
       }},
      {"ConnectionClosedMidReply", [](ServerAnswer& answer) { answer.cut_after = 30; }},
      {"CutMidJson", cut_in_half},
      {"CutMidJsonWithoutLength",
       [](ServerAnswer& answer) {
         cut_in_half(answer);
         answer.no_content_length = true;
       }},
      {"InvalidUtf8",
       [](ServerAnswer& answer) { answer.body[answer.body.find("content") + 11] = '\xff'; }},
      {"ErrorUnder200",
       [](ServerAnswer& answer) {
         answer.body = R"({"error": {"message": "overloaded", "type": "server_error"}})";
       }},
      {"EmptyBody", [](ServerAnswer& answer) { answer.body.clear(); }},
      {"HtmlUnder200", [](ServerAnswer& answer) { answer.body = "<html>please wait</html>"; }},
      {"ContentLengthTooLong",
       [](ServerAnswer& answer) {
         answer.content_length = answer.body.size() + 10;
         answer.close = true;
       }},
      {"ContentLengthTooShort",
       [](ServerAnswer& answer) {
         answer.content_length = answer.body.size() - 10;
         answer.close = true;
       }},
      {"Status429", [](ServerAnswer& answer) { answer = error_answer(429, "slow down"); }},
      {"Status429WithRetryAfter",
       [](ServerAnswer& answer) {
         answer = error_answer(429, "slow down", {{"Retry-After", "0.01"}});
       }},
      {"Status500", [](ServerAnswer& answer) { answer = error_answer(500, "oops"); }},
      {"Status503", [](ServerAnswer& answer) { answer = error_answer(503, "busy"); }},
  };
  return kFaults;
}

}  // namespace vigor::testing
