#include "vigor/scene_truth.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "scenes/scene.h"

namespace vigor {
namespace {

using Words = std::vector<std::string>;

Words words_of(std::string_view text) {
  Words out;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) out.push_back(std::move(word));
    word.clear();
  };
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else {
      end_word();
    }
  }
  end_word();
  return out;
}

bool stands_at(const Words& words, size_t at, const Words& phrase) {
  return at + phrase.size() <= words.size() &&
         std::equal(phrase.begin(), phrase.end(), words.begin() + static_cast<std::ptrdiff_t>(at));
}

bool has_phrase(const Words& words, const Words& phrase) {
  for (size_t i = 0; i < words.size(); ++i) {
    if (stands_at(words, i, phrase)) return true;
  }
  return false;
}

struct KindName {
  Words words;
  std::string kind;
  bool plural = false;
};

// The longest first, so that "teddy bear" is no bear.
const std::vector<KindName>& kind_names() {
  static const std::vector<KindName> kNames = [] {
    std::vector<KindName> out;
    for (const std::string& kind : scene_kinds()) {
      const Words one = words_of(kind), many = words_of(plural_of(kind));
      out.push_back({one, kind, false});
      if (many != one) out.push_back({many, kind, true});
    }
    std::stable_sort(out.begin(), out.end(), [](const KindName& a, const KindName& b) {
      return a.words.size() > b.words.size();
    });
    return out;
  }();
  return kNames;
}

int number_of(const std::string& word) {
  static const Words kNumbers = {"zero",  "one",   "two",  "three", "four",   "five",  "six",
                                 "seven", "eight", "nine", "ten",   "eleven", "twelve"};
  const auto found = std::find(kNumbers.begin(), kNumbers.end(), word);
  if (found != kNumbers.end()) return static_cast<int>(found - kNumbers.begin());
  if (word.size() <= 2 &&
      std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isdigit(c) != 0; })) {
    return std::stoi(word);
  }
  return -1;
}

bool is_colour(const std::string& word) {
  const auto& colours = scene_colours();
  return std::find(colours.begin(), colours.end(), word) != colours.end();
}

struct Mention {
  size_t begin = 0, end = 0;  // words
  std::string kind;
  bool plural = false;
};

std::vector<Mention> mentions_of(const Words& words) {
  std::vector<Mention> out;
  for (size_t i = 0; i < words.size();) {
    size_t next = i + 1;
    for (const KindName& name : kind_names()) {
      if (!stands_at(words, i, name.words)) continue;
      next = i + name.words.size();
      out.push_back({i, next, name.kind, name.plural});
      break;
    }
    i = next;
  }
  return out;
}

class Checker {
 public:
  Checker(const SceneFacts& scene, std::string_view sentence)
      : scene_(scene), words_(words_of(sentence)), mentions_(mentions_of(words_)) {}

  CheckedSentence check() {
    for (const Mention& mention : mentions_) check_mention(mention);
    check_position();
    check_size();
    check_relation();
    check_repeats();
    check_place();
    check_total();
    return std::move(out_);
  }

 private:
  void claim(bool holds, SentenceError error) {
    ++out_.claims;
    if (!holds) out_.errors.insert(error);
  }

  template <typename Test>
  int64_t count(const std::string& kind, Test&& test) const {
    return std::count_if(scene_.objects.begin(), scene_.objects.end(),
                         [&](const SceneFacts::Object& o) { return o.kind == kind && test(o); });
  }
  int64_t count(const std::string& kind) const {
    return count(kind, [](const auto&) { return true; });
  }

  // What stands around a kind: "two red cups", "a person in red", "the large cup".
  struct Described {
    std::string colour;
    int number = -1;  // -1: none is named
    bool definite = false;
  };
  Described described(const Mention& mention) const {
    Described out;
    size_t before = mention.begin;
    while (before > 0) {
      const std::string& word = words_[before - 1];
      if (is_colour(word)) {
        out.colour = word;
      } else if (word != "small" && word != "large" && word != "big") {
        break;
      }
      --before;
    }
    const bool shirt = mention.kind == "person" && mention.end + 1 < words_.size() &&
                       words_[mention.end] == "in" && is_colour(words_[mention.end + 1]);
    if (shirt) out.colour = words_[mention.end + 1];
    if (before > 0) {
      out.number = number_of(words_[before - 1]);
      out.definite = words_[before - 1] == "the";
    }
    return out;
  }

  void check_mention(const Mention& mention) {
    out_.named.insert(mention.kind);
    const int64_t there = count(mention.kind);
    claim(there > 0, SentenceError::kObject);
    if (there == 0) {
      out_.absent.insert(mention.kind);
      return;
    }
    const auto& [colour, number, definite] = described(mention);
    if (!colour.empty()) {
      claim(count(mention.kind, [&](const auto& o) { return o.colour == colour; }) > 0,
            SentenceError::kColour);
    }
    if (number >= 0) {
      claim(number == there, SentenceError::kCount);
    } else if (mention.plural) {
      claim(there > 1, SentenceError::kCount);
    }
  }

  // Of a sentence that names one kind alone: else it is not clear what stands there.
  const Mention* only_mention() const {
    return mentions_.size() == 1 && count(mentions_[0].kind) > 0 ? &mentions_[0] : nullptr;
  }

  void check_position() {
    const Mention* mention = only_mention();
    if (mention == nullptr) return;
    struct Side {
      Words words;
      const char* position;
    };
    static const std::vector<Side> kSides = {{{"on", "the", "left"}, "left"},
                                             {{"on", "the", "right"}, "right"},
                                             {{"in", "the", "middle"}, "middle"},
                                             {{"in", "the", "center"}, "middle"},
                                             {{"in", "the", "centre"}, "middle"}};
    for (const Side& side : kSides) {
      for (size_t i = 0; i < words_.size(); ++i) {
        if (!stands_at(words_, i, side.words) || not_of_picture(i + side.words.size())) continue;
        claim(count(mention->kind, [&](const auto& o) { return o.position == side.position; }) > 0,
              SentenceError::kLocation);
      }
    }
  }

  // "in the middle of the street" says nothing of the picture's thirds.
  bool not_of_picture(size_t at) const {
    if (at < words_.size() && words_[at] == "side") ++at;
    if (at >= words_.size() || words_[at] != "of") return false;
    static const std::set<std::string> kPicture = {"image", "picture", "scene", "photo", "frame"};
    return !(at + 2 < words_.size() && kPicture.count(words_[at + 2]) > 0);
  }

  void check_size() {
    const Mention* mention = only_mention();
    if (mention == nullptr) return;
    for (const std::string& word : words_) {
      if (word != "small" && word != "large" && word != "big") continue;
      const std::string size = word == "small" ? "small" : "large";
      claim(count(mention->kind, [&](const auto& o) { return o.size == size; }) > 0,
            SentenceError::kSize);
    }
  }

  // Only between kinds that occur once: those alone have relations in the truth. Nothing stands to
  // the left of itself: "the cup is to the left of the cup" is wrong where there is one cup.
  void check_relation() {
    if (mentions_.size() != 2) return;
    const Mention &a = mentions_[0], &b = mentions_[1];
    static const std::vector<std::pair<Words, std::string>> kPredicates = {
        {{"left", "of"}, "to the left of"},
        {{"right", "of"}, "to the right of"},
        {{"above"}, "above"},
        {{"below"}, "below"},
        {{"in", "front", "of"}, "in front of"},
        {{"behind"}, "behind"}};
    const Words between(words_.begin() + static_cast<std::ptrdiff_t>(a.end),
                        words_.begin() + static_cast<std::ptrdiff_t>(b.begin));
    for (const auto& [words, predicate] : kPredicates) {
      if (!has_phrase(between, words)) continue;
      related_ = true;
      if (count(a.kind) != 1 || count(b.kind) != 1) return;
      claim(a.kind != b.kind && std::any_of(scene_.relations.begin(), scene_.relations.end(),
                                            [&](const SceneFacts::Relation& r) {
                                              return r.predicate == predicate &&
                                                     kind(r.subject) == a.kind &&
                                                     kind(r.object) == b.kind;
                                            }),
            SentenceError::kRelation);
      return;
    }
  }

  // "A red cup, a red cup and a cup": things that are listed one by one are as many things, of the
  // kind and of the colour.
  void check_repeats() {
    if (related_) return;
    struct Listed {
      int64_t number = 0, times = 0;
    };
    std::map<std::string, Listed> kinds;
    std::map<std::pair<std::string, std::string>, Listed> coloured;
    for (const Mention& mention : mentions_) {
      const Described d = described(mention);
      if (d.definite || count(mention.kind) == 0) continue;
      const auto add = [&](Listed& to) {
        to.number += d.number >= 0 ? d.number : mention.plural ? 2 : 1;
        ++to.times;
      };
      add(kinds[mention.kind]);
      if (!d.colour.empty()) add(coloured[{mention.kind, d.colour}]);
    }
    for (const auto& [kind, listed] : kinds) {
      if (listed.times > 1) claim(listed.number <= count(kind), SentenceError::kCount);
    }
    for (const auto& [of, listed] : coloured) {
      if (listed.times < 2) continue;
      const auto alike = [&colour = of.second](const auto& o) { return o.colour == colour; };
      claim(listed.number <= count(of.first, alike), SentenceError::kCount);
    }
  }

  const std::string& kind(int object) const {
    return scene_.objects[static_cast<size_t>(object)].kind;
  }

  void check_place() {
    for (const std::string& place : scene_backgrounds()) {
      Words name = words_of(place);
      const bool said =
          has_phrase(words_, name) || (place == "mountains" && has_phrase(words_, {"mountain"}));
      if (said) claim(place == scene_.background, SentenceError::kLocation);
    }
  }

  void check_total() {
    for (size_t i = 1; i < words_.size(); ++i) {
      if (words_[i] != "objects") continue;
      const int number = number_of(words_[i - 1]);
      if (number >= 0) {
        claim(number == static_cast<int>(scene_.objects.size()), SentenceError::kCount);
      }
    }
  }

  const SceneFacts& scene_;
  const Words words_;
  const std::vector<Mention> mentions_;
  bool related_ = false;  // the sentence says how two things stand to each other
  CheckedSentence out_;
};

std::string text_or_empty(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::map<std::string, SceneFacts> parse_scene_facts(std::string_view text,
                                                    const std::string& where) {
  std::map<std::string, SceneFacts> out;
  for_each_jsonl(text, where, [&](size_t line, Json&& row) {
    const std::string here = where + ":" + std::to_string(line);
    ObjectReader reader(row, here);
    SceneFacts scene;
    const auto image = reader.require<std::string>("image");
    scene.background = reader.require<std::string>("background");
    for (const Json& object : reader.require<std::vector<Json>>("objects")) {
      ObjectReader one(object, here);
      scene.objects.push_back({one.require<std::string>("kind"), text_or_empty(object, "color"),
                               text_or_empty(object, "size"), text_or_empty(object, "position")});
    }
    for (const Json& relation : reader.get<std::vector<Json>>("relations", {})) {
      ObjectReader one(relation, here);
      SceneFacts::Relation r{one.require<int>("subject"), one.require<int>("object"),
                             one.require<std::string>("predicate")};
      const auto outside = [&](int i) {
        return i < 0 || static_cast<size_t>(i) >= scene.objects.size();
      };
      if (outside(r.subject) || outside(r.object)) {
        throw Error({.what = "a relation names an object that is not there", .where = here});
      }
      scene.relations.push_back(std::move(r));
    }
    if (!out.emplace(image, std::move(scene)).second) {
      throw Error({.what = "'" + printable(image) + "' is there twice", .where = here});
    }
  });
  return out;
}

CheckedSentence check_sentence(const SceneFacts& scene, std::string_view sentence) {
  return Checker(scene, sentence).check();
}

CaptionAnnotation annotate_truly(const SceneFacts& scene, const std::string& image, int64_t sample,
                                 const std::string& caption,
                                 const std::vector<language::Span>& sentences) {
  CaptionAnnotation out;
  out.image = image;
  out.sample = sample;
  out.caption = caption;
  out.source = "scenes";
  std::set<std::string> named, there;
  for (const SceneFacts::Object& object : scene.objects) there.insert(object.kind);
  for (const language::Span& span : sentences) {
    const CheckedSentence checked =
        check_sentence(scene, std::string_view(caption).substr(span.begin, span.end - span.begin));
    named.insert(checked.named.begin(), checked.named.end());
    SentenceAnnotation one{span, SentenceLabel::kUnjudged, checked.errors, std::nullopt};
    one.label = !checked.errors.empty() ? SentenceLabel::kWrong
                : checked.claims > 0    ? SentenceLabel::kCorrect
                                        : SentenceLabel::kUnjudged;
    out.sentences.push_back(std::move(one));
  }
  for (const std::string& kind : there) {
    if (named.count(kind) == 0) out.missing.push_back(kind);
  }
  const double share = there.empty() ? 1
                                     : 1 - static_cast<double>(out.missing.size()) /
                                               static_cast<double>(there.size());
  out.detail = 1 + static_cast<int>(std::lround(4 * share));
  return out;
}

std::vector<CaptionAnnotation> annotate_like_people(const CaptionAnnotation& truth,
                                                    const AnnotatorModel& model) {
  if (!(model.error_rate >= 0 && model.error_rate <= 0.5) ||
      !(model.spread >= 0 && model.spread <= 1) || model.annotators < 1) {
    throw Error({.what = "the model of annotators is out of range",
                 .fix = "error_rate 0 to 0.5, spread 0 to 1, annotators 1 or more",
                 .exit_code = ExitCode::kUsage});
  }
  std::vector<CaptionAnnotation> out;
  for (int a = 1; a <= model.annotators; ++a) {
    const std::string name = "annotator-" + std::to_string(a);
    const double own = CounterRandom(model.seed, name).uniform();
    const double rate = model.error_rate * (1 + model.spread * (2 * own - 1));
    CounterRandom random(model.seed, name + " " + truth.image, static_cast<uint64_t>(truth.sample));
    CaptionAnnotation one = truth;
    one.annotator = name;
    for (SentenceAnnotation& sentence : one.sentences) {
      const double slip = random.uniform();
      const uint32_t kind = random.below(kSentenceErrors);
      if (sentence.label == SentenceLabel::kUnjudged || slip >= rate) continue;
      const bool was_wrong = sentence.label == SentenceLabel::kWrong;
      sentence.label = was_wrong ? SentenceLabel::kCorrect : SentenceLabel::kWrong;
      sentence.errors.clear();
      if (!was_wrong) sentence.errors.insert(static_cast<SentenceError>(kind));
    }
    if (one.detail && random.uniform() < rate) {
      const int step = random.below(2) == 0 ? -1 : 1;
      one.detail = std::clamp(*one.detail + step, 1, 5);
    }
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace vigor
