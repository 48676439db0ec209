// sentencepiece behind a small interface, in a shared object of its own.
//
// Why: Debian's libsentencepiece carries its own copy of protobuf-lite with visible symbols,
// LibTorch links another version, and a program that loads both crashes before main().
// pieces_module.cpp is therefore a module that is loaded with its symbols bound to itself
// (RTLD_LOCAL | RTLD_DEEPBIND). Targets without LibTorch (fuzzing) link it directly.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace vigor {

// A trained vocabulary. Const methods are thread-safe. Functions that can fail return the reason,
// "" when they did not.
class PieceModel {
 public:
  virtual ~PieceModel() = default;
  virtual std::string encode(std::string_view text, std::vector<int>& ids) const = 0;
  virtual std::string decode(const std::vector<std::string>& pieces, std::string& text) const = 0;
  virtual int size() const = 0;
  virtual int id_of(std::string_view piece) const = 0;  // the unknown id when there is none
  virtual std::string piece(int id) const = 0;          // 0 <= id < size()
  virtual bool is_unknown(int id) const = 0;
  virtual bool is_byte(int id) const = 0;
};

// `bytes` of a tokenizer.model; null when they are none.
std::unique_ptr<PieceModel> open_piece_model(const std::string& bytes);

// Trains on `lines` with sentencepiece's own options; the serialised model goes to `model`.
std::string train_pieces(const std::unordered_map<std::string, std::string>& options,
                         const std::vector<std::string>& lines, std::string& model);

// What the module offers; one object, found under the name vigor_pieces_module.
struct PiecesModule {
  PieceModel* (*open)(const std::string& bytes);
  std::string (*train)(const std::unordered_map<std::string, std::string>& options,
                       const std::vector<std::string>& lines, std::string& model);
};

}  // namespace vigor

extern "C" const vigor::PiecesModule* vigor_pieces_module();
