#include "cli/detector_options.h"

#include <unistd.h>

#include "cli/judge_options.h"
#include "judges/client/secret.h"
#include "judges/judge/open_judge.h"
#include "vigor/chat_detector.h"
#include "vigor/detection_file.h"
#include "vigor/detection_store.h"

namespace vigor {
namespace {

constexpr std::string_view kDetections = "detections:";
constexpr std::string_view kScenes = "scenes:";
constexpr std::string_view kChat = "chat:";

}  // namespace

void DetectorFlags::add_to(CLI::App& app, bool own_device) {
  app.add_option("--detector", detector_,
                 "Grounding DINO as a Hugging Face folder; detections:FILE.jsonl; "
                 "http(s)://host/v1#name or chat:FILE.json (an endpoint, as for --judge); "
                 "scenes:truth.jsonl (generated scenes)")
      ->type_name("DETECTOR");
  app.add_option("--detections-cache", cache_,
                 "What detectors said of pictures, asked once (default: detections.db beside "
                 "--out); off: none")
      ->type_name("FILE");
  app.add_option("--detector-side", dino_.side,
                 "Shortest side that the network sees, in pixels; 0: the checkpoint's (800). "
                 "Smaller is faster and misses small things")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  app.add_option("--detector-config", dino_config_,
                 "Geometry of a .pth of the official Grounding DINO (default: config.json beside "
                 "it)")
      ->type_name("FILE.json");
  app.add_option("--detector-batch", dino_.pictures_per_batch,
                 "Pictures that Grounding DINO looks at in one forward, where they have one size")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_flag("--keep-apart", dino_.keep_apart,
               "Nouns with a token in common are asked in different prompts");
  if (own_device) {
    app.add_option("--dtype", dino_.dtype,
                   "Numbers that the network computes with; auto: bfloat16 where there are bf16 "
                   "matrix units")
        ->check(CLI::IsMember({"auto", "float32", "bfloat16"}))
        ->capture_default_str();
    app.add_option("--device", dino_.device, "cpu, cuda or cuda:N")->capture_default_str();
  }
  app.add_option("--detector-in-flight", in_flight_, "Pictures that an endpoint is asked together")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  app.add_option("--oracle-miss", scenes_.miss_rate,
                 "Share of what is there that scenes: does not find")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--oracle-false", scenes_.false_rate,
                 "Share of what is not there that scenes: finds")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--oracle-seed", scenes_.seed, "Seed of the errors of scenes:")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
}

void DetectorFlags::compute_with(const std::string& dtype, const std::string& device) {
  dino_.dtype = dtype;
  dino_.device = device;
}

std::unique_ptr<Detector> DetectorFlags::open_plain(const CommandContext& context) const {
  const auto after = [&](std::string_view prefix) { return detector_.substr(prefix.size()); };
  if (detector_.starts_with(kDetections)) return open_recorded_detector(after(kDetections));
  if (detector_.starts_with(kScenes)) {
    SceneDetectorOptions options = scenes_;
    options.truth = after(kScenes);
    return open_scene_detector(options);
  }
  const bool address = detector_.starts_with("http://") || detector_.starts_with("https://");
  if (address || detector_.starts_with(kChat)) {
    forbid_core_dumps();
    return make_chat_detector(
        open_judge({.config = address ? detector_ : after(kChat), .cache_mode = "off"},
                   {.environment = process_environment(),
                    .clock = context.console.clock,
                    .jitter_seed = static_cast<uint64_t>(::getpid())}),
        {.pictures_together = static_cast<size_t>(in_flight_)});
  }
  GroundingDinoOptions options = dino_;
  options.folder = detector_;
  options.config = dino_config_;
  return open_grounding_dino_detector(options);
}

std::unique_ptr<Detector> DetectorFlags::open(const CommandContext& context,
                                              const std::filesystem::path& out) const {
  std::unique_ptr<Detector> detector = open_plain(context);
  if (!detector->needs_pictures() || cache_ == "off") return detector;
  const std::filesystem::path file =
      cache_.empty() ? std::filesystem::absolute(out).parent_path() / "detections.db"
                     : std::filesystem::path(cache_);
  return std::make_unique<CachedDetector>(std::move(detector), DetectionStore(file));
}

}  // namespace vigor
