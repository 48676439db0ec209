// The JSON files of a tokenizer folder, and texts and ids through the tokenizer that they make.
//
// Input: tokenizer_config.json, added_tokens.json, special_tokens_map.json and a text, separated by
// lines of three dashes; an empty part is a missing file. The model itself is fixed: its protocol
// buffer is parsed by sentencepiece.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/files.h"
#include "text/answer_decoder.h"
#include "text/prompt.h"
#include "text/tokenizer.h"
#include "text/wordpiece.h"

namespace {

std::string next_part(std::string_view& rest) {
  const size_t end = rest.find("\n---\n");
  std::string part(rest.substr(0, end));
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 5);
  return part;
}

void use(const vigor::Tokenizer& tokenizer, const std::string& text) {
  const std::vector<int> ids = tokenizer.encode(text, true);
  for (const int id : ids) {
    if (id < 0 || id >= tokenizer.vocab_size()) std::abort();
  }
  tokenizer.decode(ids, false);
  vigor::split_prompt(tokenizer, text);
  // Any bytes as ids, those of no token too; the growing text must end as the whole.
  std::vector<int> any;
  for (const char byte : text) any.push_back(static_cast<signed char>(byte) * 5);
  vigor::AnswerDecoder growing(tokenizer);
  for (const int id : any) growing.push(id);
  growing.finish();
  if (!tokenizer.config().clean_up_tokenization_spaces &&
      growing.text() != tokenizer.decode(any, true)) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string model =
      vigor::read_file(VIGOR_SOURCE_DIR "/tests/text/data/tokenizer.model");
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  vigor::TokenizerFiles files;
  for (auto* file : {&files.tokenizer_config, &files.added_tokens, &files.special_tokens_map}) {
    std::string part = next_part(rest);
    if (!part.empty()) *file = std::move(part);
  }
  try {
    const vigor::Tokenizer tokenizer(model, vigor::parse_tokenizer_config(files, "folder"), "m");
    use(tokenizer, std::string(rest));
    const vigor::WordPieceTokenizer bert("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##b\n.\n", "v");
    bert.decode(bert.encode(rest), true);
  } catch (const vigor::Error&) {
  }
  return 0;
}
