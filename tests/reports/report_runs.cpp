#include "tests/reports/report_runs.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "base/json.h"
#include "base/random.h"
#include "image/image.h"
#include "tests/reports/synthetic_runs.h"

namespace vigor::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 14> kTasks = {"existence",
                                                "count",
                                                "position",
                                                "color",
                                                "posters",
                                                "celebrity",
                                                "scene",
                                                "landmark",
                                                "artwork",
                                                "OCR",
                                                "commonsense_reasoning",
                                                "numerical_calculation",
                                                "text_translation",
                                                "code_reasoning"};

// What run.json says of cost and pictures, beside what the run was made with.
void describe(const fs::path& folder, const ReportRun& options) {
  Json run = read_json_file(folder / "run.json");
  run["model"]["name"] = run["settings"]["model"]["name"] = options.name;
  run["device"] = "cpu";
  run["dtype"] = "bfloat16";
  run["rows_per_s"] = 40.5;
  run["timing"] = {{"load_s", 1.25}, {"evaluate_s", 12.5}};
  run["useful_flops"] = 5e12;
  run["peak_memory_bytes"] = 2147483648;
  if (!options.pictures.empty()) run["settings"]["images"] = options.pictures.string();
  write_text(folder / "run.json", dump_json(run, 1) + "\n");
}

}  // namespace

void make_pope_run(const fs::path& folder, const ReportRun& options) {
  std::vector<pope::SampleOutcome> samples = synthetic_answers(
      {.images = options.images}, {.drop = options.drop, .own = 0.3, .seed = options.seed});
  for (size_t i = 0; i < samples.size(); ++i) {
    pope::SampleOutcome& sample = samples[i];
    if (!options.hostile.empty()) {
      // Questions and pictures are the same in all runs, answers are not.
      const auto text = [&](size_t shift) {
        return options.hostile[(i + shift) % options.hostile.size()];
      };
      sample.question.text = text(0);
      sample.question.image = text(1);
      sample.answer = text(2 + 7 * options.seed);
    }
    if (sample.split == "adversarial" && sample.question.question_id <= options.failed) {
      sample.answer.clear();
      sample.margin.reset();
      sample.error = "the picture cannot be read";
    }
  }
  SyntheticRun run;
  run.name = options.name;
  run.suffix = options.suffix;
  run.dialect = pope::parse_dialect(options.dialect);
  run.max_failures = options.failed;
  write_pope_run(folder, samples, run);
  describe(folder, options);
}

void make_mme_run(const fs::path& folder, const ReportRun& options) {
  std::string rows;
  Json tasks = Json::object();
  double perception = 0, cognition = 0;
  for (size_t t = 0; t < kTasks.size(); ++t) {
    int right = 0, both = 0;
    for (int i = 0; i < options.images; ++i) {
      int of_picture = 0;
      for (int q = 0; q < 2; ++q) {
        const std::string key = fmt::format("{}/{}/{}", kTasks[t], i, q);
        // Runs err on the same questions for the most part.
        const double hard = CounterRandom(99, key).uniform();
        const double luck = CounterRandom(options.seed, key, 1).uniform();
        const double spread =
            0.95 - 0.02 * static_cast<double>(t) - options.drop - (0.7 * hard + 0.3 * luck);
        const bool is_right = spread > 0, yes = is_right == (q == 0);
        of_picture += is_right;
        rows += dump_json({{"key", key},
                           {"task", kTasks[t]},
                           {"pair", i},
                           {"image", fmt::format("image_{}.jpg", i)},
                           {"question", fmt::format("Is this {} number {}?", kTasks[t], q)},
                           {"label", q == 0 ? "yes" : "no"},
                           {"status", "scored"},
                           {"answer", yes ? "Yes" : "No"},
                           {"decision", yes ? "yes" : "no"},
                           {"correct", is_right},
                           {"margin", yes ? 4 * std::abs(spread) : -4 * std::abs(spread)}}) +
                "\n";
      }
      right += of_picture;
      both += of_picture == 2;
    }
    const double acc = right / (2.0 * options.images), acc_plus = both / (1.0 * options.images);
    tasks[kTasks[t]] = {{"group", t < 10 ? "perception" : "cognition"},
                        {"acc", acc},
                        {"acc_plus", acc_plus},
                        {"score", 100 * acc + 100 * acc_plus}};
    (t < 10 ? perception : cognition) += 100 * acc + 100 * acc_plus;
  }
  const int64_t scored = 28 * options.images;
  const Json model = {{"kind", "native"}, {"checkpoint", options.name}};
  write_text(
      folder / "run.json",
      dump_json({{"what", "mme"},
                 {"benchmark", "mme"},
                 {"dialect", options.dialect},
                 {"model", model},
                 {"settings", {{"prompt", {{"suffix", options.suffix}}}, {"model", model}}}}));
  write_text(folder / "samples.jsonl", rows);
  write_text(folder / "metrics.json",
             dump_json({{"benchmark", "mme"},
                        {"dialect", options.dialect},
                        {"complete", true},
                        {"tasks", tasks},
                        {"perception", perception},
                        {"cognition", cognition},
                        {"counts",
                         {{"scored", scored}, {"unparsed", 0}, {"failed", 0}, {"unjudged", 0}}}}));
  describe(folder, options);
}

void make_pictures(const fs::path& folder, int count, int width, int height) {
  for (int i = 0; i < count; ++i) {
    Image image{height, width, std::vector<uint8_t>(static_cast<size_t>(height * width) * 3)};
    CounterRandom random(3, "picture", static_cast<uint64_t>(i));
    std::array<uint32_t, 36> palette;
    for (uint32_t& colour : palette) colour = random.next();
    // Coloured blocks with some grain, about as large as a photograph once compressed.
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const uint32_t block = palette[static_cast<size_t>(y * 6 / height * 6 + x * 6 / width)];
        const uint32_t grain = static_cast<uint32_t>(x * 73 + y * 151) % 24;
        for (uint32_t c = 0; c < 3; ++c) {
          image.rgb[static_cast<size_t>((y * width + x) * 3) + c] =
              static_cast<uint8_t>(((block >> (8 * c)) & 0xFF) * 3 / 4 + grain);
        }
      }
    }
    write_text(folder / fmt::format("image_{}.jpg", i), encode_jpeg(image, 85));
  }
}

}  // namespace vigor::testing
