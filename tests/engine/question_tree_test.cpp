#include "engine/question_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigor {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

QuestionTree tree_of(const std::vector<std::vector<int64_t>>& suffixes, int64_t samples = 1) {
  return question_tree({suffixes.begin(), suffixes.end()}, samples);
}

TEST(QuestionTree, BeginningsOfOneTextShareIt) {
  // 1 2 | 9 and 1 2 3 4 | 9 and 1 2 3 4 5 | 9.
  const QuestionTree tree = tree_of({{1, 2, 9}, {1, 2, 3, 4, 9}, {1, 2, 3, 4, 5, 9}});
  EXPECT_THAT(tree.ids, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(tree.parents, ElementsAre(-1, 0, 1, 2));
  EXPECT_THAT(tree.depths, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(tree.leaves, ElementsAre(1, 3, 3));
  EXPECT_EQ(tree.tokens, 14);
  EXPECT_EQ(tree.saved, 6);
}

TEST(QuestionTree, BranchesStandSideBySide) {
  const QuestionTree tree = tree_of({{1, 2, 9}, {5, 6, 9}, {1, 2, 8}, {5, 7, 9}, {4, 9}});
  EXPECT_THAT(tree.ids, ElementsAre(1, 2, 5));
  EXPECT_THAT(tree.parents, ElementsAre(-1, 0, -1));
  EXPECT_THAT(tree.depths, ElementsAre(0, 1, 0));
  EXPECT_THAT(tree.leaves, ElementsAre(1, 2, 1, 2, -1));
}

TEST(QuestionTree, TheLastTokenOfAQuestionStaysItsOwn) {
  EXPECT_THAT(tree_of({{1}, {1}}).ids, IsEmpty());
  const QuestionTree same = tree_of({{1, 2}, {1, 2}, {1, 2, 3}});
  EXPECT_THAT(same.ids, ElementsAre(1)) << "2 is inside of one question alone";
  EXPECT_THAT(same.leaves, ElementsAre(0, 0, 0));
}

TEST(QuestionTree, SamplesOfAQuestionShareAllButItsLastToken) {
  const QuestionTree tree = tree_of({{1, 2, 3}, {4, 5}}, 3);
  EXPECT_THAT(tree.ids, ElementsAre(1, 2, 4));
  EXPECT_THAT(tree.leaves, ElementsAre(1, 2));
  EXPECT_EQ(tree.tokens, 15);
  EXPECT_EQ(tree.saved, 6);
}

}  // namespace
}  // namespace vigor
