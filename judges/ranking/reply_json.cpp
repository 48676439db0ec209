// JSON replies, read tolerantly: trailing commas, code fences and a cut-off end are no mistakes,
// but a value that was cut off is not a value.
#include <algorithm>
#include <cctype>
#include <charconv>

#include "judges/ranking/reading.h"

namespace vigor::ranking {
namespace {

struct Node {
  enum class Kind { kObject, kArray, kString, kNumber, kOther };
  Kind kind = Kind::kOther;
  bool whole = false;  // its end was seen
  std::string text;    // of a string
  double number = 0;
  std::vector<std::string> keys;  // of an object, parallel to items
  std::vector<Node> items;
};

class Reader {
 public:
  Reader(std::string_view text, size_t begin) : text_(text), at_(begin) {}
  size_t end() const { return at_; }

  Node value(int depth = 0) {
    constexpr int kDeepest = 16;
    skip_blanks();
    if (at_ >= text_.size() || depth > kDeepest) return {};
    const char c = text_[at_];
    if (c == '{' || c == '[') return container(c == '{', depth);
    Node node;
    if (c == '"') {
      node.kind = Node::Kind::kString;
      node.whole = string(node.text);
      return node;
    }
    const size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 ||
                                  text_[at_] == '.' || text_[at_] == '-' || text_[at_] == '+')) {
      ++at_;
    }
    const char* last = text_.data() + at_;
    const auto [stopped, code] = std::from_chars(text_.data() + begin, last, node.number);
    // A number at the very end may lack digits.
    node.whole = at_ > begin && at_ < text_.size();
    if (code == std::errc() && stopped == last) node.kind = Node::Kind::kNumber;
    return node;
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  }
  bool take(char c) {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  Node container(bool object, int depth) {
    Node node;
    node.kind = object ? Node::Kind::kObject : Node::Kind::kArray;
    const char close = object ? '}' : ']';
    ++at_;
    while (!take(close)) {
      std::string key;
      if (object && (!take('"') || !(--at_, string(key)) || !take(':'))) return node;
      Node item = value(depth + 1);
      const bool whole = item.whole;
      if (object) node.keys.push_back(std::move(key));
      node.items.push_back(std::move(item));
      if (!whole) return node;
      if (!take(',')) {
        node.whole = take(close);
        return node;
      }
    }
    node.whole = true;
    return node;
  }

  // At the opening quote; false when the closing one is missing. \u escapes beyond ASCII become
  // '?': no label has any.
  bool string(std::string& out) {
    for (++at_; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c == '\\' && at_ + 1 < text_.size()) {
        c = text_[++at_];
        if (c == 'n' || c == 't' || c == 'r') {
          c = ' ';
        } else if (c == 'u') {
          c = escaped();
        }
      }
      out += c;
    }
    return false;
  }
  char escaped() {
    unsigned code = 0;
    const char* begin = text_.data() + at_ + 1;
    const char* last = begin + std::min<size_t>(4, text_.size() - at_ - 1);
    const char* stopped = std::from_chars(begin, last, code, 16).ptr;
    at_ += static_cast<size_t>(stopped - begin);
    return code >= 32 && code < 127 ? static_cast<char>(code) : '?';
  }

  std::string_view text_;
  size_t at_;
};

// The labels of an array of texts; empty when an item is none.
std::optional<std::vector<size_t>> candidates_of(const Node& array, const Task& task) {
  std::vector<size_t> out;
  for (const Node& item : array.items) {
    std::string text = item.text;
    if (item.kind == Node::Kind::kNumber && task.numeric) {
      text = std::to_string(static_cast<long long>(std::min(item.number, 1e9)));
    } else if (item.kind != Node::Kind::kString) {
      return std::nullopt;
    }
    const auto candidate = task.candidate(text);
    if (!candidate) return std::nullopt;
    out.push_back(*candidate);
  }
  return out;
}

Reading read_array(const Node& array, const Task& task) {
  if (array.items.empty()) return Reading::none();
  std::vector<double> numbers;
  for (const Node& item : array.items) {
    if (item.kind == Node::Kind::kNumber) numbers.push_back(item.number);
  }
  if (numbers.size() == array.items.size()) return read_numbers(numbers, task);
  TieGroups groups;
  for (const Node& item : array.items) {
    std::optional<std::vector<size_t>> group;
    if (item.kind == Node::Kind::kArray) {
      group = candidates_of(item, task);
    } else {
      Node one;
      one.items.push_back(item);
      group = candidates_of(one, task);
    }
    if (!group || group->empty()) return Reading::broken();
    groups.push_back(std::move(*group));
  }
  return Reading::of(std::move(groups), task.labels.size());
}

Reading read_value(const Node& node, const Task& task);

Reading read_object(const Node& node, const Task& task) {
  std::vector<double> ranks(task.labels.size(), -1);
  size_t ranked = 0;
  for (size_t i = 0; i < node.items.size(); ++i) {
    const auto candidate = task.candidate(node.keys[i]);
    if (!candidate) continue;
    const Node& item = node.items[i];
    const auto place = item.kind == Node::Kind::kString ? place_of(item.text) : std::nullopt;
    if (item.kind != Node::Kind::kNumber && !place) return Reading::broken();
    if (ranks[*candidate] != -1) return Reading::broken();
    ranks[*candidate] = place ? place->value : item.number;
    ++ranked;
  }
  if (ranked > 0) {
    if (ranked != task.labels.size()) return Reading::broken();
    auto groups = groups_of_ranks(ranks);
    return groups ? Reading::of(std::move(*groups), task.labels.size()) : Reading::broken();
  }
  for (const char* name : {"order", "ranking", "ranks", "rank", "result", "value"}) {
    for (size_t i = 0; i < node.items.size(); ++i) {
      if (lower(node.keys[i]) == name) return read_value(node.items[i], task);
    }
  }
  return Reading::none();
}

Reading read_value(const Node& node, const Task& task) {
  if (!node.whole) return Reading::broken();
  switch (node.kind) {
    case Node::Kind::kArray:
      return read_array(node, task);
    case Node::Kind::kObject:
      return read_object(node, task);
    case Node::Kind::kString:
      return read_line(plain_text(node.text), task);
    default:
      return Reading::none();
  }
}

void walk(const Node& node, const Task& task, Readings& found) {
  std::optional<size_t> named;  // {"metric": "HL", "order": [...]}
  for (size_t i = 0; i < node.keys.size(); ++i) {
    const std::string key = lower(node.keys[i]);
    if ((key == "metric" || key == "criterion" || key == "name") &&
        node.items[i].kind == Node::Kind::kString) {
      named = metric_of_key(node.items[i].text);
    }
  }
  if (named) found.note(*named, node.whole ? read_object(node, task) : Reading::broken());
  for (size_t i = 0; i < node.items.size(); ++i) {
    const auto metric = i < node.keys.size() ? metric_of_key(node.keys[i]) : std::nullopt;
    if (metric) {
      found.note(*metric, read_value(node.items[i], task));
    } else {
      walk(node.items[i], task, found);
    }
  }
}

}  // namespace

void read_json(std::string_view reply, const Task& task, Readings& found) {
  for (size_t at = 0; at < reply.size();) {
    if (reply[at] != '{' && reply[at] != '[') {
      ++at;
      continue;
    }
    Reader reader(reply, at);
    walk(reader.value(), task, found);
    // What was read is not tried again: the whole is linear.
    at = std::max(reader.end(), at + 1);
  }
}

}  // namespace vigor::ranking
