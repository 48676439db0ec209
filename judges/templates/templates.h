// The judges' prompts, embedded from the text files beside this header: a program that is installed
// alone still has them. A prompt that changes needs another name in the result, so that figures of
// different prompts are never taken for the same; the hash of its text is recorded as well.
#pragma once

#include <string_view>

namespace vigor::judge_templates {

extern const std::string_view kMmhalTxt;

}  // namespace vigor::judge_templates
