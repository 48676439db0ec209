#include "judges/chat/chat.h"

#include "run/sha256.h"

namespace vigor {

Json ChatRequest::canonical() const {
  Json list = Json::array();
  for (const ChatMessage& message : messages) {
    Json parts = Json::array();
    for (const ChatPart& part : message.parts) {
      if (part.image == nullptr) {
        parts.push_back({{"text", part.text}});
      } else {
        parts.push_back({{"image", part.image->sha256}, {"mime", part.image->mime}});
      }
    }
    list.push_back({{"role", message.role}, {"parts", std::move(parts)}});
  }
  return {{"messages", std::move(list)},
          {"temperature", temperature},
          {"top_p", top_p},
          {"max_tokens", max_tokens},
          {"seed", seed ? Json(*seed) : Json()},
          {"stop", stop},
          {"top_logprobs", top_logprobs},
          {"schema", schema},
          {"repeat", repeat}};
}

std::string image_mime(std::string_view bytes) {
  if (bytes.starts_with("\xFF\xD8\xFF")) return "image/jpeg";
  if (bytes.starts_with("\x89PNG\r\n\x1A\n")) return "image/png";
  if (bytes.starts_with("GIF8")) return "image/gif";
  if (bytes.starts_with("RIFF") && bytes.substr(0, 12).ends_with("WEBP")) return "image/webp";
  return "";
}

std::shared_ptr<const ChatImage> chat_image(std::string bytes, std::string mime) {
  auto image = std::make_shared<ChatImage>();
  image->sha256 = sha256_hex(bytes);
  image->bytes = std::move(bytes);
  image->mime = std::move(mime);
  return image;
}

}  // namespace vigor
