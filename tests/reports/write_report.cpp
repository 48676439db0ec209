// write_report OUT RUN...: the report of run folders, for looking at it while it is worked on.
#include <cstdio>
#include <vector>

#include "reports/pope_report.h"

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: write_report OUT RUN...\n");
    return 2;
  }
  const std::vector<std::filesystem::path> runs(argv + 2, argv + argc);
  vigor::reports::ReportOptions options;
  options.out_dir = argv[1];
  try {
    vigor::reports::write_pope_report(runs, options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
