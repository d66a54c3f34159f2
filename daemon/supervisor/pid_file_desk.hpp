#pragma once

#include "daemon/platform/patient_caller.hpp"
#include "daemon/supervisor/pid_file.hpp"

#include <provisr/clock.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <system_error>
#include <vector>

namespace provisr::daemon {

struct PidFileCalls {
  std::function<PidFileAnswer(const PidFileQuestion& question)> look = look_at_pid_file;
  std::function<std::error_code(const std::filesystem::path& file, ProcessId pid)> write =
      write_pid_file;
  std::function<void(const std::filesystem::path& file, ProcessId pid)> remove = remove_pid_file;
};

/// Reads, writes and removes pid files on other threads, and waits a second at most. What a file
/// system that does not answer leaves undone is done later, unless a later order for the same file
/// takes its place.
///
/// Not thread-safe.
class PidFileDesk {
 public:
  explicit PidFileDesk(PidFileCalls calls = {},
                       std::chrono::milliseconds timeout = default_timeout);

  /// Asks many questions at once: the next look() for each, in the same order, costs nothing.
  void prepare(std::vector<PidFileQuestion> questions);
  [[nodiscard]] bool has_prepared() const { return next_prepared_ < prepared_.size(); }
  void forget_prepared();

  /// Returns nothing if the file system does not answer.
  [[nodiscard]] std::optional<PidFileAnswer> look(const PidFileQuestion& question);

  /// As write_pid_file(). Returns nothing if the file system does not answer.
  [[nodiscard]] std::optional<std::error_code> write(const std::filesystem::path& file,
                                                     ProcessId pid);

  /// As remove_pid_file().
  void remove(const std::filesystem::path& file, ProcessId pid);

  /// A write that was left undone at first.
  struct Done {
    std::filesystem::path file;
    std::error_code error;
  };
  /// Tries to do what was left undone. Must be called at next_try(). Returns the writes that are
  /// done by now.
  [[nodiscard]] std::vector<Done> retry(MonotonicTime now);

  /// Returns when retry() must be called; the maximum if nothing was left undone.
  [[nodiscard]] MonotonicTime next_try() const noexcept;

 private:
  /// What a file is to become: one of the two is set.
  struct Wish {
    std::optional<ProcessId> to_write;
    std::optional<ProcessId> to_remove;
  };
  struct Undone {
    Wish wish;
    std::optional<ProcessId> begun;  ///< the last write that was begun: it may still succeed
  };
  /// Orders for the same file are equal, so that none begins before the last has returned.
  struct Order {
    std::filesystem::path file;
    Wish wish;
    std::optional<ProcessId> begun;

    friend bool operator==(const Order& a, const Order& b) { return a.file == b.file; }
  };

  static constexpr std::chrono::seconds default_timeout{1};

  [[nodiscard]] static std::error_code carry_out(const Order& order, const PidFileCalls& calls);
  [[nodiscard]] std::optional<std::error_code> give(const std::filesystem::path& file,
                                                    const Wish& wish);

  PatientCaller<PidFileQuestion, std::optional<PidFileAnswer>> looks_;
  PatientCaller<Order, std::optional<std::error_code>> orders_;
  std::vector<PidFileQuestion> prepared_;
  std::vector<std::optional<PidFileAnswer>> answers_;  ///< to prepared_
  std::size_t next_prepared_ = 0;                      ///< answers before this one are used up
  std::map<std::filesystem::path, Undone> undone_;
  MonotonicTime next_try_{};
};

}  // namespace provisr::daemon
