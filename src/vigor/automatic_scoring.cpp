#include "vigor/automatic_scoring.h"

#include <map>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "run/image_path.h"
#include "run/sha256.h"

namespace vigor {
namespace {

// A picture on its way: what its captions name, and what came of asking.
struct PictureUnderWay {
  const PictureCaptions* captions = nullptr;
  std::vector<CaptionNouns> nouns;  // one for each caption
  PictureNouns request;
  Findings findings;
  std::string error;
};

PictureUnderWay prepared(const PictureCaptions& captions, const CaptionReader& reader,
                         const Detector& detector, const std::filesystem::path& images) {
  PictureUnderWay picture;
  picture.captions = &captions;
  std::set<std::string> queries;
  for (const SampledCaption& caption : captions.captions) {
    picture.nouns.push_back(reader.read(caption.text));
    for (const CaptionNoun& noun : picture.nouns.back().nouns) {
      for (const NounQuery& query : noun.queries) queries.insert(query.text);
    }
  }
  picture.request.nouns.assign(queries.begin(), queries.end());
  picture.request.picture.name = captions.image;
  if (!detector.needs_pictures() || queries.empty()) return picture;
  const std::filesystem::path path = image_path(images, captions.image, "the captions");
  try {
    picture.request.picture.bytes = read_file(path);
    picture.request.picture.sha256 = sha256_hex(picture.request.picture.bytes);
  } catch (const Error& error) {
    picture.error = error.what();
  }
  return picture;
}

void take_findings(PictureUnderWay& picture, PictureFindings&& answer) {
  picture.error = std::move(answer.error);
  if (!picture.error.empty()) return;
  for (size_t i = 0; i < picture.request.nouns.size(); ++i) {
    NounFinding finding = std::move(answer.findings.at(i));
    // Also what is no number at all.
    if (finding.score && !(*finding.score >= 0 && *finding.score <= 1)) {
      finding.score.reset();
      finding.error = "the detector gave a score that is no share";
    }
    picture.findings.emplace(picture.request.nouns[i], std::move(finding));
  }
}

std::vector<Json> rows_of(const PictureUnderWay& picture, const RunFolder& folder,
                          const AutomaticRewardOptions& options) {
  std::vector<Json> rows;
  for (size_t i = 0; i < picture.captions->captions.size(); ++i) {
    const SampledCaption& caption = picture.captions->captions[i];
    const std::string key = caption.key(picture.captions->image);
    if (folder.holds(key)) continue;
    Json row = caption_row(picture.captions->image, caption, picture.error);
    if (row["status"] == "scored") {
      row.update(reward_keys(picture.nouns[i],
                             automatic_reward(picture.nouns[i], picture.findings, options)));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

// Asks about the pictures that can be asked and have something to be looked for. False for those
// that a stop left without an answer.
std::vector<bool> ask_detector(std::vector<PictureUnderWay>& batch, Detector& detector,
                               std::stop_token stop) {
  std::vector<PictureNouns> requests;
  std::vector<size_t> owner;
  for (size_t i = 0; i < batch.size(); ++i) {
    if (!batch[i].error.empty() || batch[i].request.nouns.empty()) continue;
    owner.push_back(i);
    requests.push_back(std::move(batch[i].request));
  }
  std::vector<bool> answered(batch.size(), true);
  if (requests.empty()) return answered;
  std::vector<PictureFindings> answers = detector.find_all(requests, stop);
  for (size_t i = 0; i < owner.size(); ++i) {
    batch[owner[i]].request = std::move(requests[i]);
    answered[owner[i]] = answers[i].error != kStopped;
    take_findings(batch[owner[i]], std::move(answers[i]));
  }
  return answered;
}

}  // namespace

ScoringResult score_captions(const std::vector<PictureCaptions>& pictures,
                             const CaptionReader& reader, Detector& detector, RunFolder& folder,
                             const AutomaticScoringOptions& options, Progress& progress,
                             std::stop_token stop) {
  std::vector<const PictureCaptions*> open;
  for (const PictureCaptions& picture : pictures) {
    if (is_open(picture, folder)) open.push_back(&picture);
  }
  ScoringResult result;
  progress.start("score", "pictures", pictures.size(), pictures.size() - open.size());
  const size_t together = std::max<size_t>(1, detector.pictures_together());
  for (size_t first = 0; first < open.size() && !stop.stop_requested(); first += together) {
    std::vector<PictureUnderWay> batch;
    for (size_t i = first; i < std::min(open.size(), first + together); ++i) {
      batch.push_back(prepared(*open[i], reader, detector, options.images));
    }
    const std::vector<bool> answered = ask_detector(batch, detector, stop);
    std::vector<Json> rows;
    for (size_t i = 0; i < batch.size(); ++i) {
      if (!answered[i]) continue;
      for (Json& row : rows_of(batch[i], folder, options.reward)) rows.push_back(std::move(row));
      ++result.pictures;
      progress.advance(1);
    }
    if (!rows.empty()) folder.append(rows);
    result.rows += static_cast<int64_t>(rows.size());
  }
  progress.finish();
  result.interrupted = result.pictures < static_cast<int64_t>(open.size());
  return result;
}

}  // namespace vigor
