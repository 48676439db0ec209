#include "reports/page.h"

#include <openssl/evp.h>

#include "base/base64.h"
#include "base/error.h"

namespace vigor::reports {

std::string html_text(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string json_block(const Json& value) {
  const std::string plain = dump_json(value);
  std::string out;
  out.reserve(plain.size() + plain.size() / 16);
  for (size_t i = 0; i < plain.size(); ++i) {
    const char c = plain[i];
    // The five stand inside strings only: JSON's own syntax uses none of them.
    if (c == '<') {
      out += "\\u003c";
    } else if (c == '>') {
      out += "\\u003e";
    } else if (c == '&') {
      out += "\\u0026";
    } else if (plain.compare(i, 3, "\xE2\x80\xA8") == 0) {
      out += "\\u2028";
      i += 2;
    } else if (plain.compare(i, 3, "\xE2\x80\xA9") == 0) {
      out += "\\u2029";
      i += 2;
    } else {
      out += c;
    }
  }
  return out;
}

std::string csp_hash(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (EVP_Digest(text.data(), text.size(), digest, &length, EVP_sha256(), nullptr) != 1) {
    throw Error({.what = "OpenSSL cannot compute SHA-256", .where = "report.html"});
  }
  return "sha256-" + base64({reinterpret_cast<const char*>(digest), length});
}

std::string render_page(const Page& page, std::string_view css, std::string_view script) {
  std::string out = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  out +=
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; ";
  out += "style-src '" + csp_hash(css) + "'; script-src '" + csp_hash(script) + "'; ";
  out += "base-uri 'none'; form-action 'none'\">\n";
  out += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  out += "<meta name=\"color-scheme\" content=\"light dark\">\n";
  out += "<meta name=\"referrer\" content=\"no-referrer\">\n";
  out += "<title>" + html_text(page.title) + "</title>\n<style>";
  out += css;
  out += "</style>\n</head>\n<body>\n" + page.body;
  out += "<script type=\"application/json\" id=\"data\">" + json_block(page.data) + "</script>\n";
  for (const auto& [id, block] : page.blocks) {
    out +=
        "<script type=\"application/json\" id=\"" + id + "\">" + json_block(block) + "</script>\n";
  }
  out += "<script>";
  out += script;
  out += "</script>\n</body>\n</html>\n";
  return out;
}

}  // namespace vigor::reports
