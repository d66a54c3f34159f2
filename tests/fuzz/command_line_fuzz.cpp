// Any words as provisrd's command line, and any text as a value on it.
#include "daemon/base/duration.hpp"
#include "daemon/cli/options.hpp"
#include "daemon/cli/server_url.hpp"
#include "daemon/config/command.hpp"
#include "daemon/config/listen_address.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace provisr::daemon;

namespace {

/// Splits a text at each NUL, as in /proc/PID/cmdline.
[[nodiscard]] std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    words.push_back(text.substr(0, text.find('\0')));
    text.remove_prefix(std::min(words.back().size() + 1, text.size()));
  }
  return words;
}

/// Runs `parse`, which may only throw std::invalid_argument, for a value that is not valid.
template <class Parse>
void parse_value(Parse parse, std::string_view text) {
  try {
    static_cast<void>(parse(text));
  } catch (const std::invalid_argument&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  parse_value(parse_duration, text);
  parse_value(parse_listen_address, text);
  parse_value(parse_server_url, text);
  parse_value([](std::string_view command) { return parse_command(command); }, text);
  try {
    const Options options = parse_options(words_of(text));
    if (options.action == Action::run && options.command.empty()) std::abort();
  } catch (const UsageError& error) {
    if (usage_message(error).empty()) std::abort();
  }
  return 0;
}
