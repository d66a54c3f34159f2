// Any text as a configuration file: it is read whole, each fault is one line, and nothing is kept
// from a file with faults.
#include "daemon/config/load.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace provisr::daemon;

namespace {

void require_one_line(const std::vector<ConfigNotice>& notices) {
  for (const ConfigNotice& notice : notices) {
    if (notice.to_string().find('\n') != std::string::npos) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const LoadedConfig loaded = parse_config(text, "fuzz.toml");
  require_one_line(loaded.faults);
  require_one_line(loaded.warnings);
  if (!loaded.faults.empty()) return 0;
  for (const ProcessConfig& process : loaded.config.processes) {
    if (process.name.empty() || instance_names(process).empty()) std::abort();
    if (process.argv.empty() && process.pid_file.empty()) std::abort();
  }
  return 0;
}
