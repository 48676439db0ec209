#include "benchmarks/mme/dialect.h"

#include <string>

#include "benchmarks/yes_no/reading.h"

namespace vigor::mme {
namespace {

// The first four characters of the lower-cased text.
std::string first_four(std::string_view text) {
  std::string prefix;
  int characters = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool continues = (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80;
    // Python lower-cases U+0130 to two characters, and no other character to more than one.
    const bool dotted_i = text.substr(i).starts_with("\xC4\xB0");
    if (!continues) characters += dotted_i ? 2 : 1;
    if (!continues && characters > 4) break;
    prefix += text[i];
  }
  return yes_no::lower_ascii(prefix);
}

Decision decide_by_prefix(std::string_view answer) {
  const std::string prefix = first_four(answer);
  if (prefix.find("yes") != std::string::npos) return Decision::kYes;
  return prefix.find("no") != std::string::npos ? Decision::kNo : Decision::kNone;
}

Decision decide_lmms(std::string_view answer) {
  std::string text(yes_no::trimmed(answer));
  std::erase(text, '.');
  if (text == "y" || text == "Y") return Decision::kYes;
  if (text == "n" || text == "N") return Decision::kNo;
  return decide_by_prefix(text);
}

}  // namespace

Decision decide(std::string_view answer, Dialect dialect) {
  switch (dialect) {
    case Dialect::kOfficial:
      return decide_by_prefix(answer);
    case Dialect::kLmms:
      return decide_lmms(answer);
    case Dialect::kVlmeval:
      return yes_no::read_vlmeval(answer);
    case Dialect::kStrict:
      return yes_no::read_strict(answer);
  }
  return Decision::kNone;
}

}  // namespace vigor::mme
