// The stage that scores captions: resuming, shards, failures, what is asked once.
#include "vigor/automatic_scoring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/files.h"
#include "tests/testing/english.h"
#include "tests/testing/temporary_folder.h"
#include "vigor/detection_store.h"

namespace vigor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Finds what the bytes of the picture name; counts what it is asked.
class WordDetector : public Detector {
 public:
  explicit WordDetector(std::vector<std::string>& asked) : asked_(asked) {}
  Json identity() const override { return {{"detector", "words"}, {"device", "here"}}; }
  size_t pictures_together() const override { return 2; }
  std::vector<NounFinding> find(const Picture& picture,
                                std::span<const std::string> nouns) override {
    if (picture.bytes.find("broken") != std::string::npos) {
      throw Error({.what = "the picture is broken", .where = picture.name});
    }
    std::vector<NounFinding> findings;
    for (const std::string& noun : nouns) {
      asked_.push_back(picture.name + " " + noun);
      NounFinding finding;
      finding.score = picture.bytes.find(noun) == std::string::npos ? 0.125f : 0.5f;
      if (noun == "kite") finding = {.score = {}, .box = {}, .error = "no kites"};
      findings.push_back(finding);
    }
    if (stop != nullptr && asked_.size() >= stop_after) stop->request_stop();
    return findings;
  }
  std::stop_source* stop = nullptr;
  size_t stop_after = 0;

 private:
  std::vector<std::string>& asked_;
};

class Scoring : public ::testing::Test {
 protected:
  Scoring() {
    folder_.write("images/a.jpg", "dog");
    folder_.write("images/b.jpg", "cat car");
    folder_.write("images/c.jpg", "broken");
    folder_.write("images/d.jpg", "nothing");
  }
  std::vector<PictureCaptions> captions() const {
    return parse_picture_captions(
        R"({"image":"b.jpg","sample":0,"caption":"A cat and a dog."}
{"image":"a.jpg","sample":0,"caption":"A dog."}
{"image":"a.jpg","sample":1,"caption":"A dog and a kite.","key":"a.jpg#1"}
{"image":"b.jpg","sample":1,"caption":null,"error":"timed out"}
{"image":"d.jpg","sample":0,"caption":"It is joyful."}
)",
        "captions.jsonl");
  }
  RunFolder open(const char* name = "run") {
    return RunFolder::open(files_, folder_ / name, {{"what", "score"}});
  }
  ScoringResult score(RunFolder& folder, Detector& detector,
                      const std::vector<PictureCaptions>& pictures, std::stop_token stop = {}) {
    static const CaptionReader reader(
        testing::english(), language::NounLists::read(testing::source_dir() / "data/text"),
        NounRelations(), {});
    Progress progress(nullptr, {}, [] { return 0.0; });
    return score_captions(pictures, reader, detector, folder,
                          {.images = folder_ / "images", .reward = {}}, progress, stop);
  }
  static std::vector<std::string> verdicts(const RunFolder& folder) {
    std::vector<std::string> rows;
    for (const Json& row : folder.samples()) {
      std::string text = row["key"].get<std::string>() + " " + row["status"].get<std::string>();
      if (row["status"] == "scored") text += " " + dump_json(row["reward"]);
      rows.push_back(text);
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  testing::TemporaryFolder folder_;
  DiskFileSystem files_;
  std::vector<std::string> asked_;
};

TEST_F(Scoring, EveryNounOfAPictureIsAskedOnce) {
  WordDetector detector(asked_);
  RunFolder folder = open();
  const ScoringResult result = score(folder, detector, captions());
  EXPECT_FALSE(result.interrupted);
  EXPECT_THAT(asked_, ElementsAre("b.jpg cat", "b.jpg dog", "a.jpg dog", "a.jpg kite"));
  EXPECT_THAT(verdicts(folder),
              ElementsAre("a.jpg#0 scored 1.0", "a.jpg#1 scored 1.0", "b.jpg#0 scored 0.0",
                          "b.jpg#1 failed", "d.jpg#0 scored 0.0"));
  for (const Json& row : folder.samples()) {
    if (row["key"] == "b.jpg#1") {
      EXPECT_THAT(row["error"].get<std::string>(), HasSubstr("timed out"));
    }
    if (row["key"] == "a.jpg#1") {
      EXPECT_EQ(row["counts"]["unasked"], 1);
      EXPECT_EQ(row["nouns"][1]["error"], "no kites");
    }
  }
}

TEST_F(Scoring, WhatGoesWrongWithAPictureFailsItsCaptionsAlone) {
  WordDetector detector(asked_);
  RunFolder folder = open();
  score(folder, detector,
        parse_picture_captions(
            "{\"image\":\"c.jpg\",\"caption\":\"A dog.\"}\n{\"image\":\"none.jpg\",\"caption\":\"A "
            "dog.\"}\n{\"image\":\"a.jpg\",\"caption\":\"A dog.\"}\n",
            "captions"));
  EXPECT_THAT(verdicts(folder),
              ElementsAre("a.jpg#0 scored 1.0", "c.jpg#0 failed", "none.jpg#0 failed"));
  EXPECT_FALSE(folder.samples()[0].contains("nouns")) << "a failure has no verdicts";
  EXPECT_THROW(
      score(folder, detector,
            parse_picture_captions("{\"image\":\"../a.jpg\",\"caption\":\"A dog.\"}", "x")),
      Error);
}

TEST_F(Scoring, AStoppedRunGoesOnAndEndsAlike) {
  std::string whole;
  {
    WordDetector detector(asked_);
    RunFolder folder = open("whole");
    score(folder, detector, captions());
    whole = read_file(folder_ / "whole/samples.jsonl");
  }
  std::stop_source source;
  {
    WordDetector detector(asked_);
    detector.stop = &source;
    detector.stop_after = asked_.size() + 1;
    RunFolder folder = open();
    EXPECT_TRUE(score(folder, detector, captions(), source.get_token()).interrupted);
    EXPECT_EQ(folder.samples().size(), 2u) << "the second picture of the batch was not asked";
  }
  // A kill in the middle of a write.
  files_.append(folder_ / "run/samples.jsonl")->write("{\"key\":\"a.jpg#0\",\"ima");
  WordDetector detector(asked_);
  RunFolder folder = open();
  EXPECT_FALSE(score(folder, detector, captions()).interrupted);
  std::vector<std::string> lines[2];
  for (const auto& [text, at] :
       {std::pair(whole, 0), std::pair(read_file(folder_ / "run/samples.jsonl"), 1)}) {
    for (size_t begin = 0; begin < text.size(); begin = text.find('\n', begin) + 1)
      lines[at].push_back(text.substr(begin, text.find('\n', begin) - begin));
    std::sort(lines[at].begin(), lines[at].end());
  }
  EXPECT_EQ(lines[0], lines[1]);
}

TEST_F(Scoring, ShardsTogetherAreTheWhole) {
  std::vector<std::string> images;
  for (const char* shard : {"1/2", "2/2"}) {
    for (const PictureCaptions& picture : part_of(captions(), parse_shard(shard)))
      images.push_back(picture.image);
  }
  EXPECT_THAT(images, ElementsAre("b.jpg", "d.jpg", "a.jpg"));
  for (const char* wrong : {"0/2", "3/2", "1", "1/", "/2", "1/2x", "a/b"})
    EXPECT_THROW(parse_shard(wrong), Error) << wrong;
}

TEST_F(Scoring, ASampleThatIsThereTwiceIsRefused) {
  EXPECT_THROW(parse_picture_captions("{\"image\":\"a\",\"caption\":\"x\"}\n"
                                      "{\"image\":\"a\",\"sample\":0,\"caption\":\"y\"}\n",
                                      "captions"),
               Error);
}

TEST_F(Scoring, OtherCaptionsAndThresholdsAskNothingTwice) {
  CachedDetector cached(std::make_unique<WordDetector>(asked_),
                        DetectionStore(folder_ / "cache/detections.db"));
  RunFolder first = open();
  score(first, cached, captions());
  const size_t before = asked_.size();
  RunFolder second = open("second");
  score(second, cached,
        parse_picture_captions("{\"image\":\"b.jpg\",\"caption\":\"A dog, a car and a cat.\"}\n"
                               "{\"image\":\"a.jpg\",\"caption\":\"A dog.\"}\n",
                               "captions"));
  asked_.erase(asked_.begin(), asked_.begin() + static_cast<ptrdiff_t>(before));
  EXPECT_THAT(asked_, ElementsAre("b.jpg car"));
  EXPECT_THAT(verdicts(second), ElementsAre("a.jpg#0 scored 1.0", "b.jpg#0 scored 1.0"));
  EXPECT_EQ(cached.usage()["nouns_from_cache"], 3);
}

TEST(DetectionStore, KeepsScoresAndBoxesByDetectorPictureAndNoun) {
  const testing::TemporaryFolder folder;
  const Json detector = {{"detector", "a"}};
  const std::string nouns[] = {"dog", "cat", "kite"};
  {
    DetectionStore store(folder / "detections.db");
    const DetectionStore::Entry entries[] = {
        {"h1", "dog", {.score = 0.3f, .box = {1.5f, -2, 3, 4}, .error = ""}},
        {"h1", "kite", {.score = {}, .box = {}, .error = "cannot be asked"}},
        {"h2", "cat", {.score = 0.0f, .box = {}, .error = ""}}};
    store.put(detector, entries);
  }
  DetectionStore store(folder / "detections.db");
  const auto found = store.find(detector, "h1", nouns);
  ASSERT_TRUE(found[0]);
  EXPECT_EQ(found[0]->score, 0.3f);
  EXPECT_EQ(found[0]->box, (std::array<float, 4>{1.5f, -2, 3, 4}));
  EXPECT_FALSE(found[1]);
  EXPECT_FALSE(found[2]) << "what could not be asked is asked again";
  EXPECT_FALSE(store.find({{"detector", "b"}}, "h1", nouns)[0]);
}

TEST(FaultDetectionStore, AFileOfSomethingElseIsLeftAlone) {
  const testing::TemporaryFolder folder;
  folder.write("detections.db", "no database at all, but long enough to be looked at");
  try {
    DetectionStore store(folder / "detections.db");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("cache of detections"));
    EXPECT_THAT(error.parts().fix, HasSubstr("--detections-cache"));
  }
}

TEST(DetectorKey, APlaceOnThisMachineIsNoPart) {
  EXPECT_EQ(detector_key({{"checkpoint", "/a"}, {"checkpoint_hash", "h"}, {"device", "cuda:1"}}),
            (Json{{"checkpoint_hash", "h"}}));
}

}  // namespace
}  // namespace vigor
