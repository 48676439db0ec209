#include "language/sentences.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace vigor::language {
namespace {

using ::testing::ElementsAre;

// "mr" before a name, "St. Louis", a lower-case "the" that was seen inside sentences.
PunktParameters parameters() {
  PunktParameters made;
  made.parse("abbrev_types.txt", "mr\ne.g\r\n", "a");
  made.parse("collocations.tab", "st\tlouis", "c");
  made.parse("sent_starters.txt", "however\n", "s");
  made.parse("ortho_context.tab", "the\t48\nsmith\t4\n", "o");
  return made;
}

std::vector<std::string> sentences(const std::string& text) {
  std::vector<std::string> found;
  for (const Span& span : SentenceSplitter(parameters()).split(text))
    found.push_back(text.substr(span.begin, span.end - span.begin));
  return found;
}

TEST(Sentences, EndAtMarks) {
  EXPECT_THAT(sentences(" One dog. Two?! Three...  "),
              ElementsAre(" One dog.", "Two?!", "Three..."));
  EXPECT_THAT(sentences("no end"), ElementsAre("no end"));
  EXPECT_THAT(sentences(""), ElementsAre());
  EXPECT_THAT(sentences(" \n "), ElementsAre());
}

TEST(Sentences, AbbreviationsEndNoneUnlessASentenceStarts) {
  EXPECT_THAT(sentences("Mr. Smith waits."), ElementsAre("Mr. Smith waits."));
  EXPECT_THAT(sentences("It is mr. The dog."), ElementsAre("It is mr.", "The dog."));
  EXPECT_THAT(sentences("It is mr. However it is."), ElementsAre("It is mr.", "However it is."));
  EXPECT_THAT(sentences("In St. Louis."), ElementsAre("In St. Louis."));
  EXPECT_THAT(sentences("By J. Smith."), ElementsAre("By J. Smith."));
}

TEST(Sentences, ClosingQuotesBelongToTheSentenceBefore) {
  EXPECT_THAT(sentences("(A dog.) A cat."), ElementsAre("(A dog.)", "A cat."));
  EXPECT_THAT(sentences("\"A dog.\" A cat."), ElementsAre("\"A dog.\"", "A cat."));
}

TEST(Sentences, LineFeedsAndGluedStopsAreNoBoundaries) {
  EXPECT_THAT(sentences("A dog\n\na cat.Two birds"), ElementsAre("A dog\n\na cat.Two birds"));
}

std::vector<std::string> fine(const std::string& text) {
  std::vector<std::string> found;
  for (const Span& span : SentenceSplitter(parameters()).split_finely(text))
    found.push_back(text.substr(span.begin, span.end - span.begin));
  return found;
}

TEST(Sentences, FinelyAreDividedAtLinesMarksAndGluedStops) {
  EXPECT_THAT(fine("A dog\n\na cat.Two birds"), ElementsAre("A dog", "a cat.", "Two birds"));
  EXPECT_THAT(fine("Seen:\n- a dog\n- a cat"), ElementsAre("Seen:", "- a dog", "- a cat"));
  EXPECT_THAT(fine("Seen: • a dog • a cat"), ElementsAre("Seen:", "• a dog", "• a cat"));
  EXPECT_THAT(fine("1. The dog.\n2. The cat."), ElementsAre("1. The dog.", "2. The cat."));
  EXPECT_THAT(fine("Is it?A dog sits."), ElementsAre("Is it?", "A dog sits."));
  EXPECT_THAT(fine("At 3.5 m, the U.S.A flag."), ElementsAre("At 3.5 m, the U.S.A flag."));
}

TEST(Sentences, BrokenParametersAreNamed) {
  PunktParameters made;
  try {
    made.parse("ortho_context.tab", "a\t1\nb\tx\n", "ortho_context.tab");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.parts().where, "ortho_context.tab:2");
  }
  EXPECT_THROW(made.parse("collocations.tab", "alone", "c"), Error);
  EXPECT_THROW(PunktParameters::read("/nonexistent"), Error);
}

}  // namespace
}  // namespace vigor::language
