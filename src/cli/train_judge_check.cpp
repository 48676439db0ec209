// vigor-eval train judge-check: rewards against what people say of the same sentences.
#include <iomanip>

#include "base/files.h"
#include "cli/registry.h"
#include "cli/run_record.h"
#include "vigor/judge_check.h"

namespace vigor {
namespace {

class TrainJudgeCheck : public Command {
 public:
  std::string name() const override { return "judge-check"; }
  std::string summary() const override {
    return "How right rewards are about sentences that people judged; calibration";
  }
  std::string examples() const override {
    return "  vigor-eval train judge-check --rewards judged.jsonl --annotations people.jsonl \\\n"
           "      --held-out reward-data.held-out.json --out judge-check.json\n"
           "The first is what `train score` wrote, the second a file of annotations, the third "
           "what\n"
           "`train reward-data` kept from training.\n";
  }
  void add_options(CLI::App& app) override {
    app.add_option("--rewards", rewards_, "Rewards, of a model or a detector")->type_name("FILE");
    app.add_option("--annotations", annotations_, "Judgements of people")->type_name("FILE");
    app.add_option("--held-out", held_out_,
                   "Conversations that training did not see: only their images count")
        ->type_name("FILE");
    app.add_flag("--by-sentence", options_.by_sentence,
                 "A holistic verdict counts for every sentence of its caption: to compare it with "
                 "one that judges sentences");
    app.add_option("--bins", options_.bins, "Bins of the reliability curve")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    app.add_option("--out", out_, "JSON of all figures")->type_name("FILE");
  }

  ExitCode run(const CommandContext& context) override {
    require_option(!rewards_.empty(), "--rewards", "what `train score` wrote");
    require_option(!annotations_.empty(), "--annotations", "what people say of the captions");
    if (!held_out_.empty()) {
      options_.images = conversation_images(read_file(held_out_), held_out_);
    } else {
      context.console.warn(
          "without --held-out, sentences that the reward model was taught count too: its figures "
          "flatter it");
    }
    Json figures = judge_check(read_annotations(annotations_), read_rewards(rewards_), options_);
    figures["benchmark"] = "judge-check";
    figures["rewards"] = file_record(rewards_);
    figures["annotations"] = file_record(annotations_);
    figures["held_out"] = held_out_.empty() ? Json() : file_record(held_out_);
    if (!out_.empty()) write_atomic(*context.files, out_, dump_json(figures, 2) + "\n");
    if (context.json) {
      *context.console.out << dump_json(figures, 2) << "\n";
    } else {
      print(*context.console.out, figures);
    }
    return ExitCode::kDone;
  }

 private:
  // "0.81 [0.74, 0.87]", "-" for null.
  static std::string figure(const Json& block, const char* name) {
    if (!block.contains(name) || !block[name].is_number()) return "-";
    std::ostringstream text;
    text << std::fixed << std::setprecision(3) << block[name].get<double>();
    const Json interval = block.value("ci95", Json::object()).value(name, Json());
    if (interval.is_array()) {
      text << " [" << interval[0].get<double>() << ", " << interval[1].get<double>() << "]";
    }
    return text.str();
  }

  static void print_row(std::ostream& out, const std::string& name, const Json& block) {
    const Json& classes = block["classes"];
    out << std::left << std::setw(16) << printable(name.empty() ? "(no name)" : name) << std::right
        << std::setw(8) << block["judged"].get<int64_t>() << "  " << std::left;
    for (const std::string& text :
         {figure(block, "share_wrong"), figure(block, "accuracy"),
          figure(classes["wrong"], "precision"), figure(classes["wrong"], "recall"),
          figure(block, "auroc"), figure(block, "brier"),
          block.contains("calibration") ? figure(block["calibration"], "ece") : "-"}) {
      out << std::setw(22) << text;
    }
    out << "\n";
  }

  void print(std::ostream& out, const Json& figures) const {
    const std::string unit = figures["unit"].get<std::string>() + "s";
    out << "images: " << figures["images"].get<std::string>() << "; 95 % intervals by image\n"
        << std::left << std::setw(16) << "annotator" << std::right << std::setw(8)
        << unit.substr(0, 8) << "  " << std::left;
    for (const char* title :
         {"wrong", "accuracy", "precision of wrong", "recall of wrong", "AUROC", "Brier", "ECE"}) {
      out << std::setw(22) << title;
    }
    out << "\n";
    print_row(out, "all", figures["all"]);
    if (figures["annotators"].size() > 1) {
      for (const auto& [name, block] : figures["annotators"].items()) print_row(out, name, block);
    }
    for (const auto& [kind, block] : figures["all"]["kinds"].items()) {
      out << kind << ": " << block["sentences"] << " " << unit << ", called wrong "
          << figure(block, "called_wrong");
      if (block["named"].get<int64_t>() > 0) {
        out << "; named " << block["named"] << " times, precision " << figure(block, "precision")
            << ", recall " << figure(block, "recall");
      }
      out << "\n";
    }
    for (const auto& [reason, entry] : figures["left_out"].items()) {
      out << "left out: " << entry["count"] << " x " << reason << ", such as "
          << entry["example"].get<std::string>() << "\n";
    }
  }

  std::string rewards_, annotations_, held_out_, out_;
  JudgeCheckOptions options_;
};

}  // namespace

std::unique_ptr<Command> train_judge_check_command() {
  return std::make_unique<TrainJudgeCheck>();
}

}  // namespace vigor
