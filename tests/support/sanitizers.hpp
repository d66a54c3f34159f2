#pragma once

namespace provisr::test {

/// Whether this build has the address and undefined-behaviour sanitizers. The latter asks a pipe
/// whether memory is accessible, so that it takes every object for broken without descriptors left.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool sanitizer_needs_descriptors = true;
#else
inline constexpr bool sanitizer_needs_descriptors = false;
#endif

}  // namespace provisr::test
