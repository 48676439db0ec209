// CHAIR (Rohrbach et al. 2018, "Object Hallucination in Image Captioning"): which objects does a
// caption name, and which of them are not in the image?
//
// benchmarks/chair/ is a room without LibTorch. words.h reads a caption, vocabulary.h finds objects
// among its words, score.h compares them with the image's objects.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "language/lexicon.h"

namespace vigor::chair {

// An object named in a caption.
struct Mention {
  std::string object;  // class: the first word of its line in the synonyms file
  std::string word;    // as found, in its base form ("table" for the class "dining table")
  size_t token = 0;    // 0-based, counted in tokens before words are joined
};

struct CaptionObjects {
  std::vector<Mention> mentions;  // in the order of the text, repetitions kept
  size_t words = 0;               // tokens after joining; punctuation counts, as in the source
};

// How the words of a synonyms file are separated.
enum class Dialect {
  // As in the published scripts: by a comma and one blank. A word with a further blank is found in
  // no caption; in COCO's file that hides "cheesecake" and "motor bike".
  kOfficial,
  // By a comma; blanks around words are dropped.
  kTrimmed,
};

// "official" or "trimmed"; throws a usage Error for any other name.
Dialect parse_dialect(const std::string& name);

// The words that name objects. Immutable after construction; safe to share between threads.
class Vocabulary {
 public:
  // `classes`: each a class name followed by its synonyms. A word of two classes belongs to the
  // later one, as in the source. Throws Error when there is no class or a class has no name.
  explicit Vocabulary(const std::vector<std::vector<std::string>>& classes);

  // A synonyms file: one class a line, words separated by commas. LF or CRLF.
  static Vocabulary read(const std::filesystem::path& path, Dialect dialect = Dialect::kOfficial);
  static Vocabulary parse(std::string_view bytes, const std::string& where,
                          Dialect dialect = Dialect::kOfficial);

  // Lets the base form of a word name the word's class, where that form has no class yet: captions
  // are read as base forms, and a class may be called "skis" alone.
  void add_base_forms(const language::Lexicon& nouns);

  // Objects of a caption that is given as base forms (words.h): two-word names are joined ("hot
  // dog" is no dog; "baby bear" is no person), then words are looked up.
  CaptionObjects find(const std::vector<std::string>& tokens) const;

  // The class of a word or class name, or "" when unknown.
  std::string class_of(const std::string& word) const;
  size_t size() const { return class_count_; }

 private:
  size_t class_count_ = 0;
  std::unordered_map<std::string, std::string> class_of_;
  // "hot dog" -> what the two words stand for ("hot dog"; "bear" for "baby bear").
  std::unordered_map<std::string, std::string> pairs_;
};

}  // namespace vigor::chair
