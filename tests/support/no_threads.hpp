#pragma once

#include <cstddef>
#include <pthread.h>

namespace provisr::test {

#if defined(__GLIBC__)
inline constexpr bool can_lack_threads = true;

/// While it lives, no thread can be started: each would need a stack larger than the address space.
class NoThreads {
 public:
  NoThreads() {
    ::pthread_getattr_default_np(&before_);
    pthread_attr_t attributes;
    ::pthread_attr_init(&attributes);
    ::pthread_attr_setstacksize(&attributes, std::size_t{1} << (8 * sizeof(std::size_t) - 2));
    ::pthread_setattr_default_np(&attributes);
    ::pthread_attr_destroy(&attributes);
  }
  ~NoThreads() { ::pthread_setattr_default_np(&before_); }
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;

 private:
  pthread_attr_t before_{};
};
#else
inline constexpr bool can_lack_threads = false;
class [[maybe_unused]] NoThreads {};
#endif

}  // namespace provisr::test
