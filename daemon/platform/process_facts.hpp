#pragma once

#include <provisr/process_metrics.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace provisr::daemon {

/// A process until the next boot: no two have the same PID and start time.
struct ProcessKey {
  ProcessId pid = 0;
  std::uint64_t started_at =
      0;  ///< in units of the system's own; a later process has a greater one

  auto operator<=>(const ProcessKey&) const = default;
};

/// Which facts are asked for, or can be had.
struct FactSet {
  bool unit = false;
  bool cgroup = false;
  bool exe = false;
  bool args = false;
  bool user = false;

  bool operator==(const FactSet&) const = default;
};

/// What this system tells of processes.
[[nodiscard]] FactSet known_facts() noexcept;

/// What a process is. A fact that was not asked for or that the system does not tell is empty; text
/// is as the process has it, in any bytes.
struct ProcessFacts {
  ProcessKey key;
  ProcessId parent = 0;
  /// The systemd unit: the last part of `cgroup` that ends with .service or .scope.
  std::optional<std::string> unit = {};
  std::optional<std::string> cgroup =
      {};                               ///< its path in the hierarchy of systemd, or in version 2's
  std::optional<std::string> exe = {};  ///< path of the program's file, even if it was deleted
  std::optional<std::string> args = {};  ///< joined by spaces; the first max_args_bytes of them
  std::optional<std::string> user = {};  ///< the effective user's name; the number if it has none
};

inline constexpr std::size_t max_args_bytes = 32 * 1024;

/// Reads what processes are, each at one moment: never of two that had one PID one after the other.
///
/// Linux: files of /proc/PID, by one descriptor of that directory. macOS: proc_pidinfo,
/// proc_pidpath, KERN_PROCARGS2. Windows: QueryFullProcessImageName.
///
/// Reading may block if the system does, as Linux does for the arguments of a process that is
/// stuck while its memory is locked, or name services for an unknown user. Not thread-safe.
class FactReader {
 public:
  /// `proc_root` is of Linux.
  explicit FactReader(const std::string& proc_root = "/proc");
  ~FactReader();
  FactReader(FactReader&&) noexcept;
  FactReader& operator=(FactReader&&) noexcept;

  /// Begins a round of reads, in which what holds for all processes may be remembered.
  void begin_round();

  /// Of the process that has this PID now. Empty: there is none, it has ended and was not waited
  /// for, it is hidden, or it is the kernel's own.
  [[nodiscard]] std::optional<ProcessFacts> read(ProcessId pid, const FactSet& wanted);

  /// Parent, grandparent and so on, as far as they can be told.
  [[nodiscard]] std::vector<ProcessKey> ancestors_of(const ProcessFacts& process);

  /// Whether the system has refused to tell some `exe`, as it does of other users' processes.
  [[nodiscard]] bool was_refused() const noexcept;

  /// Whether the system hides other users' processes, as Linux does if `/proc` is mounted with
  /// `hidepid`.
  [[nodiscard]] bool hides_others() const;

  struct State;  ///< platform's own

 private:
  std::unique_ptr<State> state_;
};

/// When the process that has this PID now was started, as in ProcessKey; empty if there is none.
[[nodiscard]] std::optional<std::uint64_t> start_of(ProcessId pid);

/// That start on the wall clock, which reads `now`. On Linux, which counts from the boot on, it
/// moves as the wall clock is set: to be asked once for a process. Elsewhere it is what the clock
/// read at that start.
[[nodiscard]] Timestamp time_of_start(std::uint64_t started_at, Timestamp now);

}  // namespace provisr::daemon
