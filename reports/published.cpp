#include "reports/published.h"

#include <fmt/format.h>

#include "reports/assets.h"

namespace vigor::reports {
namespace {

// What a method is, in the paper's words for the column.
std::string description_head(const std::string& key) {
  if (key == "parameters") return "#P";
  if (key == "data") return "Data";
  return key == "vqa" ? "VQA" : key;
}

PublishedRow read_row(const Json& json, const std::string& where,
                      const std::vector<std::string>& described_by) {
  ObjectReader reader(json, where);
  PublishedRow row;
  row.method = reader.require<std::string>("method");
  for (const std::string& key : described_by) {
    const Json* value = reader.find(key);
    if (value == nullptr) {
      row.described.emplace_back();
    } else if (value->is_boolean()) {
      row.described.push_back(value->get<bool>() ? "yes" : "no");
    } else {
      row.described.push_back(reader.require<std::string>(key));
    }
  }
  row.values = reader.require<std::map<std::string, double>>("values");
  reader.reject_unknown();
  return row;
}

PublishedTable read_table(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  PublishedTable table;
  table.id = reader.require<std::string>("id");
  table.benchmark = reader.require<std::string>("benchmark");
  table.title = reader.require<std::string>("title");
  table.measured_with = reader.get<std::string>("measured_with", "");
  reader.require<std::string>("unit");
  reader.require<bool>("lower_is_better");
  const auto described_by = reader.require<std::vector<std::string>>("described_by");
  for (const std::string& key : described_by) table.described_by.push_back(description_head(key));
  const auto columns = reader.require<std::vector<Json>>("columns");
  for (size_t i = 0; i < columns.size(); ++i) {
    ObjectReader column(columns[i], fmt::format("{}: column {}", where, i + 1));
    table.columns.push_back(
        {column.require<std::string>("key"), column.get<std::string>("group", ""),
         column.require<std::string>("head"), column.require<std::string>("name")});
    column.reject_unknown();
  }
  const auto rows = reader.require<std::vector<Json>>("rows");
  for (size_t i = 0; i < rows.size(); ++i) {
    table.rows.push_back(read_row(rows[i], fmt::format("{}: row {}", where, i + 1), described_by));
  }
  table.notes = reader.get<std::vector<std::string>>("notes", {});
  reader.reject_unknown();
  return table;
}

// Published figures are printed as the paper has them: "62.45" keeps its second decimal.
std::string published_text(double value, Unit unit) {
  const int decimals = unit_scale(unit).decimals;
  const std::string text = fmt::format("{:.{}f}", value, decimals);
  const std::string finer = fmt::format("{:.{}f}", value, decimals + 1);
  return finer.ends_with('0') ? text : finer;
}

// Whether the questions are those that the paper's figures are of; "" when they are, or else why
// not.
std::string other_questions(const RunView& run) {
  const Json::json_pointer questions("/settings/questions");
  if (run.benchmark == "pope" && run.run.contains(questions)) {
    const Json& splits = run.run[questions];
    for (const Json& split : splits) {
      if (split.is_object() && split.value("variant", Json()) == "unknown") {
        return "other question files than the published ones";
      }
    }
  }
  if (run.benchmark == "ranking") return "ranks depend on the other candidates and on the judge";
  return "";
}

}  // namespace

Published parse_published(std::string_view text, const std::string& where) {
  const Json json = parse_json(text, where);
  ObjectReader reader(json, where);
  reader.require<std::string>("about");
  Published out;
  ObjectReader source = reader.child("source");
  out.source = source.require<std::string>("authors") + ", " +
               source.require<std::string>("title") + ", " + source.require<std::string>("venue");
  source.reject_unknown();
  const auto tables = reader.require<std::vector<Json>>("tables");
  for (size_t i = 0; i < tables.size(); ++i) {
    out.tables.push_back(read_table(tables[i], fmt::format("{}: table {}", where, i + 1)));
  }
  reader.reject_unknown();
  return out;
}

const Published& published() {
  static const Published shipped =
      parse_published(assets::kPublishedJson, "data/published.json (built in)");
  return shipped;
}

std::string judge_name(const RunView& run) {
  if (run.judge.empty()) return "";
  const Json judge = Json::parse(run.judge, nullptr, false);
  if (!judge.is_object()) return "";
  std::string name = text_at(judge, "model");
  for (const Json& model : judge.value("models", Json::array())) {
    if (model.is_string()) name += (name.empty() ? "" : "; ") + model.get<std::string>();
  }
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view(" -.:/;").find(c) != std::string_view::npos;
    if (!plain) c = '-';
  }
  return name.substr(0, 60);
}

std::string measured_with(const RunView& run) {
  const std::string judge = judge_name(run);
  if (judge.empty()) return "";
  return fmt::format("{}, {} pictures", judge, run.clusters.size());
}

std::vector<PaperTable> paper_tables(const Report& report, const ReportSection& section) {
  std::vector<PaperTable> tables;
  for (const PublishedTable& from : published().tables) {
    if (from.benchmark != section.benchmark) continue;
    PaperTable table{from.id, from.title, from.described_by, from.columns, {}, from.notes};
    Unit unit = Unit::kShare;
    bool any = false;
    std::vector<PaperRow> measured;
    std::map<std::string, std::string> apart;   // reason -> letters of the runs
    std::map<std::string, std::string> judged;  // judge and pictures -> letters of the runs
    for (const ReportColumn& column : section.columns) {
      PaperRow row{true, column.subject, report.subjects[column.subject].name, {}, {}};
      row.described.resize(from.described_by.size());
      for (const PublishedColumn& head : from.columns) {
        const RunMetric* metric = column.run->metric(head.key);
        std::string cell = "-";
        if (metric != nullptr) {
          unit = metric->unit;
          if (metric->value) {
            const UnitScale scale = unit_scale(unit);
            cell = fmt::format("{:.{}f}", *metric->value * scale.factor, scale.decimals);
            any = true;
          }
        }
        row.cells.push_back(std::move(cell));
      }
      measured.push_back(std::move(row));
      if (const std::string with = measured_with(*column.run); !with.empty()) {
        std::string& who = judged[with];
        who += (who.empty() ? "" : ", ") + report.subjects[column.subject].letter;
      }
      const std::string why = other_questions(*column.run);
      if (!why.empty()) {
        std::string& who = apart[why];
        who += (who.empty() ? "" : ", ") + report.subjects[column.subject].letter;
      }
    }
    if (!any) continue;
    if (!from.measured_with.empty()) {
      table.notes.push_back("Published rows: " + from.measured_with + ".");
    }
    for (const auto& [with, who] : judged) table.notes.push_back(who + ": judged by " + with + ".");
    for (const auto& [why, who] : apart) {
      table.notes.push_back("Not to be read against the published rows: " + who + "; " + why + ".");
    }
    for (const PublishedRow& printed : from.rows) {
      PaperRow row{false, 0, printed.method, printed.described, {}};
      for (const PublishedColumn& head : from.columns) {
        const auto value = printed.values.find(head.key);
        row.cells.push_back(value == printed.values.end() ? "-"
                                                          : published_text(value->second, unit));
      }
      table.rows.push_back(std::move(row));
    }
    table.rows.insert(table.rows.end(), measured.begin(), measured.end());
    tables.push_back(std::move(table));
  }
  return tables;
}

}  // namespace vigor::reports
