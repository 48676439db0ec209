// The one place where the JSON value type is compiled.
#include <nlohmann/json.hpp>

template class nlohmann::basic_json<>;
