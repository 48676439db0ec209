// report_performance DIR [CHECKPOINTS] [PICTURES]: makes up CHECKPOINTS (10) POPE runs of 18
// questions on each of PICTURES (500) pictures below DIR, writes their report in every format and
// says what each step took. DIR/out/report.html is left for `node tests/browser/check.mjs speed`.
#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>

#include "reports/report_write.h"
#include "tests/reports/report_runs.h"

namespace {

namespace fs = std::filesystem;

// Seconds on the clock, and of all cores together: the second is what a busy machine leaves alone.
void measure(const char* what, const auto& work) {
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t before = std::clock();
  work();
  const double wall =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double cores = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  std::printf("%-34s %8.2f s %8.2f s of the cores\n", what, wall, cores);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: report_performance DIR [CHECKPOINTS] [PICTURES]\n");
    return 2;
  }
  const fs::path folder = argv[1];
  const int checkpoints = argc > 2 ? std::stoi(argv[2]) : 10;
  const int pictures = argc > 3 ? std::stoi(argv[3]) : 500;
  std::vector<fs::path> runs;
  for (int i = 0; i < checkpoints; ++i) runs.push_back(folder / ("run" + std::to_string(i)));
  if (!fs::exists(folder / "pictures")) {
    measure("making the runs (not measured)", [&] {
      vigor::testing::make_pictures(folder / "pictures", pictures, 640, 480);
      for (int i = 0; i < checkpoints; ++i) {
        vigor::testing::ReportRun run;
        run.name = "checkpoint-" + std::to_string(i * 500);
        run.drop = 0.02 * (i % 4);
        run.seed = static_cast<uint64_t>(i) + 1;
        run.images = pictures;
        run.pictures = fs::absolute(folder / "pictures");
        vigor::testing::make_pope_run(runs[static_cast<size_t>(i)], run);
      }
    });
  }
  using namespace vigor::reports;
  std::vector<RunView> views;
  measure("opening the runs", [&] {
    for (const fs::path& run : runs) {
      for (RunView& view : open_runs(run)) views.push_back(std::move(view));
    }
  });
  Report report;
  measure("comparing", [&] { report = gather_report(std::move(views), {}); });
  vigor::DiskFileSystem disk;
  for (const auto& [format, file] : report_formats()) {
    measure(("writing " + file).c_str(),
            [&] { write_report(disk, report, folder / "out", {format}, {}); });
    std::printf("%-34s %8.2f MB\n", "",
                static_cast<double>(fs::file_size(folder / "out" / file)) / 1e6);
  }
  measure("writing report.html, no pictures",
          [&] { write_report(disk, report, folder / "bare", {"html"}, {.thumbnail_bytes = 0}); });
  return 0;
}
