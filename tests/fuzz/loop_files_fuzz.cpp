// Files between the stages of the training loop: annotations, rewards, M-HalDetect's segments,
// ViGoR's annotations, prompts, what a reward model was taught. The first byte says which.
#include <string_view>

#include "base/error.h"
#include "vigor/annotation_import.h"
#include "vigor/annotations.h"
#include "vigor/model_reward.h"
#include "vigor/prompt_set.h"
#include "vigor/refine.h"
#include "vigor/reward_data.h"
#include "vigor/reward_file.h"

using namespace vigor;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    switch (static_cast<uint8_t>(data[0] - '0') % 6) {
      case 0: {
        const auto annotations = parse_annotations(text, "fuzz");
        for (const auto& one : annotations) {
          // What was read can be written and read again.
          parse_annotation(annotation_row(one), "again");
        }
        reward_data(majority(annotations), {});
        break;
      }
      case 1:
        for (const RewardRow& row : parse_rewards(text, "fuzz")) {
          refine_caption(row.caption, row.sentences, row.missing);
        }
        break;
      case 2:
        for (const auto& one : import_mhaldetect(text, "fuzz").annotations) {
          parse_annotation(annotation_row(one), "again");
        }
        break;
      case 4:
        for (const auto& one : import_vigor(text, "fuzz").annotations) {
          parse_annotation(annotation_row(one), "again");
        }
        break;
      case 5:
        taught_kinds(text, "fuzz", {});
        break;
      default:
        drawn_prompt(parse_prompts(text, "fuzz"), 1, "a.jpg");
    }
  } catch (const Error&) {
  }
  return 0;
}
