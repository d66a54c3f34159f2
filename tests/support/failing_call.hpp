#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <future>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <optional>
#include <sys/prctl.h>
#include <type_traits>

namespace provisr::test {

/// Lets a system call fail with this error in the current thread, and in the threads and programs
/// that it starts, by a seccomp filter. Returns false if this system does not allow that.
[[nodiscard]] inline bool let_call_fail(unsigned int number, unsigned int error) {
  std::array<sock_filter, 4> steps{
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog filter{steps.size(), steps.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/// Returns the result of `function`, in a thread in which a system call fails with this error.
/// Empty if this system does not allow that.
template <class Function>
[[nodiscard]] auto with_failing_call(unsigned int number, unsigned int error, Function function) {
  using Result = std::optional<std::invoke_result_t<Function>>;
  const auto run = [&]() -> Result {
    if (!let_call_fail(number, error)) return std::nullopt;
    return function();
  };
  return std::async(std::launch::async, run).get();
}

}  // namespace provisr::test
