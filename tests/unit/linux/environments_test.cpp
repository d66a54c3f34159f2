#include "daemon/platform/linux/environments.hpp"

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <signal.h>
#include <string>
#include <unistd.h>

using namespace provisr::daemon;
using namespace std::chrono_literals;

TEST_CASE("the environment of a process is read whole") {
  const std::string text = environments().of(::getpid());
  CHECK(text.find("PATH=") != std::string::npos);
  CHECK(text.ends_with('\0'));
}

TEST_CASE("who reads environments takes no signal that another thread waits for") {
  const Environments::Function report_mask = [](pid_t) {
    sigset_t mask;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    return std::string(sigismember(&mask, SIGCHLD) == 1 ? "blocked" : "open");
  };
  Environments reader(report_mask, 10s, 8);
  CHECK(reader.of(1) == "blocked");
}
