// One row of LLaVA's conversation JSON: a picture, a question, an answer.
#pragma once

#include <string>

#include "base/json.h"

namespace vigor {

// The mark of the picture stands in front of what is asked, as in LLaVA's own data.
inline Json conversation_row(const std::string& id, const std::string& image,
                             const std::string& question, const std::string& answer) {
  return {{"id", id},
          {"image", image},
          {"conversations", Json::array({{{"from", "human"}, {"value", "<image>\n" + question}},
                                         {{"from", "gpt"}, {"value", answer}}})}};
}

}  // namespace vigor
