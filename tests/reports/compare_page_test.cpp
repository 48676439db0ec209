// compare.html: what it shows, and that text from outside stays text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "image/image.h"
#include "reports/compare_formats.h"
#include "reports/page.h"
#include "tests/reports/synthetic_runs.h"
#include "tests/testing/temporary_folder.h"

namespace vigor::reports {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::synthetic_answers;
using testing::TemporaryFolder;
using testing::write_pope_run;

class ComparePage : public ::testing::Test {
 protected:
  RunView run(const std::string& name, const std::vector<pope::SampleOutcome>& answers) {
    write_pope_run(folder_ / name, answers, {.name = name});
    return open_run((folder_ / name).string());
  }
  TemporaryFolder folder_;
};

TEST_F(ComparePage, ShowsGateFiguresAndTheWorstSamples) {
  const Comparison comparison = compare_runs(
      {run("base", synthetic_answers({}, {}))},
      {run("worse", synthetic_answers({}, {.drop = 0.1, .seed = 1}))}, {.resamples = 100});
  const Gate gate = parse_gate(
      {{"rules", {{{"metric", "average.accuracy"}, {"allowed_drop", 0.01}}}}}, "gate.json");
  const GateResult result = apply_gate(gate, comparison);
  const std::string page = compare_html(comparison, &result, {.flips = 10});
  EXPECT_THAT(page, AllOf(HasSubstr("<h1>Gate: regression</h1>"), HasSubstr("average.accuracy"),
                          HasSubstr("<h2>Differences</h2>"), HasSubstr("McNemar, all questions"),
                          HasSubstr("Bootstrap"), HasSubstr("Here are the 10 worst and the 5 best"),
                          HasSubstr("<svg class=\"drawing forest\"")));
  EXPECT_THAT(page, AllOf(HasSubstr("default-src 'none'"), Not(HasSubstr("http://")),
                          Not(HasSubstr("https://"))));
  EXPECT_THAT(compare_html(comparison, nullptr), HasSubstr("<h1>Worse: "));
}

TEST_F(ComparePage, HostileTextIsText) {
  const std::string attack = "</td><script id=\"injected\">x</script><img src=x onerror=alert(1)>";
  auto answers = synthetic_answers({}, {.drop = 0.3, .seed = 1});
  for (auto& one : answers) {
    if (one.answer == "No") one.answer = "No. " + attack;
  }
  const std::string page =
      compare_html(compare_runs({run("base" + std::string("<b>"), synthetic_answers({}, {}))},
                                {run("tuned", answers)}),
                   nullptr);
  EXPECT_THAT(page,
              AllOf(HasSubstr("&lt;script id=&quot;injected&quot;&gt;"), HasSubstr("base&lt;b&gt;"),
                    Not(HasSubstr("<script id=\"injected\"")), Not(HasSubstr("<img src=x"))));
}

TEST_F(ComparePage, PicturesOfChangedSamplesAreEmbeddedWithinTheBudget) {
  const auto answers = synthetic_answers({.images = 4}, {});
  auto changed = answers;
  changed[0].answer = changed[0].answer == "Yes" ? "No" : "Yes";
  Comparison comparison = compare_runs({run("base", answers)}, {run("tuned", changed)});
  comparison.base.images = folder_ / "pictures";
  std::filesystem::create_directories(comparison.base.images);
  const Image picture{8, 8, std::vector<uint8_t>(8 * 8 * 3, 200)};
  testing::write_text(comparison.base.images / answers[0].question.image, encode_jpeg(picture, 80));
  EXPECT_THAT(compare_html(comparison, nullptr),
              AllOf(HasSubstr("src=\"data:image/jpeg;base64,"),
                    HasSubstr("alt=\"" + answers[0].question.image)));
  EXPECT_THAT(compare_html(comparison, nullptr, {.picture_bytes = 0}), Not(HasSubstr("<img")));
}

}  // namespace
}  // namespace vigor::reports
