// Files of detections, what a remote detector replies, and tables of other words for nouns.
#include "base/error.h"
#include "vigor/detection_file.h"
#include "vigor/detector_reply.h"
#include "vigor/noun_relations.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string nouns[] = {"dog", "traffic light"};
  const auto attempt = [](const auto& action) {
    try {
      action();
    } catch (const vigor::Error&) {
    }
  };
  attempt([&] { vigor::parse_detections(text, "fuzz"); });
  attempt([&] { vigor::read_detector_reply(text, nouns, "fuzz"); });
  attempt([&] { vigor::NounRelations().add(text, "fuzz"); });
  return 0;
}
