// CHAIR (Rohrbach et al. 2018, "Object Hallucination in Image Captioning"): which objects does a
// caption name, and which of them are not in the image?
//
// benchmarks/chair/ is a room without LibTorch. vocabulary.h finds objects in a caption, score.h
// compares them with the image's objects.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace vigor::chair {

// An object named in a caption.
struct Mention {
  std::string object;  // class: the first word of its line in the synonyms file
  std::string word;    // as found, singular ("table" for the class "dining table")
  size_t token = 0;    // 0-based, counted in tokens before words are joined
};

struct CaptionObjects {
  std::vector<Mention> mentions;  // in the order of the text, repetitions kept
  size_t words = 0;               // tokens after joining; punctuation counts, as in the source
};

// The words that name objects. Immutable after construction; safe to share between threads.
class Vocabulary {
 public:
  // `classes`: each a class name followed by its synonyms. A word of two classes belongs to the
  // later one, as in the source. Throws Error when there is no class or a class has no name.
  explicit Vocabulary(const std::vector<std::vector<std::string>>& classes);

  // A synonyms file: one class a line, words separated by commas, blanks around them dropped. LF or
  // CRLF.
  static Vocabulary read(const std::filesystem::path& path);
  static Vocabulary parse(std::string_view bytes, const std::string& where);

  // Objects of a caption: lower case, split into tokens (words, punctuation, 's and n't apart),
  // singular (a rule of endings, kept only when it gives a known word; "skiing" and "seated" count
  // as "ski" and "seat", as a lemmatiser reads them), two-word names joined ("hot dog" is no dog;
  // "baby bear" is no person), then looked up. Only ASCII letters are folded.
  CaptionObjects find(std::string_view caption) const;

  // The class of a word or class name, or "" when unknown.
  std::string class_of(const std::string& word) const;
  size_t size() const { return class_count_; }

 private:
  std::string singular(const std::string& token) const;

  size_t class_count_ = 0;
  std::unordered_map<std::string, std::string> class_of_;
  // "hot dog" -> what the two words stand for ("hot dog"; "bear" for "baby bear").
  std::unordered_map<std::string, std::string> pairs_;
  std::unordered_set<std::string> known_;  // every word that singular() may give
};

// The tokens of a caption, lower-cased. Linear; any bytes are allowed.
std::vector<std::string> tokenize_caption(std::string_view caption);

}  // namespace vigor::chair
