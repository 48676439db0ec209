#include "reports/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "reports/statistics.h"

namespace vigor::reports {
namespace {

std::string shown(const std::string& value) {
  return value.empty() ? "(unknown)" : printable(value);
}

// How two sets of questions differ, by their ids and texts.
std::string question_difference(const RunView& base, const RunView& candidate) {
  std::map<std::string, const RunSample*> left;
  for (const RunSample& sample : base.samples) left[sample.id] = &sample;
  std::vector<std::string> only_candidate, changed;
  for (const RunSample& sample : candidate.samples) {
    const auto found = left.find(sample.id);
    if (found == left.end()) {
      only_candidate.push_back(sample.id);
      continue;
    }
    const RunSample& other = *found->second;
    if (other.cluster != sample.cluster || other.question != sample.question ||
        other.label != sample.label) {
      changed.push_back(sample.id);
    }
    left.erase(found);
  }
  std::vector<std::string> only_base;
  for (const auto& [id, sample] : left) only_base.push_back(id);
  std::string out;
  const auto add = [&](const std::vector<std::string>& ids, const char* what) {
    if (ids.empty()) return;
    out += fmt::format("{}{} {} ({}{})", out.empty() ? "" : "; ", ids.size(), what,
                       printable(ids.front()), ids.size() > 1 ? ", ..." : "");
  };
  add(only_base, "only in BASE");
  add(only_candidate, "only in CANDIDATE");
  add(changed, "of another image, text or truth");
  return out.empty() ? "their truth is of different files" : out;
}

// What decides an answer besides the question, and may differ between models that are compared.
std::vector<std::string> setting_notes(const RunView& base, const RunView& candidate) {
  static constexpr const char* kNoted[] = {"/model/conversation",      "/model/system_prompt",
                                           "/model/image_aspect",      "/model/dtype",
                                           "/settings/max_new_tokens", "/settings/temperature",
                                           "/settings/seed",           "/versions/vigor-eval"};
  std::vector<std::string> notes;
  for (const char* pointer : kNoted) {
    const auto at = [&](const RunView& view) {
      const Json::json_pointer place(pointer);
      return view.run.contains(place) ? view.run[place] : Json();
    };
    const Json left = at(base), right = at(candidate);
    if (left == right) continue;
    const std::string name = pointer;
    notes.push_back(fmt::format("{} differs: {}, {}", name.substr(name.rfind('/') + 1),
                                left.is_null() ? "(unknown)" : printable(dump_json(left)),
                                right.is_null() ? "(unknown)" : printable(dump_json(right))));
  }
  if (base.prompt.empty() != candidate.prompt.empty()) {
    notes.push_back(fmt::format("the prompt of {} is unknown: its answers were made elsewhere",
                                base.prompt.empty() ? "BASE" : "CANDIDATE"));
  }
  return notes;
}

std::vector<std::string> run_notes(const RunView& view, const char* side) {
  std::vector<std::string> notes;
  if (!view.withheld.empty()) {
    notes.push_back(fmt::format("{} has no scores: {}", side, printable(view.withheld)));
  } else if (!view.complete) {
    notes.push_back(fmt::format("{} is not complete: its figures are not of all questions", side));
  }
  if (view.unparsed + view.failed + view.unjudged > 0) {
    notes.push_back(fmt::format("{}: {} scored, {} unparsed, {} failed, {} unjudged", side,
                                view.scored, view.unparsed, view.failed, view.unjudged));
  }
  for (const std::string& warning : view.warnings) {
    notes.push_back(std::string(side) + ": " + printable(warning));
  }
  return notes;
}

ComparedRun describe(const std::vector<RunView>& seeds) {
  const RunView& first = seeds.front();
  ComparedRun out{.name = first.name,
                  .folder = first.folder.string(),
                  .candidate = first.candidate,
                  .images = first.images,
                  .complete = first.complete,
                  .withheld = first.withheld,
                  .scored = first.scored,
                  .unparsed = first.unparsed,
                  .failed = first.failed,
                  .unjudged = first.unjudged,
                  .seeds = seeds.size()};
  for (size_t i = 1; i < seeds.size(); ++i) out.complete = out.complete && seeds[i].complete;
  return out;
}

// The images of all runs, and where those of each run stand among them.
struct Alignment {
  size_t count = 0;
  std::map<const RunView*, std::vector<size_t>> position;
};

Alignment align(const std::vector<RunView>& base, const std::vector<RunView>& candidate) {
  Alignment out;
  std::map<std::string, size_t> known;
  for (const auto* side : {&base, &candidate}) {
    for (const RunView& view : *side) {
      std::vector<size_t>& position = out.position[&view];
      for (const std::string& cluster : view.clusters) {
        position.push_back(known.try_emplace(cluster, known.size()).first->second);
      }
    }
  }
  out.count = known.size();
  return out;
}

struct Side {
  std::vector<statistics::RatioSum> sums;  // by seed, over the images of all runs
  std::vector<double> values;
  std::string reason;  // why it cannot be tested
};

Side side_of(const std::vector<RunView>& seeds, const std::string& key, const Alignment& images) {
  Side side;
  for (const RunView& view : seeds) {
    const RunMetric* metric = view.metric(key);
    if (metric == nullptr) {
      side.reason = "the run has no such figure";
    } else if (!metric->value) {
      side.reason = metric->reason;
    } else {
      side.values.push_back(*metric->value);
      if (metric->terms.empty()) side.reason = metric->no_terms;
      side.sums.push_back(
          statistics::placed(metric->terms, images.position.at(&view), images.count));
    }
  }
  return side;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

std::optional<statistics::SeededEstimate> estimate_of(const Side& side) {
  std::vector<statistics::Estimate> estimates;
  for (const statistics::RatioSum& sum : side.sums) {
    const auto one = statistics::sum_estimate(sum);
    if (!one) return std::nullopt;
    estimates.push_back(*one);
  }
  return statistics::seeded_estimate(estimates);
}

// candidate - base as one figure, for the bootstrap: seeds are averaged.
statistics::RatioSum difference_sum(const Side& base, const Side& candidate) {
  statistics::RatioSum out;
  for (const auto& [side, sign] : {std::pair(&candidate, 1.0), std::pair(&base, -1.0)}) {
    for (const statistics::RatioSum& sum : side->sums) {
      for (const statistics::RatioTerm& term : sum) {
        out.push_back({sign * term.weight / static_cast<double>(side->sums.size()), term.clusters});
      }
    }
  }
  return out;
}

MetricComparison compare_metric(const RunMetric& metric, const Side& base, const Side& candidate,
                                const std::vector<RunView>& candidates,
                                const CompareOptions& options) {
  MetricComparison out;
  out.metric = metric;
  out.metric.terms.clear();
  if (base.values.size() > 1) {
    out.base_seeds = base.values;
    out.metric.value = mean(base.values);
    out.metric.interval.reset();
  }
  if (!candidate.values.empty()) out.candidate = mean(candidate.values);
  if (candidate.values.size() > 1) out.candidate_seeds = candidate.values;
  if (const RunMetric* other = candidates.front().metric(metric.key);
      other != nullptr && candidates.size() == 1) {
    out.candidate_interval = other->interval;
  }
  for (const auto& [side, name] : {std::pair(&base, "BASE"), std::pair(&candidate, "CANDIDATE")}) {
    if (!side->reason.empty()) {
      out.reason += fmt::format("{}{}: {}", out.reason.empty() ? "" : "; ", name, side->reason);
    }
  }
  if (out.metric.value && out.candidate) out.difference = *out.candidate - *out.metric.value;
  if (!out.reason.empty()) return out;
  const auto left = estimate_of(base), right = estimate_of(candidate);
  const auto tested =
      left && right ? statistics::seeded_difference(*left, *right, options.level) : std::nullopt;
  if (!tested) {
    out.reason = "fewer than two images";
    return out;
  }
  out.standard_error = tested->standard_error;
  out.degrees_of_freedom = tested->degrees_of_freedom;
  out.clusters = std::max(left->estimate.clusters, right->estimate.clusters);
  out.interval = tested->difference.interval;
  out.p = tested->difference.p;
  out.mdd = statistics::minimum_detectable_difference(out.standard_error, out.degrees_of_freedom,
                                                      (1 - options.level) / 2, options.power);
  return out;
}

// A family of Holm's: headline figures, those of the yes margin, the others.
int family(const RunMetric& metric) {
  return metric.headline ? 0 : metric.of_margin ? 1 : 2;
}

// Adjusted p values and verdicts.
void judge(std::vector<MetricComparison>& metrics, double level) {
  for (const int which : {0, 1, 2}) {
    // POPE's average over one split is that split: one test, however often it is shown.
    std::map<std::tuple<std::string, double, double, double>, size_t> tests;
    std::vector<double> p;
    std::vector<std::pair<MetricComparison*, size_t>> members;
    for (MetricComparison& one : metrics) {
      if (family(one.metric) != which || !one.p) continue;
      const auto [found, fresh] = tests.try_emplace(
          std::tuple(one.metric.name, *one.difference, one.standard_error, *one.p), p.size());
      if (fresh) p.push_back(*one.p);
      members.emplace_back(&one, found->second);
    }
    const std::vector<double> adjusted = statistics::holm(p);
    for (const auto& [one, position] : members) {
      one->p_holm = adjusted[position];
      constexpr double kExact = 1e-12;
      if (one->standard_error <= kExact && std::abs(*one->difference) <= kExact) {
        one->verdict = Verdict::kIdentical;
      } else if (*one->p_holm >= 1 - level) {
        one->verdict = Verdict::kNoDifference;
      } else if (one->metric.better == Better::kNeither) {
        one->verdict = Verdict::kChanged;
      } else {
        const bool up = *one->difference > 0;
        one->verdict =
            up == (one->metric.better == Better::kHigher) ? Verdict::kBetter : Verdict::kWorse;
      }
    }
  }
}

// The samples of a side by id, their scores averaged over the seeds.
struct SideSample {
  const RunSample* first = nullptr;
  double score = 0;
  size_t scored = 0, seeds = 0;
};

std::map<std::string, SideSample> samples_of(const std::vector<RunView>& seeds) {
  std::map<std::string, SideSample> out;
  for (const RunView& view : seeds) {
    for (const RunSample& sample : view.samples) {
      SideSample& one = out[sample.id];
      if (one.first == nullptr) one.first = &sample;
      ++one.seeds;
      if (!sample.score) continue;
      one.score += *sample.score;
      ++one.scored;
    }
  }
  for (auto& [id, one] : out) {
    if (one.scored > 1) one.score /= static_cast<double>(one.scored);
  }
  return out;
}

Flip flip_of(const RunSample& base, const RunSample& candidate) {
  Flip flip;
  flip.id = base.id;
  flip.image = base.image;
  flip.group = base.group;
  flip.question = base.question;
  flip.label = base.label;
  flip.base_answer = base.answer;
  flip.candidate_answer = candidate.answer;
  flip.base_outcome = base.outcome.empty() ? base.state : base.outcome;
  flip.candidate_outcome = candidate.outcome.empty() ? candidate.state : candidate.outcome;
  if (base.margin && candidate.margin) {
    const bool no = base.label == "no" || base.label == "No";
    flip.margin = (*candidate.margin - *base.margin) * (no ? -1 : 1);
  }
  return flip;
}

void find_flips(const std::vector<RunView>& base, const std::vector<RunView>& candidate,
                Comparison& out) {
  const auto left = samples_of(base), right = samples_of(candidate);
  // The name under which the picture can be found.
  const bool theirs = base.front().images.empty() && !candidate.front().images.empty();
  for (const auto& [id, before] : left) {
    const auto found = right.find(id);
    if (found == right.end()) continue;
    const SideSample& after = found->second;
    const bool was = before.scored > 0, is = after.scored > 0;
    if (was && is) ++out.paired;
    if (was == is && (!was || before.score == after.score)) continue;
    Flip flip = flip_of(*before.first, *after.first);
    if (theirs) flip.image = after.first->image;
    if (was && is) {
      flip.change = after.score - before.score;
      flip.kind = flip.change < 0 ? Flip::Kind::kRegressed : Flip::Kind::kImproved;
    } else {
      flip.kind = was ? Flip::Kind::kLost : Flip::Kind::kGained;
    }
    out.flips.push_back(std::move(flip));
  }
  // Worst first, and the best last: the list read from its end is the list of improvements.
  std::stable_sort(out.flips.begin(), out.flips.end(), [](const Flip& a, const Flip& b) {
    const auto key = [](const Flip& flip) {
      return std::tuple(flip.kind, flip.kind == Flip::Kind::kImproved ? -flip.change : flip.change,
                        (flip.kind == Flip::Kind::kImproved ? -1 : 1) * flip.margin.value_or(0));
    };
    return key(a) < key(b);
  });
  for (const Flip& flip : out.flips) {
    ++(flip.kind == Flip::Kind::kRegressed  ? out.regressed
       : flip.kind == Flip::Kind::kLost     ? out.lost
       : flip.kind == Flip::Kind::kImproved ? out.improved
                                            : out.gained);
  }
}

std::vector<McNemar> mcnemar_of(const RunView& base, const RunView& candidate) {
  std::map<std::string, const RunSample*> left;
  for (const RunSample& sample : base.samples) {
    if (sample.correct) left[sample.id] = &sample;
  }
  std::vector<McNemar> out(1);
  std::map<std::string, size_t> place;
  for (const RunSample& sample : candidate.samples) {
    const auto found = left.find(sample.id);
    if (!sample.correct || found == left.end()) continue;
    const auto [group, fresh] = place.try_emplace(sample.group, out.size());
    if (fresh) {
      out.emplace_back();
      out.back().group = sample.group;
    }
    const bool before = *found->second->correct, after = *sample.correct;
    for (const size_t at : {size_t{0}, group->second}) {
      ++(before ? (after ? out[at].both : out[at].only_base)
                : (after ? out[at].only_candidate : out[at].neither));
    }
  }
  if (place.empty()) return {};
  if (place.size() == 1) out.pop_back();
  for (McNemar& one : out) one.p = statistics::mcnemar_exact(one.only_base, one.only_candidate);
  return out;
}

}  // namespace

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kBetter:
      return "better";
    case Verdict::kWorse:
      return "worse";
    case Verdict::kChanged:
      return "changed";
    case Verdict::kNoDifference:
      return "no difference shown";
    case Verdict::kIdentical:
      return "identical";
    default:
      return "not tested";
  }
}

const char* flip_name(Flip::Kind kind) {
  switch (kind) {
    case Flip::Kind::kRegressed:
      return "regressed";
    case Flip::Kind::kLost:
      return "lost";
    case Flip::Kind::kImproved:
      return "improved";
    default:
      return "gained";
  }
}

const MetricComparison* Comparison::metric(const std::string& key) const {
  for (const MetricComparison& one : metrics) {
    if (one.metric.key == key) return &one;
  }
  return nullptr;
}

std::vector<std::string> incomparable(const RunView& base, const RunView& candidate) {
  std::vector<std::string> lines;
  const auto check = [&](const char* what, const std::string& a, const std::string& b) {
    if (a != b) lines.push_back(fmt::format("{}: {}, {}", what, shown(a), shown(b)));
  };
  check("benchmark", base.benchmark, candidate.benchmark);
  if (!lines.empty()) return lines;
  check("dialect", base.dialect, candidate.dialect);
  // Answers made elsewhere do not say what they were given to: a note, no difference.
  if (!base.prompt.empty() && !candidate.prompt.empty()) {
    check("prompt", base.prompt, candidate.prompt);
  }
  if (base.dataset_hash != candidate.dataset_hash) {
    lines.push_back("questions: " + question_difference(base, candidate));
  }
  check("judge", base.judge, candidate.judge);
  // Two candidates of one ranking were ranked against each other.
  if (base.folder != candidate.folder) {
    check("other candidates", base.opponents, candidate.opponents);
  }
  return lines;
}

Comparison compare_runs(const std::vector<RunView>& base, const std::vector<RunView>& candidate,
                        const CompareOptions& options) {
  Comparison out;
  out.options = options;
  std::set<std::string> differences, notes;
  const RunView& first = base.front();
  for (const auto* side : {&base, &candidate}) {
    for (const RunView& view : *side) {
      for (std::string& line : incomparable(first, view)) differences.insert(std::move(line));
      for (std::string& line : setting_notes(first, view)) {
        // Seeds of a recipe differ in their seed: that is what they are.
        if (base.size() + candidate.size() == 2 || !line.starts_with("seed ")) {
          notes.insert(std::move(line));
        }
      }
    }
  }
  out.incomparable.assign(differences.begin(), differences.end());
  const bool same_benchmark = std::all_of(candidate.begin(), candidate.end(), [&](const auto& v) {
    return v.benchmark == first.benchmark;
  });
  if (!out.incomparable.empty() && (!options.force || !same_benchmark)) {
    std::string list;
    for (const std::string& line : out.incomparable) list += (list.empty() ? "" : "; ") + line;
    throw Error({.what = "the two runs must not be compared: they differ in " + list,
                 .where = printable(candidate.front().folder.string()),
                 .cause = "a difference between them would not be one between the checkpoints",
                 .fix = same_benchmark ? "run one of them again with the other's settings, or give "
                                         "--force: the result is marked"
                                       : "give two runs of one benchmark"});
  }
  out.benchmark = first.benchmark;
  out.dialect = first.dialect;
  out.base = describe(base);
  out.candidate = describe(candidate);
  for (const auto& [side, name] : {std::pair(&base, "BASE"), std::pair(&candidate, "CANDIDATE")}) {
    for (const RunView& view : *side) {
      for (std::string& note : run_notes(view, name)) out.notes.push_back(std::move(note));
    }
  }
  out.notes.insert(out.notes.end(), notes.begin(), notes.end());

  const Alignment images = align(base, candidate);
  out.clusters = images.count;
  std::vector<statistics::RatioSum> differences_of;
  for (const RunMetric& metric : first.metrics) {
    const Side left = side_of(base, metric.key, images);
    const Side right = side_of(candidate, metric.key, images);
    out.metrics.push_back(compare_metric(metric, left, right, candidate, options));
    if (options.resamples > 0) {
      differences_of.push_back(out.metrics.back().p ? difference_sum(left, right)
                                                    : statistics::RatioSum());
    }
  }
  if (options.resamples > 0) {
    const auto intervals = statistics::resampled_intervals(
        differences_of,
        {.resamples = options.resamples, .level = options.level, .seed = options.seed});
    for (size_t i = 0; i < intervals.size(); ++i) out.metrics[i].bootstrap = intervals[i];
  }
  judge(out.metrics, options.level);
  if (base.size() == 1 && candidate.size() == 1) {
    out.mcnemar = mcnemar_of(first, candidate.front());
  }
  find_flips(base, candidate, out);
  return out;
}

}  // namespace vigor::reports
