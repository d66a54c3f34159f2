#pragma once

#include "support/paths.hpp"
#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <provisr/process_metrics.hpp>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace provisr::test {

/// A proc root made of the files in tests/fixtures/proc, which has one folder per kind of process.
class ProcTree {
 public:
  [[nodiscard]] std::string root() const { return directory_.path().string(); }
  [[nodiscard]] std::filesystem::path of(ProcessId pid) const {
    return directory_.path() / std::to_string(pid);
  }

  /// Adds a process with the files of `kind` and that many open descriptors. Replaces a process
  /// with the same PID.
  void add(ProcessId pid, std::string_view kind, int descriptors = 0) {
    remove(pid);
    std::filesystem::copy(fixtures() / kind, of(pid));
    std::filesystem::create_directory(of(pid) / "fd");
    for (int i = 0; i < descriptors; ++i) write_text(of(pid) / "fd" / std::to_string(i), "");
  }

  void remove(ProcessId pid) { std::filesystem::remove_all(of(pid)); }

  /// Replaces the first `from` in a file of the process by `to`.
  void edit(ProcessId pid, std::string_view file, std::string_view from, std::string_view to) {
    std::string text = read_text(of(pid) / file);
    const auto at = text.find(from);
    if (at == std::string::npos)
      throw std::logic_error("no '" + std::string(from) + "' in " + text);
    write_text(of(pid) / file, text.replace(at, from.size(), to));
  }

  [[nodiscard]] static std::filesystem::path fixtures() { return fixtures_path() + "/proc"; }

 private:
  TempDirectory directory_;
};

}  // namespace provisr::test
