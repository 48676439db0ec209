#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include "text/pieces.h"

namespace vigor {
namespace {

absl::string_view view(std::string_view text) {
  return {text.data(), text.size()};
}

class SentencePieceModel : public PieceModel {
 public:
  bool load(const std::string& bytes) {
    return !bytes.empty() && pieces_.LoadFromSerializedProto(bytes).ok() &&
           pieces_.GetPieceSize() > 0;
  }
  std::string encode(std::string_view text, std::vector<int>& ids) const override {
    const auto status = pieces_.Encode(view(text), &ids);
    return status.ok() ? "" : status.ToString();
  }
  std::string decode(const std::vector<std::string>& pieces, std::string& text) const override {
    const auto status = pieces_.Decode(pieces, &text);
    return status.ok() ? "" : status.ToString();
  }
  int size() const override { return pieces_.GetPieceSize(); }
  int id_of(std::string_view piece) const override { return pieces_.PieceToId(view(piece)); }
  std::string piece(int id) const override { return pieces_.IdToPiece(id); }
  bool is_unknown(int id) const override { return pieces_.IsUnknown(id); }
  bool is_byte(int id) const override { return pieces_.IsByte(id); }

 private:
  sentencepiece::SentencePieceProcessor pieces_;
};

class LineIterator : public sentencepiece::SentenceIterator {
 public:
  explicit LineIterator(const std::vector<std::string>& lines) : lines_(lines) {}
  bool done() const override { return at_ >= lines_.size(); }
  void Next() override { ++at_; }
  const std::string& value() const override { return lines_[at_]; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  const std::vector<std::string>& lines_;
  size_t at_ = 0;
};

PieceModel* open(const std::string& bytes) {
  auto model = std::make_unique<SentencePieceModel>();
  return model->load(bytes) ? model.release() : nullptr;
}

std::string train(const std::unordered_map<std::string, std::string>& options,
                  const std::vector<std::string>& lines, std::string& model) {
  LineIterator iterator(lines);
  const auto status = sentencepiece::SentencePieceTrainer::Train(options, &iterator, &model);
  return status.ok() ? "" : status.ToString();
}

constexpr PiecesModule kModule = {&open, &train};

}  // namespace
}  // namespace vigor

extern "C" const vigor::PiecesModule* vigor_pieces_module() {
  return &vigor::kModule;
}
