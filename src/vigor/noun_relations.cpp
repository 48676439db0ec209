#include "vigor/noun_relations.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "language/lines.h"

namespace vigor {
namespace {

std::string with_blanks(std::string text) {
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

}  // namespace

void NounRelations::add(std::string_view bytes, const std::string& where) {
  language::for_each_line(bytes, [&](size_t number, std::string_view line) {
    const std::vector<std::string_view> fields = language::split(line, '\t');
    if (fields.size() != 3 || fields[0].empty()) {
      throw Error(
          {.what = "not a noun, its synonyms and its hypernym, separated by tabs",
           .where = printable(where) + ":" + std::to_string(number),
           .fix = "write NOUN<TAB>SYNONYM,SYNONYM<TAB>HYPERNYM; the last two may be empty"});
    }
    Entry entry;
    for (const std::string_view word : language::split(fields[1], ',')) {
      if (!word.empty()) entry.synonyms.emplace_back(word);
    }
    entry.hypernym = fields[2];
    entries_.insert_or_assign(std::string(fields[0]), std::move(entry));
  });
}

NounRelations NounRelations::read(std::span<const std::filesystem::path> files) {
  NounRelations relations;
  for (const std::filesystem::path& file : files) relations.add(read_file(file), file.string());
  return relations;
}

const NounRelations::Entry* NounRelations::find(const std::string& concept_name) const {
  const auto found = entries_.find(concept_name);
  return found == entries_.end() ? nullptr : &found->second;
}

std::string_view name_of(NounRelation relation) {
  switch (relation) {
    case NounRelation::kAsWritten:
      return "as written";
    case NounRelation::kBaseForm:
      return "base form";
    case NounRelation::kHead:
      return "head";
    case NounRelation::kSynonym:
      return "synonym";
    case NounRelation::kHypernym:
      break;
  }
  return "hypernym";
}

std::vector<NounQuery> noun_queries(const language::NounPhrase& phrase,
                                    const NounRelations& relations,
                                    const NounQueryOptions& options) {
  std::vector<NounQuery> queries;
  const auto add = [&](std::string text, NounRelation relation) {
    const bool known = std::any_of(queries.begin(), queries.end(),
                                   [&](const NounQuery& query) { return query.text == text; });
    if (!known && !text.empty()) queries.push_back({std::move(text), relation});
  };
  add(phrase.query, NounRelation::kAsWritten);
  const size_t last = phrase.query.rfind(' ');
  const std::string before = last == std::string::npos ? "" : phrase.query.substr(0, last + 1);
  add(before + phrase.lemma, NounRelation::kBaseForm);
  if (options.hypernyms) add(with_blanks(phrase.concept_name), NounRelation::kHead);
  if (const NounRelations::Entry* entry = relations.find(phrase.concept_name)) {
    if (options.synonyms) {
      for (const std::string& word : entry->synonyms)
        add(with_blanks(word), NounRelation::kSynonym);
    }
    if (options.hypernyms) add(with_blanks(entry->hypernym), NounRelation::kHypernym);
  }
  return queries;
}

}  // namespace vigor
