#include "text/image_token.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "text/prompt.h"

namespace vigor {
namespace {

namespace fs = std::filesystem;

Json token_object(const AddedToken& token) {
  return {
      {"content", token.content}, {"lstrip", token.lstrip},           {"normalized", false},
      {"rstrip", token.rstrip},   {"single_word", token.single_word}, {"special", token.special}};
}

// The added token with this id as it is in effect, named in a file or found in the vocabulary.
AddedToken effective_token(const Tokenizer& tokenizer, int id) {
  const auto& named = tokenizer.config().added_tokens;
  const auto found =
      std::find_if(named.begin(), named.end(), [id](const AddedToken& t) { return t.id == id; });
  if (found != named.end()) return *found;
  AddedToken token;
  token.id = id;
  token.content = tokenizer.id_to_piece(id);
  token.special = tokenizer.is_special(id);
  return token;
}

}  // namespace

int add_image_token(const fs::path& from, const Tokenizer& tokenizer, const fs::path& to,
                    FileSystem& files) {
  const std::string text(kImageText);
  if (tokenizer.id_of(text).has_value()) {
    throw Error({.what = "the tokenizer has " + text + " already",
                 .where = printable(from.string()),
                 .cause = "",
                 .fix = ""});
  }
  const int image = tokenizer.vocab_size();
  const fs::path config_file = from / "tokenizer_config.json";
  Json config = fs::exists(config_file) ? read_json_file(config_file)
                                        : Json{{"tokenizer_class", "LlamaTokenizer"}};
  // A file with "added_tokens_decoder" is complete in itself, so it must say all that is in effect.
  const TokenizerConfig& in_effect = tokenizer.config();
  config["legacy"] = true;  // see the header
  config["unk_token"] = in_effect.unk_token;
  config["bos_token"] = in_effect.bos_token;
  config["eos_token"] = in_effect.eos_token;
  config["pad_token"] = in_effect.pad_token.has_value() ? Json(*in_effect.pad_token) : Json();
  if (!in_effect.additional_special_tokens.empty())
    config["additional_special_tokens"] = in_effect.additional_special_tokens;
  Json decoder = Json::object();
  Json added = Json::object();
  for (int id = 0; id < image; ++id) {
    if (!tokenizer.is_added(id)) continue;
    const AddedToken token = effective_token(tokenizer, id);
    decoder[std::to_string(id)] = token_object(token);
    if (token.content != in_effect.unk_token && token.content != in_effect.bos_token &&
        token.content != in_effect.eos_token)
      added[token.content] = id;
  }
  AddedToken token;
  token.id = image;
  token.content = text;
  token.special = true;
  decoder[std::to_string(image)] = token_object(token);
  added[text] = image;
  config["added_tokens_decoder"] = decoder;

  files.create_directories(to);
  for (const std::string& name : tokenizer_file_names()) {
    if (fs::exists(from / name)) write_atomic(files, to / name, read_file(from / name));
  }
  write_atomic(files, to / "tokenizer_config.json", dump_json(config, 1) + "\n");
  write_atomic(files, to / "added_tokens.json", dump_json(added, 1) + "\n");
  return image;
}

}  // namespace vigor
