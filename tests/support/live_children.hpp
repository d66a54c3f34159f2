#pragma once

#include "daemon/platform/child_process.hpp"
#include "daemon/supervisor/liveness.hpp"
#include "support/child_exit.hpp"
#include "support/eventually.hpp"
#include "support/paths.hpp"
#include "support/start_child.hpp"
#include "support/text_file.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace provisr::test {

/// Returns a shell command that executes provisr_child with its output in a file.
[[nodiscard]] inline std::vector<std::string> child_with_output(
    const std::string& arguments, const std::filesystem::path& output) {
  return {"/bin/sh", "-c",
          "exec '" + child_path() + "' " + arguments + " > '" + output.string() + "'"};
}

[[nodiscard]] inline std::string text_so_far(const std::filesystem::path& file) {
  return std::filesystem::exists(file) ? read_text(file) : std::string();
}

/// Whether provisr_child has printed "ready".
[[nodiscard]] inline bool is_ready(const std::filesystem::path& output) {
  return text_so_far(output).find("ready\n") != std::string::npos;
}

/// Returns the PIDs in lines such as "worker 4711".
[[nodiscard]] inline std::vector<ProcessId> pids_after(const std::string& label,
                                                       const std::filesystem::path& output) {
  std::istringstream words(read_text(output));
  std::vector<ProcessId> pids;
  for (std::string word; words >> word;) {
    ProcessId pid = 0;
    if (word == label && words >> pid) pids.push_back(pid);
  }
  return pids;
}

/// Whether the process runs. False for a zombie.
[[nodiscard]] inline bool is_running(ProcessId pid) {
  std::error_code error;
  const daemon::IsAlive is_alive = daemon::system_process_finder()(pid, error);
  return is_alive && is_alive();
}

}  // namespace provisr::test
