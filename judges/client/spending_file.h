// What the judge of a run has cost, in a file that is right at any moment: who is killed between a
// request and its reply leaves the worst case of that request in it, so that a budget holds over
// restarts. docs/format-judge.md has its keys.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "judges/client/budget.h"

namespace vigor {

struct Spending {
  Money spent = 0;     // reported by endpoints
  Money unknown = 0;   // worst cases of requests whose cost is not known
  Money reserved = 0;  // worst cases of what is under way
};

// Throws Error naming `where`: not such a file, amounts that make no sense, another currency.
Spending parse_spending(std::string_view text, const std::string& where,
                        const std::string& currency);

// One process uses a file at a time: that of a run folder is guarded by the folder's lock. Survives
// the end of its process at any moment; a machine that loses power may lose the last amounts.
class SpendingFile {
 public:
  // Opens or makes the file. Throws Error as parse_spending() does, and when it cannot be written.
  SpendingFile(const std::filesystem::path& file, const std::string& currency);
  ~SpendingFile();
  SpendingFile(const SpendingFile&) = delete;
  SpendingFile& operator=(const SpendingFile&) = delete;

  // As it was opened; what was under way then counts as unknown.
  const Spending& before() const { return before_; }
  // Throws Error when it cannot be written: what is not on record must not be spent.
  void write(const Spending& spending);

 private:
  std::string read() const;
  [[noreturn]] void fail(const char* what) const;

  std::string name_, currency_;
  int file_ = -1;
  Spending before_;
};

}  // namespace vigor
