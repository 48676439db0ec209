#include "vigor/annotation_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/files.h"
#include "tests/testing/english.h"
#include "tests/testing/shared_data.h"

namespace vigor {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<SentenceLabel> labels(const CaptionAnnotation& one) {
  std::vector<SentenceLabel> out;
  for (const auto& sentence : one.sentences) out.push_back(sentence.label);
  return out;
}

TEST(MHalDetect, SegmentsByCharactersOrByText) {
  // "é" is two bytes; the second segment's position is wrong, its text is right.
  const std::string file =
      R"([{"image": "a.jpg", "response": "A café. A dog runs. It may be late. Hm.",
    "annotations": [{"start": 0, "end": 7, "text": "A café.", "label": "ACCURATE"},
                    {"start": 0, "end": 5, "text": "A dog runs.", "label": "INACCURATE"},
                    {"start": 20, "end": 35, "label": "ANALYSIS", "text": "It may be late."},
                    {"text": "Hm.", "label": "UNSURE"},
                    {"text": "nowhere", "label": "ACCURATE"},
                    {"text": "A", "label": "MAYBE"}]},
    {"image": "a.jpg", "response": "B."}, 7])";
  const ImportResult out = import_mhaldetect(file, "f");
  ASSERT_EQ(out.annotations.size(), 1u);
  const CaptionAnnotation& one = out.annotations[0];
  EXPECT_THAT(labels(one), ElementsAre(SentenceLabel::kCorrect, SentenceLabel::kWrong,
                                       SentenceLabel::kCorrect, SentenceLabel::kUnjudged));
  EXPECT_EQ(annotation_row(one)["sentences"][0]["text"], "A café.");
  EXPECT_EQ(annotation_row(one)["sentences"][2]["text"], "It may be late.");
  EXPECT_EQ(one.sentences[2].creative, true);
  EXPECT_EQ(out.left_out.at("segment that is not in its response").count, 1);
  EXPECT_EQ(out.left_out.at("unknown label of a segment").example, "f:1: 'MAYBE'");
  EXPECT_EQ(out.left_out.at("row without a segment that can be used").count, 1);
  EXPECT_EQ(out.left_out.at("row that is no object").count, 1);
}

// Needs the bundled language data alone.
TEST(FaithScore, AFactJudgesTheSentenceThatItCameFrom) {
  const auto& english = testing::english();
  const std::string file =
      R"({"id": "000000000007", "answer": "A dog sits on a ramp. A man waves. Nice!",
          "stage 1": {}, "stage 2": {"There is a dog.": 1, "There is a ramp.": 0, "A man waves.": 1,
                                     "There are clouds.": 1, "There is a man.": 2}})"
      "\n{\"id\": 5}\n";
  std::string one_line = file;
  one_line.erase(std::remove(one_line.begin(), one_line.begin() + 200, '\n'),
                 one_line.begin() + 200);
  const ImportResult out = import_faithscore(one_line, "f", english.sentences);
  ASSERT_EQ(out.annotations.size(), 1u);
  EXPECT_EQ(out.annotations[0].image, "COCO_val2014_000000000007.jpg");
  EXPECT_THAT(
      labels(out.annotations[0]),
      ElementsAre(SentenceLabel::kWrong, SentenceLabel::kCorrect, SentenceLabel::kUnjudged));
  EXPECT_EQ(out.left_out.at("fact that shares no word with a sentence").count, 1);
  EXPECT_EQ(out.left_out.at("fact that is neither 0 nor 1").count, 1);
  EXPECT_EQ(out.left_out.at("row without id, answer and stage 2").count, 1);
}

TEST(ReferenceFaithScore, TheWholeFileIsReadAndAlmostEveryFactIsPlaced) {
  const char* kFile = "benchmarks/annotations/faithscore/annotation.jsonl";
  VIGOR_REQUIRE_SHARED(kFile);
  const auto& english = testing::english();
  const std::string text = read_file(testing::shared(kFile));
  const ImportResult out = import_faithscore(text, "annotation.jsonl", english.sentences);
  size_t rows = 0, facts = 0;
  for_each_jsonl(text, "annotation.jsonl", [&](size_t, Json&& row) {
    ++rows;
    facts += row["stage 2"].size();
  });
  EXPECT_EQ(out.annotations.size(), rows);
  int64_t left_out = 0, judged = 0;
  for (const auto& [reason, entry] : out.left_out) left_out += entry.count;
  EXPECT_LT(left_out, static_cast<int64_t>(facts) / 40);
  for (const CaptionAnnotation& one : out.annotations) {
    // What is imported is what the format allows.
    EXPECT_EQ(annotation_row(parse_annotation(annotation_row(one), one.image)),
              annotation_row(one));
    for (const auto& sentence : one.sentences) judged += sentence.label != SentenceLabel::kUnjudged;
  }
  EXPECT_GT(judged, 300);
  RecordProperty("facts_without_sentence", std::to_string(left_out));
}

TEST(VigorAnnotations, RowsByWhatTheirKeysAreCalled) {
  const std::string file =
      R"([{"image_id": "a.jpg", "Description": "A dog. It runs. It may rain. Hm.",
    "Prompt": "Describe.", "worker_id": 7, "Level of detail": 3, "missing-elements": ["a tree", ""],
    "sentences": [
      {"sentence": "It runs.", "error_types": ["Object Hallucination", "wrong color", "odd"]},
      {"sentence": "A dog.", "is_correct": true, "confidence": 0.9},
      {"sentence": "It may rain.", "label": "Correct", "errors": [], "creativity": "yes"},
      {"sentence": "Hm.", "label": "?"},
      {"sentence": "Not there.", "label": "wrong"}], "time": 12}])";
  const ImportResult out = import_vigor(file, "f");
  ASSERT_EQ(out.annotations.size(), 1u);
  const CaptionAnnotation& one = out.annotations[0];
  EXPECT_EQ(one.image, "a.jpg");
  EXPECT_EQ(one.annotator, "7");
  EXPECT_EQ(one.prompt, "Describe.");
  EXPECT_EQ(one.detail, 3);
  EXPECT_THAT(one.missing, ElementsAre("a tree"));
  EXPECT_THAT(labels(one), ElementsAre(SentenceLabel::kCorrect, SentenceLabel::kWrong,
                                       SentenceLabel::kCorrect, SentenceLabel::kUnjudged));
  EXPECT_THAT(one.sentences[1].errors, ElementsAre(SentenceError::kObject, SentenceError::kColour));
  EXPECT_EQ(one.sentences[2].creative, true);
  // Nothing is dropped silently.
  std::vector<std::string> reasons;
  for (const auto& [reason, entry] : out.left_out) reasons.push_back(reason);
  EXPECT_THAT(reasons, ElementsAre("kind of error that is not known (the sentence stays wrong)",
                                   "label of a sentence that is not known",
                                   "row with the key 'time'", "sentence that is not in its caption",
                                   "sentence with the key 'confidence'"));
}

TEST(VigorAnnotations, WhateverJsonTheRowsAreIn) {
  const std::string row = R"({"image": "a.jpg", "caption": "A dog. It runs.",
    "labels": {"It runs.": ["wrong number"], "A dog.": "accurate"}})";
  std::string line = row;
  std::erase(line, '\n');
  for (const std::string& file : {"[" + row + "]", line + "\n" + line + "\n", row,
                                  "{\"version\": 1, \"data\": [" + row + "]}",
                                  "{\"k1\": " + row + ",\n \"k2\": " + row + "}"}) {
    const ImportResult out = import_vigor(file, "f");
    ASSERT_FALSE(out.annotations.empty()) << file;
    EXPECT_THAT(labels(out.annotations[0]),
                ElementsAre(SentenceLabel::kCorrect, SentenceLabel::kWrong));
    EXPECT_THAT(out.annotations[0].sentences[1].errors, ElementsAre(SentenceError::kCount));
    // Every caption can be written and read.
    std::set<int64_t> samples;
    for (const auto& one : out.annotations) {
      samples.insert(one.sample);
      EXPECT_EQ(annotation_row(parse_annotation(annotation_row(one), "again")),
                annotation_row(one));
    }
    EXPECT_EQ(samples.size(), out.annotations.size());
  }
  EXPECT_EQ(import_vigor("{\"version\": 1, \"data\": [" + row + "]}", "f")
                .left_out.count("key beside the rows: 'version'"),
            1u);
}

TEST(VigorAnnotations, AnnotatorsOfOneCaptionShareItsSample) {
  const std::string file =
      R"([{"image": "a.jpg", "annotator": "x", "sentences": [{"text": "A dog.", "correct": true}]},
          {"image": "a.jpg", "annotator": "y", "sentences": [{"text": "A dog.", "correct": false}]},
          {"image": "a.jpg", "annotator": "y", "sentences": [{"text": "A cat.", "correct": false}]},
          {"image": "b.jpg", "correct": true, "caption": "A cow."}])";
  const ImportResult out = import_vigor(file, "f");
  ASSERT_EQ(out.annotations.size(), 3u);
  EXPECT_EQ(out.annotations[0].sample, 0);
  EXPECT_EQ(out.annotations[1].sample, 0);
  EXPECT_EQ(out.annotations[2].sample, 1);
  EXPECT_EQ(majority(out.annotations)[0].sentences[0].label, SentenceLabel::kUnjudged);
  EXPECT_EQ(out.left_out.at("row without a judged sentence").count, 1);
  EXPECT_EQ(out.left_out.at("row with the key 'correct'").count, 1);
}

}  // namespace
}  // namespace vigor
