#include "tests/reports/synthetic_runs.h"

#include <algorithm>

#include "base/file_system.h"
#include "base/random.h"
#include "benchmarks/pope/score.h"

namespace vigor::testing {

std::vector<pope::SampleOutcome> synthetic_answers(const SyntheticWorld& world,
                                                   const SyntheticModel& model) {
  std::vector<pope::SampleOutcome> out;
  for (const std::string& split : world.splits) {
    for (int image = 0; image < world.images; ++image) {
      // An image is as hard in every split.
      CounterRandom hardness(world.seed, "image", static_cast<uint64_t>(image));
      const double right = 0.75 + 0.2 * hardness.uniform() - model.drop;
      CounterRandom shared(world.seed, "shared " + split, static_cast<uint64_t>(image));
      CounterRandom own(world.seed * 1'000'003 + model.seed, "own " + split,
                        static_cast<uint64_t>(image));
      for (int q = 0; q < world.questions; ++q) {
        const double common = shared.uniform();
        const bool alone = own.uniform() < model.own;
        const double fresh = own.uniform();
        const double strength = 0.5 + own.uniform();
        const bool yes = q % 2 == 0;
        const bool says_yes = ((alone ? fresh : common) < right) == yes;
        pope::SampleOutcome sample;
        sample.split = split;
        sample.question = {
            image * world.questions + q + 1, "image_" + std::to_string(image) + ".jpg",
            "Is there a thing " + std::to_string(q) + " in the image?", yes ? "yes" : "no"};
        sample.answer = says_yes ? "Yes" : "No";
        sample.margin = says_yes ? strength : -strength;
        sample.finish = "stop";
        out.push_back(std::move(sample));
      }
    }
  }
  return out;
}

void write_synthetic_answers(const std::filesystem::path& folder, const SyntheticModel& model) {
  std::string questions, answers;
  for (const auto& one : synthetic_answers({.splits = {"random"}}, model)) {
    questions += dump_json({{"question_id", one.question.question_id},
                            {"image", one.question.image},
                            {"text", one.question.text},
                            {"label", one.question.label}}) +
                 "\n";
    answers += dump_json({{"question", one.question.text}, {"answer", one.answer}}) + "\n";
  }
  write_text(folder / "coco_pope_random.json", questions);
  write_text(folder / "answers.jsonl", answers);
}

void write_text(const std::filesystem::path& path, const std::string& text) {
  DiskFileSystem disk;
  if (path.has_parent_path()) disk.create_directories(path.parent_path());
  disk.create(path)->write(text);
}

void write_pope_run(const std::filesystem::path& folder,
                    const std::vector<pope::SampleOutcome>& samples, const SyntheticRun& run) {
  std::string lines;
  Json questions = Json::array();
  pope::ScoreOptions options;
  options.max_failures = run.max_failures;
  for (const pope::SampleOutcome& sample : samples) {
    lines += dump_json(pope::sample_row(sample, run.dialect)) + "\n";
    if (std::find(options.splits.begin(), options.splits.end(), sample.split) ==
        options.splits.end()) {
      options.splits.push_back(sample.split);
    }
  }
  for (const std::string& split : options.splits) {
    questions.push_back({{"split", split}, {"content_sha256", "00"}, {"variant", "unknown"}});
  }
  const Json model = {{"kind", "native"},
                      {"checkpoint", "checkpoints/" + run.name},
                      {"checkpoint_hash", run.hash},
                      {"conversation", "vicuna_v1"}};
  const Json record = {{"what", "pope"},
                       {"benchmark", "pope"},
                       {"dialect", pope::dialect_name(run.dialect)},
                       {"model", model},
                       {"checkpoint_hash", run.hash},
                       {"settings",
                        {{"benchmark", "pope"},
                         {"dialect", pope::dialect_name(run.dialect)},
                         {"prompt", {{"suffix", run.suffix}}},
                         {"questions", questions},
                         {"max_new_tokens", 16},
                         {"temperature", 0.0},
                         {"seed", 0},
                         {"model", model}}}};
  write_text(folder / "run.json", dump_json(record, 2) + "\n");
  write_text(folder / "samples.jsonl", lines);
  write_text(folder / "metrics.json",
             dump_json(pope::score_splits(samples, run.dialect, options), 2) + "\n");
}

}  // namespace vigor::testing
