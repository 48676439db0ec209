// `rank` and `mmhal` through the built program with a judge behind an endpoint: small, quick, and
// with figures that depend on every call. For tests of what becomes of a run when something goes
// wrong. Header only: the program's path is VIGOR_PROGRAM of the file that includes it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "tests/testing/spawn.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::testing {

class JudgedRuns : public ::testing::Test {
 protected:
  static constexpr int kPictures = 8, kRecords = 16;
  static constexpr size_t kRankCalls = 2 * kPictures;

  JudgedRuns() {
    std::map<std::string, std::string> captions;
    Json records = Json::array();
    for (int i = 0; i < kPictures; ++i) {
      const std::string image = "i" + std::to_string(i) + ".jpg";
      folder_.write("images/" + image, "\xFF\xD8\xFF picture " + image);
      for (const char* name : {"good", "poor", "fair"}) {
        // Who is the best differs from picture to picture.
        const std::string word = i % 3 == 0 ? "poor" : i % 4 == 1 ? "fair" : name;
        captions[name] += dump_json({{"image", image},
                                     {"prompt", "Describe this image."},
                                     {"caption", "A " + word + " caption by " + name}}) +
                          "\n";
      }
    }
    for (const auto& [name, rows] : captions) folder_.write(name + ".jsonl", rows);
    for (int i = 0; i < kRecords; ++i) {
      records.push_back({{"question_type", "attribute"},
                         {"question_topic", "animal"},
                         {"image_id", std::to_string(i)},
                         {"image_src", ""},
                         {"image_content", {"Cat"}},
                         {"question", "What is picture " + std::to_string(i) + "?"},
                         {"gt_answer", "Standard."},
                         {"model_answer", std::string("Answer ") + char('a' + i) + "."}});
    }
    folder_.write("responses.json", dump_json(records));
  }

  std::string path(const std::string& below) const { return (folder_ / below).string(); }

  // The judge's configuration with quick waits; `more` wins.
  void write_judge(const std::string& url, const Json& more = Json::object()) {
    Json config = {{"url", url},      {"model", "judge"},        {"max_tries", 20},
                   {"timeout_s", 10}, {"backoff_base_s", 0.001}, {"backoff_cap_s", 0.002}};
    config.update(more);
    folder_.write("judge.json", dump_json(config));
  }

  // The run folder is FOLDER/run, its cache FOLDER/vigor.db.
  std::vector<std::string> command(const std::string& benchmark, const std::string& folder) const {
    std::vector<std::string> arguments = {benchmark, "--judge", path("judge.json"), "--out",
                                          path(folder + "/run")};
    std::vector<std::string> data = {"--responses", path("responses.json")};
    if (benchmark == "rank") {
      data = {"--candidates",
              "good=" + path("good.jsonl"),
              "poor=" + path("poor.jsonl"),
              "fair=" + path("fair.jsonl"),
              "--images",
              path("images"),
              "--orders",
              "2"};
    }
    arguments.insert(arguments.end(), data.begin(), data.end());
    return arguments;
  }
  size_t calls(const std::string& benchmark) const {
    return benchmark == "rank" ? kRankCalls : size_t{kRecords};
  }

  std::string metrics_text(const std::string& folder) const {
    return read_file(folder_ / folder / "run/metrics.json");
  }
  Json run_json(const std::string& folder) const {
    return read_json_file(folder_ / folder / "run/run.json");
  }
  // Of whole lines; 0 while there is no file.
  size_t samples(const std::string& folder) const {
    const std::filesystem::path file = folder_ / folder / "run/samples.jsonl";
    if (!std::filesystem::exists(file)) return 0;
    const std::string text = read_file(file);
    return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
  }

  TemporaryFolder folder_;
};

}  // namespace vigor::testing
