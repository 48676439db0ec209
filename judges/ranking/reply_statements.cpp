// "HL: ..." in a line, several in a line, and headings with lines or lists below.
#include <algorithm>
#include <array>
#include <cctype>

#include "judges/ranking/reading.h"

namespace vigor::ranking {
namespace {

// The line without bullets, numbering, quote marks and hashes of a heading.
std::string_view without_bullets(std::string_view line) {
  while (true) {
    line = trim(line);
    if (line.empty()) return line;
    if (std::string_view("#-*>|").find(line.front()) != std::string_view::npos) {
      line.remove_prefix(1);
      continue;
    }
    size_t digits = 0;
    while (digits < line.size() && std::isdigit(static_cast<unsigned char>(line[digits])) != 0) {
      ++digits;
    }
    if (digits == 0 || digits >= line.size() || (line[digits] != '.' && line[digits] != ')')) {
      return line;
    }
    line.remove_prefix(digits + 1);
  }
}

struct Statement {
  size_t metric = 0;
  size_t length = 0;      // of the name, what stands in brackets behind it, and the separator
  bool separated = true;  // by a colon or the like, or by the end of the line
};

// A metric at the start of `text`: "Hallucination (HL):", "For hallucination,".
std::optional<Statement> statement_at(std::string_view text) {
  size_t skipped = 0;
  const std::string head = lower(text.substr(0, 16));
  for (const std::string_view phrase : {"for ", "in terms of ", "regarding ", "on ", "by "}) {
    if (head.starts_with(phrase)) skipped = phrase.size();
  }
  const auto name = metric_at_start(text.substr(skipped));
  if (!name) return std::nullopt;
  Statement out{.metric = name->metric, .length = skipped + name->length};
  const auto blanks = [&] {
    while (out.length < text.size() && (text[out.length] == ' ' || text[out.length] == '\t')) {
      ++out.length;
    }
  };
  blanks();
  if (out.length < text.size() && text[out.length] == '(') {
    const size_t close = text.find(')', out.length);
    const size_t open = out.length + 1;
    if (close != std::string_view::npos && metric_at_start(text.substr(open, close - open))) {
      out.length = close + 1;
    }
  }
  blanks();
  for (const std::string_view word : {"rankings", "ranking", "ranks", "rank", "order"}) {
    if (lower(text.substr(out.length, word.size())) == word) {
      out.length += word.size();
      break;
    }
  }
  blanks();
  if (out.length < text.size()) {
    out.separated = std::string_view(":=-,|").find(text[out.length]) != std::string_view::npos;
    if (out.separated) ++out.length;
  }
  return out;
}

// Where further statements begin in a line: after , ; or . and with a colon or = behind the name.
std::vector<size_t> inner_statements(std::string_view text) {
  std::vector<size_t> found;
  for (size_t at = 1; at < text.size(); ++at) {
    if (text[at - 1] != ';' && text[at - 1] != ',' && text[at - 1] != '.') continue;
    while (at < text.size() && text[at] == ' ') ++at;
    const auto statement = statement_at(text.substr(at));
    if (!statement || !statement->separated || at + statement->length >= text.size()) continue;
    const char separator = text[at + statement->length - 1];
    if (separator == ':' || separator == '=') found.push_back(at);
  }
  return found;
}

bool ends_a_metric(std::string_view line) {
  const std::string head = lower(line.substr(0, 16));
  static constexpr std::array<std::string_view, 6> kWords = {"overall",    "total",   "average",
                                                             "in summary", "summary", "conclusion"};
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return head.starts_with(word); });
}

class StatementReader {
 public:
  StatementReader(const Task& task, Readings& found) : task_(task), found_(found) {}

  void line(const std::string& whole) {
    const std::string_view text = without_bullets(whole);
    if (text.empty()) return;
    if (const auto statement = statement_at(text)) {
      const std::vector<size_t> inner = inner_statements(text);
      const std::string_view rest = part(text, statement->length, inner, 0);
      if (statement->separated || read_line(rest, task_).kind != Reading::Kind::kNone) {
        open(statement->metric, rest);
        for (size_t i = 0; i < inner.size(); ++i) {
          const auto next = statement_at(text.substr(inner[i]));
          open(next->metric, part(text, inner[i] + next->length, inner, i + 1));
        }
        return;
      }
    }
    if (!current_) return;
    if (ends_a_metric(text)) return close();
    if (auto item = read_list_item(trim(whole), task_)) {
      list_.push_back(std::move(*item));
      return;
    }
    if (!list_.empty()) return close();
    settle(read_line(text, task_));
  }

  void close() {
    if (current_ && !list_.empty()) settle(read_list());
    current_.reset();
    list_.clear();
  }

 private:
  static std::string_view part(std::string_view text, size_t begin,
                               const std::vector<size_t>& inner, size_t next) {
    const size_t end = next < inner.size() ? inner[next] : text.size();
    return text.substr(begin, end > begin ? end - begin : 0);
  }

  void open(size_t metric, std::string_view rest) {
    close();
    current_ = metric;
    settle(read_line(rest, task_));
  }

  void settle(Reading reading) {
    if (reading.kind == Reading::Kind::kNone) return;
    found_.note(*current_, std::move(reading));
    current_.reset();
  }

  Reading read_list() const {
    std::vector<double> ranks(task_.labels.size(), -1);
    for (const ListItem& item : list_) {
      for (const size_t candidate : item.candidates) {
        if (ranks[candidate] != -1) return Reading::broken();
        ranks[candidate] = item.place;
      }
    }
    if (std::find(ranks.begin(), ranks.end(), -1) != ranks.end()) return Reading::broken();
    auto groups = groups_of_ranks(ranks);
    return groups ? Reading::of(std::move(*groups), ranks.size()) : Reading::broken();
  }

  const Task& task_;
  Readings& found_;
  std::optional<size_t> current_;  // the metric that waits for its ranking
  std::vector<ListItem> list_;
};

}  // namespace

void read_statements(const std::vector<std::string>& lines, const Task& task, Readings& found) {
  StatementReader reader(task, found);
  for (const std::string& line : lines) reader.line(line);
  reader.close();
}

}  // namespace vigor::ranking
