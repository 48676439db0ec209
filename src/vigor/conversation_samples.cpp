#include "vigor/conversation_samples.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <map>

#include "base/json.h"
#include "base/random.h"
#include "image/image.h"
#include "run/image_path.h"
#include "run/sha256.h"
#include "text/training_text.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

struct ConversationRow {
  std::string id, image, where;
  std::vector<Turn> turns;
};

std::vector<ConversationRow> read_rows(const fs::path& data, const ConversationOptions& options) {
  std::vector<ConversationRow> rows;
  for (const JsonRow& row : read_json_rows(data)) {
    ConversationRow out;
    out.where = data.string() + ":" + std::to_string(row.line);
    ObjectReader reader(row.value, out.where);
    const Json* id = reader.find("id");
    out.id = id == nullptr     ? std::to_string(row.line)
             : id->is_string() ? id->get<std::string>()
                               : dump_json(*id);
    out.image = reader.get<std::string>("image", "");
    const Json* list = reader.find("conversations");
    if (list == nullptr) {
      throw Error({.what = "key 'conversations' is missing",
                   .where = out.where,
                   .cause = "the file is not LLaVA's conversation JSON",
                   .fix = "give a list of {\"id\", \"image\", \"conversations\"}"});
    }
    out.turns = parse_conversation(*list, out.where, options);
    rows.push_back(std::move(out));
  }
  if (rows.empty()) {
    throw Error(
        {.what = "there is no conversation", .where = data.string(), .fix = "give another file"});
  }
  return rows;
}

// `count` of the rows, in the order of the file. Which ones is a function of the seed and of how
// many there are.
std::vector<ConversationRow> drawn(std::vector<ConversationRow> rows, const BesideOptions& of) {
  if (of.count == 0 || of.count >= rows.size()) return rows;
  CounterRandom random(of.seed, "conversations beside", 0);
  std::vector<ConversationRow> out;
  for (size_t i = 0; i < rows.size() && out.size() < of.count; ++i) {
    const uint64_t wanted = of.count - out.size();
    if (random.below(static_cast<uint32_t>(rows.size() - i)) >= wanted) continue;
    out.push_back(std::move(rows[i]));
  }
  return out;
}

}  // namespace

ConversationSamples::ConversationSamples(const ConversationSamplesOptions& options,
                                         const Tokenizer& tokenizer,
                                         const ClipPreprocess& preprocess, const Llava* frozen,
                                         Progress* progress)
    : options_(options), preprocess_(preprocess), data_hash_(sha256_file(options.data)) {
  const Conversation conversation(options.conversation, options.system_prompt);
  add(options.data, options.images, nullptr, conversation, tokenizer);
  if (const auto& beside = options.beside) {
    beside_hash_ = sha256_file(beside->data);
    add(beside->data, beside->images, &*beside, conversation, tokenizer);
  }
  if (frozen != nullptr) encode_all(*frozen, progress);
}

void ConversationSamples::add(const fs::path& data, const fs::path& images, const BesideOptions* of,
                              const Conversation& conversation, const Tokenizer& tokenizer) {
  std::vector<ConversationRow> rows =
      read_rows(data, {.mm_use_im_start_end = options_.mm_use_im_start_end});
  if (of != nullptr) rows = drawn(std::move(rows), *of);
  std::map<std::string, int64_t> known;
  for (const ConversationRow& row : rows) {
    const TrainingText text =
        training_text(tokenizer, conversation, row.turns, ImageTokenStyle::kSplit);
    TrainingSample sample;
    sample.id = row.id;
    sample.ids.assign(text.ids.begin(), text.ids.end());
    sample.labels.assign(text.labels.begin(), text.labels.end());
    const bool marked =
        std::find(sample.ids.begin(), sample.ids.end(), kImageTokenId) != sample.ids.end();
    if (marked && row.image.empty()) {
      throw Error({.what = "the conversation speaks of <image>, the row names none",
                   .where = row.where,
                   .fix = "add the key 'image'"});
    }
    int64_t picture = -1;
    if (marked) {
      const auto [found, added] = known.emplace(row.image, static_cast<int64_t>(pictures_.size()));
      if (added) {
        pictures_.push_back(image_path(images, row.image, row.where));
        if (!fs::exists(pictures_.back())) {
          throw Error(
              {.what = "the picture " + printable(pictures_.back().string()) + " does not exist",
               .where = row.where,
               .fix = std::string("check '") + (of == nullptr ? "" : "beside.") +
                      "images', the folder that pictures are relative to"});
        }
      }
      picture = found->second;
    }
    picture_.push_back(picture);
    samples_.push_back(std::move(sample));
  }
}

at::Tensor ConversationSamples::pixels(const fs::path& file) const {
  at::Tensor out = at::empty({3, preprocess_.height(), preprocess_.width()},
                             at::TensorOptions().dtype(at::kFloat));
  preprocess_clip(load_image(file), preprocess_, out.data_ptr<float>());
  return out;
}

void ConversationSamples::encode_all(const Llava& model, Progress* progress) {
  constexpr size_t kBatch = 32;
  const c10::NoGradGuard no_grad;
  const auto count = static_cast<int64_t>(pictures_.size());
  const LlavaConfig& config = model.config();
  features_ = at::empty({count, config.image_tokens(), config.vision.hidden_size},
                        at::TensorOptions().dtype(at::kFloat));
  if (progress != nullptr) progress->start("vision tower", "pictures", pictures_.size());
  for (size_t first = 0; first < pictures_.size(); first += kBatch) {
    const size_t size = std::min(kBatch, pictures_.size() - first);
    std::vector<at::Tensor> batch;
    for (size_t i = 0; i < size; ++i) batch.push_back(pixels(pictures_[first + i]));
    const at::Tensor input = at::stack(batch).to(model.text().device(), model.vision().dtype());
    features_.narrow(0, static_cast<int64_t>(first), static_cast<int64_t>(size))
        .copy_(model.select_features(input));
    if (progress != nullptr) progress->advance(size);
  }
  if (progress != nullptr) progress->finish();
}

at::Tensor ConversationSamples::image(uint64_t index) const {
  const int64_t picture = picture_[index];
  if (picture < 0) return {};
  return features_.defined() ? features_[picture] : pixels(pictures_[static_cast<size_t>(picture)]);
}

Json ConversationSamples::identity() const {
  Json out = {{"data", options_.data.filename().string()},
              {"sha256", data_hash_},
              {"conversation", options_.conversation},
              {"system_prompt", options_.system_prompt ? Json(*options_.system_prompt) : Json()},
              {"samples", samples_.size()}};
  // No key of runs that were begun without it.
  if (const auto& beside = options_.beside) {
    out["beside"] = {{"data", beside->data.filename().string()},
                     {"sha256", beside_hash_},
                     {"count", beside->count},
                     {"seed", beside->seed}};
  }
  return out;
}

std::vector<std::string> ConversationSamples::texts(
    const fs::path& data, const std::string& conversation,
    const std::optional<std::string>& system_prompt) {
  const Conversation wording(conversation, system_prompt);
  std::vector<std::string> lines;
  for (const ConversationRow& row : read_rows(data, {})) {
    for (size_t t = 0; t < row.turns.size(); ++t) {
      std::string question = row.turns[t].question;
      if (const size_t mark = question.find(kImageText); mark != std::string::npos) {
        question.erase(mark, kImageText.size());
      }
      lines.push_back(wording.question_part(t, question));
      lines.push_back(row.turns[t].answer.value_or(""));
    }
  }
  return lines;
}

}  // namespace vigor
