#include "daemon/supervisor/child_pid_file.hpp"

#include "daemon/base/text.hpp"

#include <fmt/format.h>

namespace provisr::daemon {

void ChildPidFile::write(const std::filesystem::path& path, ProcessId child) {
  if (path.empty()) return;
  written_ = path;
  const auto error = services_.write_pid_file(written_, child);
  awaits_file_system_ = !error;
  if (error) return judge(*error);
  report("is not written yet: its file system does not answer");
}

bool ChildPidFile::note_late_write(const std::filesystem::path& path, std::error_code error) {
  if (!awaits_file_system_ || path != written_) return false;
  awaits_file_system_ = false;
  status_.last_error.clear();
  services_.log->info("{}: the file system of pid_file {} answers again", status_.name,
                      name_of(path));
  judge(error);
  return true;
}

void ChildPidFile::remove(ProcessId child) {
  if (!written_.empty()) services_.remove_pid_file(written_, child);
  written_.clear();
  awaits_file_system_ = false;
}

void ChildPidFile::judge(std::error_code error) {
  if (!error) return problems_.clear();
  report("cannot be written: " + error.message());
  written_.clear();
}

void ChildPidFile::report(const std::string& problem) {
  status_.last_error = fmt::format("pid_file {} {}", name_of(written_), problem);
  if (!problems_.is_new(problem)) return;
  services_.log->warn("{}: {}", status_.name, status_.last_error);
}

}  // namespace provisr::daemon
