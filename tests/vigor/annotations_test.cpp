#include "vigor/annotations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace vigor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const char kRow[] =
    R"({"image": "a.jpg", "sample": 2, "annotator": "w1", "caption": "A dog. It runs.",
  "sentences": [{"text": "A dog.", "start": 0, "end": 6, "label": "correct"},
                {"start": 7, "end": 15, "label": "wrong", "errors": ["relation", "object"],
                 "creative": false}],
  "detail": 3, "missing": ["a ball"]})";

Json row() {
  return parse_json(kRow, "test");
}

std::string annotation_error(const Json& one) {
  try {
    parse_annotation(one, "f.jsonl:1");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Annotations, ALineIsReadAndWrittenUnchanged) {
  const CaptionAnnotation one = parse_annotation(row(), "test");
  EXPECT_EQ(one.sample, 2);
  EXPECT_EQ(one.detail, 3);
  ASSERT_EQ(one.sentences.size(), 2u);
  EXPECT_EQ(one.sentences[0].label, SentenceLabel::kCorrect);
  EXPECT_EQ(one.sentences[0].creative, std::nullopt);
  EXPECT_EQ(one.sentences[1].creative, false);
  EXPECT_THAT(one.sentences[1].errors,
              ElementsAre(SentenceError::kObject, SentenceError::kRelation));
  const Json written = annotation_row(one);
  EXPECT_EQ(written["sentences"][1]["text"], "It runs.");
  EXPECT_EQ(annotation_row(parse_annotation(written, "test")), written);
}

TEST(Annotations, MistakesAreNamed) {
  EXPECT_EQ(annotation_error(row()), "no error");
  Json one = row();
  one["sentences"][0]["text"] = "A cat.";
  EXPECT_THAT(annotation_error(one), HasSubstr("the text is 'A cat.', the caption has 'A dog.'"));
  one = row();
  one["sentences"][1]["errors"] = {"color"};
  EXPECT_THAT(annotation_error(one), HasSubstr("did you mean 'colour'?"));
  one = row();
  one["sentences"][1]["label"] = "correct";
  EXPECT_THAT(annotation_error(one), HasSubstr("a sentence that is correct has errors"));
  one = row();
  one["sentences"][1]["start"] = 3u;
  EXPECT_THAT(annotation_error(one), HasSubstr("begins before the one in front of it ends"));
  one = row();
  one["sentences"][1]["end"] = 16u;
  EXPECT_THAT(annotation_error(one), HasSubstr("no part of the caption of 15 bytes"));
  one = row();
  one["detail"] = 6;
  EXPECT_THAT(annotation_error(one), HasSubstr("from 1 (poor) to 5"));
  one = row();
  one["label"] = "wrong";
  EXPECT_THAT(annotation_error(one), HasSubstr("'label'"));
  one = row();
  one["sentences"] = 5;
  EXPECT_THAT(annotation_error(one), HasSubstr("'sentences' is no array"));
}

TEST(Annotations, ACaptionJudgedTwiceByOneAnnotatorIsAnError) {
  const std::string line = dump_json(row());
  Json other = row();
  other["annotator"] = "w2";
  EXPECT_EQ(parse_annotations(line + "\n" + dump_json(other), "f").size(), 2u);
  try {
    parse_annotations(line + "\n" + line, "f");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("'w1' judges a.jpg#2 twice, first in line 1"));
    EXPECT_EQ(error.parts().where, "f:2");
  }
}

TEST(Annotations, TheMajorityDecidesAndATieDoesNot) {
  CaptionAnnotation a = parse_annotation(row(), "test"), b = a, c = a;
  b.annotator = "w2";
  c.annotator = "w3";
  b.sentences[1] = {b.sentences[1].span, SentenceLabel::kWrong, {SentenceError::kObject}, true};
  c.sentences[1] = {c.sentences[1].span, SentenceLabel::kCorrect, {}, true};
  b.sentences[0].label = SentenceLabel::kWrong;
  c.sentences[0].label = SentenceLabel::kUnjudged;
  b.detail = 5;
  b.missing = {"a cat"};
  const auto out = majority({a, b, c});
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].sentences[0].label, SentenceLabel::kUnjudged);  // one against one
  EXPECT_EQ(out[0].sentences[1].label, SentenceLabel::kWrong);
  EXPECT_THAT(out[0].sentences[1].errors, ElementsAre(SentenceError::kObject));
  EXPECT_EQ(out[0].sentences[1].creative, true);
  EXPECT_EQ(out[0].detail, 3);
  EXPECT_THAT(out[0].missing, ElementsAre("a ball", "a cat"));
  c.sentences[0].span.end = 5;
  EXPECT_THROW(majority({a, c}), Error);
}

}  // namespace
}  // namespace vigor
