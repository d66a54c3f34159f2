// Any bytes as a server's answer to the client commands. They must not crash a command or control a
// terminal.
#include "daemon/cli/client/reload_report.hpp"
#include "daemon/cli/client/status_report.hpp"
#include "daemon/cli/client/terminal_text.hpp"

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

void check_harmless(std::string_view text) {
  const bool has_control = std::any_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f;
  });
  if (has_control) std::abort();
  // C1 controls in UTF-8 are C2 80 to C2 9F.
  constexpr auto none = std::string_view::npos;
  for (std::size_t at = text.find('\xc2'); at != none; at = text.find('\xc2', at + 1)) {
    if (at + 1 == text.size()) break;
    if (static_cast<unsigned char>(text[at + 1]) < 0xa0) std::abort();
  }
}

/// Runs `show`, which may only throw std::runtime_error, for an answer that is not valid.
template <class Show>
void show(Show&& show) {
  try {
    show();
  } catch (const std::runtime_error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_harmless(printable(text));
  show([&] {
    const std::vector<ProcessReport> processes = parse_status(text);
    check_harmless(status_table(processes));
    for (const ProcessReport& one : processes) {
      check_harmless(status_block(one, parse_usage(text)));
      static_cast<void>(parse_status(printable_json(filter_status(text, {one.name}))));
    }
  });
  show([&] {
    for (const std::string& change : changes_in(text)) check_harmless(printable(change));
  });
  show([&] { static_cast<void>(faults_in(text)); });
  return 0;
}
