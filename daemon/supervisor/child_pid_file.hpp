#pragma once

#include "daemon/supervisor/managed_process.hpp"

#include <provisr/process_metrics.hpp>

#include <filesystem>
#include <string>
#include <system_error>

namespace provisr::daemon {

/// The pid file that is written for a child. Logs what fails and shows it as the last error of the
/// child's status. Not thread-safe.
class ChildPidFile {
 public:
  /// Both must outlive this.
  ChildPidFile(const ProcessServices& services, ProcessStatus& status)
      : services_(services), status_(status) {}

  /// Writes a file for a child that has been started; nothing if `path` is empty.
  void write(const std::filesystem::path& path, ProcessId child);

  /// Notes that an earlier daemon has written the file.
  void assume_written(const std::filesystem::path& path) { written_ = path; }

  /// Takes the result of a write of this path that came late. Returns whether this child has waited
  /// for it.
  bool note_late_write(const std::filesystem::path& path, std::error_code error);

  /// Removes the file of a child that has ended, if it was written.
  void remove(ProcessId child);

 private:
  void judge(std::error_code error);
  void report(const std::string& problem);

  const ProcessServices& services_;
  ProcessStatus& status_;
  std::filesystem::path written_;  ///< or being written
  bool awaits_file_system_ = false;
  RepeatFilter problems_;
};

}  // namespace provisr::daemon
