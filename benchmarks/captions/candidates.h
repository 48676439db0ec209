// Ranking of captions (ViGoR section 4.4.1, Table 1): a judge sees an image with the captions of
// several models and ranks them by seven metrics; the mean rank of each model is its score.
//
// This room reads the captions (candidates.h), draws what is asked (calls.h), asks (evaluate.h) and
// counts (score.h). The prompt and the parser of replies are in judges/ranking.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"

namespace vigor::captions {

// One model's captions, as `vigor-eval caption` writes them (docs/format-caption.md).
struct Candidate {
  std::string name;
  std::string content_hash;                     // SHA-256 of the file
  std::map<std::string, std::string> captions;  // by image
  std::map<std::string, std::string> prompts;   // by image; "" where the file has none
  // Images whose caption failed, with the reason.
  std::map<std::string, std::string> failed;
};

// Each is "NAME=FILE.jsonl". Sample 0 counts where a file has several of an image. Throws Error for
// a name that is twice, empty or has no "=" (usage), fewer than 2 or more than `most` candidates
// (usage), a row without image or caption (file and line), and an image that is twice.
std::vector<Candidate> read_candidates(const std::vector<std::string>& arguments, size_t most);

// One file from memory; `where` names it in messages.
Candidate parse_candidate(std::string_view text, const std::string& where);

// Images that all candidates have a row for, sorted; `left_out` counts those that only some have.
// Throws Error when there are none.
std::vector<std::string> common_images(const std::vector<Candidate>& candidates, size_t& left_out);

// What the models were asked for `image`. Throws Error when candidates were asked differently.
std::string common_prompt(const std::vector<Candidate>& candidates, const std::string& image);

}  // namespace vigor::captions
