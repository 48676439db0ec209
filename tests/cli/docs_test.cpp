// What the README and docs/ promise: links that lead somewhere, commands and options that exist.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include "base/files.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/spawn.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> pages() {
  std::vector<fs::path> found = {testing::source_dir() / "README.md"};
  for (const auto& entry : fs::directory_iterator(testing::source_dir() / "docs")) {
    if (entry.path().extension() == ".md") found.push_back(entry.path());
  }
  return found;
}

TEST(EndToEndDocs, LinksLeadSomewhere) {
  for (const fs::path& page : pages()) {
    const std::string text = read_file(page);
    for (size_t at = text.find("]("); at != std::string::npos; at = text.find("](", at + 1)) {
      const std::string target = text.substr(at + 2, text.find(')', at) - at - 2);
      if (target.find("://") != std::string::npos) continue;
      EXPECT_TRUE(fs::exists(page.parent_path() / target)) << page << ": " << target;
    }
  }
}

TEST(EndToEndDocs, EveryPageIsInTheIndex) {
  const std::string index = read_file(testing::source_dir() / "docs/index.md");
  for (const fs::path& page : pages()) {
    const std::string name = page.filename().string();
    if (name == "README.md" || name == "index.md") continue;
    EXPECT_NE(index.find("(" + name + ")"), std::string::npos) << name;
  }
}

// Every `vigor-eval COMMAND ... --option` of an indented block of the README.
TEST(EndToEndDocs, ReadmeNamesOnlyOptionsThatExist) {
  std::istringstream readme(read_file(testing::source_dir() / "README.md"));
  std::string line, command;
  std::set<std::string> checked;
  std::map<std::string, std::string> helps;
  while (std::getline(readme, line)) {
    if (!line.starts_with("    ")) {
      command.clear();
      continue;
    }
    line = line.substr(0, line.find('#'));
    std::istringstream words(line);
    std::string word;
    words >> word;
    if (word == "vigor-eval") {
      words >> command;
    } else if (command.empty() || !word.starts_with("--")) {
      continue;
    } else {
      words = std::istringstream(line);
    }
    if (command.starts_with("-")) continue;
    const auto help = [&](const std::string& name) -> const std::string& {
      if (!helps.contains(name)) {
        std::vector<std::string> arguments = {name, "--help"};
        if (const size_t blank = name.find(' '); blank != std::string::npos)
          arguments = {name.substr(0, blank), name.substr(blank + 1), "--help"};
        const auto result = testing::spawn(VIGOR_PROGRAM, arguments);
        EXPECT_EQ(result.exit_code, 0) << name;
        helps[name] = result.out;
      }
      return helps[name];
    };
    // A subcommand's options are its own: "train score".
    const size_t subcommands = help(command).find("Subcommands:");
    std::string next;
    std::istringstream after_command(
        line.substr(std::min(line.size(), line.find(command) + command.size())));
    after_command >> next;
    if (subcommands != std::string::npos && !next.empty() && !next.starts_with("-") &&
        help(command).find("  " + next + " ", subcommands) != std::string::npos) {
      command += " " + next;
    }
    help(command);
    while (words >> word) {
      if (!word.starts_with("--")) continue;
      EXPECT_NE(helps[command].find("  " + word + " "), std::string::npos)
          << command << " " << word;
      checked.insert(command + word);
    }
  }
  EXPECT_GT(checked.size(), 10u);
}

}  // namespace
}  // namespace vigor
