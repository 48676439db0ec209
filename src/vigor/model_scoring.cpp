#include "vigor/model_scoring.h"

#include <algorithm>

#include "base/error.h"
#include "lvlm/batches.h"
#include "run/image_path.h"

namespace vigor {
namespace {

// Pictures whose questions are held in memory at a time, about; each question holds a beginning of
// its caption.
constexpr size_t kPicturesAtOnce = 512;

// A picture with what is asked of its captions.
struct JudgedPicture {
  const PictureCaptions* picture = nullptr;
  std::vector<CaptionToJudge> captions;
  JudgedImage asked;
};

// A caption that holds a sentence.
bool can_be_judged(const SampledCaption& caption) {
  return caption.error.empty() && caption.text.find_first_not_of(" \t\r\n") != std::string::npos;
}

JudgedPicture judged_picture(const PictureCaptions& picture, bool whole, const RunFolder& folder,
                             const language::SentenceSplitter& splitter,
                             const ModelRewardOptions& options) {
  JudgedPicture judged;
  judged.picture = &picture;
  for (const SampledCaption& caption : picture.captions) {
    if (!can_be_judged(caption)) continue;
    if (!whole && folder.holds(caption.key(picture.image))) continue;
    judged.captions.push_back(
        {picture.image, caption.sample, caption.text, splitter.split_finely(caption.text)});
  }
  judged.asked = judged_image(judged.captions, options);
  return judged;
}

// Rows that the folder does not hold.
std::vector<Json> judged_rows(const JudgedPicture& judged, const std::vector<Answer>& answers,
                              const RunFolder& folder, const ModelRewardOptions& options) {
  std::vector<Json> rows;
  for (size_t i = 0; i < judged.captions.size(); ++i) {
    std::vector<const Answer*> mine;
    for (const size_t question : judged.asked.of_caption[i]) mine.push_back(&answers.at(question));
    SideAnswers side;
    for (const size_t question : judged.asked.creative[i]) {
      side.creative.push_back(&answers.at(question));
    }
    if (const auto question = judged.asked.detail[i]) side.detail = &answers.at(*question);
    Json row = model_reward_row(judged.captions[i], mine, options, side);
    if (!folder.holds(row["key"].get<std::string>())) rows.push_back(std::move(row));
  }
  return rows;
}

// Rows of captions of which there is nothing to ask, that the folder does not hold.
std::vector<Json> rows_without_question(const PictureCaptions& picture, const RunFolder& folder,
                                        const ModelRewardOptions& options) {
  std::vector<Json> rows;
  for (const SampledCaption& caption : picture.captions) {
    if (can_be_judged(caption) || folder.holds(caption.key(picture.image))) continue;
    rows.push_back(
        caption.error.empty()
            ? model_reward_row({picture.image, caption.sample, caption.text, {}}, {}, options)
            : caption_row(picture.image, caption, ""));
  }
  return rows;
}

}  // namespace

int answer_tokens(const ModelScoringOptions& options) {
  if (options.max_new_tokens > 0) return options.max_new_tokens;
  if (options.reward.reading == RewardReading::kText) return kTextAnswerTokens;
  return options.reward.detail ? kDetailTokens : 1;
}

ScoringResult score_with_model(const std::vector<PictureCaptions>& pictures,
                               const language::SentenceSplitter& splitter, Lvlm& model,
                               RunFolder& folder, const ModelScoringOptions& options,
                               Progress& progress, std::stop_token stop) {
  const size_t together = model.images_together();
  ScoringResult result;
  const auto append = [&](const std::vector<Json>& rows) {
    if (!rows.empty()) folder.append(rows);
    result.rows += static_cast<int64_t>(rows.size());
  };
  std::vector<const PictureCaptions*> askable;
  std::vector<bool> open;  // parallel to it
  for (const PictureCaptions& picture : pictures) {
    append(rows_without_question(picture, folder, options.reward));
    if (std::none_of(picture.captions.begin(), picture.captions.end(), can_be_judged)) continue;
    askable.push_back(&picture);
    open.push_back(is_open(picture, folder));
  }
  const auto all_open = static_cast<uint64_t>(std::count(open.begin(), open.end(), true));
  progress.start("score", "pictures", pictures.size(), pictures.size() - all_open);

  const std::vector<size_t> chosen = pictures_to_ask(open, together);
  GenerationOptions generation;
  generation.max_new_tokens = answer_tokens(options);
  // Whole batches at a time.
  const size_t batch = std::max<size_t>(together, 1);
  const size_t step = (kPicturesAtOnce + batch - 1) / batch * batch;
  size_t done = 0;
  for (size_t first = 0; first < chosen.size() && !stop.stop_requested(); first += step) {
    std::vector<JudgedPicture> judged;
    std::vector<ImageRequest> requests;
    for (size_t i = first; i < std::min(chosen.size(), first + step); ++i) {
      const PictureCaptions& picture = *askable[chosen[i]];
      judged.push_back(judged_picture(picture, together > 0, folder, splitter, options.reward));
      requests.push_back({.key = picture.image,
                          .image = options.images.empty()
                                       ? std::filesystem::path(picture.image)
                                       : image_path(options.images, picture.image, "the captions"),
                          .questions = judged.back().asked.questions});
    }
    const size_t before = done;
    const auto write = [&](size_t request, std::vector<Answer>&& answers) {
      append(judged_rows(judged[request], answers, folder, options.reward));
      ++done;
      // One that is asked for its neighbours' sake was done before.
      if (open[chosen[first + request]]) progress.advance(1);
    };
    model.answer(requests, generation, write, stop);
    if (done - before < requests.size() && !stop.stop_requested()) {
      throw Error({.what = "the model left " + std::to_string(before + requests.size() - done) +
                           " pictures without an answer"});
    }
  }
  progress.finish();
  result.pictures = static_cast<int64_t>(done);
  result.interrupted = done < chosen.size();
  return result;
}

}  // namespace vigor
