#include "judges/client/spending_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>

namespace vigor {
namespace {

// Always as long, so that the file never grows on a full disk and is written over in one call.
constexpr size_t kFileBytes = 512;
constexpr size_t kLongestCurrency = 32;
constexpr double kMostMoney = 1e12;  // of any currency: sums stay far from overflow

Money amount(ObjectReader& reader, const std::string& key) {
  const auto value = reader.require<double>(key);
  if (!(value >= 0 && value <= kMostMoney)) {
    throw Error(
        {.what = "'" + key + "' is no amount of money",
         .where = reader.where(),
         .cause = "the file was edited by hand, or is another one of that name",
         .fix = "put the right amount there; without the file a budget counts from 0 again"});
  }
  return static_cast<Money>(std::round(value * 1e12));
}

}  // namespace

Spending parse_spending(std::string_view text, const std::string& where,
                        const std::string& currency) {
  const Json document = parse_json(text, where);
  ObjectReader reader(document, where);
  if (const auto theirs = reader.require<std::string>("currency"); theirs != currency) {
    throw Error({.what = "what was spent is in " + printable(theirs) + ", the judge's prices in " +
                         printable(currency),
                 .where = where,
                 .fix = "give the prices in the currency that the run began with"});
  }
  return {.spent = amount(reader, "spent"),
          .unknown = amount(reader, "unknown"),
          .reserved = amount(reader, "reserved")};
}

SpendingFile::SpendingFile(const std::filesystem::path& file, const std::string& currency)
    : name_(printable(file.string())), currency_(currency) {
  if (currency.size() > kLongestCurrency) {
    throw Error({.what = "the currency's name is longer than 32 bytes",
                 .where = "prices.currency",
                 .fix = "give its usual sign, such as USD",
                 .exit_code = ExitCode::kUsage});
  }
  file_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file_ < 0) fail("opened");
  try {
    // Empty: whoever made it was stopped before anything was spent.
    if (const std::string text = read(); !text.empty()) {
      before_ = parse_spending(text, name_, currency_);
    }
    before_.unknown += before_.reserved;
    before_.reserved = 0;
    write(before_);
  } catch (...) {
    ::close(file_);
    throw;
  }
}

SpendingFile::~SpendingFile() {
  ::close(file_);
}

std::string SpendingFile::read() const {
  std::string text(2 * kFileBytes, '\0');
  ssize_t got = 0;
  do {
    got = ::pread(file_, text.data(), text.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got < 0) fail("read");
  text.resize(static_cast<size_t>(got));
  return text;
}

void SpendingFile::write(const Spending& spending) {
  std::string text = dump_json({{"currency", currency_},
                                {"spent", Budget::in_currency(spending.spent)},
                                {"unknown", Budget::in_currency(spending.unknown)},
                                {"reserved", Budget::in_currency(spending.reserved)}});
  text.resize(kFileBytes - 1, ' ');
  text += '\n';
  ssize_t written = 0;
  do {
    written = ::pwrite(file_, text.data(), text.size(), 0);
  } while (written < 0 && errno == EINTR);
  if (written >= 0 && static_cast<size_t>(written) < text.size()) errno = ENOSPC;
  if (written < 0 || static_cast<size_t>(written) < text.size()) fail("written");
}

void SpendingFile::fail(const char* what) const {
  throw Error({.what = std::string("the file of what was spent cannot be ") + what + ": " +
                       std::strerror(errno),
               .where = name_,
               .fix = "free space on its disk or mend its permissions; what was answered is kept"});
}

}  // namespace vigor
