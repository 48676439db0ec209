#include "benchmarks/yes_no/said.h"

namespace vigor::yes_no {

void put_said(const Said& said, Decision decision, bool label_yes, Json* row) {
  const bool failed = !said.error.empty();
  const bool scored = !failed && decision != Decision::kNone;
  (*row)["answer"] = failed ? Json(nullptr) : Json(said.answer);
  (*row)["margin"] = said.margin ? Json(*said.margin) : Json(nullptr);
  (*row)["finish"] = said.finish;
  (*row)["error"] = failed ? Json(said.error) : Json(nullptr);
  (*row)["status"] = failed ? "failed" : scored ? "scored" : "unparsed";
  (*row)["decision"] = scored ? Json(decision_name(decision)) : Json(nullptr);
  (*row)["correct"] = scored ? Json((decision == Decision::kYes) == label_yes) : Json(nullptr);
}

Said read_said(ObjectReader& row) {
  Said said;
  said.answer = row.get<std::string>("answer", "");
  said.finish = row.get<std::string>("finish", "");
  said.error = row.get<std::string>("error", "");
  if (const Json* margin = row.find("margin"); margin != nullptr && !margin->is_null()) {
    said.margin = row.require<double>("margin");
  }
  if (said.error.empty() && row.get<std::string>("status", "") == "failed") {
    said.error = "failed, without a reason in the row";
  }
  return said;
}

}  // namespace vigor::yes_no
