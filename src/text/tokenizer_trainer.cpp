#include "text/tokenizer_trainer.h"

#include <unordered_map>

#include "base/json.h"
#include "text/pieces.h"

namespace vigor {
namespace {

Json token_object(const std::string& content) {
  return {{"content", content}, {"lstrip", false},      {"normalized", false},
          {"rstrip", false},    {"single_word", false}, {"special", true}};
}

}  // namespace

void train_tokenizer(const std::vector<std::string>& lines, int vocab_size,
                     const std::filesystem::path& folder, FileSystem& files) {
  const std::unordered_map<std::string, std::string> options = {
      {"model_type", "bpe"},
      {"vocab_size", std::to_string(vocab_size)},
      {"byte_fallback", "true"},
      {"split_digits", "true"},
      {"character_coverage", "1.0"},
      {"normalization_rule_name", "identity"},
      {"add_dummy_prefix", "true"},
      {"remove_extra_whitespaces", "false"},
      {"unk_id", "0"},
      {"bos_id", "1"},
      {"eos_id", "2"},
      {"pad_id", "-1"},
      {"max_sentence_length", "1000000"},
      // One thread: the order in which pairs are counted must not vary.
      {"num_threads", "1"},
      {"minloglevel", "3"},
  };
  std::string model;
  const std::string problem = lines.empty() ? "no lines" : train_pieces(options, lines, model);
  if (!problem.empty() || model.empty()) {
    throw Error({.what = "cannot train a tokenizer of " + std::to_string(vocab_size) + " pieces",
                 .where = folder.string(),
                 .cause = problem,
                 .fix = "give more text, or a vocabulary size that fits it"});
  }
  files.create_directories(folder);
  const int image = vocab_size, pad = vocab_size + 1;
  const Json config = {{"add_bos_token", true},
                       {"add_eos_token", false},
                       {"add_prefix_space", true},
                       {"added_tokens_decoder",
                        {{"0", token_object("<unk>")},
                         {"1", token_object("<s>")},
                         {"2", token_object("</s>")},
                         {std::to_string(image), token_object("<image>")},
                         {std::to_string(pad), token_object("<pad>")}}},
                       {"bos_token", "<s>"},
                       {"clean_up_tokenization_spaces", false},
                       {"eos_token", "</s>"},
                       {"legacy", true},
                       {"pad_token", "<pad>"},
                       {"padding_side", "left"},
                       {"processor_class", "LlavaProcessor"},
                       {"sp_model_kwargs", Json::object()},
                       {"tokenizer_class", "LlamaTokenizer"},
                       {"unk_token", "<unk>"},
                       {"use_default_system_prompt", false}};
  Json special;
  for (const auto& [key, content] : {std::pair{"bos_token", "<s>"},
                                     {"eos_token", "</s>"},
                                     {"pad_token", "<pad>"},
                                     {"unk_token", "<unk>"}}) {
    special[key] = token_object(content);
    special[key].erase("special");
  }
  write_atomic(files, folder / "tokenizer.model", model);
  write_atomic(files, folder / "tokenizer_config.json", dump_json(config, 1) + "\n");
  write_atomic(files, folder / "special_tokens_map.json", dump_json(special, 1) + "\n");
  write_atomic(files, folder / "added_tokens.json",
               dump_json(Json{{"<image>", image}, {"<pad>", pad}}, 1) + "\n");
}

void train_tokenizer(const std::vector<std::string>& lines, int vocab_size,
                     const std::filesystem::path& folder) {
  DiskFileSystem disk;
  train_tokenizer(lines, vocab_size, folder, disk);
}

}  // namespace vigor
