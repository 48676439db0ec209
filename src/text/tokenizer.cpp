#include "text/tokenizer.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "text/pieces.h"

namespace vigor {
namespace {

constexpr std::string_view kSpaceMark = "\u2581";

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  size_t at = text.find(from);
  if (at == std::string::npos) return;
  std::string result;
  result.reserve(text.size());
  size_t start = 0;
  for (; at != std::string::npos; at = text.find(from, start)) {
    result.append(text, start, at - start).append(to);
    start = at + from.size();
  }
  result.append(text, start);
  text = std::move(result);
}

std::optional<std::string> read_if_there(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::nullopt;
  return read_file(path);
}

}  // namespace

struct Tokenizer::Impl {
  TokenizerConfig config;
  std::unique_ptr<PieceModel> pieces;
  AddedTokens added;
  std::set<int> special_ids;
  // Special tokens whose text stands apart when decoded: those outside of the trained vocabulary
  // that are none of unk, bos, eos, pad.
  std::set<int> apart_ids;
  int piece_count = 0;
  int unk = 0, bos = 0, eos = 0;
  std::optional<int> pad;
  int vocab_size = 0;
  int space_id = -1;
  size_t unk_pieces = 0;  // pieces that the characters of unk_token take, non-legacy

  void add_special_tokens();
  void encode_text(const std::string& text, std::vector<int>& ids) const;
  std::string join(std::span<const int> ids) const;
  std::string decode_pieces(const std::vector<std::string>& tokens) const;
  std::string token(int id) const;

  std::vector<int> sentencepiece_ids(std::string_view text) const {
    std::vector<int> ids;
    const std::string problem = pieces->encode(text, ids);
    if (!problem.empty()) {
      throw Error({.what = "sentencepiece cannot encode a text: " + problem,
                   .where = "",
                   .cause = "",
                   .fix = ""});
    }
    return ids;
  }
};

Tokenizer Tokenizer::load(const std::filesystem::path& folder) {
  const std::filesystem::path model = folder / "tokenizer.model";
  std::error_code ignored;
  if (!std::filesystem::exists(model, ignored)) {
    const bool fast_only = std::filesystem::exists(folder / "tokenizer.json", ignored);
    throw Error({.what = "there is no tokenizer.model",
                 .where = model.string(),
                 .cause = fast_only ? "the folder has tokenizer.json alone, which is not read" : "",
                 .fix = "copy tokenizer.model of the language model into the folder"});
  }
  TokenizerFiles files;
  files.tokenizer_config = read_if_there(folder / "tokenizer_config.json");
  files.added_tokens = read_if_there(folder / "added_tokens.json");
  files.special_tokens_map = read_if_there(folder / "special_tokens_map.json");
  return Tokenizer(read_file(model), parse_tokenizer_config(files, folder), model.string());
}

Tokenizer::Tokenizer(std::string_view model, TokenizerConfig config, const std::string& where)
    : impl_(std::make_unique<Impl>()) {
  impl_->config = std::move(config);
  std::string bytes(model);
  if (!impl_->config.legacy) {
    // Protocol buffers merge what is appended: ModelProto.normalizer_spec (field 3) with
    // add_dummy_prefix (field 3) = false. Non-legacy tokenizers add the prefix themselves.
    bytes.append("\x1a\x02\x18\x00", 4);
  }
  if (!model.empty()) impl_->pieces = open_piece_model(bytes);
  if (impl_->pieces == nullptr) {
    throw Error({.what = "not a sentencepiece model",
                 .where = where,
                 .cause = "the file is damaged, cut off, or a Git LFS pointer",
                 .fix = "fetch tokenizer.model again"});
  }
  impl_->piece_count = impl_->pieces->size();
  impl_->add_special_tokens();
  const int space = impl_->pieces->id_of(kSpaceMark);
  impl_->space_id = impl_->pieces->is_unknown(space) ? -1 : space;
  if (!impl_->config.legacy) {
    impl_->unk_pieces = impl_->sentencepiece_ids(impl_->config.unk_token).size();
  }
}

Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

void Tokenizer::Impl::add_special_tokens() {
  std::vector<AddedToken> tokens = config.added_tokens;
  int next_id = piece_count;
  for (const AddedToken& token : tokens) next_id = std::max(next_id, token.id + 1);
  std::vector<std::string> named = {config.bos_token, config.eos_token, config.unk_token};
  if (config.pad_token.has_value()) named.push_back(*config.pad_token);
  const size_t named_count = named.size();
  named.insert(named.end(), config.additional_special_tokens.begin(),
               config.additional_special_tokens.end());
  std::vector<int> named_ids;
  for (const std::string& content : named) {
    auto found = std::find_if(tokens.begin(), tokens.end(),
                              [&](const AddedToken& t) { return t.content == content; });
    if (found == tokens.end()) {
      AddedToken token;
      token.content = content;
      token.special = true;
      const int piece = pieces->id_of(content);
      const bool known = piece >= 0 && piece < piece_count && pieces->piece(piece) == content;
      token.id = known ? piece : next_id++;
      found = tokens.insert(tokens.end(), std::move(token));
    }
    named_ids.push_back(found->id);
  }
  bos = named_ids[0];
  eos = named_ids[1];
  unk = named_ids[2];
  if (config.pad_token.has_value()) pad = named_ids[3];
  special_ids.insert(named_ids.begin(), named_ids.end());
  const std::set<int> first(named_ids.begin(), named_ids.begin() + named_count);
  vocab_size = piece_count;
  for (const AddedToken& token : tokens) {
    vocab_size = std::max(vocab_size, token.id + 1);
    if (token.special) special_ids.insert(token.id);
    if (!special_ids.contains(token.id) || (!first.contains(token.id) && token.id >= piece_count)) {
      apart_ids.insert(token.id);
    }
  }
  added = AddedTokens(std::move(tokens));
}

void Tokenizer::Impl::encode_text(const std::string& text, std::vector<int>& ids) const {
  const bool starts_with_space = text.starts_with(' ') || text.starts_with(kSpaceMark);
  if (config.legacy || !starts_with_space) {
    const std::vector<int> found = sentencepiece_ids(text);
    ids.insert(ids.end(), found.begin(), found.end());
    return;
  }
  // The reference encodes unk_token in front and cuts its pieces off, which keeps a leading space.
  const std::vector<int> found = sentencepiece_ids(config.unk_token + text);
  const size_t skip = found.size() >= unk_pieces ? unk_pieces : 0;
  ids.insert(ids.end(), found.begin() + static_cast<std::ptrdiff_t>(skip), found.end());
}

std::vector<int> Tokenizer::encode(std::string_view text, bool add_bos) const {
  std::vector<int> ids;
  ids.reserve(text.size() / 2 + 2);
  if (add_bos) ids.push_back(impl_->bos);
  const size_t start = ids.size();
  std::string prefixed;
  if (!impl_->config.legacy && !text.empty()) {
    prefixed = text;
    replace_all(prefixed, kSpaceMark, " ");
    if (impl_->config.add_prefix_space) prefixed.insert(0, kSpaceMark);
    text = prefixed;
  }
  for (const AddedTokens::Segment& segment : impl_->added.split(text)) {
    if (segment.token != nullptr) {
      ids.push_back(segment.token->id);
    } else {
      impl_->encode_text(segment.text, ids);
    }
  }
  if (!impl_->config.legacy && ids.size() > start + 1 && ids[start] == impl_->space_id &&
      impl_->special_ids.contains(ids[start + 1])) {
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(start));
  }
  if (add_bos && impl_->config.add_eos_token) ids.push_back(impl_->eos);
  return ids;
}

std::string Tokenizer::Impl::token(int id) const {
  if (const AddedToken* found = added.find(id)) return found->content;
  return id >= 0 && id < piece_count ? pieces->piece(id) : "";
}

std::string Tokenizer::Impl::decode_pieces(const std::vector<std::string>& tokens) const {
  std::string text;
  if (tokens.empty()) return text;
  const std::string problem = pieces->decode(tokens, text);
  if (!problem.empty()) {
    throw Error(
        {.what = "sentencepiece cannot decode: " + problem, .where = "", .cause = "", .fix = ""});
  }
  return text;
}

// Hugging Face's LlamaTokenizer.convert_tokens_to_string.
std::string Tokenizer::Impl::join(std::span<const int> ids) const {
  std::string text;
  std::vector<std::string> run;
  bool after_special = false;
  for (size_t i = 0; i < ids.size(); ++i) {
    std::string piece = token(ids[i]);
    const bool marked = piece.starts_with(kSpaceMark);
    if (i == 0 && marked && config.add_prefix_space) piece.erase(0, kSpaceMark.size());
    if (special_ids.contains(ids[i])) {
      if (!after_special && i != 0 && config.legacy) text += ' ';
      text += decode_pieces(run);
      text += piece;
      run.clear();
      after_special = true;
    } else {
      if (after_special && i == 1 && config.add_prefix_space && !marked) text += ' ';
      run.push_back(std::move(piece));
      after_special = false;
    }
  }
  return text + decode_pieces(run);
}

std::string Tokenizer::decode(std::span<const int> ids, bool skip_special) const {
  std::string text;
  bool first = true;
  const auto append = [&](const std::string& part) {
    if (!first) text += ' ';
    text += part;
    first = false;
  };
  std::vector<int> run;
  for (const int id : ids) {
    if (skip_special && impl_->special_ids.contains(id)) continue;
    if (impl_->apart_ids.contains(id)) {
      const std::string before = run.empty() ? "" : impl_->join(run);
      if (!before.empty()) append(before);
      run.clear();
      append(impl_->token(id));
    } else if ((id >= 0 && id < impl_->piece_count) || impl_->added.find(id) != nullptr) {
      run.push_back(id);
    }
  }
  if (!run.empty()) append(impl_->join(run));
  return impl_->config.clean_up_tokenization_spaces ? clean_up_spaces(std::move(text)) : text;
}

int Tokenizer::unk_id() const {
  return impl_->unk;
}
int Tokenizer::bos_id() const {
  return impl_->bos;
}
int Tokenizer::eos_id() const {
  return impl_->eos;
}
std::optional<int> Tokenizer::pad_id() const {
  return impl_->pad;
}
int Tokenizer::vocab_size() const {
  return impl_->vocab_size;
}
const TokenizerConfig& Tokenizer::config() const {
  return impl_->config;
}

std::optional<int> Tokenizer::id_of(std::string_view added_token) const {
  const AddedToken* found = impl_->added.find(added_token);
  return found == nullptr ? std::nullopt : std::optional<int>(found->id);
}

std::string Tokenizer::id_to_piece(int id) const {
  return impl_->token(id);
}

bool Tokenizer::is_byte(int id) const {
  return id >= 0 && id < impl_->piece_count && !is_added(id) && impl_->pieces->is_byte(id);
}

bool Tokenizer::is_special(int id) const {
  return impl_->special_ids.contains(id);
}
bool Tokenizer::is_added(int id) const {
  return impl_->added.find(id) != nullptr;
}

void check_fits(const Tokenizer& tokenizer, int64_t embedding_rows, const std::string& where) {
  // Tokens are added one behind the other: a hole is the mark of files of two tokenizers.
  for (int id = 0; id < tokenizer.vocab_size() && id < embedding_rows; ++id) {
    if (!tokenizer.id_to_piece(id).empty()) continue;
    throw Error({.what = "no token has the id " + std::to_string(id) + ", and ids go on to " +
                         std::to_string(tokenizer.vocab_size() - 1),
                 .where = where,
                 .cause = "tokenizer.model and the files of added tokens belong to different "
                          "checkpoints",
                 .fix = "use the tokenizer files that came with these weights"});
  }
  if (tokenizer.vocab_size() <= embedding_rows) return;
  const int last = tokenizer.vocab_size() - 1;
  throw Error({.what = "the tokenizer has ids up to " + std::to_string(last) + " ('" +
                       printable(tokenizer.id_to_piece(last)) + "'), but the embedding has " +
                       std::to_string(embedding_rows) + " rows",
               .where = where,
               .cause = "tokenizer and weights belong to different checkpoints, or tokens were "
                        "added without resizing the embedding",
               .fix = "use the tokenizer files that came with these weights"});
}

const std::vector<std::string>& tokenizer_file_names() {
  static const std::vector<std::string> names = {"tokenizer.model", "tokenizer_config.json",
                                                 "added_tokens.json", "special_tokens_map.json"};
  return names;
}

std::string clean_up_spaces(std::string text) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kRules = {
      {{" .", "."},
       {" ?", "?"},
       {" !", "!"},
       {" ,", ","},
       {" ' ", "'"},
       {" n't", "n't"},
       {" 'm", "'m"},
       {" 's", "'s"},
       {" 've", "'ve"},
       {" 're", "'re"}}};
  for (const auto& [from, to] : kRules) replace_all(text, from, to);
  return text;
}

}  // namespace vigor
