// A judge that goes by words, for scripts of ChatServer: what it says depends on the question
// alone, so that two runs that asked the same have the same figures.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace vigor::testing {

// A ranking by the words "good" and "poor" of the captions that the prompt shows.
inline std::string ranking_of(const std::string& prompt) {
  std::vector<std::pair<int, char>> order;
  const std::string body = prompt.substr(prompt.find("\n====="));
  for (char letter = 'A'; letter <= 'E'; ++letter) {
    const size_t at = body.find(std::string("\n") + letter + ": ");
    if (at == std::string::npos) break;
    const std::string line = body.substr(at + 1, body.find('\n', at + 1) - at);
    const bool good = line.find("good") != std::string::npos;
    order.emplace_back(good ? 0 : line.find("poor") != std::string::npos ? 1 : 2, letter);
  }
  std::stable_sort(order.begin(), order.end());
  std::string list;
  for (const auto& [key, letter] : order) {
    list += (list.empty() ? "" : " > ") + std::string(1, letter);
  }
  std::string out;
  for (const char* code : {"HL", "CA", "AA", "RA", "RL", "RS", "DL"}) {
    out += std::string(code) + ": " + list + "\n";
  }
  return out;
}

// Rates "Answer a.", "Answer b.", ... of MMHal-Bench 0, 1, ... 6, 0, ...; ranks everything else.
inline std::string judgement_of(const std::string& prompt) {
  const size_t at = prompt.find("\"Answer ");
  if (at == std::string::npos) return ranking_of(prompt);
  return "Because.\n\nRating: " + std::to_string((prompt[at + 8] - 'a') % 7);
}

}  // namespace vigor::testing
