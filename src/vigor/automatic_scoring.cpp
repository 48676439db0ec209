#include "vigor/automatic_scoring.h"

#include <charconv>
#include <map>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "benchmarks/chair/score.h"
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
    std::string error = picture.error;
    if (!caption.error.empty()) error = "there is no caption: " + caption.error;
    Json row = {{"key", key},
                {"image", picture.captions->image},
                {"sample", caption.sample},
                {"caption", caption.error.empty() ? Json(caption.text) : Json()},
                {"status", error.empty() ? "scored" : "failed"},
                {"error", error.empty() ? Json() : Json(error)}};
    if (error.empty()) {
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

Shard parse_shard(const std::string& text) {
  Shard shard;
  const char* end = text.data() + text.size();
  const auto [slash, first] = std::from_chars(text.data(), end, shard.index);
  bool good = first == std::errc() && slash != end && *slash == '/';
  if (good) {
    const auto [last, second] = std::from_chars(slash + 1, end, shard.count);
    good = second == std::errc() && last == end;
  }
  if (good && shard.index >= 1 && shard.index <= shard.count) return shard;
  throw Error(
      {.what = "--shard must be a part and how many there are, not '" + printable(text) + "'",
       .fix = "give --shard 1/4 to --shard 4/4 for four processes",
       .exit_code = ExitCode::kUsage});
}

std::vector<PictureCaptions> parse_picture_captions(std::string_view bytes,
                                                    const std::string& where) {
  std::vector<PictureCaptions> pictures;
  std::map<std::string, size_t> places;
  std::set<std::string> keys;
  for (chair::Caption& row : chair::parse_captions(bytes, where)) {
    const auto [place, is_new] = places.try_emplace(row.image, pictures.size());
    if (is_new) pictures.push_back({row.image, {}});
    PictureCaptions& picture = pictures[place->second];
    SampledCaption caption;
    caption.sample = row.sample.value_or(static_cast<int64_t>(picture.captions.size()));
    caption.text = std::move(row.text);
    caption.error = std::move(row.error);
    const std::string at = where + ":" + std::to_string(row.line);
    if (caption.sample < 0) throw Error({.what = "key 'sample' must be 0 or more", .where = at});
    if (!keys.insert(caption.key(row.image)).second) {
      throw Error({.what = "the caption " + printable(caption.key(row.image)) + " is there twice",
                   .where = at,
                   .cause = "two files were joined",
                   .fix = "give the samples of an image different numbers under 'sample'"});
    }
    picture.captions.push_back(std::move(caption));
  }
  return pictures;
}

std::vector<PictureCaptions> part_of(std::vector<PictureCaptions> pictures, const Shard& shard) {
  if (shard.count == 1) return pictures;
  std::vector<PictureCaptions> part;
  for (size_t i = static_cast<size_t>(shard.index - 1); i < pictures.size();
       i += static_cast<size_t>(shard.count)) {
    part.push_back(std::move(pictures[i]));
  }
  return part;
}

ScoringResult score_captions(const std::vector<PictureCaptions>& pictures,
                             const CaptionReader& reader, Detector& detector, RunFolder& folder,
                             const AutomaticScoringOptions& options, Progress& progress,
                             std::stop_token stop) {
  std::vector<const PictureCaptions*> open;
  for (const PictureCaptions& picture : pictures) {
    for (const SampledCaption& caption : picture.captions) {
      if (folder.holds(caption.key(picture.image))) continue;
      open.push_back(&picture);
      break;
    }
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
