#include "text/tokenizer_config.h"

#include <algorithm>
#include <set>

#include "base/json.h"

namespace vigor {
namespace {

// Far above any vocabulary; keeps sums of ids inside an int.
constexpr int kMaxTokenId = 1 << 28;

[[noreturn]] void reject(const std::string& what, const std::string& where,
                         const std::string& fix = "") {
  throw Error({.what = what, .where = where, .cause = "", .fix = fix});
}

// "<s>", {"content": "<s>", ...} or null.
std::optional<std::string> token_text(const Json& value, const std::string& where) {
  if (value.is_null()) return std::nullopt;
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_object()) reject("a token must be a string or an object with 'content'", where);
  return ObjectReader(value, where).require<std::string>("content");
}

int token_id(const Json& value, const std::string& where) {
  if (!value.is_number_integer()) reject("a token id must be a whole number", where);
  // Compared as the parser stored it: a negative or huge number must not wrap.
  if (value.is_number_unsigned() ? value.get<uint64_t>() > kMaxTokenId : true) {
    reject("token id " + value.dump() + " is out of range", where);
  }
  return value.get<int>();
}

int token_id(const std::string& key, const std::string& where) {
  const bool digits =
      !key.empty() && key.size() <= 9 &&
      std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || std::stoi(key) > kMaxTokenId) {
    reject("token id '" + printable(key) + "' is not a number in range", where);
  }
  return std::stoi(key);
}

void read_special_tokens(ObjectReader& reader, TokenizerConfig& config) {
  const auto required = [&](const std::string& key, std::string& into) {
    if (const Json* value = reader.find(key)) {
      const auto text = token_text(*value, reader.where() + ": key '" + key + "'");
      if (text.has_value()) into = *text;
      if (into.empty()) reject("'" + key + "' must not be empty", reader.where());
    }
  };
  required("unk_token", config.unk_token);
  required("bos_token", config.bos_token);
  required("eos_token", config.eos_token);
  if (const Json* value = reader.find("pad_token")) {
    config.pad_token = token_text(*value, reader.where() + ": key 'pad_token'");
    if (config.pad_token == "") config.pad_token.reset();
  }
  if (const Json* value = reader.find("additional_special_tokens");
      value != nullptr && !value->is_null()) {
    const std::string where = reader.where() + ": key 'additional_special_tokens'";
    if (!value->is_array()) reject("must be a list of tokens", where);
    config.additional_special_tokens.clear();
    for (const Json& item : *value) {
      const auto text = token_text(item, where);
      if (text.has_value() && !text->empty()) config.additional_special_tokens.push_back(*text);
    }
  }
}

void read_added_tokens_decoder(const Json& object, const std::string& where,
                               TokenizerConfig& config) {
  if (!object.is_object()) reject("must be an object of token ids", where);
  for (const auto& [key, value] : object.items()) {
    const std::string here = where + ": id " + printable(key);
    ObjectReader reader(value, here);
    AddedToken token;
    token.id = token_id(key, where);
    token.content = reader.require<std::string>("content");
    token.special = reader.get("special", false);
    token.lstrip = reader.get("lstrip", false);
    token.rstrip = reader.get("rstrip", false);
    token.single_word = reader.get("single_word", false);
    config.added_tokens.push_back(std::move(token));
  }
}

void read_added_tokens(const Json& object, const std::string& where, TokenizerConfig& config) {
  if (!object.is_object()) reject("must be an object from token to id", where);
  std::set<std::string> special = {config.unk_token, config.bos_token, config.eos_token};
  if (config.pad_token.has_value()) special.insert(*config.pad_token);
  special.insert(config.additional_special_tokens.begin(), config.additional_special_tokens.end());
  for (const auto& [content, id] : object.items()) {
    const std::string here = where + ": key '" + printable(content) + "'";
    AddedToken token;
    token.content = content;
    token.id = token_id(id, here);
    token.special = special.contains(content);
    config.added_tokens.push_back(std::move(token));
  }
}

void check_added_tokens(const TokenizerConfig& config, const std::string& where) {
  std::set<int> ids;
  std::set<std::string> contents;
  for (const AddedToken& token : config.added_tokens) {
    if (token.content.empty()) {
      reject("the added token with id " + std::to_string(token.id) + " is empty", where);
    }
    if (!ids.insert(token.id).second) {
      reject("two added tokens have the id " + std::to_string(token.id), where);
    }
    if (!contents.insert(token.content).second) {
      reject("the added token '" + printable(token.content) + "' is there twice", where);
    }
  }
}

}  // namespace

TokenizerConfig parse_tokenizer_config(const TokenizerFiles& files,
                                       const std::filesystem::path& folder) {
  TokenizerConfig config;
  bool complete = false;
  std::string tokens_where = (folder / "added_tokens.json").string();
  if (files.tokenizer_config.has_value()) {
    const std::string where = (folder / "tokenizer_config.json").string();
    const Json json = parse_json(*files.tokenizer_config, where);
    ObjectReader reader(json, where);
    const auto name = reader.get<std::string>("tokenizer_class", "LlamaTokenizer");
    if (name != "LlamaTokenizer" && name != "LlamaTokenizerFast") {
      throw Error({.what = "tokenizer class '" + printable(name) + "' is not supported",
                   .where = where + ": key 'tokenizer_class'",
                   .cause = "the language model is not of the LLaMA family",
                   .fix = "use a checkpoint with a LlamaTokenizer"});
    }
    if (const Json* kwargs = reader.find("sp_model_kwargs");
        kwargs != nullptr && !kwargs->is_null() && !kwargs->empty()) {
      // They switch on sampling: the same text would have other ids every time.
      reject("sentencepiece options are not supported", where + ": key 'sp_model_kwargs'",
             "remove the key, or leave it an empty object");
    }
    config.legacy = reader.get("legacy", true);
    config.add_bos_token = reader.get("add_bos_token", true);
    config.add_eos_token = reader.get("add_eos_token", false);
    config.add_prefix_space = reader.get("add_prefix_space", true);
    config.clean_up_tokenization_spaces = reader.get("clean_up_tokenization_spaces", false);
    read_special_tokens(reader, config);
    if (const Json* decoder = reader.find("added_tokens_decoder")) {
      tokens_where = where + ": key 'added_tokens_decoder'";
      read_added_tokens_decoder(*decoder, tokens_where, config);
      complete = true;
    }
  }
  if (!complete && files.special_tokens_map.has_value()) {
    const std::string where = (folder / "special_tokens_map.json").string();
    const Json json = parse_json(*files.special_tokens_map, where);
    ObjectReader reader(json, where);
    read_special_tokens(reader, config);
  }
  if (!complete && files.added_tokens.has_value()) {
    read_added_tokens(parse_json(*files.added_tokens, tokens_where), tokens_where, config);
  }
  check_added_tokens(config, tokens_where);
  return config;
}

}  // namespace vigor
