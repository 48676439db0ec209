#include <gtest/gtest.h>

#include "base/error.h"
#include "run/checkpoint_hash.h"
#include "run/sha256.h"
#include "tests/testing/temporary_folder.h"

namespace vigor {
namespace {

// FIPS 180-2, appendix B.
TEST(Sha256, PublishedVectors) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256, OfAFileIsThatOfItsBytes) {
  const testing::TemporaryFolder folder;
  EXPECT_EQ(sha256_file(folder.write("a", "abc")), sha256_hex("abc"));
  EXPECT_EQ(sha256_file(folder.write("empty", "")), sha256_hex(""));
  EXPECT_THROW(sha256_file(folder / "missing"), Error);
}

class CheckpointHash : public ::testing::Test {
 protected:
  CheckpointHash() {
    folder_.write("config.json", "{}");
    std::string weights(size_t{17} << 20, 'w');
    weights[0] = 100;
    for (int i = 1; i < 8; ++i) weights[static_cast<size_t>(i)] = 0;
    folder_.write("model.safetensors", weights);
    hash_ = checkpoint_hash(folder_.path());
  }
  testing::TemporaryFolder folder_;
  std::string hash_;
};

TEST_F(CheckpointHash, IgnoresWhatCannotChangeAnAnswer) {
  folder_.write("README.md", "words");
  folder_.write(".git/config.json", "{}");
  EXPECT_EQ(checkpoint_hash(folder_.path()), hash_);
}

TEST_F(CheckpointHash, ChangesWithASmallFileAndWithAName) {
  folder_.write("config.json", "{ }");
  EXPECT_NE(checkpoint_hash(folder_.path()), hash_);
  folder_.write("config.json", "{}");
  EXPECT_EQ(checkpoint_hash(folder_.path()), hash_);
  folder_.write("vision-tower/config.json", "{}");
  EXPECT_NE(checkpoint_hash(folder_.path()), hash_);
}

TEST_F(CheckpointHash, ChangesWithTheHeaderAndTheEndOfLargeWeights) {
  std::string weights(size_t{17} << 20, 'w');
  weights[0] = 100;
  for (int i = 1; i < 8; ++i) weights[static_cast<size_t>(i)] = 0;
  weights[50] = 'x';
  folder_.write("model.safetensors", weights);
  EXPECT_NE(checkpoint_hash(folder_.path()), hash_);
  weights[50] = 'w';
  weights.back() = 'x';
  folder_.write("model.safetensors", weights);
  EXPECT_NE(checkpoint_hash(folder_.path()), hash_);
}

TEST(CheckpointHashErrors, FolderWithoutACheckpoint) {
  const testing::TemporaryFolder folder;
  EXPECT_THROW(checkpoint_hash(folder.path()), Error);
  EXPECT_THROW(checkpoint_hash(folder / "missing"), Error);
}

}  // namespace
}  // namespace vigor
