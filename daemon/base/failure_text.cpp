#include "daemon/base/failure_text.hpp"

#include <fmt/format.h>

#include <new>
#include <string_view>
#include <system_error>

namespace provisr::daemon {
namespace {

[[nodiscard]] std::string_view likely_cause(const std::system_error& failure) {
  const std::error_code& error = failure.code();
  if (error == std::errc::too_many_files_open) return "is the limit of descriptors too low?";
  if (error == std::errc::too_many_files_open_in_system) {
    return "the descriptors of this machine are used up";
  }
  if (error == std::errc::resource_unavailable_try_again) {
    return "no thread could be started: is the limit of processes, threads or memory too low?";
  }
  const bool is_of_thread = failure.what() == error.message();  // libstdc++ says no more
  if (error == std::errc::operation_not_permitted && is_of_thread) {
    return "does a seccomp filter of the container forbid clone3(2), which starts threads?";
  }
  return {};
}

}  // namespace

std::string describe_failure(const std::exception& failure) {
  if (dynamic_cast<const std::bad_alloc*>(&failure) != nullptr) return "out of memory";
  const auto* const of_system = dynamic_cast<const std::system_error*>(&failure);
  const std::string_view hint =
      of_system == nullptr ? std::string_view() : likely_cause(*of_system);
  if (hint.empty()) return failure.what();
  return fmt::format("{}: {}", failure.what(), hint);
}

}  // namespace provisr::daemon
