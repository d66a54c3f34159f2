#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <time.h>

namespace provisr::bench {

/// Makes only the four system calls that a sample needs, on descriptors that stay open. Parses,
/// checks and converts nothing. This is the lower bound for any program that reads these figures
/// from Linux by the C library's functions. The library calls fstat(2) by itself, which saves some
/// nanoseconds (see linux_platform::read_status).
class BareProcess {
 public:
  explicit BareProcess(pid_t pid);
  BareProcess(BareProcess&& other) noexcept;
  BareProcess(const BareProcess&) = delete;
  BareProcess& operator=(const BareProcess&) = delete;
  BareProcess& operator=(BareProcess&&) = delete;
  ~BareProcess();

  /// Makes the calls. Returns a sum over their results, so that no call can be optimized away.
  [[nodiscard]] std::uint64_t read() const noexcept;

 private:
  clockid_t cpu_clock_{};
  int statm_ = -1;
  int task_ = -1;
  int fd_ = -1;
};

/// Makes only the five system calls that tell whether a new id is a process, which parent it has
/// and which process it is. Returns a sum over their results.
[[nodiscard]] std::uint64_t identify_bare(pid_t pid) noexcept;

/// Makes only the six system calls that a sample needs without a descriptor that stays open: the
/// lower bound beyond the descriptor budget.
class BarePath {
 public:
  explicit BarePath(pid_t pid);

  /// See BareProcess::read().
  [[nodiscard]] std::uint64_t read() const noexcept;

 private:
  clockid_t cpu_clock_{};
  std::string statm_;
  std::string task_;
  std::string fd_;
};

/// Raises the limit of open descriptors to its hard limit and returns it.
std::uint64_t raise_descriptor_limit() noexcept;

}  // namespace provisr::bench
