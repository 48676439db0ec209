#include "vigor/refine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"

namespace vigor {
namespace {

using language::Span;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Span find(const std::string& text, const std::string& part) {
  const size_t at = text.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return {at, at + part.size()};
}

TEST(Refine, TheExampleOfSection34) {
  const std::string first =
      "The image features a black Dodge Charger parked on a brick road next to a sidewalk.";
  const std::string second = "A person is walking in front of the car.";
  const std::string caption = first + " " + second;
  const RefinedCaption out =
      refine_caption(caption, std::vector{find(caption, first), find(caption, second)},
                     std::vector{find(caption, "person")});
  EXPECT_EQ(out.text, first);
  EXPECT_THAT(out.removed, ElementsAre(1));
  EXPECT_EQ(out.sentences, 2u);
}

TEST(Refine, KeepsTheWhiteSpaceBeforeKeptSentences) {
  const std::string caption = "A cat.\n\nA dog. It is red.  A cup.";
  const std::vector<Span> sentences = {find(caption, "A cat."), find(caption, "A dog."),
                                       find(caption, "It is red."), find(caption, "A cup.")};
  const RefinedCaption whole = refine_caption(caption, sentences, {});
  EXPECT_EQ(whole.text, caption);
  EXPECT_THAT(whole.removed, IsEmpty());
  const RefinedCaption out = refine_caption(caption, sentences, std::vector{find(caption, "dog")});
  EXPECT_EQ(out.text, "A cat. It is red.  A cup.");
  EXPECT_THAT(out.dangling, ElementsAre(2));
  const RefinedCaption last =
      refine_caption(caption, sentences, std::vector{find(caption, "cat"), find(caption, "dog")});
  EXPECT_EQ(last.text, "It is red.  A cup.");
}

TEST(Refine, NothingMayRemain) {
  const std::string caption = "A dog.";
  const RefinedCaption out = refine_caption(caption, std::vector{find(caption, caption)},
                                            std::vector{find(caption, "dog")});
  EXPECT_EQ(out.text, "");
  EXPECT_THAT(refine_caption("", {}, {}).removed, IsEmpty());
}

TEST(Refine, APhraseAcrossTwoSentencesRemovesBoth) {
  const std::string caption = "A dog.The cat.";
  const RefinedCaption out =
      refine_caption(caption, std::vector<Span>{{0, 6}, {6, 14}}, std::vector<Span>{{2, 9}});
  EXPECT_THAT(out.removed, ElementsAre(0, 1));
  // A phrase that only touches a border is in one of them.
  EXPECT_THAT(refine_caption(caption, std::vector<Span>{{0, 6}, {6, 14}}, std::vector<Span>{{2, 6}})
                  .removed,
              ElementsAre(0));
}

TEST(Refine, NeverAddsText) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    CounterRandom random(seed, "refine");
    std::string caption;
    std::vector<Span> sentences, absent;
    for (uint32_t i = 0, n = random.below(7); i < n; ++i) {
      caption.append(random.below(3), ' ');
      const size_t begin = caption.size();
      for (uint32_t j = 0, m = 1 + random.below(9); j < m; ++j) {
        caption += static_cast<char>('a' + random.below(26));
      }
      sentences.push_back({begin, caption.size()});
      if (random.below(3) == 0) absent.push_back({begin, begin + 1});
    }
    const RefinedCaption out = refine_caption(caption, sentences, absent);
    size_t at = 0;
    for (const char c : out.text) {  // a subsequence of the caption
      at = caption.find(c, at);
      ASSERT_NE(at, std::string::npos) << seed;
      ++at;
    }
    EXPECT_EQ(out.removed.size(), absent.size());
    EXPECT_EQ(refine_caption(caption, sentences, absent).text, out.text);
  }
}

TEST(Refine, WordsThatReferBack) {
  for (const char* yes : {"It is red.", "\"They run.\"", "This dog barks.", "The other is blue.",
                          "Another car.", "One of them sits.", "It's red."}) {
    EXPECT_TRUE(refers_back(yes)) << yes;
  }
  for (const char* no :
       {"Italy is far.", "A dog.", "The otherworldly sky.", "", "One of the dogs."}) {
    EXPECT_FALSE(refers_back(no)) << no;
  }
}

TEST(Refine, SpansOutsideTheCaptionAreAnError) {
  EXPECT_THROW(refine_caption("ab", std::vector<Span>{{0, 3}}, {}), Error);
  EXPECT_THROW(refine_caption("ab", {}, std::vector<Span>{{2, 1}}), Error);
  EXPECT_THROW(refine_caption("abcd", std::vector<Span>{{2, 3}, {0, 1}}, {}), Error);
}

}  // namespace
}  // namespace vigor
