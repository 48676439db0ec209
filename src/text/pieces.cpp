#include "text/pieces.h"

#ifndef VIGOR_PIECES_LINKED
#include <dlfcn.h>
#endif

#include "base/error.h"

namespace vigor {
namespace {

#ifdef VIGOR_PIECES_LINKED
const PiecesModule& pieces_module() {
  return *vigor_pieces_module();
}
#else
const PiecesModule& pieces_module() {
  static const PiecesModule* const loaded = [] {
    // Found through the program's run path. DEEPBIND: its own protobuf before LibTorch's.
    void* handle = ::dlopen("libvigor_pieces.so", RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    void* entry = handle == nullptr ? nullptr : ::dlsym(handle, "vigor_pieces_module");
    if (entry == nullptr) {
      const char* reason = ::dlerror();
      throw Error({.what = std::string("cannot load libvigor_pieces.so: ") +
                           (reason == nullptr ? "no entry point" : reason),
                   .where = "",
                   .cause = "the program was moved without its library",
                   .fix = "keep lib/libvigor_pieces.so beside bin/, or install again"});
    }
    return reinterpret_cast<const PiecesModule* (*)()>(entry)();
  }();
  return *loaded;
}
#endif

}  // namespace

std::unique_ptr<PieceModel> open_piece_model(const std::string& bytes) {
  return std::unique_ptr<PieceModel>(pieces_module().open(bytes));
}

std::string train_pieces(const std::unordered_map<std::string, std::string>& options,
                         const std::vector<std::string>& lines, std::string& model) {
  return pieces_module().train(options, lines, model);
}

}  // namespace vigor
