#include "scenes/write.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.h"
#include "benchmarks/pope/builder.h"
#include "image/image.h"

namespace vigor {
namespace {

// What is kept of a scene once its picture is written.
struct Kept {
  pope::ImageObjects objects;
  Json truth, captions, conversations = Json::array();
  std::vector<YesNoPair> pairs;
};

void write_file(FileSystem& files, const std::filesystem::path& path, std::string_view bytes) {
  files.create(path)->write(bytes);
}

Image label_picture(const Scene& scene) {
  Image image{scene.image.height, scene.image.width, {}};
  image.rgb.reserve(scene.label_map.size() * 3);
  for (const uint8_t label : scene.label_map) {
    const uint8_t value = label == kBackgroundLabel ? 0 : static_cast<uint8_t>(label + 1);
    image.rgb.insert(image.rgb.end(), 3, value);
  }
  return image;
}

Kept make_one(FileSystem& files, const SceneSetOptions& options, uint64_t index) {
  const Scene scene = generate_scene(options.seed, index, options.scene);
  const std::string name = scene_file_name(index);
  const std::string jpeg = encode_jpeg(scene.image, options.jpeg_quality);
  write_file(files, options.out / "images" / name, jpeg);
  const std::string stem = name.substr(0, name.size() - 4);
  if (options.label_maps) {
    write_file(files, options.out / "labels" / (stem + ".png"), encode_png(label_picture(scene)));
  }
  Kept kept;
  kept.truth = scene_truth(scene);
  kept.objects.image = name;
  const auto counts = kind_counts(scene);
  // The nearest first: POPE asks about the first ones.
  for (auto object = scene.objects.rbegin(); object != scene.objects.rend(); ++object) {
    auto& list = kept.objects.objects;
    if (std::find(list.begin(), list.end(), object->kind) == list.end())
      list.push_back(object->kind);
  }
  CounterRandom words(options.seed, "scene captions", index);
  const std::string first = short_caption(scene, words), second = short_caption(scene, words);
  kept.captions = {
      {"image", name}, {"short", {first, second}}, {"long", long_caption(scene, words)}};
  CounterRandom pairs(options.seed, "scene pairs", index);
  kept.pairs = mme_pairs(scene, pairs);
  for (const YesNoPair& pair : kept.pairs) {
    const auto folder = options.out / "mme" / pair.task;
    write_file(files, folder / name, jpeg);
    write_file(files, folder / (stem + ".txt"),
               pair.yes_question + "\tYes\n" + pair.no_question + "\tNo\n");
  }
  for (int i = 0; options.train && i < options.conversations; ++i)
    kept.conversations.push_back(llava_conversation(scene, stem, name, options.training, i));
  return kept;
}

void check(const SceneSetOptions& o) {
  const auto refuse = [](const char* what) {
    throw Error({.what = what,
                 .where = "scenes",
                 .cause = "",
                 .fix = "see vigor-eval scenes --help",
                 .exit_code = ExitCode::kUsage});
  };
  if (o.count < 1 || o.count > 1'000'000) refuse("the number of scenes must be 1 to 1,000,000");
  if (o.jpeg_quality < 1 || o.jpeg_quality > 100) refuse("the JPEG quality must be 1 to 100");
  if (o.pope_samples < 1 || o.pope_samples > 12)
    refuse("the number of POPE questions must be 1 to 12");
  if (o.threads < 0 || o.threads > 1024) refuse("the number of threads must be 0 to 1024");
  if (o.out.empty()) refuse("no folder to write to");
}

// Pictures of a larger or other set would stay beside the lists of this one, without any truth.
void clear_other_set(FileSystem& files, const SceneSetOptions& options) {
  namespace fs = std::filesystem;
  if (!fs::exists(options.out) || fs::is_empty(options.out)) return;
  if (!fs::exists(options.out / "images")) {
    throw Error({.what = "the folder holds something else than scenes",
                 .where = printable(options.out.string()),
                 .cause = "",
                 .fix = "give an empty or new folder",
                 .exit_code = ExitCode::kUsage});
  }
  const auto outside = [&](const fs::path& file) {
    unsigned long long index = 0;
    return std::sscanf(file.filename().c_str(), "scene_%llu.", &index) == 1 &&
           (index < options.first || index - options.first >= static_cast<uint64_t>(options.count));
  };
  std::vector<fs::path> stale;
  for (const char* list : {"truth.jsonl", "llava_conversations.json", "scenes_pope_random.json",
                           "scenes_pope_popular.json", "scenes_pope_adversarial.json",
                           "scenes_co_occur.json", "scenes_ground_truth_objects.json"})
    stale.push_back(options.out / list);
  for (const char* folder : {"images", "labels", "mme"}) {
    if (!fs::is_directory(options.out / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(options.out / folder))
      if (entry.is_regular_file() && outside(entry.path())) stale.push_back(entry.path());
  }
  for (const fs::path& file : stale) files.remove(file);
}

}  // namespace

std::string scene_file_name(uint64_t index) {
  char name[40];
  std::snprintf(name, sizeof name, "scene_%06llu.jpg", static_cast<unsigned long long>(index));
  return name;
}

Json scene_truth(const Scene& scene) {
  Json objects = Json::array(), relations = Json::array();
  for (const SceneObject& o : scene.objects) {
    objects.push_back({{"kind", o.kind},
                       {"color", o.colour.empty() ? Json() : Json(o.colour)},
                       {"size", o.size},
                       {"box", {o.box.x0, o.box.y0, o.box.x1, o.box.y1}},
                       {"visible_fraction", o.visible_fraction},
                       {"position", o.position}});
  }
  for (const Relation& r : scene.relations) {
    relations.push_back({{"subject", r.subject}, {"predicate", r.predicate}, {"object", r.object}});
  }
  return {{"image", scene_file_name(scene.index)},
          {"seed", scene.seed},
          {"index", scene.index},
          {"background", scene.background},
          {"width", scene.image.width},
          {"height", scene.image.height},
          {"objects", std::move(objects)},
          {"relations", std::move(relations)}};
}

SceneSetSummary write_scenes(FileSystem& files, const SceneSetOptions& options, Progress* progress,
                             std::stop_token stop) {
  check(options);
  clear_other_set(files, options);
  files.create_directories(options.out / "images");
  if (options.label_maps) files.create_directories(options.out / "labels");
  for (const char* task : {"existence", "count", "position", "color"})
    files.create_directories(options.out / "mme" / task);

  const auto count = static_cast<size_t>(options.count);
  std::vector<Kept> kept(count);
  std::atomic<size_t> next = 0, done = 0;
  std::mutex mutex;
  std::condition_variable changed;
  std::exception_ptr failure;
  const size_t wanted = options.threads > 0 ? static_cast<size_t>(options.threads)
                                            : std::max(1u, std::thread::hardware_concurrency());
  const size_t threads = std::min(wanted, count);
  size_t running = threads;
  if (progress != nullptr) progress->start("scenes", "scenes", count);
  {
    std::vector<std::jthread> pool;
    for (size_t t = 0; t < threads; ++t) {
      pool.emplace_back([&] {
        try {
          for (size_t i; !stop.stop_requested() && (i = next.fetch_add(1)) < count;) {
            kept[i] = make_one(files, options, options.first + i);
            done.fetch_add(1);
          }
        } catch (...) {
          const std::lock_guard lock(mutex);
          if (!failure) failure = std::current_exception();
          next.store(count);  // the others stop at their next scene
        }
        const std::lock_guard lock(mutex);
        --running;
        changed.notify_all();
      });
    }
    std::unique_lock lock(mutex);
    size_t shown = 0;
    while (!changed.wait_for(lock, std::chrono::milliseconds(100), [&] { return running == 0; })) {
      const size_t now = done.load();
      if (progress != nullptr) progress->advance(now - shown);
      shown = now;
    }
    if (progress != nullptr) progress->advance(done.load() - shown);
  }
  if (progress != nullptr) progress->finish();
  if (failure) std::rethrow_exception(failure);
  SceneSetSummary summary;
  summary.scenes = static_cast<int64_t>(done.load());
  if (done.load() < count) {
    summary.stopped = true;
    return summary;
  }

  std::string truth, objects;
  Json captions = Json::array(), conversations = Json::array();
  std::vector<pope::ImageObjects> images;
  bool enough = false;
  for (Kept& one : kept) {
    summary.objects += static_cast<int64_t>(one.truth["objects"].size());
    truth += dump_json(one.truth) + "\n";
    objects += dump_json({{"image", one.objects.image}, {"objects", one.objects.objects}}) + "\n";
    captions.push_back(std::move(one.captions));
    for (Json& row : one.conversations) conversations.push_back(std::move(row));
    enough = enough || one.objects.objects.size() >= static_cast<size_t>(options.pope_samples);
    images.push_back(std::move(one.objects));
  }
  write_atomic(files, options.out / "truth.jsonl", truth);
  write_atomic(files, options.out / "objects.jsonl", objects);
  write_atomic(files, options.out / "captions.json", dump_json(captions, 1) + "\n");
  write_atomic(files, options.out / "synonyms.txt", scene_synonyms());
  if (options.train)
    write_atomic(files, options.out / "llava_conversations.json",
                 dump_json(conversations, 1) + "\n");
  if (!enough) {
    summary.no_pope = "no picture shows " + std::to_string(options.pope_samples) + " kinds";
    return summary;
  }
  pope::PopeQuestions built;
  try {
    built = pope::build_pope(images, {.samples = options.pope_samples, .seed = options.seed});
  } catch (const Error& error) {
    // A handful of scenes shows too few kinds to ask about absent ones.
    summary.no_pope = error.parts().what;
    return summary;
  }
  summary.pope_questions = static_cast<int64_t>(built.random.size());
  for (const auto& [name, bytes] : pope::pope_files(built, "scenes"))
    write_atomic(files, options.out / name, bytes);
  return summary;
}

}  // namespace vigor
