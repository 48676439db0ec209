#include "benchmarks/pope/dialect.h"

#include <vector>

#include "benchmarks/yes_no/reading.h"

namespace vigor::pope {
namespace {

Decision decide_official(std::string_view answer) {
  const std::string_view sentence = answer.substr(0, answer.find('.'));
  std::string word;
  const auto is_no = [&] { return word == "No" || word == "no" || word == "not"; };
  for (const char c : sentence) {
    if (c == ' ') {
      if (is_no()) return Decision::kNo;
      word.clear();
    } else if (c != ',') {
      word += c;
    }
  }
  return is_no() ? Decision::kNo : Decision::kYes;
}

Decision decide_lmms(std::string_view answer) {
  // Only white space at the ends goes, so "yes" and "no" must be the only word and nothing beside
  // it.
  const std::vector<std::string> words = yes_no::split_at_spaces(yes_no::lower_ascii(answer));
  if (words.size() != 1) return Decision::kNone;
  return words[0] == "yes" ? Decision::kYes : words[0] == "no" ? Decision::kNo : Decision::kNone;
}

}  // namespace

Decision decide(std::string_view answer, Dialect dialect) {
  switch (dialect) {
    case Dialect::kOfficial:
      return decide_official(answer);
    case Dialect::kLmms:
      return decide_lmms(answer);
    case Dialect::kVlmeval:
      return yes_no::read_vlmeval(answer);
    case Dialect::kStrict:
      return yes_no::read_strict(answer);
  }
  return Decision::kNone;
}

}  // namespace vigor::pope
