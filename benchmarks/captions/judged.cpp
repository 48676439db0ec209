#include "benchmarks/captions/judged.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/error.h"
#include "judges/ranking/tie_groups.h"

namespace vigor::captions {
namespace {

using Positions = std::map<std::string, size_t>;

Positions positions(const std::vector<std::string>& names) {
  Positions out;
  for (size_t i = 0; i < names.size(); ++i) out[names[i]] = i;
  return out;
}

class RowReader {
 public:
  RowReader(const Json& row, const std::string& where) : row_(row), where_(where) {}

  size_t known(const Positions& names, const Json& name, const char* what) const {
    const auto found = name.is_string() ? names.find(name.get<std::string>()) : names.end();
    if (found == names.end()) broken(std::string("unknown ") + what + " " + dump_json(name));
    return found->second;
  }

  // Ranks of the places of `shown` by one metric; the canary is null there as in `groups`.
  std::vector<double> ranks(const Json& groups, const Json& shown) const {
    ranking::TieGroups places;
    if (!groups.is_array()) broken("a ranking that is no list");
    for (const Json& group : groups) {
      if (!group.is_array()) broken("a ranking that is no list of groups");
      places.emplace_back();
      for (const Json& name : group) {
        const auto at = std::find(shown.begin(), shown.end(), name);
        places.back().push_back(static_cast<size_t>(at - shown.begin()));
      }
    }
    if (!ranking::complete(places, shown.size())) broken("a ranking that is not of what was shown");
    return ranking::average_ranks(places, shown.size());
  }

  [[noreturn]] void broken(const std::string& what) const {
    throw Error({.what = printable(what),
                 .where = where_ + ": " + printable(dump_json(row_.value("key", Json()))),
                 .cause = "the line is of another run, or was edited",
                 .fix = "remove the line: the same command asks again"});
  }

 private:
  const Json& row_;
  const std::string& where_;
};

// Ranks among the others when one of them is taken away.
std::vector<double> without(const std::vector<double>& ranks, size_t taken) {
  std::vector<double> out;
  for (size_t i = 0; i < ranks.size(); ++i) {
    if (i == taken) continue;
    const double worse = ranks[taken] < ranks[i] ? 1 : ranks[taken] == ranks[i] ? 0.5 : 0;
    out.push_back(ranks[i] - worse);
  }
  return out;
}

}  // namespace

JudgedSamples read_judged(const std::vector<Json>& samples,
                          const std::vector<std::string>& candidates,
                          const std::vector<std::string>& images, const std::string& where) {
  const Positions candidate_at = positions(candidates), image_at = positions(images);
  JudgedSamples out;
  for (const Json& row : samples) {
    const RowReader reader(row, where);
    ObjectReader keys(row, where);
    const auto status = keys.require<std::string>("status");
    if (status != "scored") {
      ++(status == "unjudged" ? out.counts.unjudged : out.counts.failed);
      continue;
    }
    ++out.counts.scored;
    out.counts.partial += keys.get<bool>("partial", false);
    Judged call;
    call.image = reader.known(image_at, keys.require<Json>("image"), "image");
    call.order = keys.get<int>("order", 0);
    call.repeat = keys.get<int>("repeat", 0);
    const Json shown = keys.require<Json>("shown");
    size_t canary = shown.size();
    for (size_t i = 0; i < shown.size(); ++i) {
      if (shown[i].is_null()) {
        canary = i;
      } else {
        call.shown.push_back(reader.known(candidate_at, shown[i], "candidate"));
      }
    }
    call.canary = canary < shown.size();
    const Json rankings = keys.require<Json>("rankings");
    for (size_t m = 0; m < ranking::kMetricCount; ++m) {
      const Json groups = rankings.value(std::string(ranking::kMetrics[m].code), Json());
      if (groups.is_null()) continue;
      const std::vector<double> ranks = reader.ranks(groups, shown);
      if (!call.canary) {
        call.ranks[m] = ranks;
        continue;
      }
      call.canary_place[m] = (ranks[canary] - 1) / static_cast<double>(shown.size() - 1);
      const double best = *std::min_element(ranks.begin(), ranks.end());
      call.canary_first[m] = ranks[canary] == best;
      call.canary_chance[m] = static_cast<double>(std::count(ranks.begin(), ranks.end(), best)) /
                              static_cast<double>(ranks.size());
      call.ranks[m] = without(ranks, canary);
    }
    out.calls.push_back(std::move(call));
  }
  std::sort(out.calls.begin(), out.calls.end(), [](const Judged& a, const Judged& b) {
    std::vector<size_t> of_a = a.shown, of_b = b.shown;
    std::sort(of_a.begin(), of_a.end());
    std::sort(of_b.begin(), of_b.end());
    return std::tie(a.image, of_a, a.order, a.repeat) < std::tie(b.image, of_b, b.order, b.repeat);
  });
  return out;
}

}  // namespace vigor::captions
