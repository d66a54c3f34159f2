#pragma once

namespace provisr::test {

/// Whether this build has the address and undefined-behaviour sanitizers. The latter opens a pipe
/// to check whether memory is accessible: without free descriptors it reports every object as
/// invalid.
#if defined(__SANITIZE_ADDRESS__)
#define PROVISR_TESTS_SANITIZE_ADDRESS
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PROVISR_TESTS_SANITIZE_ADDRESS
#endif
#endif

/// Whether this build has a sanitizer: forks and most else take several times as long.
#if defined(PROVISR_TESTS_SANITIZE_ADDRESS) || defined(__SANITIZE_THREAD__)
inline constexpr bool is_slowed_down = true;
#else
inline constexpr bool is_slowed_down = false;
#endif

#if defined(PROVISR_TESTS_SANITIZE_ADDRESS)
inline constexpr bool sanitizer_needs_descriptors = true;
#else
inline constexpr bool sanitizer_needs_descriptors = false;
#endif

}  // namespace provisr::test
