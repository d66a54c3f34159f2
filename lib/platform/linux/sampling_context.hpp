#pragma once

#include "lib/platform/linux/births.hpp"
#include "lib/platform/linux/pss_reader.hpp"
#include "lib/platform/linux/reclaim_watch.hpp"
#include "lib/platform/linux/swap_watch.hpp"
#include "lib/platform/posix/file_descriptor.hpp"

#include <provisr/sampler.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>

namespace provisr {

namespace linux_platform {

/// The other figures of an idle process are read this much less often than its memory.
inline constexpr int idle_ages_until_full_reading = 6;

}  // namespace linux_platform

struct SamplingContext::State {
  explicit State(const SamplerOptions& options);

  /// Tries again to open the proc root. Returns false, with proc_root_error, on failure. Throws
  /// std::bad_alloc. Only while there are no samplers.
  bool open_proc_root();

  std::string proc_root_path;
  std::error_code proc_root_error;  ///< set if the proc root could not be opened
  posix_platform::FileDescriptor proc_root;
  bool has_own_pids;          ///< PIDs there are those of this program's system calls
  bool has_fd_count_by_size;  ///< st_size of an `fd` directory is the number of descriptors
  std::size_t descriptor_budget;
  std::size_t kept_descriptors = 0;
  std::uint64_t page_bytes;
  std::chrono::nanoseconds max_idle_age;
  linux_platform::ReclaimWatch reclaim;
  linux_platform::SwapWatch swap;
  std::uint64_t tick = 0;                         ///< number of the latest tick
  std::chrono::steady_clock::time_point tick_at;  ///< when the latest tick began
  linux_platform::Births births;
  std::chrono::nanoseconds min_pss_interval;
  linux_platform::PssReader pss;
};

}  // namespace provisr
