#include "daemon/base/failure_text.hpp"

#include <catch2/catch_test_macros.hpp>

#include <new>
#include <stdexcept>
#include <string>
#include <system_error>

using namespace provisr::daemon;

TEST_CASE("a failure says what ran short, or what may forbid it") {
  const auto described = [](std::errc code) {
    return describe_failure(std::system_error(std::make_error_code(code), "step"));
  };
  const auto plain = [](std::errc code) {
    return std::string(std::system_error(std::make_error_code(code), "step").what());
  };
  CHECK(described(std::errc::too_many_files_open) ==
        plain(std::errc::too_many_files_open) + ": is the limit of descriptors too low?");
  CHECK(described(std::errc::too_many_files_open_in_system) ==
        plain(std::errc::too_many_files_open_in_system) +
            ": the descriptors of this machine are used up");
  CHECK(described(std::errc::resource_unavailable_try_again) ==
        plain(std::errc::resource_unavailable_try_again) +
            ": no thread could be started: is the limit of processes, threads or memory too low?");
  const std::error_code not_permitted = std::make_error_code(std::errc::operation_not_permitted);
  CHECK(describe_failure(std::system_error(not_permitted)) ==
        not_permitted.message() +
            ": does a seccomp filter of the container forbid clone3(2), which starts threads?");
  CHECK(described(std::errc::operation_not_permitted) == plain(std::errc::operation_not_permitted));
  CHECK(described(std::errc::address_in_use) == plain(std::errc::address_in_use));
  CHECK(describe_failure(std::runtime_error("a sentence")) == "a sentence");
  CHECK(describe_failure(std::bad_alloc()) == "out of memory");
}
