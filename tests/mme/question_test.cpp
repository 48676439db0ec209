// Dataset folders: both layouts, what is shared, what is refused.
#include "benchmarks/mme/question.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "benchmarks/mme/task.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::mme {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.parts().where + ": " + error.parts().what;
  }
  return "no error";
}

std::string pair_of(const std::string& thing) {
  return "Is there " + thing + "? Please answer yes or no.\tYes\nIs there no " + thing +
         "? Please answer yes or no.\tNo\n";
}

class MmeDataset : public ::testing::Test {
 protected:
  MmeDataset() {
    side_by_side("existence", "0001", "jpg of 1");
    side_by_side("count", "0001", "jpg of 1");
    side_by_side("color", "0001", "another picture");
    folder_.write("data/artwork/images/10002.png", "art");
    folder_.write("data/artwork/questions_answers_YN/10002.txt", pair_of("a painting"));
  }
  void side_by_side(const std::string& task, const std::string& name, const std::string& picture) {
    folder_.write("data/" + task + "/" + name + ".jpg", picture);
    folder_.write("data/" + task + "/" + name + ".txt", pair_of("a dog"));
  }
  Dataset read() { return read_dataset(folder_ / "data"); }
  std::string refusal() {
    return error_of([&] { read(); });
  }
  std::string path(const std::string& below) { return (folder_ / "data" / below).string(); }

  testing::TemporaryFolder folder_;
};

TEST_F(MmeDataset, BothLayoutsInTheOfficialOrder) {
  const Dataset dataset = read();
  std::vector<std::string> names;
  for (const Task& task : dataset.tasks) names.push_back(task.name);
  EXPECT_THAT(names, ElementsAre("existence", "count", "color", "artwork"));
  EXPECT_THAT(dataset.warnings, IsEmpty());
  const Question& art = dataset.tasks[3].questions[1];
  EXPECT_EQ(art.key, "artwork/10002/2");
  EXPECT_EQ(art.image, "artwork/10002.png");
  EXPECT_EQ(art.text, "Is there no a painting? Please answer yes or no.");
  EXPECT_EQ(art.label, "no");
  EXPECT_EQ(art.label_text, "No");
  EXPECT_EQ(art.pair, 1);
  EXPECT_EQ(art.picture, folder_ / "data/artwork/images/10002.png");
}

TEST_F(MmeDataset, OnePictureOfSeveralTasksHasOneName) {
  const Dataset dataset = read();
  EXPECT_EQ(dataset.tasks[1].questions[0].image, "existence/0001.jpg");
  EXPECT_EQ(dataset.tasks[1].questions[0].key, "count/0001/1");
  // Same name, other bytes.
  EXPECT_EQ(dataset.tasks[2].questions[0].image, "color/0001.jpg");
}

TEST_F(MmeDataset, OnlyTheFourTasksOfOneCollectionShare) {
  side_by_side("OCR", "0001", "jpg of 1");
  for (const Task& task : read().tasks) {
    if (task.name == "OCR") {
      EXPECT_EQ(task.questions[0].image, "OCR/0001.jpg");
    }
  }
}

TEST_F(MmeDataset, LineEndsBlanksAndHiddenFilesDoNotCount) {
  folder_.write("data/existence/0001.txt",
                "\xEF\xBB\xBFIs there a dog? Please answer yes or no.\tYes \r\n\r\n"
                "Is there no a dog? Please answer yes or no.\tNo");
  folder_.write("data/existence/._0001.txt", "left by an archive program");
  const Dataset dataset = read();
  ASSERT_EQ(dataset.tasks[0].questions.size(), 2u);
  EXPECT_EQ(dataset.tasks[0].questions[0].label, "yes");
  EXPECT_EQ(dataset.tasks[0].questions[0].text, "Is there a dog? Please answer yes or no.");
}

TEST_F(MmeDataset, TheHashIsOfTheQuestionsNotOfTheirOrder) {
  const std::string before = read().tasks[0].content_hash;
  folder_.write("data/existence/0001.txt",
                "Is there no a dog? Please answer yes or no.\tNo\n"
                "Is there a dog? Please answer yes or no.\tYes\n");
  EXPECT_EQ(read().tasks[0].content_hash, before);
  folder_.write("data/existence/0001.txt", pair_of("a cat"));
  EXPECT_NE(read().tasks[0].content_hash, before);
}

TEST_F(MmeDataset, AMissingPictureIsLeftToTheModel) {
  std::filesystem::remove(folder_ / "data/existence/0001.jpg");
  const Dataset dataset = read();
  EXPECT_EQ(dataset.tasks[0].questions[0].picture, folder_ / "data/existence/0001.jpg");
  EXPECT_EQ(dataset.tasks[1].questions[0].image, "count/0001.jpg");
}

TEST_F(MmeDataset, AWrongLineIsNamed) {
  folder_.write("data/count/0001.txt", "Is there a dog? Yes\n");
  EXPECT_EQ(refusal(), path("count/0001.txt") +
                           ":1: expected a question, a tab and its answer; found 1 fields between "
                           "tabs");
  folder_.write("data/count/0001.txt", "Is there a dog?\tYes\nIs there a cat?\tPerhaps\n");
  EXPECT_EQ(refusal(), path("count/0001.txt") + ":2: the answer is 'Perhaps', not Yes or No");
  folder_.write("data/count/0001.txt", "Is there a dog?\tYes\n");
  EXPECT_EQ(refusal(), path("count/0001.txt") + ": expected two questions, found 1");
  folder_.write("data/count/0001.txt", "Is there a dog?\tYes\nIs there a \xFF?\tNo\n");
  EXPECT_EQ(refusal(), path("count/0001.txt") + ":2: not valid UTF-8");
}

TEST_F(MmeDataset, TwoPicturesOfOneNameAreRefused) {
  folder_.write("data/count/0001.png", "png");
  EXPECT_THAT(refusal(), HasSubstr("two pictures have the same name: 0001.jpg and 0001.png"));
}

TEST_F(MmeDataset, AnEmptyTaskIsRefused) {
  std::filesystem::create_directories(folder_ / "data/scene/images");
  std::filesystem::create_directories(folder_ / "data/scene/questions_answers_YN");
  EXPECT_EQ(refusal(), path("scene/questions_answers_YN") + ": no questions for the task scene");
}

TEST_F(MmeDataset, TheRootMayLieInside) {
  EXPECT_EQ(dataset_root(folder_ / "data"), folder_ / "data");
  std::filesystem::rename(folder_ / "data", folder_ / "MME_Benchmark");
  EXPECT_EQ(dataset_root(folder_.path()), folder_ / "MME_Benchmark");
  EXPECT_THAT(error_of([&] { dataset_root(folder_ / "MME_Benchmark/count"); }),
              HasSubstr("none of MME's fourteen tasks is in this folder"));
  EXPECT_THAT(error_of([&] { dataset_root(folder_ / "nowhere"); }), HasSubstr("no such folder"));
}

TEST(MmeTasks, AreTheOfficialFourteen) {
  int64_t questions = 0;
  for (const TaskInfo& task : kTasks) questions += task.published_questions;
  EXPECT_EQ(questions, 2374);
  EXPECT_EQ(find_task("ocr"), nullptr);
  EXPECT_EQ(find_task("OCR")->group, Group::kPerception);
}

}  // namespace
}  // namespace vigor::mme
