// vigor-eval judge: a judge tried out; what the cache of replies holds, and its way out and in.
#include <chrono>
#include <iomanip>
#include <optional>
#include <sstream>

#include "base/files.h"
#include "cli/judge_options.h"
#include "cli/registry.h"
#include "judges/cache/reply_store.h"
#include "judges/judge/usage_table.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

// Who asks whether a judge works wants to know soon.
constexpr int kCheckTries = 2;

// "2026-11-23", of UTC.
std::string day(int64_t seconds) {
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(
      std::chrono::sys_seconds(std::chrono::seconds(seconds))));
  std::ostringstream text;
  text << std::setfill('0') << std::setw(4) << int(date.year()) << '-' << std::setw(2)
       << unsigned(date.month()) << '-' << std::setw(2) << unsigned(date.day());
  return text.str();
}

std::string text_of(const Json& identity, const char* key) {
  const auto it = identity.find(key);
  if (it == identity.end()) return "-";
  return printable(it->is_string() ? it->get<std::string>() : dump_json(*it));
}

// What the three have in common.
class CacheCommand : public Command {
 public:
  void add_options(CLI::App& app) override {
    app.add_option("--cache", cache_, "Cache of judge replies (vigor.db beside the run folders)")
        ->type_name("FILE");
  }

 protected:
  ReplyStore open(StoreAccess access) const {
    require_option(!cache_.empty(), "--cache", "the cache of judge replies");
    return ReplyStore(cache_, access);
  }

 private:
  std::string cache_;
};

class Show : public CacheCommand {
 public:
  std::string name() const override { return "show"; }
  std::string summary() const override { return "Whose replies the cache holds"; }
  std::string examples() const override {
    return "  vigor-eval judge show --cache runs/vigor.db\n";
  }

  ExitCode run(const CommandContext& context) override {
    const std::vector<StoredJudge> judges = open(StoreAccess::kRead).judges();
    std::ostream& out = *context.console.out;
    if (context.json) {
      Json list = Json::array();
      for (size_t i = 0; i < judges.size(); ++i) {
        list.push_back({{"number", i + 1},
                        {"identity", judges[i].identity},
                        {"replies", judges[i].replies},
                        {"prompt_tokens", judges[i].usage.prompt_tokens},
                        {"completion_tokens", judges[i].usage.completion_tokens},
                        {"first_created", judges[i].first_created},
                        {"last_created", judges[i].last_created}});
      }
      out << dump_json(list, 2) << "\n";
      return ExitCode::kDone;
    }
    if (judges.empty()) out << "no replies\n";
    for (size_t i = 0; i < judges.size(); ++i) {
      const StoredJudge& judge = judges[i];
      out << i + 1 << "  " << text_of(judge.identity, "model") << " at "
          << text_of(judge.identity, "url") << ": " << judge.replies << " replies, "
          << judge.usage.prompt_tokens << " tokens in, " << judge.usage.completion_tokens
          << " out, " << day(judge.first_created) << " to " << day(judge.last_created) << "\n";
    }
    return ExitCode::kDone;
  }
};

class Export : public CacheCommand {
 public:
  std::string name() const override { return "export"; }
  std::string summary() const override {
    return "Write the replies as JSON lines, for --judge recorded:FILE.jsonl";
  }
  std::string examples() const override {
    return "  vigor-eval judge export --cache runs/vigor.db --out replies.jsonl\n"
           "  vigor-eval judge export --cache runs/vigor.db --number 2 --out replies.jsonl\n";
  }
  void add_options(CLI::App& app) override {
    CacheCommand::add_options(app);
    app.add_option("--out", out_, "File to write")->type_name("FILE.jsonl");
    app.add_option("--number", number_,
                   "Of this judge alone, as 'judge show' numbers them (0: all)")
        ->check(CLI::NonNegativeNumber);
  }

  ExitCode run(const CommandContext& context) override {
    require_option(!out_.empty(), "--out", "the file to write");
    ReplyStore store = open(StoreAccess::kRead);
    const std::vector<StoredJudge> judges = store.judges();
    if (number_ > judges.size()) {
      throw Error({.what = "there is no judge " + std::to_string(number_),
                   .fix = "vigor-eval judge show lists the " + std::to_string(judges.size()) +
                          " that there are",
                   .exit_code = ExitCode::kUsage});
    }
    // Line by line: a cache may be larger than memory.
    const fs::path temporary = out_ + ".tmp";
    size_t written = 0;
    const auto file = context.files->create(temporary);
    store.for_each([&](ReplyRecord&& record) {
      if (number_ > 0 && record.identity != judges[number_ - 1].identity) return;
      file->write(dump_json(record_to_json(record)) + "\n");
      ++written;
    });
    file->sync();
    context.files->rename(temporary, out_);
    if (context.json) {
      *context.console.out << dump_json({{"file", out_}, {"replies", written}}, 2) << "\n";
    } else {
      *context.console.out << printable(out_) << ": " << written << " replies\n";
    }
    return ExitCode::kDone;
  }

 private:
  std::string out_;
  size_t number_ = 0;
};

class Import : public CacheCommand {
 public:
  std::string name() const override { return "import"; }
  std::string summary() const override {
    return "Take exported replies into a cache; replies that are there stay";
  }
  std::string examples() const override {
    return "  vigor-eval judge import --replies replies.jsonl --cache runs/vigor.db\n";
  }
  void add_options(CLI::App& app) override {
    CacheCommand::add_options(app);
    app.add_option("--replies", replies_, "Files that 'judge export' wrote")->type_name("FILE...");
  }

  ExitCode run(const CommandContext& context) override {
    require_option(!replies_.empty(), "--replies", "the exported replies");
    // All files are read before the cache is touched.
    std::vector<ReplyRecord> records;
    for (const std::string& path : replies_) {
      for_each_reply_record(read_file(path), path, [&](size_t, ReplyRecord&& record) {
        records.push_back(std::move(record));
      });
    }
    const size_t added = open(StoreAccess::kWrite).put_all(records);
    if (context.json) {
      *context.console.out << dump_json({{"read", records.size()}, {"new", added}}, 2) << "\n";
    } else {
      *context.console.out << records.size() << " replies read, " << added << " of them new\n";
    }
    return ExitCode::kDone;
  }

 private:
  std::vector<std::string> replies_;
};

class Check : public Command {
 public:
  std::string name() const override { return "check"; }
  std::string summary() const override {
    return "Ask the judge one short question: address, key, model and price";
  }
  std::string examples() const override {
    return "  vigor-eval judge check --judge configs/judges/gpt-4o.json\n"
           "  vigor-eval judge check --judge http://127.0.0.1:8000/v1#llava\n";
  }
  void add_options(CLI::App& app) override { judge_.add_to(app); }

  ExitCode run(const CommandContext& context) override {
    require_option(judge_.given(), "--judge", "the judge to ask");
    const std::unique_ptr<ChatClient> judge = judge_.open(context, {}, {.max_tries = kCheckTries});
    const auto make = [](size_t) {
      ChatRequest request;
      request.messages = {{"user", {{"Reply with the word ready.", nullptr}}}};
      request.max_tokens = 16;
      return request;
    };
    std::optional<ChatReply> reply;
    judge->complete(
        1, make, [&](size_t, ChatReply&& one) { reply = std::move(one); }, context.stop);
    if (!reply) return ExitCode::kInterrupted;
    const Json identity = judge->identity();
    const Json usage = judge->usage();
    std::ostream& out = *context.console.out;
    if (context.json) {
      out << dump_json({{"identity", identity},
                        {"reply", reply->text},
                        {"model", reply->model},
                        {"error", reply->error},
                        {"usage", usage}},
                       2)
          << "\n";
    } else if (reply->error.empty()) {
      out << text_of(identity, "model") << " at " << text_of(identity, "url") << " (names itself "
          << printable(reply->model) << ") says: " << printable(reply->text) << "\n"
          << usage_table(usage);
    }
    if (!reply->error.empty()) {
      throw Error({.what = "the judge gave no reply: " + printable(reply->error),
                   .where = text_of(identity, "url"),
                   .fix = "check address, key and model"});
    }
    return ExitCode::kDone;
  }

 private:
  JudgeFlags judge_;
};

class Judge : public Command {
 public:
  std::string name() const override { return "judge"; }
  std::string summary() const override {
    return "Judges: try one; show, export and import the replies that are cached";
  }
  std::string examples() const override {
    return "  vigor-eval judge check --judge configs/judges/gpt-4o.json\n"
           "  vigor-eval judge show --cache runs/vigor.db\n"
           "  vigor-eval judge export --cache runs/vigor.db --out replies.jsonl\n"
           "  vigor-eval judge import --replies replies.jsonl --cache runs/vigor.db\n";
  }
  void add_options(CLI::App&) override {}
  std::vector<std::unique_ptr<Command>> subcommands() const override {
    std::vector<std::unique_ptr<Command>> inner;
    inner.push_back(std::make_unique<Check>());
    inner.push_back(std::make_unique<Show>());
    inner.push_back(std::make_unique<Export>());
    inner.push_back(std::make_unique<Import>());
    return inner;
  }
  ExitCode run(const CommandContext&) override {
    throw Error({.what = "judge alone does nothing",
                 .fix = "say judge check, judge show, judge export or judge import",
                 .exit_code = ExitCode::kUsage});
  }
};

}  // namespace

std::unique_ptr<Command> judge_command() {
  return std::make_unique<Judge>();
}

}  // namespace vigor
