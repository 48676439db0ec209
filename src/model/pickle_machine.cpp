#include "model/pickle_machine.h"

#include <array>
#include <optional>
#include <utility>

#include "base/error.h"

namespace vigor {
namespace {

constexpr uint64_t kMaxOperations = 16'000'000;
constexpr size_t kMaxValues = 4'000'000;
constexpr size_t kMaxTupleDims = 64;

enum Function : uint8_t { kOrderedDict, kRebuildTensor, kRebuildParameter, kStorageType };

struct AllowedName {
  std::string_view module, name;
  Function function;
  Dtype dtype = Dtype::kF32;
};

constexpr std::array<AllowedName, 13> kAllowed{{
    {"collections", "OrderedDict", kOrderedDict},
    {"torch._utils", "_rebuild_tensor_v2", kRebuildTensor},
    {"torch._utils", "_rebuild_parameter", kRebuildParameter},
    {"torch", "DoubleStorage", kStorageType, Dtype::kF64},
    {"torch", "FloatStorage", kStorageType, Dtype::kF32},
    {"torch", "HalfStorage", kStorageType, Dtype::kF16},
    {"torch", "BFloat16Storage", kStorageType, Dtype::kBF16},
    {"torch", "LongStorage", kStorageType, Dtype::kI64},
    {"torch", "IntStorage", kStorageType, Dtype::kI32},
    {"torch", "ShortStorage", kStorageType, Dtype::kI16},
    {"torch", "CharStorage", kStorageType, Dtype::kI8},
    {"torch", "ByteStorage", kStorageType, Dtype::kU8},
    {"torch", "BoolStorage", kStorageType, Dtype::kBool},
}};

class Machine {
 public:
  Machine(std::span<const std::byte> pickle, const std::string& where)
      : bytes_(reinterpret_cast<const char*>(pickle.data()), pickle.size()), where_(where) {}

  PickleResult run() {
    for (uint64_t operations = 0;; ++operations) {
      if (operations == kMaxOperations) damaged("its pickle has more than 16 million operations");
      const auto code = static_cast<unsigned char>(take(1)[0]);
      if (code == '.') break;
      step(code);
    }
    result_.root = pop();
    return std::move(result_);
  }

 private:
  [[noreturn]] void damaged(const std::string& what) const {
    throw Error({.what = what,
                 .where = where_,
                 .cause = "the file is damaged or hostile",
                 .fix = "download it again, or get the checkpoint as safetensors"});
  }

  [[noreturn]] void foreign(std::string_view module, std::string_view name) const {
    const std::string full =
        printable(std::string(module.substr(0, 100)) + "." + std::string(name.substr(0, 100)));
    throw Error({.what = "foreign global " + full + ": this file would run code",
                 .where = where_,
                 .cause =
                     "it holds more than tensors (training state, a whole model object), or it "
                     "is hostile",
                 .fix = "get the checkpoint as safetensors, or save its state_dict alone"});
  }

  // --- the program's bytes
  std::string_view take(uint64_t count) {
    if (count > bytes_.size() - at_) damaged("its pickle ends in the middle of an operation");
    const std::string_view piece = bytes_.substr(at_, count);
    at_ += count;
    return piece;
  }
  uint64_t take_number(int size) {
    const std::string_view piece = take(static_cast<uint64_t>(size));
    uint64_t value = 0;
    for (int i = size - 1; i >= 0; --i) {
      value = value << 8 | static_cast<unsigned char>(piece[static_cast<size_t>(i)]);
    }
    return value;
  }
  std::string_view take_line() {
    const size_t end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) damaged("its pickle ends in the middle of an operation");
    const std::string_view line = bytes_.substr(at_, end - at_);
    at_ = end + 1;
    return line;
  }
  // Little-endian two's complement of at most 8 bytes.
  int64_t take_long(uint64_t size) {
    if (size > 8) damaged("its pickle has a whole number of more than 64 bits");
    if (size == 0) return 0;
    const uint64_t value = take_number(static_cast<int>(size));
    const int shift = static_cast<int>(64 - 8 * size);
    return static_cast<int64_t>(value << shift) >> shift;
  }

  // --- the stack
  void push(uint32_t value) {
    if (stack_.size() == kMaxValues) damaged("its pickle needs more than 4 million values");
    stack_.push_back(value);
  }
  uint32_t make(PickleValue value) {
    if (result_.values.size() == kMaxValues) {
      damaged("its pickle needs more than 4 million values");
    }
    result_.values.push_back(std::move(value));
    return static_cast<uint32_t>(result_.values.size() - 1);
  }
  void push_new(PickleValue value) { push(make(std::move(value))); }
  void push_number(PickleKind kind, int64_t number) { push_new({.kind = kind, .number = number}); }
  void push_text(uint64_t length) { push_new({.kind = PickleKind::kText, .text = take(length)}); }
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  uint32_t top() const {
    if (stack_.size() <= floor()) damaged("its pickle takes from an empty stack");
    return stack_.back();
  }
  uint32_t pop() {
    const uint32_t value = top();
    stack_.pop_back();
    return value;
  }
  std::vector<uint32_t> pop_to_mark() {
    if (marks_.empty()) damaged("its pickle has no mark where it needs one");
    const auto first = stack_.begin() + static_cast<ptrdiff_t>(marks_.back());
    std::vector<uint32_t> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return items;
  }
  void push_tuple(size_t size) {
    std::vector<uint32_t> items(size);
    for (size_t i = size; i-- > 0;) items[i] = pop();
    push_new({.kind = PickleKind::kTuple, .items = std::move(items)});
  }
  PickleValue& value(uint32_t index) { return result_.values[index]; }

  // --- operations
  void append(const std::vector<uint32_t>& items, PickleKind kind) {
    PickleValue& container = value(top());
    if (container.kind != kind) {
      damaged(kind == PickleKind::kDict ? "its pickle sets an item of what is no dictionary"
                                        : "its pickle appends to what is no list");
    }
    if (kind == PickleKind::kDict && items.size() % 2 != 0) {
      damaged("its pickle has a key without a value");
    }
    // Every element of a container was an operation, except that one object can be appended many
    // times: count them as values too.
    held_ += items.size();
    if (held_ > kMaxOperations) damaged("its pickle has more than 16 million operations");
    container.items.insert(container.items.end(), items.begin(), items.end());
  }

  void put(uint64_t index) {
    if (index >= kMaxValues) damaged("its pickle needs more than 4 million values");
    if (index >= memo_.size()) memo_.resize(index + 1);
    memo_[index] = top();
  }
  void get(uint64_t index) {
    if (index >= memo_.size() || !memo_[index]) damaged("its pickle recalls what it never kept");
    push(*memo_[index]);
  }

  void global(std::string_view module, std::string_view name) {
    for (size_t i = 0; i < kAllowed.size(); ++i) {
      if (kAllowed[i].module == module && kAllowed[i].name == name) {
        push_new({.kind = PickleKind::kGlobal, .global = static_cast<uint8_t>(i)});
        return;
      }
    }
    foreign(module, name);
  }

  const PickleValue& argument(const std::vector<uint32_t>& items, size_t index, PickleKind kind,
                              const char* what) {
    if (index >= items.size() || value(items[index]).kind != kind) {
      damaged(std::string("its pickle describes a tensor without ") + what);
    }
    return value(items[index]);
  }

  std::vector<int64_t> dims(const PickleValue& tuple, const char* what) {
    if (tuple.items.size() > kMaxTupleDims) damaged("a tensor has more than 64 dimensions");
    std::vector<int64_t> numbers;
    for (const uint32_t item : tuple.items) {
      if (value(item).kind != PickleKind::kInt || value(item).number < 0) {
        damaged(std::string("a tensor has a ") + what + " that is no whole number of at least 0");
      }
      numbers.push_back(value(item).number);
    }
    return numbers;
  }

  // ("storage", StorageType, "record", "device", elements)
  void persistent_id() {
    const std::vector<uint32_t> items = value(pop()).items;
    if (argument(items, 0, PickleKind::kText, "a storage").text != "storage") {
      damaged("its pickle refers to an outside object that is no storage");
    }
    const PickleValue& type = argument(items, 1, PickleKind::kGlobal, "a storage type");
    const PickleValue& record = argument(items, 2, PickleKind::kText, "a storage record");
    const PickleValue& count = argument(items, 4, PickleKind::kInt, "a storage size");
    if (kAllowed[type.global].function != kStorageType || count.number < 0) {
      damaged("its pickle describes a tensor without a storage type");
    }
    PickleValue storage{.kind = PickleKind::kStorage,
                        .dtype = kAllowed[type.global].dtype,
                        .number = count.number,
                        .text = record.text};
    push_new(std::move(storage));
  }

  // Calls an allowed function. Hooks and metadata of tensors are left out.
  void reduce() {
    const uint32_t arguments = pop();
    const uint32_t callee = pop();
    if (value(callee).kind != PickleKind::kGlobal || value(arguments).kind != PickleKind::kTuple) {
      damaged("its pickle calls what is no function");
    }
    const std::vector<uint32_t> items = value(arguments).items;
    switch (kAllowed[value(callee).global].function) {
      case kOrderedDict:
        if (!items.empty()) damaged("its pickle makes a dictionary in a way that is not known");
        push_new({.kind = PickleKind::kDict});
        return;
      case kRebuildParameter:
        argument(items, 0, PickleKind::kTensor, "its data");
        push(items[0]);
        return;
      case kRebuildTensor: {
        argument(items, 0, PickleKind::kStorage, "a storage");
        PickleValue tensor{.kind = PickleKind::kTensor, .storage = items[0]};
        tensor.offset = argument(items, 1, PickleKind::kInt, "an offset").number;
        tensor.shape = dims(argument(items, 2, PickleKind::kTuple, "a shape"), "size");
        tensor.strides = dims(argument(items, 3, PickleKind::kTuple, "strides"), "stride");
        if (tensor.offset < 0 || tensor.shape.size() != tensor.strides.size()) {
          damaged("a tensor's offset, shape and strides do not fit together");
        }
        push_new(std::move(tensor));
        return;
      }
      case kStorageType:
        damaged("its pickle calls what is no function");
    }
  }

  void step(unsigned char code) {
    switch (code) {
      case 0x80: {  // PROTO
        const uint64_t protocol = take_number(1);
        if (protocol < 2 || protocol > 5) {
          damaged("its pickle has the protocol " + std::to_string(protocol) + ", 2 to 5 are known");
        }
        return;
      }
      case 0x95:
        take(8);
        return;  // FRAME
      case '(':
        marks_.push_back(stack_.size());
        return;
      case '0':  // POP
        if (stack_.size() > floor()) {
          stack_.pop_back();
        } else if (!marks_.empty()) {
          marks_.pop_back();
        } else {
          damaged("its pickle takes from an empty stack");
        }
        return;
      case '1':
        pop_to_mark();
        return;
      case '2':
        push(top());
        return;
      case 'N':
        push_new({});
        return;
      case 0x88:
        push_number(PickleKind::kBool, 1);
        return;
      case 0x89:
        push_number(PickleKind::kBool, 0);
        return;
      case 'J':
        push_number(PickleKind::kInt, static_cast<int32_t>(take_number(4)));
        return;
      case 'K':
        push_number(PickleKind::kInt, static_cast<int64_t>(take_number(1)));
        return;
      case 'M':
        push_number(PickleKind::kInt, static_cast<int64_t>(take_number(2)));
        return;
      case 0x8a:
        push_number(PickleKind::kInt, take_long(take_number(1)));
        return;
      case 'G':  // BINFLOAT: only carried along, never used
        take(8);
        push_new({.kind = PickleKind::kFloat});
        return;
      case 'X':
      case 'T':
      case 'B':
        push_text(take_number(4));
        return;
      case 0x8c:
      case 'U':
      case 'C':
        push_text(take_number(1));
        return;
      case 0x8d:
      case 0x8e:
        push_text(take_number(8));
        return;
      case ')':
        push_tuple(0);
        return;
      case 0x85:
        push_tuple(1);
        return;
      case 0x86:
        push_tuple(2);
        return;
      case 0x87:
        push_tuple(3);
        return;
      case 't':
        push_new({.kind = PickleKind::kTuple, .items = pop_to_mark()});
        return;
      case ']':
        push_new({.kind = PickleKind::kList});
        return;
      case '}':
        push_new({.kind = PickleKind::kDict});
        return;
      case 'a':
        append({pop()}, PickleKind::kList);
        return;
      case 'e':
        append(pop_to_mark(), PickleKind::kList);
        return;
      case 's': {
        const uint32_t item = pop();
        const uint32_t key = pop();
        append({key, item}, PickleKind::kDict);
        return;
      }
      case 'u':
        append(pop_to_mark(), PickleKind::kDict);
        return;
      case 'c': {
        const std::string_view module = take_line();
        const std::string_view name = take_line();
        global(module, name);
        return;
      }
      case 0x93: {  // STACK_GLOBAL
        const PickleValue name = value(pop());
        const PickleValue module = value(pop());
        if (name.kind != PickleKind::kText || module.kind != PickleKind::kText) {
          damaged("its pickle names a global by what is no text");
        }
        global(module.text, name.text);
        return;
      }
      case 'R':
        reduce();
        return;
      case 'b': {  // BUILD: an OrderedDict's attributes (state_dict's _metadata), left out
        pop();
        if (value(top()).kind != PickleKind::kDict) {
          damaged("its pickle sets attributes of what has none");
        }
        return;
      }
      case 'Q':
        persistent_id();
        return;
      case 'q':
        put(take_number(1));
        return;
      case 'r':
        put(take_number(4));
        return;
      case 0x94:
        put(next_memo_++);
        return;
      case 'h':
        get(take_number(1));
        return;
      case 'j':
        get(take_number(4));
        return;
      default: {
        static constexpr char kHex[] = "0123456789abcdef";
        damaged(std::string("its pickle uses the operation 0x") + kHex[code >> 4] +
                kHex[code & 15] + ", which no file of tensors needs");
      }
    }
  }

  std::string_view bytes_;
  const std::string& where_;
  size_t at_ = 0;
  PickleResult result_;
  std::vector<uint32_t> stack_;
  std::vector<size_t> marks_;
  std::vector<std::optional<uint32_t>> memo_;
  uint64_t next_memo_ = 0, held_ = 0;
};

}  // namespace

PickleResult run_pickle(std::span<const std::byte> pickle, const std::string& where) {
  return Machine(pickle, where).run();
}

}  // namespace vigor
