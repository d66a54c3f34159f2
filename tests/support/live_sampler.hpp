#pragma once

#include "lib/platform/linux/proc_text.hpp"
#include "support/text_file.hpp"

#include <provisr/sampler.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <system_error>
#include <time.h>

namespace provisr::test {

/// A sampler of a real process, with its own context.
class LiveSampler {
 public:
  explicit LiveSampler(ProcessId pid, std::optional<std::size_t> budget = {})
      : context_(SamplerOptions{.proc_root = "/proc", .max_kept_descriptors = budget}) {
    std::error_code error;
    sampler_ = ProcessSampler::open(context_, pid, error);
    if (!sampler_) throw std::system_error(error, "open");
  }

  [[nodiscard]] ReadStatus read(ProcessReading& reading) {
    context_.begin_tick();
    return sampler_->read(reading);
  }
  [[nodiscard]] ProcessReading reading() {
    ProcessReading result;
    if (read(result) != ReadStatus::ok) throw std::runtime_error("vanished");
    return result;
  }
  [[nodiscard]] ReadStatus read_counters(ProcessReading& reading) {
    return sampler_->read_counters(reading);
  }
  [[nodiscard]] bool has_vanished() {
    ProcessReading ignored;
    return read(ignored) == ReadStatus::vanished;
  }

 private:
  SamplingContext context_;
  std::optional<ProcessSampler> sampler_;
};

[[nodiscard]] inline std::filesystem::path proc_of(ProcessId pid) {
  return std::filesystem::path("/proc") / std::to_string(pid);
}

[[nodiscard]] inline std::uint32_t entries_of(const std::filesystem::path& directory) {
  const std::filesystem::directory_iterator entries(directory);
  return static_cast<std::uint32_t>(std::distance(begin(entries), end(entries)));
}

/// Returns the value of a "Key:  123 kB" line of /proc/PID/status, in bytes.
[[nodiscard]] inline std::uint64_t status_bytes(ProcessId pid, std::string_view key) {
  const std::string text = read_text(proc_of(pid) / "status");
  return linux_platform::parse_status_bytes(text, key).value();
}

[[nodiscard]] inline linux_platform::Stat stat_of(ProcessId pid) {
  return linux_platform::parse_stat(read_text(proc_of(pid) / "stat")).value();
}

/// Returns the CPU time of a running process from the kernel's CPU clock, over all threads.
[[nodiscard]] inline double kernel_cpu_seconds(ProcessId pid) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(static_cast<pid_t>(pid), &clock) != 0 ||
      ::clock_gettime(clock, &time) != 0) {
    throw std::runtime_error("no CPU clock");
  }
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace provisr::test
