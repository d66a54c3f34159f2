#pragma once

#include <cstdint>
#include <sys/types.h>
#include <time.h>

namespace provisr::bench {

/// What a sample is made of, by the four system calls that give it, on descriptors that are kept
/// open: no text is parsed, nothing is checked or converted. The limit for whoever reads these
/// figures from Linux.
class BareProcess {
 public:
  explicit BareProcess(pid_t pid);
  BareProcess(BareProcess&& other) noexcept;
  BareProcess(const BareProcess&) = delete;
  BareProcess& operator=(const BareProcess&) = delete;
  BareProcess& operator=(BareProcess&&) = delete;
  ~BareProcess();

  /// Makes the calls; something of each result, so that none of them can be left out.
  [[nodiscard]] std::uint64_t read() const noexcept;

 private:
  clockid_t cpu_clock_{};
  int statm_ = -1;
  int task_ = -1;
  int fd_ = -1;
};

/// Raises this program's limit of open descriptors as far as it may, and returns it.
std::uint64_t raise_descriptor_limit() noexcept;

}  // namespace provisr::bench
