// A file that is written in pieces and appears whole or not at all.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/file_system.h"

namespace vigor {

// PATH.tmp is written; commit() syncs it, gives it its name and syncs the folder. Without commit()
// (an Error on the way, say) PATH stays what it was and PATH.tmp may be left behind; the next one
// overwrites it. Not thread-safe. The file system must outlive it.
class AtomicFile {
 public:
  AtomicFile(FileSystem& files, std::filesystem::path path);
  // Small pieces are gathered. Throws Error as FileSystem does, and so does commit().
  void write(std::string_view bytes);
  void commit();

 private:
  void flush();

  FileSystem* files_;
  std::filesystem::path path_, temporary_;
  std::unique_ptr<WritableFile> file_;
  std::string gathered_;
};

}  // namespace vigor
