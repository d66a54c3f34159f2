#pragma once

#include "support/child_program.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace provisr::test {

/// Limits how many descriptors this process can open. The limit from before is back when the
/// object is destroyed. What the process has inherited may have gaps between its numbers.
class DescriptorLimit {
 public:
  /// Leaves `free_count` descriptors to open.
  explicit DescriptorLimit(int free_count) {
    checked(::getrlimit(RLIMIT_NOFILE, &before_), "getrlimit");
    leave(free_count);
  }
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;
  ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

  /// Leaves `free_count` descriptors to open beside those that are open now.
  void leave(int free_count) const {
    int end = 0;
    for (int found = 0; found < free_count || is_open(end); ++end) {
      if (!is_open(end)) ++found;
    }
    rlimit limit = before_;
    limit.rlim_cur = static_cast<rlim_t>(end);
    checked(::setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
  }

 private:
  [[nodiscard]] static bool is_open(int descriptor) { return ::fcntl(descriptor, F_GETFD) >= 0; }

  rlimit before_{};
};

}  // namespace provisr::test
