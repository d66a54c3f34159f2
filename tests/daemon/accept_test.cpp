// Every error of accept(2) in a running provisrd.
#include "support/accept_failure.hpp"
#include "support/daemon_runner.hpp"
#include "support/eventually.hpp"
#include "support/paths.hpp"
#include "support/preload.hpp"
#include "support/raw_client.hpp"
#include "support/temp_directory.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <vector>

using namespace provisr::test;
using Catch::Matchers::ContainsSubstring;

namespace {

/// A shared file that makes accept4 of a program fail.
class FailingAccept {
 public:
  FailingAccept() {
    const int file = ::open(preload_.file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    const bool is_sized = ::ftruncate(file, sizeof(AcceptFailure)) == 0;
    void* const memory =
        ::mmap(nullptr, sizeof(AcceptFailure), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    if (!is_sized || memory == MAP_FAILED) throw std::runtime_error("no memory to share");
    shared_ = static_cast<AcceptFailure*>(memory);
  }
  ~FailingAccept() { ::munmap(shared_, sizeof(AcceptFailure)); }
  FailingAccept(const FailingAccept&) = delete;
  FailingAccept& operator=(const FailingAccept&) = delete;

  void begin(int error, bool loses_client, int port, int family = 0) const {
    shared_->port = port;
    shared_->family = family;
    shared_->loses_client = loses_client ? 1 : 0;
    __atomic_store_n(&shared_->failed, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&shared_->error, error, __ATOMIC_RELEASE);
  }
  void end() const { __atomic_store_n(&shared_->error, 0, __ATOMIC_RELEASE); }
  [[nodiscard]] int failed() const { return __atomic_load_n(&shared_->failed, __ATOMIC_ACQUIRE); }
  [[nodiscard]] const Preload& preload() const { return preload_; }

 private:
  TempDirectory folder_;
  Preload preload_{accept_shim_path(), "PROVISR_TEST_ACCEPT", (folder_.path() / "accept").string()};
  AcceptFailure* shared_ = nullptr;
};

/// A provisrd that listens on localhost, on IPv4 and IPv6 if both exist.
struct FailingDaemon {
  FailingDaemon() {
    const auto file = folder.write("provisr.toml", "");
    program.emplace(
        accept.preload().with({provisrd_path(), file.string(), "--listen",
                               fmt::format("localhost:{}", api_port), "--metrics-listen",
                               fmt::format("127.0.0.1:{}", metrics_port)}),
        folder.path());
    REQUIRE(eventually(
        [&] { return http_get(api_port, "/healthz").status == 200 || program->has_ended(); }));
    REQUIRE_FALSE(program->has_ended());
  }

  [[nodiscard]] std::size_t lines_about(const std::string& error) const {
    const std::string log = program->err();
    std::size_t count = 0;
    for (std::size_t at = log.find(error); at != log.npos; at = log.find(error, at + 1)) ++count;
    return count;
  }

  int api_port = free_port();
  int metrics_port = free_port();
  FailingAccept accept;
  TempDirectory folder;
  std::optional<Program> program;
};

[[nodiscard]] bool can_fail() {
  return FailingAccept().preload().works_with_provisrd();
}

struct AcceptError {
  int number;
  bool loses_client;  ///< the error belongs to one client and is gone with that client
};

}  // namespace

TEST_CASE("whatever accept fails with is told once, waited out and survived") {
  if (!can_fail()) SKIP("this build cannot be made to fail");
  FailingDaemon daemon;
  for (const AcceptError& failure :
       {AcceptError{ECONNABORTED, true}, AcceptError{EPROTO, true}, AcceptError{ENETDOWN, true},
        AcceptError{ENOPROTOOPT, true}, AcceptError{EHOSTDOWN, true}, AcceptError{ENONET, true},
        AcceptError{EHOSTUNREACH, true}, AcceptError{ENETUNREACH, true}, AcceptError{EPERM, true},
        AcceptError{EINTR, false}, AcceptError{EMFILE, false}, AcceptError{ENFILE, false},
        AcceptError{ENOMEM, false}, AcceptError{ENOBUFS, false}, AcceptError{EINVAL, false}}) {
    const std::string message = std::generic_category().message(failure.number);
    INFO(message);
    daemon.accept.begin(failure.number, failure.loses_client, daemon.api_port);
    std::vector<RawClient> waiting;
    const auto has_failed_often = [&] {
      if (failure.loses_client || waiting.empty()) waiting.emplace_back(daemon.api_port);
      CHECK(http_get(daemon.metrics_port, "/metrics").status == 200);  // not affected
      return daemon.accept.failed() >= 5;
    };
    CHECK(eventually(has_failed_often));
    daemon.accept.end();
    CHECK(http_get(daemon.api_port, "/healthz").status == 200);
    CHECK(eventually([&] { return daemon.lines_about(message + "; trying again") >= 1; }));
    CHECK(daemon.lines_about(message + "; trying again") == 1);
  }
  const std::string metrics = http_get(daemon.metrics_port, "/metrics").body;
  CHECK_THAT(metrics, ContainsSubstring("connections_dropped_total{server=\"metrics\",reason="
                                        "\"accept_error\"} 0\n"));
  CHECK_THAT(metrics, !ContainsSubstring("connections_dropped_total{server=\"api\",reason="
                                         "\"accept_error\"} 0\n"));
  daemon.program->signal(SIGTERM);
  CHECK(daemon.program->wait() == 0);
}

TEST_CASE("a client that is lost before it is accepted keeps nobody behind it waiting") {
  if (!can_fail()) SKIP("this build cannot be made to fail");
  FailingDaemon daemon;
  daemon.accept.begin(EPROTO, true, daemon.api_port);
  CHECK(eventually([&] {
    const RawClient lost(daemon.api_port);
    return daemon.accept.failed() >= 200;
  }));
  CHECK(eventually([&] { return daemon.lines_about("trying again") >= 1; }));
  CHECK(daemon.lines_about("trying again") == 1);
}

TEST_CASE("an address of which nobody can be accepted does not keep the other from it") {
  if (!can_fail()) SKIP("this build cannot be made to fail");
  FailingDaemon daemon;
  const auto has_both = [&] {
    try {
      return static_cast<bool>(RawClient(daemon.api_port, "::1").send(" "));
    } catch (const std::runtime_error&) {
      return false;
    }
  };
  if (!has_both()) SKIP("there is no IPv6 here");
  const bool is_first = GENERATE(true, false);
  const int family = is_first ? AF_INET : AF_INET6;
  const char* const failing = is_first ? "127.0.0.1" : "::1";
  const char* const other = is_first ? "::1" : "127.0.0.1";
  for (const int error : {ENOMEM, ENOBUFS}) {
    daemon.accept.begin(error, false, daemon.api_port, family);
    const RawClient waiting(daemon.api_port, failing);
    CHECK(eventually([&] { return daemon.accept.failed() >= 3; }));
    for (int i = 0; i < 5; ++i) {
      RawClient client(daemon.api_port, other);
      client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
      CHECK(status_of_answer(client.read_answer()) == 200);
    }
    daemon.accept.end();
  }
}
