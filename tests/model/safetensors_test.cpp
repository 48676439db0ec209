#include "model/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "tests/model/torch_file.h"
#include "tests/testing/shared_data.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

using testing::as_bytes;
using ::testing::HasSubstr;

// A file with this header and `data` zero bytes.
std::string file_of(const std::string& header, size_t data = 0) {
  std::string file;
  for (int i = 0; i < 8; ++i) file += static_cast<char>(header.size() >> (8 * i) & 0xFF);
  return file + header + std::string(data, '\0');
}

std::string safetensors_message(const std::string& file) {
  try {
    parse_safetensors(as_bytes(file), "m.safetensors");
  } catch (const Error& error) {
    return error.parts().what;
  }
  return "no error";
}

SafetensorsItem item(const std::string& name, Dtype dtype, std::vector<int64_t> shape,
                     const std::string& bytes) {
  return {name, dtype, std::move(shape), [bytes](const ByteSink& sink) { sink(as_bytes(bytes)); }};
}

TEST(Safetensors, ReadsEntriesInTheOrderOfTheirDataWithPlacesInTheFile) {
  const std::string file = file_of(
      R"({"b":{"dtype":"F16","shape":[2],"data_offsets":[8,12]},)"
      R"("a":{"shape":[2,1],"dtype":"F32","data_offsets":[0,8]},"__metadata__":{"format":"pt"}})"
      "   ",
      12);
  const SafetensorsHeader header = parse_safetensors(as_bytes(file), "m");
  ASSERT_EQ(header.tensors.size(), 2u);
  EXPECT_EQ(header.tensors[0].name, "a");
  EXPECT_EQ(header.tensors[0].shape, (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(header.tensors[0].begin, file.size() - 12);
  EXPECT_EQ(header.tensors[1].dtype, Dtype::kF16);
  EXPECT_EQ(header.tensors[1].end, file.size());
  EXPECT_EQ(header.metadata.at("format"), "pt");
}

TEST(Safetensors, ReadsTheCommittedExample) {
  const std::string file =
      read_file(testing::source_dir() / "tests/fuzz/corpus/safetensors/two_tensors");
  const SafetensorsHeader header = parse_safetensors(as_bytes(file), "two_tensors");
  ASSERT_EQ(header.tensors.size(), 2u);
  EXPECT_EQ(header.tensors[1].name, "b");
  EXPECT_EQ(header.tensors[1].dtype, Dtype::kBF16);
  EXPECT_EQ(header.tensors[1].shape, (std::vector<int64_t>{1, 2}));
}

TEST(Safetensors, TakesScalarsAndEmptyTensors) {
  const std::string file = file_of(R"({"scalar":{"dtype":"I64","shape":[],"data_offsets":[0,8]},)"
                                   R"("empty":{"dtype":"F32","shape":[0,7],"data_offsets":[8,8]}})",
                                   8);
  EXPECT_EQ(parse_safetensors(as_bytes(file), "m").tensors.size(), 2u);
}

TEST(Safetensors, NamesWhatIsWrongWithAHeader) {
  const auto one = [](const std::string& description, size_t data = 8) {
    return safetensors_message(file_of(R"({"w":{)" + description + "}}", data));
  };
  EXPECT_EQ(safetensors_message(""), "the file is empty");
  EXPECT_EQ(safetensors_message("abc"), "has 3 bytes, a safetensors file has at least 8");
  EXPECT_EQ(safetensors_message("version https://git-lfs.github.com/spec/v1\noid"),
            "this is a Git LFS pointer and not the weights");
  EXPECT_EQ(safetensors_message("<!DOCTYPE html><html>"), "this is a web page and not the weights");
  EXPECT_EQ(safetensors_message(std::string("\xff\xff\xff\xff\xff\xff\xff\x7f", 8)),
            "its header claims 9223372036854775807 bytes, at most 100,000,000 are allowed");
  EXPECT_EQ(safetensors_message(std::string("\x40\0\0\0\0\0\0\0{}", 10)),
            "has 10 bytes, its header alone promises 72");
  EXPECT_EQ(safetensors_message(file_of("{\"w\":")), "the header is not valid JSON at its byte 6");
  EXPECT_EQ(safetensors_message(file_of("[]")), "the header must be a JSON object, found a list");
  EXPECT_EQ(safetensors_message(file_of(R"({"w":3})")),
            "tensor 'w' is described by the number 3 where the format has none");
  EXPECT_EQ(safetensors_message(file_of(R"({"__metadata__":{"a":1}})")),
            "the header's __metadata__ must map text to text, found the number 1");
  EXPECT_EQ(one(R"("dtype":"F32","shape":[2])"), "tensor 'w' has no key 'data_offsets'");
  EXPECT_EQ(one(R"("dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8])"),
            "tensor 'w' has the key 'shape' twice");
  EXPECT_EQ(one(R"("dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1)"),
            "tensor 'w' has the unknown key 'x'");
  EXPECT_EQ(one(R"("dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8])"),
            "tensor 'w' has the dtype 'F8_E4M3', which is not supported");
  EXPECT_EQ(one(R"("dtype":"F32","shape":[-2],"data_offsets":[0,8])"),
            "tensor 'w' has the negative number -2 in its shape");
  EXPECT_EQ(one(R"("dtype":"F32","shape":[2.5],"data_offsets":[0,8])"),
            "tensor 'w' has the number 2.5 in its shape");
  EXPECT_EQ(one(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8])"),
            "tensor 'w' has the shape [4294967296, 4294967296], which is too large for any memory");
  EXPECT_EQ(one(R"("dtype":"F32","shape":[3],"data_offsets":[0,8])"),
            "tensor 'w' of shape [3] and dtype F32 needs 12 bytes, its data_offsets are [0, 8]");
  EXPECT_EQ(one(R"("dtype":"F32","shape":[2],"data_offsets":[8,0])"),
            "tensor 'w' of shape [2] and dtype F32 needs 8 bytes, its data_offsets are [8, 0]");
  EXPECT_EQ(one(R"("dtype":"F32","shape":[2],"data_offsets":[0])"),
            "tensor 'w' needs two data_offsets");
}

TEST(Safetensors, RefusesOverlapHoleCutAndRest) {
  const auto two = [](const std::string& a, const std::string& b, size_t data) {
    return safetensors_message(file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":)" + a +
                                           R"(},"b":{"dtype":"F32","shape":[2],"data_offsets":)" +
                                           b + "}}",
                                       data));
  };
  EXPECT_EQ(two("[0,8]", "[8,16]", 16), "no error");
  EXPECT_EQ(two("[0,8]", "[4,12]", 12), "tensors 'a' and 'b' overlap");
  EXPECT_EQ(two("[0,8]", "[12,20]", 20), "there is a hole of 4 bytes before tensor 'b'");
  EXPECT_EQ(two("[4,12]", "[12,20]", 20), "there is a hole of 4 bytes before tensor 'a'");
  EXPECT_EQ(two("[0,8]", "[8,16]", 15), "has 131 bytes, its header promises 132");
  EXPECT_EQ(two("[0,8]", "[8,16]", 19), "has 3 bytes behind its last tensor");
  const std::string twice = R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},)"
                            R"("a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})";
  EXPECT_EQ(safetensors_message(file_of(twice)), "tensor 'a' is in the header twice");
}

TEST(Safetensors, ErrorSaysWhichFileAndThatTheDownloadWasCut) {
  try {
    parse_safetensors(
        as_bytes(file_of(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 2)),
        "model.safetensors");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "model.safetensors: has 64 bytes, its header promises 70\n"
                 "  likely cause: the download was cut off\n"
                 "  what to do: download or write the file again");
  }
}

TEST(Safetensors, WritesWhatItReadsBack) {
  const testing::TemporaryFolder folder;
  DiskFileSystem files;
  const std::vector<SafetensorsItem> items{
      item("b.half", Dtype::kF16, {1}, "hh"), item("c.long", Dtype::kI64, {}, "12345678"),
      item("a.half", Dtype::kF16, {2}, "HHHH"), item("z.none", Dtype::kF32, {0, 3}, "")};
  write_safetensors(files, folder / "m.safetensors", items, {{"format", "pt"}});
  const std::string file = read_file(folder / "m.safetensors");
  const SafetensorsHeader header = parse_safetensors(as_bytes(file), "m");
  EXPECT_EQ(header.data_begin % 8, 0u);
  std::vector<std::string> order;
  for (const TensorEntry& entry : header.tensors) order.push_back(entry.name);
  EXPECT_THAT(order, ::testing::ElementsAre("c.long", "z.none", "a.half", "b.half"));
  EXPECT_EQ(file.substr(header.data_begin), "12345678HHHHhh");
  EXPECT_EQ(header.metadata.at("format"), "pt");
  EXPECT_FALSE(std::filesystem::exists(folder / "m.safetensors.tmp"));

  const std::vector<SafetensorsItem> reversed(items.rbegin(), items.rend());
  write_safetensors(files, folder / "again.safetensors", reversed, {{"format", "pt"}});
  EXPECT_EQ(read_file(folder / "again.safetensors"), file);
}

TEST(Safetensors, RefusesToWriteItemsThatBreakTheirWord) {
  const testing::TemporaryFolder folder;
  DiskFileSystem files;
  const auto path = folder.write("m.safetensors", "before");
  const auto failure = [&](const std::vector<SafetensorsItem>& items) {
    try {
      write_safetensors(files, path, items, {});
    } catch (const Error& error) {
      return error.parts().what;
    }
    return std::string("no error");
  };
  EXPECT_EQ(failure({item("w", Dtype::kF32, {2}, "1234")}),
            "tensor 'w' gave 4 bytes, its shape [2] needs 8");
  EXPECT_EQ(failure({item("w", Dtype::kF32, {1}, "12345678")}),
            "tensor 'w' gave 8 bytes, its shape [1] needs 4");
  EXPECT_THAT(failure({item("w", Dtype::kU8, {0}, ""), item("w", Dtype::kU8, {0}, "")}),
              HasSubstr("has a name that is taken"));
  EXPECT_EQ(read_file(path), "before");
  EXPECT_FALSE(std::filesystem::exists(folder / "m.safetensors.tmp"));
}

}  // namespace
}  // namespace vigor
