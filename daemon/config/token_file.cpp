#include "daemon/config/token_file.hpp"

#include "daemon/base/text.hpp"
#include "daemon/platform/regular_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <system_error>

namespace provisr::daemon {
namespace {

constexpr std::string_view white_space = " \t\r\n\v\f";

[[nodiscard]] bool is_visible_ascii(char c) {
  return c > ' ' && c <= '~';
}

[[nodiscard]] std::string reason_refused(const std::error_code& error) {
  if (error == std::errc::operation_not_permitted) {
    return "others than the account of provisrd may read or write it; make it that account's alone "
           "(chown, chmod 600)";
  }
  return reason_unreadable(error);
}

}  // namespace

TokenFile parse_token(std::string_view text) {
  const std::string_view token = trimmed(text, white_space);
  if (token.empty()) return {"", "holds no token"};
  if (!std::all_of(token.begin(), token.end(), is_visible_ascii)) {
    return {"", "must hold one word of visible ASCII characters"};
  }
  return {std::string(token), ""};
}

TokenFile read_token_file(const std::filesystem::path& file) {
  std::error_code error;
  const auto text = read_start_of_private_file(file, max_token_file_size + 1, error);
  TokenFile read =
      text ? parse_token(*text) : TokenFile{"", "cannot be used: " + reason_refused(error)};
  if (text && text->size() > max_token_file_size) {
    read = {"", fmt::format("is larger than {} bytes", max_token_file_size)};
  }
  if (!read.fault.empty()) read.fault = fmt::format("\"{}\" {}", name_of(file), read.fault);
  return read;
}

}  // namespace provisr::daemon
