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

/// Identifies a process until the next boot: no two processes share a PID and a start time.
struct ProcessKey {
  ProcessId pid = 0;
  std::uint64_t started_at = 0;  ///< in system-specific units; greater for later processes

  auto operator<=>(const ProcessKey&) const = default;
};

/// The facts to read, or the facts that this system can provide.
struct FactSet {
  bool unit = false;
  bool cgroup = false;
  bool exe = false;
  bool args = false;
  bool user = false;

  bool operator==(const FactSet&) const = default;
};

/// Returns the facts that this system provides.
[[nodiscard]] FactSet supported_facts() noexcept;

/// Facts about a process. A fact is empty if it was not requested or the system does not report it.
/// Text is as the process has it and may contain any bytes.
struct ProcessFacts {
  ProcessKey key;
  ProcessId parent = 0;
  ProcessId orphan_of = 0;  ///< as Descent::orphan_of; 0 also for a leader of its process group
  /// The systemd unit: the last component of `cgroup` that ends with .service or .scope.
  std::optional<std::string> unit = {};
  /// The path in systemd's hierarchy or in that of version 2.
  std::optional<std::string> cgroup = {};
  std::optional<std::string> exe = {};   ///< path of the executable file, even if it was deleted
  std::optional<std::string> args = {};  ///< joined by spaces, cut to max_args_bytes
  /// Name of the effective user; its number if it has no name
  std::optional<std::string> user = {};
};

inline constexpr std::size_t max_args_bytes = 32 * 1024;

/// Reads facts about processes. All facts of one read() are about the same process, even if the PID
/// is reused meanwhile.
///
/// Linux: files of /proc/PID, through one descriptor of that directory. macOS: proc_pidinfo,
/// proc_pidpath, KERN_PROCARGS2. Windows: QueryFullProcessImageName.
///
/// Reading may block. Linux blocks on the arguments of a process that is stuck while its memory is
/// locked; a name service may block on an unknown user. Not thread-safe.
class FactReader {
 public:
  /// `proc_root` is used on Linux only.
  explicit FactReader(const std::string& proc_root = "/proc");
  ~FactReader();
  FactReader(FactReader&&) noexcept;
  FactReader& operator=(FactReader&&) noexcept;

  /// Begins a round of reads. Data that holds for all processes may be cached within one round.
  void begin_round();

  /// Reads the process that has this PID now. Returns empty if there is none, it is a zombie, it is
  /// hidden, or it is a kernel thread.
  [[nodiscard]] std::optional<ProcessFacts> read(ProcessId pid, const FactSet& wanted);

  /// Returns the parent, the grandparent and so on, as far as they are known.
  [[nodiscard]] std::vector<ProcessKey> ancestors_of(const ProcessFacts& process);

  /// Whether descriptors or memory have been short since the latest read() began. What it and
  /// ancestors_of() have returned says nothing then: the process may live, a fact may exist.
  [[nodiscard]] bool was_short() const noexcept;

  /// Whether the system has refused to report an `exe`, as it does for processes of other users.
  [[nodiscard]] bool was_refused() const noexcept;

  /// Whether the system hides processes of other users, as Linux does if `/proc` is mounted with
  /// `hidepid`.
  [[nodiscard]] bool hides_others() const;

  struct State;  ///< platform-specific

 private:
  std::unique_ptr<State> state_;
};

/// Returns the start time, as in ProcessKey, of the process that has this PID now; empty if there
/// is none.
[[nodiscard]] std::optional<std::uint64_t> start_of(ProcessId pid);

/// Converts a start time to the system's wall clock. On Linux, where start times count from the
/// boot, the result shifts when the wall clock is set, so call it once per process. On other
/// systems, returns what the wall clock read at the start.
[[nodiscard]] Timestamp start_on_wall_clock(std::uint64_t started_at);

}  // namespace provisr::daemon
