// A request that this endpoint does not answer, as OpenAI's clients expect to be told.
#pragma once

#include <stdexcept>
#include <string>

#include "base/json.h"

namespace vigor::serve {

struct ApiError : std::runtime_error {
  // `type`: "invalid_request_error", "authentication_error", "rate_limit_error", "server_error".
  // `code` and `param` may be empty (null in the body).
  ApiError(int status, std::string type, const std::string& message, std::string code = "",
           std::string param = "")
      : std::runtime_error(message),
        status(status),
        type(std::move(type)),
        code(std::move(code)),
        param(std::move(param)) {}

  // {"error": {"message", "type", "param", "code"}}
  Json body() const {
    const auto or_null = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
    return {{"error",
             {{"message", what()},
              {"type", type},
              {"param", or_null(param)},
              {"code", or_null(code)}}}};
  }

  int status;  // of HTTP
  std::string type, code, param;
};

// 400: the request itself is wrong.
inline ApiError bad_request(const std::string& message, const std::string& param = "",
                            const std::string& code = "") {
  return {400, "invalid_request_error", message, code, param};
}

}  // namespace vigor::serve
