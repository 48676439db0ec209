// Detections from a file, as a detector.
#include "vigor/detection_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

using ::testing::HasSubstr;

constexpr const char* kStreet =
    R"({"info":{"prompt":"A dog. a traffic light . light.","box_threshold":0.25,)"
    R"("text_threshold":0.25,"detector":{"checkpoint_hash":"h"}},)"
    R"("images":[{"id":1,"file_name":"street.jpg","width":64,"height":48}],)"
    R"("categories":[{"id":1,"name":"dog"},{"id":2,"name":"a dog traffic light"}],)"
    R"("annotations":[)"
    R"({"id":1,"image_id":1,"category_id":1,"bbox":[1,2,10,20],"score":0.5,"phrase":"dog"},)"
    R"({"id":2,"image_id":1,"category_id":1,"bbox":[5,5,5,5],"score":0.75,"phrase":"dog"},)"
    R"({"id":3,"image_id":1,"category_id":2,"bbox":[0,0,4,4],"score":0.375,)"
    R"("phrase":"dog traffic light"},)"
    R"({"id":4,"image_id":1,"category_id":null,"bbox":[0,0,4,4],"score":0.3,"phrase":""}]})";
// Of a detector of a closed list: no prompt, no phrases.
constexpr const char* kClosed =
    R"({"images":[{"id":7,"file_name":"a.jpg"},{"id":9,"file_name":"b.jpg"}],)"
    R"("categories":[{"id":1,"name":"person"},{"id":18,"name":"Dog"}],)"
    R"("annotations":[{"image_id":9,"category_id":18,"bbox":[1,1,2,2],"score":0.875}]})";

std::unique_ptr<Detector> opened(const std::string& text) {
  const testing::TemporaryFolder folder;
  return open_recorded_detector(folder.write("detections.jsonl", text));
}

std::vector<NounFinding> ask(Detector& detector, const std::string& picture,
                             std::vector<std::string> nouns) {
  return detector.find({.name = picture, .bytes = "", .sha256 = ""}, nouns);
}

std::string mistake(const std::string& text) {
  try {
    parse_detections(text, "d.jsonl");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(DetectionFile, TheBestBoxOfEachNounThatWasAsked) {
  const auto detector = opened(kStreet);
  EXPECT_EQ(detector->lowest_threshold(), 0.25);
  EXPECT_FALSE(detector->needs_pictures());
  const auto findings = ask(*detector, "street.jpg", {"dog", "light", "traffic light", "cat"});
  EXPECT_EQ(findings[0].score, 0.75f);
  EXPECT_EQ(findings[0].box, (std::array<float, 4>{5, 5, 10, 10}));
  EXPECT_EQ(findings[1].score, 0.375f) << "a mixed phrase stands for each noun in it";
  EXPECT_EQ(findings[2].score, 0.375f);
  EXPECT_FALSE(findings[3].score);
  EXPECT_THAT(findings[3].error, HasSubstr("not asked"));
}

TEST(DetectionFile, DocumentsOfManyPicturesOneALine) {
  const auto detector = opened(std::string(kStreet) + "\n" + kClosed + "\n");
  EXPECT_EQ(ask(*detector, "street.jpg", {"dog"})[0].score, 0.75f);
  EXPECT_EQ(ask(*detector, "b.jpg", {"dog"})[0].score, 0.875f);
  const auto a = ask(*detector, "a.jpg", {"dog", "person", "kite"});
  EXPECT_EQ(a[0].score, 0.0f) << "asked, and no box";
  EXPECT_EQ(a[1].score, 0.0f);
  EXPECT_FALSE(a[2].score);
}

TEST(DetectionFile, APictureThatIsNotInItFails) {
  const auto detector = opened(kClosed);
  const PictureNouns requests[] = {{{"a.jpg", "", ""}, {"dog"}}, {{"c.jpg", "", ""}, {"dog"}}};
  const auto answers = detector->find_all(requests, {});
  EXPECT_EQ(answers[0].error, "");
  EXPECT_THAT(answers[1].error, HasSubstr("c.jpg"));
  EXPECT_TRUE(answers[1].findings.empty());
}

TEST(DetectionFile, MistakesAreNamed) {
  const auto with = [](std::string text, const std::string& from, const std::string& to) {
    return text.replace(text.find(from), from.size(), to);
  };
  EXPECT_THAT(mistake(""), HasSubstr("no picture"));
  EXPECT_THAT(mistake("{\"images\":"), HasSubstr("d.jsonl"));
  EXPECT_THAT(mistake(with(kClosed, "0.875", "1.5")), HasSubstr("between 0 and 1"));
  EXPECT_THAT(mistake(with(kClosed, "0.875", "\"high\"")), HasSubstr("score"));
  EXPECT_THAT(mistake(with(kClosed, "\"image_id\":9", "\"image_id\":8")),
              HasSubstr("no picture in 'images'"));
  EXPECT_THAT(mistake(with(kClosed, "\"category_id\":18", "\"category_id\":3")),
              HasSubstr("categories"));
  EXPECT_THAT(mistake(with(kClosed, "[1,1,2,2]", "[1,1,2]")), HasSubstr("bbox"));
  EXPECT_THAT(mistake(with(kClosed, "b.jpg", "a.jpg")), HasSubstr("described twice"));
  EXPECT_THAT(mistake(with(kClosed, "\"id\":9", "\"id\":7")), HasSubstr("this id"));
  EXPECT_THAT(mistake(std::string(kStreet) + "\n{}\n"), HasSubstr("d.jsonl:2"));
}

TEST(DetectionFile, NounsAreComparedWithoutCaseArticleAndStop) {
  EXPECT_EQ(noun_key("  The  Traffic\tLight. "), "traffic light");
  EXPECT_EQ(noun_key("a"), "a");
  EXPECT_EQ(noun_key(" . "), "");
}

}  // namespace
}  // namespace vigor
