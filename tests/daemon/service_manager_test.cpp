#include "support/daemon_runner.hpp"
#include "support/paths.hpp"
#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <signal.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

using namespace provisr::test;

namespace {

/// A fake service manager: a datagram socket whose address is in NOTIFY_SOCKET while it lives.
class Manager {
 public:
  /// `address` is a path, or "@" and a name.
  explicit Manager(const std::string& address) : socket_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
    REQUIRE(address.size() < sizeof address_.sun_path);
    address_.sun_family = AF_UNIX;
    address.copy(address_.sun_path, address.size());
    if (address_.sun_path[0] == '@') address_.sun_path[0] = '\0';
    size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
    REQUIRE(::bind(socket_, generic_address(), size_) == 0);
    ::setenv("NOTIFY_SOCKET", address.c_str(), 1);
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;
  ~Manager() {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(socket_);
  }

  /// Returns all messages so far.
  [[nodiscard]] const std::vector<std::string>& told() {
    std::array<char, 256> buffer{};
    for (;;) {
      const ssize_t size = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (size < 0) return told_;
      told_.emplace_back(buffer.data(), static_cast<std::size_t>(size));
    }
  }

  /// Fills the socket, so that the next message would block.
  void fill() const {
    while (::sendto(socket_, "x", 1, MSG_DONTWAIT, generic_address(), size_) == 1) {
    }
    REQUIRE((errno == EAGAIN || errno == EWOULDBLOCK));
  }

  [[nodiscard]] bool is_told(std::size_t count) {
    return eventually([&] { return told().size() >= count; });
  }

 private:
  [[nodiscard]] const sockaddr* generic_address() const {
    return reinterpret_cast<const sockaddr*>(&address_);
  }

  int socket_;
  sockaddr_un address_{};
  socklen_t size_ = 0;
  std::vector<std::string> told_;
};

std::string some_address(const TempDirectory& folder) {
  if (GENERATE(true, false)) return (folder.path() / "notify").string();
  return "@" + folder.path().filename().string();
}

}  // namespace

TEST_CASE("a service manager is told of the start, of reloads and of the end") {
  const TempDirectory folder;
  Manager manager(some_address(folder));
  Daemon daemon(process_toml("app", {"threader", "1"}));
  REQUIRE(manager.is_told(1));
  CHECK(manager.told()[0] == "READY=1");

  daemon.program().signal(SIGHUP);
  REQUIRE(manager.is_told(3));
  CHECK(manager.told()[1].starts_with("RELOADING=1\nMONOTONIC_USEC="));
  CHECK(manager.told()[2] == "READY=1");

  write_text(daemon.folder().path() / "provisr.toml", "nonsense");
  daemon.program().signal(SIGHUP);
  REQUIRE(manager.is_told(5));
  CHECK(manager.told()[4] == "READY=1");

  daemon.program().signal(SIGTERM);
  CHECK(daemon.program().wait() == 0);
  REQUIRE(manager.is_told(6));
  // A stop_timeout of 5 s, another 5 s after a kill, both also for what is left, and 15 s.
  CHECK(manager.told()[5] == "STOPPING=1\nEXTEND_TIMEOUT_USEC=35000000");
}

TEST_CASE("a service manager waits as long as the slowest child may take to end") {
  const TempDirectory folder;
  Manager manager((folder.path() / "notify").string());
  Daemon daemon(process_toml("app", {"threader", "1"}) +
                process_toml("slow", {"threader", "1"}, "stop_timeout = \"5m\"\n"));
  daemon.program().signal(SIGTERM);
  CHECK(daemon.program().wait() == 0);
  REQUIRE(manager.is_told(2));
  CHECK(manager.told()[1] == "STOPPING=1\nEXTEND_TIMEOUT_USEC=625000000");
}

TEST_CASE("a service manager that watches is told that provisrd does not hang") {
  const TempDirectory folder;
  Manager manager((folder.path() / "notify").string());
  const char* const own_pid = GENERATE("", "WATCHDOG_PID=$$ ");
  const auto config = folder.write("provisr.toml",
                                   "[server]\nlisten = \"127.0.0.1:0\"\n"
                                   "[metrics]\nlisten = \"127.0.0.1:0\"\n");
  Program program(
      {"/bin/sh", "-c",
       fmt::format("WATCHDOG_USEC=20000 {}exec {} {}", own_pid, provisrd_path(), config.string())},
      folder.path());
  const auto beats = [&manager] {
    const auto& told = manager.told();
    return std::count(told.begin(), told.end(), "WATCHDOG=1");
  };
  CHECK(eventually([&] { return beats() >= 5; }));
  program.signal(SIGTERM);
  CHECK(program.wait() == 0);
}

TEST_CASE("a service manager that watches another process, or none, is told nothing more") {
  const TempDirectory folder;
  Manager manager((folder.path() / "notify").string());
  const std::string variables = GENERATE("WATCHDOG_USEC=1 WATCHDOG_PID=1", "WATCHDOG_USEC=x",
                                         "WATCHDOG_USEC=0", "WATCHDOG_USEC=-5", "WATCHDOG_USEC=");
  const auto outcome = run_to_end(
      {"/bin/sh", "-c",
       fmt::format("{} exec {} run --listen 127.0.0.1:0 --metrics-listen 127.0.0.1:0 -- true",
                   variables, provisrd_path())});
  CHECK(outcome.status == 0);
  const auto& told = manager.told();
  CHECK(std::count(told.begin(), told.end(), "WATCHDOG=1") == 0);
  CHECK(std::count(told.begin(), told.end(), "READY=1") == 1);
}

TEST_CASE("no child learns of the service manager") {
  const TempDirectory folder;
  Manager manager((folder.path() / "notify").string());
  ::setenv("WATCHDOG_USEC", "60000000", 1);
  const auto seen = folder.path() / "seen";
  const Daemon daemon(fmt::format(
      "[[processes]]\nname = \"app\"\n"
      "args = [\"/bin/sh\", \"-c\", \"echo of-${{NOTIFY_SOCKET-nobody}}${{WATCHDOG_USEC-}} > {}; "
      "exec sleep 1000\"]\n",
      seen.string()));
  REQUIRE(
      eventually([&] { return std::filesystem::exists(seen) && read_text(seen).ends_with('\n'); }));
  ::unsetenv("WATCHDOG_USEC");
  CHECK(read_text(seen) == "of-nobody\n");
}

TEST_CASE("a service manager that does not read, or has gone, holds up nothing") {
  const TempDirectory folder;
  const Manager manager((folder.path() / "notify").string());
  manager.fill();
  Daemon daemon("");  // waits until the daemon answers
  std::filesystem::remove(folder.path() / "notify");
  daemon.program().signal(SIGHUP);
  daemon.program().signal(SIGTERM);
  CHECK(daemon.program().wait() == 0);
}
