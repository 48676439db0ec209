#include "model/safetensors.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <unordered_set>

#include "base/error.h"
#include "base/json.h"

namespace vigor {
namespace {

constexpr size_t kMaxDims = 64;

[[noreturn]] void damaged(const std::string& where, const std::string& what,
                          const std::string& cause = "the file is damaged or hostile") {
  throw Error(
      {.what = what, .where = where, .cause = cause, .fix = "download or write the file again"});
}

std::string quote(const std::string& name) {
  std::string text = "'";
  text += printable(name.substr(0, 200));
  return text += "'";
}

// Takes the header's events and nothing else: an unexpected one ends the parse at once, so a
// hostile header costs no more memory than the entries that it really holds.
class HeaderReader : public nlohmann::json_sax<Json> {
 public:
  HeaderReader(std::string where, SafetensorsHeader& header)
      : where_(std::move(where)), header_(header) {}

  bool null() override { unexpected("null"); }
  bool boolean(bool) override { unexpected("true or false"); }
  bool number_float(number_float_t, const string_t& text) override {
    unexpected("the number " + text.substr(0, 40));
  }
  bool number_integer(number_integer_t value) override {
    unexpected("the negative number " + std::to_string(value));
  }
  bool binary(binary_t&) override { unexpected("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (state_ == State::kShape) {
      if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
        unexpected("the number " + std::to_string(value));
      }
      if (entry_.shape.size() == kMaxDims) damaged(where_, named("has more than 64 dimensions"));
      entry_.shape.push_back(static_cast<int64_t>(value));
    } else if (state_ == State::kOffsets && offsets_ < 2) {
      (offsets_++ == 0 ? entry_.begin : entry_.end) = value;
    } else {
      unexpected("the number " + std::to_string(value));
    }
    return true;
  }

  bool string(string_t& value) override {
    if (state_ == State::kMetadata) {
      header_.metadata[key_] = value;
    } else if (state_ == State::kTensor && key_ == "dtype") {
      const auto dtype = dtype_from_name(value);
      if (!dtype) {
        throw Error({.what = named("has the dtype " + quote(value) + ", which is not supported"),
                     .where = where_,
                     .cause = "the checkpoint is quantised, or of a newer format",
                     .fix = "use a checkpoint in F32, F16 or BF16"});
      }
      entry_.dtype = *dtype;
      has_dtype_ = true;
      key_.clear();
    } else {
      unexpected("the text " + quote(value));
    }
    return true;
  }

  bool key(string_t& value) override {
    if (state_ == State::kTop) {
      if (!names_.insert(value).second) {
        damaged(where_, "tensor " + quote(value) + " is in the header twice");
      }
      if (value.size() > 4096) damaged(where_, "a tensor's name has more than 4,096 bytes");
      name_ = value;
    } else if (state_ == State::kMetadata) {
      if (header_.metadata.contains(value)) {
        damaged(where_, "metadata key " + quote(value) + " is in the header twice");
      }
      key_ = value;
    } else {
      const bool twice = (value == "dtype" && has_dtype_) || (value == "shape" && has_shape_) ||
                         (value == "data_offsets" && has_offsets_);
      if (twice) damaged(where_, named("has the key '" + value + "' twice"));
      if (value != "dtype" && value != "shape" && value != "data_offsets") {
        damaged(where_, named("has the unknown key " + quote(value)));
      }
      key_ = value;
    }
    return true;
  }

  bool start_object(std::size_t) override {
    if (state_ == State::kStart) {
      state_ = State::kTop;
    } else if (state_ == State::kTop && name_ == "__metadata__") {
      state_ = State::kMetadata;
    } else if (state_ == State::kTop) {
      state_ = State::kTensor;
      entry_ = TensorEntry{};
      entry_.name = name_;
      offsets_ = 0;
      has_dtype_ = has_shape_ = has_offsets_ = false;
      key_.clear();
    } else {
      unexpected("an object");
    }
    return true;
  }

  bool end_object() override {
    if (state_ == State::kTensor) {
      for (const auto& [present, key] : {std::pair(has_dtype_, "dtype"),
                                         {has_shape_, "shape"},
                                         {has_offsets_, "data_offsets"}}) {
        if (!present) damaged(where_, named(std::string("has no key '") + key + "'"));
      }
      check_size();
      header_.tensors.push_back(std::move(entry_));
      state_ = State::kTop;
    } else if (state_ == State::kMetadata) {
      state_ = State::kTop;
    }
    return true;
  }

  bool start_array(std::size_t) override {
    if (state_ == State::kTensor && key_ == "shape") {
      state_ = State::kShape;
      has_shape_ = true;
    } else if (state_ == State::kTensor && key_ == "data_offsets") {
      state_ = State::kOffsets;
      has_offsets_ = true;
    } else {
      unexpected("a list");
    }
    return true;
  }

  bool end_array() override {
    if (state_ == State::kOffsets && offsets_ != 2) {
      damaged(where_, named("needs two data_offsets"));
    }
    state_ = State::kTensor;
    key_.clear();
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    damaged(where_, "the header is not valid JSON at its byte " + std::to_string(position),
            "the file is damaged, or is no safetensors file");
  }

 private:
  enum class State { kStart, kTop, kMetadata, kTensor, kShape, kOffsets };

  std::string named(const std::string& rest) const { return "tensor " + quote(name_) + " " + rest; }
  [[noreturn]] void unexpected(const std::string& found) const {
    switch (state_) {
      case State::kStart:
        damaged(where_, "the header must be a JSON object, found " + found);
      case State::kMetadata:
        damaged(where_, "the header's __metadata__ must map text to text, found " + found);
      case State::kShape:
        damaged(where_, named("has " + found + " in its shape"));
      case State::kOffsets:
        damaged(where_, named("has " + found + " in its data_offsets"));
      default:
        damaged(where_, named("is described by " + found + " where the format has none"));
    }
  }
  // Offsets are still relative to the data here.
  void check_size() const {
    const auto bytes = tensor_bytes(entry_.shape, entry_.dtype);
    if (!bytes) {
      damaged(where_, named("has the shape " + shape_text(entry_.shape) +
                            ", which is too large for any memory"));
    }
    if (entry_.begin > entry_.end || entry_.end - entry_.begin != *bytes) {
      damaged(where_,
              named("of shape " + shape_text(entry_.shape) + " and dtype " +
                    std::string(dtype_name(entry_.dtype)) + " needs " + std::to_string(*bytes) +
                    " bytes, its data_offsets are [" + std::to_string(entry_.begin) + ", " +
                    std::to_string(entry_.end) + "]"));
    }
  }

  std::string where_;
  SafetensorsHeader& header_;
  State state_ = State::kStart;
  std::unordered_set<std::string> names_;
  std::string name_, key_;
  TensorEntry entry_;
  int offsets_ = 0;
  bool has_dtype_ = false, has_shape_ = false, has_offsets_ = false;
};

// The data must be covered exactly: no byte twice, none unused (so that nothing can hide in one).
void check_layout(SafetensorsHeader& header, uint64_t file_size, const std::string& where) {
  std::sort(header.tensors.begin(), header.tensors.end(),
            [](const TensorEntry& a, const TensorEntry& b) {
              return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
            });
  uint64_t cursor = 0;
  const TensorEntry* previous = nullptr;
  for (const TensorEntry& entry : header.tensors) {
    if (entry.begin < cursor) {
      damaged(where, "tensors " + quote(previous->name) + " and " + quote(entry.name) + " overlap");
    }
    if (entry.begin > cursor) {
      damaged(where, "there is a hole of " + std::to_string(entry.begin - cursor) +
                         " bytes before tensor " + quote(entry.name));
    }
    cursor = entry.end;
    previous = &entry;
  }
  const uint64_t data_size = file_size - header.data_begin;
  if (cursor > data_size) {
    // Saturates: offsets come from the file and may be anything.
    const uint64_t promised =
        cursor > UINT64_MAX - header.data_begin ? UINT64_MAX : header.data_begin + cursor;
    damaged(where,
            "has " + std::to_string(file_size) + " bytes, its header promises " +
                std::to_string(promised),
            "the download was cut off");
  }
  if (cursor < data_size) {
    damaged(where, "has " + std::to_string(data_size - cursor) + " bytes behind its last tensor",
            "two files were joined, or the header belongs to another file");
  }
  for (TensorEntry& entry : header.tensors) {
    entry.begin += header.data_begin;
    entry.end += header.data_begin;
  }
}

}  // namespace

SafetensorsHeader parse_safetensors(std::span<const std::byte> file, const std::string& where) {
  reject_placeholder(file, where);
  if (file.size() < 8) {
    damaged(where,
            "has " + std::to_string(file.size()) + " bytes, a safetensors file has at least 8",
            "the download was cut off");
  }
  uint64_t length = 0;
  for (int i = 7; i >= 0; --i) length = length << 8 | std::to_integer<uint64_t>(file[i]);
  if (length > kMaxSafetensorsHeader) {
    damaged(where,
            "its header claims " + std::to_string(length) +
                " bytes, at most 100,000,000 "
                "are allowed",
            "this is no safetensors file, or it is hostile");
  }
  if (length > file.size() - 8) {
    damaged(where,
            "has " + std::to_string(file.size()) + " bytes, its header alone promises " +
                std::to_string(length + 8),
            "the download was cut off");
  }
  SafetensorsHeader header;
  header.data_begin = 8 + length;
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + 8, length);
  HeaderReader reader(where, header);
  Json::sax_parse(text.begin(), text.end(), &reader);
  check_layout(header, file.size(), where);
  return header;
}

}  // namespace vigor
