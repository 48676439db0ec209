// Every case of the reference folders that concerns text: exact ids, exact strings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/json.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/temporary_folder.h"
#include "text/answer_decoder.h"
#include "text/conversation.h"
#include "text/prompt.h"
#include "text/tokenizer.h"
#include "text/training_text.h"
#include "text/wordpiece.h"

namespace vigor {
namespace {

using testing::shared;
using Ids = std::vector<int>;

// A message for a failed case that keeps control characters out of the terminal.
std::string named(const Json& text) {
  return printable(dump_json(text));
}

Ids with_image_id(Ids ids, int image) {
  std::replace(ids.begin(), ids.end(), kImageMark, image);
  return ids;
}

class ReferenceLlamaTokenizer : public ::testing::Test {
 protected:
  void SetUp() override {
    VIGOR_REQUIRE_SHARED("reference/tokenizer/llama.json");
    golden_ = read_json_file(shared("reference/tokenizer/llama.json"));
    model_ = read_file(shared("reference/tokenizer/tokenizer.model"));
  }

  Tokenizer make(bool legacy, std::vector<AddedToken> added = {}) const {
    TokenizerConfig config;
    config.legacy = legacy;
    config.added_tokens = std::move(added);
    return Tokenizer(model_, config, "tokenizer.model");
  }

  Json golden_;
  std::string model_;
};

TEST_F(ReferenceLlamaTokenizer, NamesTheSpecialIds) {
  const Tokenizer tokenizer = make(true);
  EXPECT_EQ(tokenizer.vocab_size(), golden_.at("vocab_size").get<int>());
  EXPECT_EQ(tokenizer.bos_id(), golden_.at("bos").get<int>());
  EXPECT_EQ(tokenizer.eos_id(), golden_.at("eos").get<int>());
  EXPECT_EQ(tokenizer.unk_id(), golden_.at("unk").get<int>());
}

TEST_F(ReferenceLlamaTokenizer, EncodesStringsAsLegacyAndNonLegacy) {
  const Tokenizer legacy = make(true), non_legacy = make(false);
  for (const Json& row : golden_.at("strings")) {
    const auto text = row.at("text").get<std::string>();
    EXPECT_EQ(legacy.encode(text, false), row.at("ids_legacy").get<Ids>()) << named(row.at("text"));
    EXPECT_EQ(non_legacy.encode(text, false), row.at("ids_non_legacy").get<Ids>())
        << named(row.at("text"));
    Ids with_bos = row.at("ids_legacy").get<Ids>();
    with_bos.insert(with_bos.begin(), legacy.bos_id());
    EXPECT_EQ(legacy.encode(text, true), with_bos) << named(row.at("text"));
  }
}

TEST_F(ReferenceLlamaTokenizer, NamesPieces) {
  const Tokenizer tokenizer = make(true);
  for (const Json& row : golden_.at("strings")) {
    if (!row.contains("tokens_legacy")) continue;
    std::vector<std::string> pieces;
    for (const int id : row.at("ids_legacy").get<Ids>()) {
      pieces.push_back(tokenizer.id_to_piece(id));
    }
    EXPECT_EQ(pieces, row.at("tokens_legacy").get<std::vector<std::string>>())
        << named(row.at("text"));
  }
}

TEST_F(ReferenceLlamaTokenizer, DecodesStrings) {
  const Tokenizer tokenizer = make(true);
  for (const Json& row : golden_.at("strings")) {
    Ids ids = row.at("ids_legacy").get<Ids>();
    EXPECT_EQ(tokenizer.decode(ids, false), row.at("decode_legacy").get<std::string>())
        << named(row.at("text"));
    ids.insert(ids.begin(), tokenizer.bos_id());
    ids.push_back(tokenizer.eos_id());
    EXPECT_EQ(tokenizer.decode(ids, true), row.at("decode_legacy_skip_special").get<std::string>())
        << named(row.at("text"));
  }
}

TEST_F(ReferenceLlamaTokenizer, DecodesRandomIdsWholeAndGrowing) {
  const Tokenizer tokenizer = make(true);
  for (const Json& row : golden_.at("random_id_decodes")) {
    const auto ids = row.at("ids").get<Ids>();
    const auto expected = row.at("hf_legacy_skip_special").get<std::string>();
    EXPECT_EQ(tokenizer.decode(ids, true), expected) << named(row.at("ids"));
    AnswerDecoder growing(tokenizer);
    for (const int id : ids) growing.push(id);
    growing.finish();
    EXPECT_EQ(growing.text(), expected) << named(row.at("ids"));
  }
}

TEST_F(ReferenceLlamaTokenizer, GrowingTextOfStringsIsNeverTakenBack) {
  const Tokenizer tokenizer = make(true);
  for (const Json& row : golden_.at("strings")) {
    const auto ids = row.at("ids_legacy").get<Ids>();
    const std::string whole = tokenizer.decode(ids, true);
    AnswerDecoder growing(tokenizer);
    for (const int id : ids) {
      growing.push(id);
      ASSERT_TRUE(whole.starts_with(growing.text())) << named(row.at("text"));
    }
    growing.finish();
    EXPECT_EQ(growing.text(), whole) << named(row.at("text"));
  }
}

TEST_F(ReferenceLlamaTokenizer, FindsImageAndPadTokens) {
  const Json& cases = golden_.at("with_image_and_pad_tokens");
  const std::vector<AddedToken> added = {
      {.content = "<image>", .id = cases.at("image").get<int>(), .special = true},
      {.content = "<pad>", .id = cases.at("pad").get<int>(), .special = true}};
  const Tokenizer legacy = make(true, added), non_legacy = make(false, added);
  EXPECT_EQ(legacy.id_of("<image>"), cases.at("image").get<int>());
  for (const Json& row : cases.at("strings")) {
    const auto text = row.at("text").get<std::string>();
    EXPECT_EQ(legacy.encode(text, true), row.at("ids_legacy").get<Ids>()) << named(row.at("text"));
    EXPECT_EQ(non_legacy.encode(text, true), row.at("ids_non_legacy").get<Ids>())
        << named(row.at("text"));
    EXPECT_EQ(with_image_id(prompt_ids(non_legacy, text, ImageTokenStyle::kAddedToken),
                            cases.at("image").get<int>()),
              row.at("ids_non_legacy").get<Ids>())
        << named(row.at("text"));
  }
}

// What the goldens ask after the first answer.
std::vector<Turn> turns_of(const Json& row) {
  std::vector<Turn> turns = {{row.at("question").get<std::string>(), std::nullopt}};
  if (!row.at("answer").is_null()) turns[0].answer = row.at("answer").get<std::string>();
  if (row.at("turns").get<int>() > 1) turns.push_back({"Are you sure?", std::nullopt});
  return turns;
}

TEST_F(ReferenceLlamaTokenizer, BuildsConversations) {
  const Tokenizer legacy = make(true), non_legacy = make(false);
  for (const Json& row : golden_.at("conversations")) {
    const Conversation conversation(row.at("template").get<std::string>());
    const std::string prompt = conversation.prompt(turns_of(row));
    EXPECT_EQ(prompt, row.at("prompt").get<std::string>()) << conversation.name();
    EXPECT_EQ(split_prompt(legacy, prompt), row.at("ids_image_minus200_legacy").get<Ids>())
        << conversation.name();
    EXPECT_EQ(split_prompt(non_legacy, prompt), row.at("ids_image_minus200_non_legacy").get<Ids>())
        << conversation.name();
  }
}

// Training concatenates pieces; where answers end in EOS the ids are those of inference all the
// same.
TEST_F(ReferenceLlamaTokenizer, TrainingIdsAreThoseOfThePrompt) {
  const Tokenizer legacy = make(true), non_legacy = make(false);
  int compared = 0;
  for (const Json& row : golden_.at("conversations")) {
    const Conversation conversation(row.at("template").get<std::string>());
    if (conversation.data().answer_after != "</s>" || row.at("turns").get<int>() < 2) continue;
    std::vector<Turn> turns = turns_of(row);
    turns.back().answer = "Yes.";
    for (const auto& [tokenizer, key] : {std::pair{&legacy, "ids_image_minus200_legacy"},
                                         std::pair{&non_legacy, "ids_image_minus200_non_legacy"}}) {
      const TrainingText text =
          training_text(*tokenizer, conversation, turns, ImageTokenStyle::kSplit);
      Ids expected = row.at(key).get<Ids>();
      const Ids answer = tokenizer->encode("Yes.</s>", false);
      expected.insert(expected.end(), answer.begin(), answer.end());
      EXPECT_EQ(text.ids, expected) << conversation.name() << " " << key;
      ++compared;
    }
  }
  EXPECT_GT(compared, 0);
}

// Folders below reference/ that hold a tokenizer.model and goldens with prompts.
std::vector<std::filesystem::path> checkpoints() {
  std::vector<std::filesystem::path> folders;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(shared("reference"), missing)) {
    if (std::filesystem::exists(entry.path() / "tokenizer.model") &&
        std::filesystem::exists(entry.path() / "golden.json")) {
      folders.push_back(entry.path());
    }
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

TEST(ReferenceCheckpointTokenizer, GivesPromptIdsAndGreedyText) {
  VIGOR_REQUIRE_SHARED("reference");
  const auto folders = checkpoints();
  if (folders.empty()) GTEST_SKIP() << "no checkpoint with a tokenizer below reference/";
  for (const auto& folder : folders) {
    const Json golden = read_json_file(folder / "golden.json");
    const Tokenizer tokenizer = Tokenizer::load(folder);
    const bool hub_layout = golden.contains("image_token_id");
    const auto style = hub_layout ? ImageTokenStyle::kAddedToken : ImageTokenStyle::kSplit;
    const int image = golden.at(hub_layout ? "image_token_id" : "image_token_index").get<int>();
    if (hub_layout) {
      EXPECT_EQ(tokenizer.id_of("<image>"), image) << folder;
      EXPECT_EQ(tokenizer.pad_id(), golden.at("pad_token_id").get<int>()) << folder;
    }
    for (const Json& row : golden.at("prompts")) {
      const auto text = row.at("text").get<std::string>();
      const Ids ids = prompt_ids(tokenizer, text, style);
      EXPECT_EQ(with_image_id(ids, image), row.at("ids").get<Ids>()) << folder << text;
      if (row.contains("tokens")) {
        std::vector<std::string> pieces;
        for (const int id : with_image_id(ids, image)) pieces.push_back(tokenizer.id_to_piece(id));
        EXPECT_EQ(pieces, row.at("tokens").get<std::vector<std::string>>()) << folder << text;
      }
      EXPECT_EQ(tokenizer.decode(row.at("greedy_ids").get<Ids>(), true),
                row.at("greedy_text").get<std::string>())
          << folder << text;
      // The prompt is the template's.
      const Conversation conversation(golden.at("template").get<std::string>());
      const std::string question_after(conversation.data().question_after);
      const std::string before = conversation.prompt(std::string());
      const size_t start = before.size() - question_after.size();
      ASSERT_GT(text.size(), before.size());
      EXPECT_EQ(conversation.prompt(text.substr(start, text.size() - before.size())), text);
    }
    if (golden.contains("answer_ids")) {
      EXPECT_EQ(tokenizer.encode(golden.at("answer").get<std::string>(), false),
                golden.at("answer_ids").get<Ids>());
      for (const auto& [word, ids] : golden.at("first_token_candidates").items()) {
        EXPECT_EQ(tokenizer.encode(word, false), ids.get<Ids>()) << word;
      }
    }
  }
}

TEST(ReferenceTrainingText, GivesIdsAndLabelsOfTheSamples) {
  VIGOR_REQUIRE_SHARED("reference/sft-tiny/golden.json");
  VIGOR_REQUIRE_SHARED("reference/llava-hf-tiny/tokenizer.model");
  const Json golden = read_json_file(shared("reference/sft-tiny/golden.json"));
  const Tokenizer tokenizer = Tokenizer::load(shared("reference/llava-hf-tiny"));
  const Conversation conversation(golden.at("template").get<std::string>());
  const std::string frame = conversation.prompt(std::string());
  const size_t start = frame.size() - conversation.data().question_after.size();
  for (const Json& sample : golden.at("samples")) {
    const auto prompt = sample.at("prompt").get<std::string>();
    const Json messages = {
        {{"from", "human"}, {"value", prompt.substr(start, prompt.size() - frame.size())}},
        {{"from", "gpt"}, {"value", sample.at("answer")}}};
    const auto turns = parse_conversation(messages, "sample");
    ASSERT_EQ(conversation.prompt(turns[0].question), prompt);
    for (const auto style : {ImageTokenStyle::kSplit, ImageTokenStyle::kAddedToken}) {
      const TrainingText text = training_text(tokenizer, conversation, turns, style);
      EXPECT_EQ(with_image_id(text.ids, tokenizer.id_of("<image>").value()),
                sample.at("input_ids").get<Ids>());
      EXPECT_EQ(text.labels, sample.at("labels").get<Ids>());
    }
  }
}

TEST(ReferenceBertTokenizer, EncodesAndDecodes) {
  VIGOR_REQUIRE_SHARED("reference/tokenizer/bert.json");
  const Json golden = read_json_file(shared("reference/tokenizer/bert.json"));
  const auto tokenizer = WordPieceTokenizer::load(shared("reference/tokenizer/vocab.txt"));
  EXPECT_EQ(tokenizer.vocab_size(), golden.at("vocab_lines").get<int>());
  for (const Json& row : golden.at("strings")) {
    const Ids ids = tokenizer.encode(row.at("text").get<std::string>());
    EXPECT_EQ(ids, row.at("ids").get<Ids>()) << named(row.at("text"));
    std::vector<std::string> tokens;
    for (const int id : ids) tokens.push_back(tokenizer.id_to_token(id));
    EXPECT_EQ(tokens, row.at("tokens").get<std::vector<std::string>>()) << named(row.at("text"));
    EXPECT_EQ(tokenizer.decode(row.at("ids").get<Ids>(), true), row.at("decode").get<std::string>())
        << named(row.at("text"));
  }
}

TEST(ReferenceBertTokenizer, EncodesDetectorCaptions) {
  VIGOR_REQUIRE_SHARED("reference/grounding-dino-tiny/golden.json");
  const std::filesystem::path folder = shared("reference/grounding-dino-tiny");
  const auto tokenizer = WordPieceTokenizer::load(folder / "vocab.txt");
  const Json golden = read_json_file(folder / "golden.json");
  for (const auto& [name, row] : golden.at("cases").items()) {
    // One caption for each row of tokens; a batch has them all, "single<i>" caption i.
    const Json& rows = row.at("tokens");
    for (size_t i = 0; i < rows.size(); ++i) {
      const size_t caption = rows.size() > 1 ? i : name.back() - static_cast<size_t>('0');
      if (caption >= golden.at("captions_cleaned").size()) continue;
      std::vector<std::string> tokens;
      for (const int id :
           tokenizer.encode(golden.at("captions_cleaned")[caption].get<std::string>())) {
        tokens.push_back(tokenizer.id_to_token(id));
      }
      auto expected = rows[i].get<std::vector<std::string>>();
      std::erase(expected, "[PAD]");
      EXPECT_EQ(tokens, expected) << name;
    }
  }
  for (const Json& row : golden.at("mask_captions")) {
    EXPECT_EQ(tokenizer.encode(row.at("text").get<std::string>()), row.at("ids").get<Ids>())
        << named(row.at("text"));
  }
}

}  // namespace
}  // namespace vigor
