#include "model/pickle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/model/torch_file.h"

namespace vigor {
namespace {

using testing::as_bytes;
using testing::float_bytes;
using ::testing::HasSubstr;
using testing::pickle_global;
using testing::pickle_int;
using testing::pickle_state_dict;
using testing::pickle_tensor;
using testing::pickle_text;
using testing::PickledTensor;
using testing::stored_zip;
using testing::torch_file;

std::string pickle_message(const std::string& file) {
  try {
    parse_torch_file(as_bytes(file), "m.bin");
  } catch (const Error& error) {
    return error.parts().what;
  }
  return "no error";
}

std::string message_of_pickle(const std::string& program) {
  return pickle_message(torch_file(program, {{"0", std::string(24, '\0')}}));
}

// Six floats as [2, 3].
PickledTensor plain() {
  return {.name = "w", .storage_elements = 6, .shape = {2, 3}, .strides = {3, 1}};
}

std::string message_of_tensor(const PickledTensor& tensor) {
  return message_of_pickle(pickle_state_dict({tensor}));
}

TEST(Pickle, FindsTensorsInTheirRecords) {
  const std::string data = float_bytes({1, 2, 3, 4, 5, 6});
  PickledTensor part = plain();
  part.name = "part";
  part.offset = 2;
  part.shape = {3};
  part.strides = {1};
  const std::string file = torch_file(pickle_state_dict({plain(), part}), {{"0", data}});
  const auto entries = parse_torch_file(as_bytes(file), "m.bin");
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].name, "w");
  EXPECT_EQ(entries[0].shape, (std::vector<int64_t>{2, 3}));
  EXPECT_TRUE(entries[0].strides.empty());
  EXPECT_EQ(file.substr(entries[0].begin, entries[0].end - entries[0].begin), data);
  EXPECT_EQ(file.substr(entries[1].begin, entries[1].end - entries[1].begin), data.substr(8, 12));
}

TEST(Pickle, GivesTheStridesOfATransposedTensor) {
  PickledTensor tensor = plain();
  tensor.shape = {3, 2};
  tensor.strides = {1, 3};
  const std::string file = torch_file(pickle_state_dict({tensor}), {{"0", std::string(24, '\0')}});
  EXPECT_EQ(parse_torch_file(as_bytes(file), "m")[0].strides, (std::vector<int64_t>{1, 3}));
}

TEST(Pickle, TakesParametersNestedDictionariesAndAttributesAndLeavesOutWhatIsNoTensor) {
  const std::string program =
      "\x80\x02" + pickle_global("collections", "OrderedDict") + ")R(" + pickle_text("epoch") +
      pickle_int(3) + pickle_text("model") + "}" + pickle_text("p") +
      pickle_global("torch._utils", "_rebuild_parameter") + "(" + pickle_tensor(plain()) + "\x88" +
      pickle_global("collections", "OrderedDict") + ")RtRsu}" + pickle_text("_metadata") + "Nsb.";
  const std::string file = torch_file(program, {{"0", std::string(24, '\0')}});
  const auto entries = parse_torch_file(as_bytes(file), "m");
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].name, "model.p");
}

TEST(Pickle, NamesAForeignGlobalAndRunsNothing) {
  const std::string attack =
      "\x80\x02" + pickle_global("os", "system") + "(" + pickle_text("echo bad") + "tR.";
  EXPECT_EQ(message_of_pickle(attack), "foreign global os.system: this file would run code");
  const std::string by_stack = "\x80\x04" + pickle_text("builtins") + pickle_text("eval") + "\x93.";
  EXPECT_EQ(message_of_pickle(by_stack), "foreign global builtins.eval: this file would run code");
  EXPECT_THAT(message_of_pickle("\x80\x02" + pickle_global("torch\x1b[31m", "load") + "."),
              HasSubstr("torch\\x1b[31m.load"));
}

TEST(Pickle, RefusesTensorsThatLeaveTheirStorage) {
  EXPECT_EQ(message_of_tensor(plain()), "no error");
  PickledTensor tensor = plain();
  tensor.offset = 1;
  EXPECT_EQ(message_of_tensor(tensor),
            "tensor 'w' of shape [2, 3] and strides [3, 1] at offset 1 reaches out of its storage "
            "of 6 elements");
  tensor = plain();
  tensor.strides = {int64_t{1} << 62, 1};
  EXPECT_THAT(message_of_tensor(tensor), HasSubstr("reaches out of its storage"));
  tensor = plain();
  tensor.shape = {int64_t{1} << 40, 3};
  tensor.strides = {0, 1};
  EXPECT_EQ(message_of_tensor(tensor),
            "tensor 'w' of shape [1099511627776, 3] is larger than its storage of 6 elements");
  tensor = plain();
  tensor.shape = {int64_t{1} << 40, int64_t{1} << 40};
  EXPECT_THAT(message_of_tensor(tensor), HasSubstr("is larger than its storage"));
  tensor = plain();
  tensor.shape = {-2, 3};
  EXPECT_EQ(message_of_tensor(tensor), "a tensor has a size that is no whole number of at least 0");
  tensor = plain();
  tensor.strides = {3, -1};
  EXPECT_EQ(message_of_tensor(tensor),
            "a tensor has a stride that is no whole number of at least 0");
  tensor = plain();
  tensor.strides = {1};
  EXPECT_EQ(message_of_tensor(tensor), "a tensor's offset, shape and strides do not fit together");
  tensor = plain();
  tensor.storage_elements = 7;
  EXPECT_EQ(message_of_tensor(tensor),
            "tensor 'w' needs a storage of 7 F32, its record has 24 bytes");
  tensor.storage_elements = (int64_t{1} << 62) + 6;  // times 4 is 24 again in 64 bits
  EXPECT_THAT(message_of_tensor(tensor), HasSubstr("its record has 24 bytes"));
  tensor = plain();
  tensor.record = "../../x";
  EXPECT_EQ(message_of_tensor(tensor),
            "tensor 'w' needs the record 'archive/data/../../x', which is not in the file");
  EXPECT_EQ(message_of_pickle(pickle_state_dict({plain(), plain()})), "tensor 'w' is there twice");
}

TEST(Pickle, RefusesProgramsThatAreNone) {
  EXPECT_EQ(message_of_pickle("\x80\x02}"), "its pickle ends in the middle of an operation");
  EXPECT_EQ(message_of_pickle("\x80\x02."), "its pickle takes from an empty stack");
  EXPECT_EQ(message_of_pickle("\x80\x02u."), "its pickle has no mark where it needs one");
  EXPECT_EQ(message_of_pickle("\x80\x02}(Nu."), "its pickle has a key without a value");
  EXPECT_EQ(message_of_pickle("\x80\x02h\x07."), "its pickle recalls what it never kept");
  EXPECT_EQ(message_of_pickle("\x80\x02N)R."), "its pickle calls what is no function");
  EXPECT_EQ(message_of_pickle("\x80\x02Nr\xff\xff\xff\xff."),
            "its pickle needs more than 4 million values");
  EXPECT_EQ(message_of_pickle(std::string("\x80\x02X\xff\xff\xff\xff", 7)),
            "its pickle ends in the middle of an operation");
  EXPECT_EQ(message_of_pickle("\x80\x02}I1\n."),
            "its pickle uses the operation 0x49, which no file of tensors needs");
  EXPECT_EQ(message_of_pickle("\x80\x02]."), "it holds no dictionary of tensors");
  EXPECT_EQ(message_of_pickle("\x80\x02}."), "it holds no tensors");
}

TEST(Pickle, StopsAtStructuresThatUnfoldEndlessly) {
  // A dictionary that holds itself.
  EXPECT_EQ(message_of_pickle("\x80\x02}q" + std::string(1, '\0') + pickle_text("x") + "h" +
                              std::string(1, '\0') + "s."),
            "its dictionaries are nested more than 32 deep");
  // 2^30 names from 30 dictionaries.
  std::string program = "\x80\x02}q";
  program += '\0';
  for (char i = 1; i <= 30; ++i) {
    program += "}(" + pickle_text("a") + "h" + char(i - 1) + pickle_text("b") + "h" + char(i - 1) +
               "uq" + i;
  }
  EXPECT_EQ(message_of_pickle(program + "."), "it names more than a million values");
}

TEST(Pickle, ExplainsFilesOfOtherKinds) {
  EXPECT_EQ(pickle_message(""), "the file is empty");
  EXPECT_EQ(pickle_message("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9"),
            "it is in the format that PyTorch used before 1.6");
  EXPECT_EQ(pickle_message("RIFFabcd"), "it is no file of torch.save");
  EXPECT_EQ(pickle_message(stored_zip({{"a.txt", "a"}})), "it has no record data.pkl");
  const std::string file = torch_file(pickle_state_dict({plain()}), {{"0", std::string(24, 'x')}});
  EXPECT_EQ(pickle_message(file.substr(0, file.size() - 30)),
            "has " + std::to_string(file.size() - 30) + " bytes and no zip directory at its end");
  EXPECT_EQ(pickle_message(stored_zip({{"a/data.pkl", "."}, {"a/byteorder", "big"}})),
            "its data are in the byte order 'big'");
  EXPECT_EQ(pickle_message(stored_zip({{"a/data.pkl", "."}, {"a/constants.pkl", ""}})),
            "it is a TorchScript program and not a state_dict");
  EXPECT_EQ(pickle_message(stored_zip({{"a/data.pkl", "."}, {"a/data.pkl", "."}})),
            "zip record 'a/data.pkl' is in the directory twice");
}

TEST(Pickle, RefusesZipDirectoriesThatLie) {
  const std::string good = torch_file(pickle_state_dict({plain()}), {{"0", std::string(24, 'x')}});
  const size_t entry = good.find("PK\1\2");
  const auto changed = [&](size_t at, const std::string& bytes) {
    std::string file = good;
    file.replace(at, bytes.size(), bytes);
    return pickle_message(file);
  };
  EXPECT_THAT(changed(entry + 10, "\x08"), HasSubstr("is compressed"));
  EXPECT_THAT(changed(entry + 8, "\x01"), HasSubstr("is encrypted"));
  EXPECT_THAT(changed(entry + 42, "\x07"), HasSubstr("is not where the directory says"));
  const std::string huge = "\xfe\xff\xff\xff";
  EXPECT_THAT(changed(entry + 20, huge + huge), HasSubstr("reaches behind the end"));
  EXPECT_EQ(changed(entry, "XX"), "its zip directory is not where the file says");
}

}  // namespace
}  // namespace vigor
