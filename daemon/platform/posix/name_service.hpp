#pragma once

#include <cerrno>
#include <cstddef>
#include <system_error>
#include <vector>

namespace provisr::daemon {

/// Calls a function such as getpwnam_r until its buffer is large enough, and returns the result of
/// `take` for the entry, or a value-initialised result if there is no entry. Throws
/// std::system_error.
///
/// call(Entry*, char* buffer, size_t size, Entry** found) -> errno
template <class Entry, class Call, class Take>
[[nodiscard]] auto look_up(Call&& call, Take&& take) {
  using Result = decltype(take(Entry{}));
  // A group lists the names of all its members
  constexpr std::size_t max_bytes = std::size_t{16} << 20U;
  std::vector<char> buffer(std::size_t{4} * 1024);
  for (;;) {
    Entry entry{};
    Entry* found = nullptr;
    const int error = call(&entry, buffer.data(), buffer.size(), &found);
    if (found != nullptr) return take(*found);
    // "Not found" is reported in several ways; see getpwnam(3).
    if (error == 0 || error == ENOENT || error == ESRCH) return Result{};
    if (error != ERANGE || buffer.size() >= max_bytes) {
      throw std::system_error(error, std::generic_category());
    }
    buffer.resize(buffer.size() * 4);
  }
}

}  // namespace provisr::daemon
