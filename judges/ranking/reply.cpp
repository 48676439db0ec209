#include "judges/ranking/reply.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "judges/ranking/reading.h"

namespace vigor::ranking {
namespace {

constexpr size_t kMostBytes = 64 << 10;

bool is_number(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return lines;
}

// The judge says that it ranks the other way round: then nothing can be trusted.
bool says_reversed(const std::string& text, const Task& task) {
  const std::string all = lower(text);
  std::vector<std::string> signs = {"worst to best", "worst first", "1 = worst", "1=worst"};
  if (!task.numeric) {
    const std::string last = std::to_string(task.labels.size());
    for (const char* sign : {" = best", "=best", " is best", " being best"}) {
      signs.push_back(last + sign);
    }
    signs.push_back("1 is worst");
  }
  return std::any_of(signs.begin(), signs.end(),
                     [&](const std::string& sign) { return all.find(sign) != std::string::npos; });
}

}  // namespace

std::string plain_text(std::string_view reply) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 30> kSigns = {{
      {"\xEF\xBC\x9A", ":"},                          // full-width colon
      {"\xEF\xBC\x8C", ","},                          // full-width comma
      {"\xE3\x80\x81", ","},                          // ideographic comma
      {"\xEF\xBC\x9B", ";"},                          // full-width semicolon
      {"\xEF\xBC\x9E", ">"},                          // full-width greater
      {"\xEF\xBC\x9D", "="},                          // full-width equals
      {"\xEF\xBC\x88", "("},                          // full-width brackets
      {"\xEF\xBC\x89", ")"},  {"\xE2\x89\xBB", ">"},  // succeeds
      {"\xE2\x86\x92", ">"},                          // arrow
      {"\xE2\x87\x92", ">"},                          // double arrow
      {"\xE2\x9E\x94", ">"},                          // heavy arrow
      {"\xE2\x89\xAB", ">"},                          // much greater
      {"\xE2\x89\x88", "="},                          // almost equal
      {"\xE2\x89\x83", "="},                          // asymptotically equal
      {"\xE2\x89\x85", "="},                          // congruent
      {"\xE2\x88\xBC", "="},                          // tilde operator
      {"\xE2\x80\x93", "-"},                          // en dash
      {"\xE2\x80\x94", "-"},                          // em dash
      {"\xE2\x80\x90", "-"},                          // hyphen
      {"\xE2\x80\x91", "-"},                          // non-breaking hyphen
      {"\xE2\x80\xA2", "-"},                          // bullet
      {"\xE2\x80\x9C", "\""},                         // quotes
      {"\xE2\x80\x9D", "\""}, {"\xE2\x80\x98", "'"}, {"\xE2\x80\x99", "'"},
      {"\xC2\xA0", " "},  // no-break space
      {"&gt;", ">"},          {"->", ">"},           {"**", ""},
  }};
  std::string out;
  out.reserve(reply.size());
  for (size_t i = 0; i < reply.size();) {
    const char c = reply[i];
    bool replaced = false;
    if (static_cast<unsigned char>(c) >= 0x80 || c == '&' || c == '-' || c == '*') {
      for (const auto& [sign, plain] : kSigns) {
        if (reply.substr(i, sign.size()) != sign) continue;
        out += plain;
        i += sign.size();
        replaced = true;
        break;
      }
    }
    if (replaced) continue;
    if (c != '`' && c != '\r') out += c;
    ++i;
  }
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n\f\v";
  const size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::optional<Place> place_of(std::string_view text) {
  std::string word = lower(trim(text));
  for (const char* suffix : {" place", " rank"}) {
    if (word.ends_with(suffix)) word.resize(word.size() - std::string_view(suffix).size());
  }
  for (const char* prefix : {"rank ", "place ", "#"}) {
    if (word.starts_with(prefix)) word.erase(0, std::string_view(prefix).size());
  }
  static constexpr std::array<std::string_view, 9> kWords = {
      "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"};
  for (size_t i = 0; i < kWords.size(); ++i) {
    if (word == kWords[i]) return Place{static_cast<double>(i + 1), true};
  }
  Place place;
  // Longer numbers are none that anything here is counted with.
  if (word.empty() || word.size() > 8 || !std::isdigit(static_cast<unsigned char>(word[0]))) {
    return std::nullopt;
  }
  const char* last = word.data() + word.size();
  const auto [stopped, code] = std::from_chars(word.data(), last, place.value);
  if (code != std::errc()) return std::nullopt;
  const std::string_view rest(stopped, static_cast<size_t>(last - stopped));
  place.ordinal = rest == "st" || rest == "nd" || rest == "rd" || rest == "th";
  if (!rest.empty() && !place.ordinal) return std::nullopt;
  return place;
}

Reading Reading::of(TieGroups groups, size_t count) {
  if (!complete(groups, count)) return broken();
  return {Kind::kGood, std::move(groups)};
}

bool Readings::any() const {
  return std::any_of(metrics.begin(), metrics.end(),
                     [](const Reading& reading) { return reading.kind != Reading::Kind::kNone; });
}

std::optional<size_t> Task::candidate(std::string_view text) const {
  text = trim(text);
  while (text.size() > 1 && (text.front() == '(' || text.front() == '[' || text.front() == '"' ||
                             text.front() == '#' || text.front() == '\'')) {
    text.remove_prefix(1);
  }
  while (text.size() > 1 && (text.back() == ')' || text.back() == ']' || text.back() == '"' ||
                             text.back() == '.' || text.back() == '\'')) {
    text.remove_suffix(1);
  }
  if (const size_t space = text.rfind(' '); space != std::string_view::npos) {
    const std::string noun = lower(trim(text.substr(0, space)));
    static constexpr std::array<std::string_view, 8> kNouns = {
        "caption", "candidate", "description", "response", "answer", "model", "option", "text"};
    if (std::find(kNouns.begin(), kNouns.end(), noun) == kNouns.end()) return std::nullopt;
    text = text.substr(space + 1);
  }
  const std::string folded = lower(text);
  for (size_t i = 0; i < labels.size(); ++i) {
    if (lower(labels[i]) == folded) return i;
  }
  return std::nullopt;
}

const char* status_name(ReplyStatus status) {
  switch (status) {
    case ReplyStatus::kOk:
      return "ok";
    case ReplyStatus::kPartial:
      return "partial";
    case ReplyStatus::kUnparsable:
      break;
  }
  return "unparsable";
}

ReplyStatus ParsedReply::status() const {
  const auto usable = std::count_if(rankings.begin(), rankings.end(),
                                    [](const auto& ranking) { return ranking.has_value(); });
  if (usable == 0) return ReplyStatus::kUnparsable;
  return usable == static_cast<std::ptrdiff_t>(kMetricCount) ? ReplyStatus::kOk
                                                             : ReplyStatus::kPartial;
}

ParsedReply parse_reply(std::string_view reply, const std::vector<std::string>& labels,
                        Asked asked) {
  ParsedReply parsed;
  if (reply.size() > kMostBytes) reply.remove_prefix(reply.size() - kMostBytes);
  const Task task{labels, asked, std::all_of(labels.begin(), labels.end(), is_number)};
  const std::string text = plain_text(reply);
  if (says_reversed(text, task)) return parsed;
  Readings found;
  read_json(reply, task, found);
  if (!found.any()) {
    const std::vector<std::string> lines = lines_of(text);
    read_tables(lines, task, found);
    if (!found.any()) read_statements(lines, task, found);
  }
  for (size_t i = 0; i < kMetricCount; ++i) {
    if (found.metrics[i].kind == Reading::Kind::kGood) {
      parsed.rankings[i] = std::move(found.metrics[i].groups);
    }
  }
  return parsed;
}

Json reply_json(const ParsedReply& parsed, const std::vector<std::string>& labels) {
  Json metrics = Json::object();
  for (size_t i = 0; i < kMetricCount; ++i) {
    Json& groups = metrics[std::string(kMetrics[i].code)];
    if (!parsed.rankings[i]) continue;
    groups = Json::array();
    for (const std::vector<size_t>& group : *parsed.rankings[i]) {
      Json names = Json::array();
      for (const size_t candidate : group) names.push_back(labels[candidate]);
      groups.push_back(std::move(names));
    }
  }
  return {{"status", status_name(parsed.status())}, {"metrics", std::move(metrics)}};
}

}  // namespace vigor::ranking
