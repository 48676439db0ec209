#pragma once

namespace vigor {

enum class StoreAccess {
  kRead,   // the file must be there
  kWrite,  // file and folder are made when they are missing
};

}  // namespace vigor
