// MMHal-Bench on a model and a judge: what is asked, what is written, and that a stopped run is
// finished.
#include "benchmarks/mmhal/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/files.h"
#include "tests/run/failing_file_system.h"
#include "tests/testing/counting_lvlm.h"
#include "tests/testing/scripted_chat.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::mmhal {
namespace {

using testing::FailingFileSystem;
using testing::Fault;
using testing::Killed;
using testing::ScriptedChat;

std::vector<Record> questions(size_t count) {
  std::vector<Record> records(count);
  for (size_t i = 0; i < count; ++i) {
    records[i].type = kTypes[i % kTypes.size()];
    records[i].image_id = "image" + std::to_string(i);
    records[i].question = "Question " + std::to_string(i) + "?";
    records[i].standard_answer = "Standard.";
    records[i].model_answer = "Answer " + std::to_string(i) + ".";
  }
  return records;
}

// Rates the answer by its number, backwards in time of arrival.
ChatReply rate(size_t, const ChatRequest& request) {
  const std::string& text = request.messages[0].parts[0].text;
  const size_t at = text.find("\"Answer ");
  ChatReply reply =
      testing::reply_of("Because.\n\nRating: " + std::to_string((text[at + 8] - '0') % 7));
  reply.model = "judge-1";
  return reply;
}

class MmhalRunTest : public ::testing::Test {
 protected:
  RunFolder open(FileSystem& files) {
    return RunFolder::open(files, folder_ / "run", {{"benchmark", "mmhal"}}, {});
  }
  StageResult judge(ChatClient& client, RunFolder& run, std::stop_token stop = {}) {
    Progress progress(nullptr, {}, steady_clock());
    return judge_records(client, run, records_, options_, progress, stop);
  }
  Json score(const RunFolder& run) {
    return score_folder(run, records_.size(), options_, Json::object());
  }

  testing::TemporaryFolder folder_;
  DiskFileSystem disk_;
  EvaluateOptions options_;
  std::vector<Record> records_ = questions(8);
};

TEST_F(MmhalRunTest, EveryAnswerIsJudgedOnceAndKept) {
  ScriptedChat client(rate);
  Json metrics;
  {
    RunFolder run = open(disk_);
    EXPECT_EQ(judge(client, run).asked, 8);
    metrics = score(run);
    EXPECT_EQ(metrics["average"], (0 + 1 + 2 + 3 + 4 + 5 + 6 + 0) / 8.0);
    EXPECT_EQ(metrics["hallucination_rate"], 0.5);
    const Json& row = run.samples()[3];
    EXPECT_EQ(row["rating"], 3);
    EXPECT_EQ(row["status"], "scored");
    EXPECT_EQ(row["judge_model"], "judge-1");
    EXPECT_EQ(row["reply"], "Because.\n\nRating: 3");
    EXPECT_EQ(row["answer"], "Answer 3.");
  }
  RunFolder again = open(disk_);
  EXPECT_EQ(judge(client, again).asked, 0);
  EXPECT_EQ(score(again), metrics);
  EXPECT_EQ(client.requests.size(), 8u);
}

TEST_F(MmhalRunTest, AnUnusableReplyIsUnjudgedKeptWholeAndNotPaidAgain) {
  ScriptedChat client([](size_t index, const ChatRequest& request) {
    return index == 2 ? testing::reply_of("I'm sorry, but no.") : rate(index, request);
  });
  RunFolder run = open(disk_);
  judge(client, run);
  const Json metrics = score(run);
  EXPECT_EQ(metrics["unjudged"], 1);
  EXPECT_EQ(metrics["unjudged_reasons"]["the judge refused"], 1);
  EXPECT_EQ(run.samples()[2]["reply"], "I'm sorry, but no.");
  EXPECT_FALSE(run.samples()[2].contains("ask_again"));
  EXPECT_FALSE(scores_withheld(metrics));
}

// Whatever its words: an endpoint's error may begin with "refused" as well.
TEST_F(MmhalRunTest, ARefusalIsNotPaidForAgainAndARefusedConnectionIsTriedAgain) {
  ScriptedChat client([](size_t index, const ChatRequest& request) {
    ChatReply reply = rate(index, request);
    if (index == 2) reply.error = "declined by the content filter";
    if (index == 3) reply.error = "refused: connection";
    reply.refused = index == 2;
    if (index == 2 || index == 3) reply.text.clear();
    return reply;
  });
  {
    RunFolder run = open(disk_);
    judge(client, run);
    EXPECT_EQ(score(run)["judge_failures"], 1);
    EXPECT_EQ(score(run)["unjudged_reasons"]["the judge refused"], 1);
    EXPECT_EQ(run.samples()[2]["refused"], true);
  }
  RunFolder run = open(disk_);
  EXPECT_EQ(judge(client, run).asked, 1);
  EXPECT_EQ(score(run)["judge_failures"], 0);
  EXPECT_EQ(score(run)["unjudged_reasons"]["the judge refused"], 1);
}

TEST_F(MmhalRunTest, AJudgeThatIsDownIsAskedAgainByTheNextRun) {
  bool down = true;
  ScriptedChat client([&](size_t index, const ChatRequest& request) {
    if (!down || index % 2 == 0) return rate(index, request);
    ChatReply reply;
    reply.error = "HTTP 500 after 6 tries";
    reply.raw = "{\"error\": \"busy\"}";
    return reply;
  });
  {
    RunFolder run = open(disk_);
    judge(client, run);
    const Json metrics = score(run);
    EXPECT_TRUE(scores_withheld(metrics));
    EXPECT_TRUE(metrics["average"].is_null());
    EXPECT_EQ(metrics["judge_failures"], 4);
    EXPECT_EQ(run.samples()[1]["status"], "unjudged");
    EXPECT_EQ(run.samples()[1]["raw"], "{\"error\": \"busy\"}");
  }
  down = false;
  RunFolder run = open(disk_);
  EXPECT_EQ(judge(client, run).asked, 4);
  ScriptedChat undisturbed(rate);
  RunFolder other = RunFolder::open(disk_, folder_ / "other", {{"benchmark", "mmhal"}}, {});
  judge(undisturbed, other);
  EXPECT_EQ(score(run), score(other));
}

TEST_F(MmhalRunTest, AnErrorOfTheWholeRunKeepsWhatWasJudged) {
  ScriptedChat client([](size_t index, const ChatRequest& request) {
    if (index == 5) throw Error({.what = "the budget is spent"});
    return rate(index, request);
  });
  {
    RunFolder run = open(disk_);
    EXPECT_THROW(judge(client, run), Error);
  }
  ScriptedChat more(rate);
  RunFolder run = open(disk_);
  EXPECT_EQ(judge(more, run).asked, 3);
  EXPECT_TRUE(score(run)["complete"]);
}

TEST_F(MmhalRunTest, AStoppedJudgingGoesOn) {
  std::stop_source source;
  ScriptedChat client([&](size_t index, const ChatRequest& request) {
    if (index == 2) source.request_stop();
    return rate(index, request);
  });
  {
    RunFolder run = open(disk_);
    const StageResult result = judge(client, run, source.get_token());
    EXPECT_TRUE(result.interrupted);
    EXPECT_EQ(result.asked, 3);
  }
  ScriptedChat more(rate);
  RunFolder run = open(disk_);
  EXPECT_EQ(judge(more, run).asked, 5);
}

TEST_F(MmhalRunTest, RepeatsAreRequestsOfTheirOwn) {
  options_.repeats = 3;
  ScriptedChat client(rate);
  RunFolder run = open(disk_);
  EXPECT_EQ(judge(client, run).asked, 24);
  EXPECT_TRUE(run.holds("7#2"));
  EXPECT_EQ(client.requests[1].repeat, 1);
  EXPECT_EQ(client.requests[0].messages[0].parts[0].text,
            client.requests[1].messages[0].parts[0].text);
  EXPECT_EQ(score(run)["judge_spread"]["same_rating"], 1.0);
}

TEST_F(MmhalRunTest, TheOfficialDialectAndOtherTemplatesAskForNoSchema) {
  ScriptedChat client(rate);
  RunFolder run = open(disk_);
  records_ = questions(1);
  judge(client, run);
  EXPECT_FALSE(client.requests.back().schema.is_null());
  options_.dialect = Dialect::kOfficial;
  RunFolder official = RunFolder::open(disk_, folder_ / "official", Json::object(), {});
  judge(client, official);
  EXPECT_TRUE(client.requests.back().schema.is_null());
  options_.dialect = Dialect::kStrict;
  options_.prompt = JudgePrompt::parse("{question} {model_answer_json}", "own.txt");
  RunFolder own = RunFolder::open(disk_, folder_ / "own", Json::object(), {});
  judge(client, own);
  EXPECT_TRUE(client.requests.back().schema.is_null());
}

TEST_F(MmhalRunTest, AnAnswerThatFailedIsNotSentToTheJudge) {
  records_[1].model_answer.reset();
  records_[1].failure = "image: cannot be decoded";
  ScriptedChat client(rate);
  RunFolder run = open(disk_);
  EXPECT_EQ(judge(client, run).asked, 7);
  const Json metrics = score(run);
  EXPECT_EQ(metrics["counts"]["failed"], 1);
  EXPECT_TRUE(scores_withheld(metrics));
}

TEST_F(MmhalRunTest, StoredRowsAreScoredAgainInAnotherDialect) {
  ScriptedChat client([](size_t index, const ChatRequest& request) {
    return index == 2 ? testing::reply_of("Rating:5") : rate(index, request);
  });
  RunFolder run = open(disk_);
  judge(client, run);
  EXPECT_EQ(score(run)["dialect_differences"]["differ"], 1);
  RunFolder official = RunFolder::open(disk_, folder_ / "official", Json::object(), {});
  official.append(review_rows(read_reviews(folder_ / "run/samples.jsonl"), records_,
                              Dialect::kOfficial, "samples"));
  options_.dialect = Dialect::kOfficial;
  EXPECT_EQ(official.samples()[2]["rating"], 0);
  EXPECT_EQ(score(official)["counts"]["scored"], 8);
  EXPECT_THROW(review_rows(read_reviews(folder_ / "run/samples.jsonl"), questions(2),
                           Dialect::kOfficial, "samples"),
               Error);
}

class FaultMmhal : public MmhalRunTest {};

// Killed, or with a full disk, at every write of the judging: the rerun asks only what is missing,
// and the figures are those of an undisturbed run.
TEST_F(FaultMmhal, AtEveryWriteNothingIsLost) {
  ScriptedChat undisturbed(rate);
  RunFolder whole = RunFolder::open(disk_, folder_ / "whole", Json::object(), {});
  judge(undisturbed, whole);
  const Json expected = score(whole);
  for (const Fault fault : {Fault::kNoSpace, Fault::kKillBefore, Fault::kKillAfter}) {
    bool fired = true;
    for (int at = 0; fired && at < 100; ++at) {
      const auto path =
          folder_ / ("f" + std::to_string(static_cast<int>(fault)) + "-" + std::to_string(at));
      fired = false;
      ScriptedChat client(rate);
      size_t first = 0;
      try {
        FailingFileSystem files(at, fault);
        RunFolder run = RunFolder::open(files, path, Json::object(), {});
        judge(client, run);
        run.write_metrics(score(run));
      } catch (const Error&) {
        fired = true;
      } catch (const Killed&) {
        fired = true;
      }
      first = client.requests.size();
      RunFolder run = RunFolder::open(disk_, path, Json::object(), {});
      judge(client, run);
      EXPECT_EQ(score(run), expected) << at;
      EXPECT_LE(client.requests.size(), 9u)
          << at << " first " << first;  // at most the torn one twice
    }
  }
}

// "Answer 3." to "Question 3?".
Answer echo(const std::string&, const std::string& question, size_t) {
  Answer answer;
  answer.text = "Answer " + question.substr(9, 1) + ".";
  return answer;
}

int times_asked(const testing::CountingLvlm& model) {
  int times = 0;
  for (const auto& [question, count] : model.asked) times += count;
  return times;
}

TEST_F(MmhalRunTest, AnswersAreAskedOncePerPictureAndQuestion) {
  options_.images = folder_.path();
  for (Record& record : records_) {
    record.image_id.clear();
    record.model_answer.reset();
    record.image = "a.jpg";
  }
  records_[1].question = records_[0].question;
  records_[2].image = "broken.jpg";
  testing::CountingLvlm model(echo);
  Progress progress(nullptr, {}, steady_clock());
  {
    RunFolder answers = RunFolder::open(disk_, folder_ / "answers", Json::object(), {});
    EXPECT_EQ(answer_records(model, answers, records_, options_, progress, {}).rows, 8);
    EXPECT_EQ(times_asked(model), 7);
    EXPECT_EQ(records_[1].model_answer, "Answer 0.");
    EXPECT_FALSE(records_[2].model_answer);
    EXPECT_EQ(records_[2].failure, "image: cannot be decoded");
  }
  model.mended = true;
  RunFolder answers = RunFolder::open(disk_, folder_ / "answers", Json::object(), {});
  EXPECT_EQ(answer_records(model, answers, records_, options_, progress, {}).asked, 1);
  EXPECT_EQ(times_asked(model), 8);
  EXPECT_EQ(records_[2].model_answer, "Answer 2.");
}

// The last digits of what a model computes depend on its batch, and so may the text.
TEST_F(MmhalRunTest, AStoppedRunAnswersAsAnUndisturbedOne) {
  options_.images = folder_.path();
  for (size_t i = 0; i < records_.size(); ++i) {
    records_[i].image_id.clear();
    records_[i].model_answer.reset();
    records_[i].image = std::to_string(i / 2) + ".jpg";
  }
  const auto reply = [](const std::string&, const std::string& question, size_t company) {
    Answer answer;
    answer.text = question + " " + std::to_string(company);
    return answer;
  };
  Progress progress(nullptr, {}, steady_clock());
  const auto answers = [&](testing::BatchingLvlm& model, const std::string& name) {
    std::vector<Record> records = records_;
    RunFolder run = RunFolder::open(disk_, folder_ / name, Json::object(), {});
    answer_records(model, run, records, options_, progress, {});
    std::vector<std::string> texts;
    for (const Record& record : records) texts.push_back(record.model_answer.value());
    return texts;
  };
  testing::BatchingLvlm whole(reply);
  const std::vector<std::string> expected = answers(whole, "whole");
  const std::string file = read_file(folder_ / "whole/samples.jsonl");
  for (size_t cut = file.find('\n'); cut != std::string::npos; cut = file.find('\n', cut + 1)) {
    SCOPED_TRACE(cut);
    folder_.write("cut/samples.jsonl", file.substr(0, cut + 1));
    folder_.write("cut/run.json", read_file(folder_ / "whole/run.json"));
    testing::BatchingLvlm rest(reply);
    EXPECT_EQ(answers(rest, "cut"), expected);
    // No more than the batch that was cut is computed again.
    const auto kept =
        std::count(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(cut), '\n') + 1;
    EXPECT_LE(times_asked(rest), 8 - kept / 4 * 4);
  }
}

}  // namespace
}  // namespace vigor::mmhal
