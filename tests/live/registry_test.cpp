#include "support/child_program.hpp"
#include "support/eventually.hpp"
#include "support/live_sampler.hpp"

#include <provisr/collector.hpp>
#include <provisr/registry.hpp>

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace std::chrono_literals;
using namespace provisr;
using provisr::test::ChildProgram;
using provisr::test::eventually;
using provisr::test::in_own_process;

namespace {

using test::kernel_cpu_seconds;

/// The process's CPU clock and the time, each before and after a tick. The tick's own readings lie
/// in between.
struct Bracket {
  double earliest;
  double latest;
  double min_cpu;
  double max_cpu;
};

[[nodiscard]] double seconds_now() {
  return std::chrono::duration<double>(Clock::system().monotonic_now().time_since_epoch()).count();
}

template <class Action>
[[nodiscard]] Bracket around(ProcessId pid, Action&& action) {
  Bracket bracket{};
  bracket.min_cpu = kernel_cpu_seconds(pid);
  bracket.earliest = seconds_now();
  action();
  bracket.latest = seconds_now();
  bracket.max_cpu = kernel_cpu_seconds(pid);
  return bracket;
}

/// Checks that the registry shows the share of a CPU that the child gets, even on a busy machine.
void check_share(const std::string& percent) {
  const ChildProgram child{"spinner", percent};
  Registry registry;
  Bracket before =
      around(child.pid(), [&] { REQUIRE_FALSE(registry.track("spinner", child.pid())); });
  for (int interval = 0; interval < 5; ++interval) {
    REQUIRE(eventually([&] { return kernel_cpu_seconds(child.pid()) > before.max_cpu + 0.1; }));
    const Bracket after = around(child.pid(), [&] { registry.tick(); });
    const double rate = *registry.latest("spinner")->cpu_percent;
    const double least = (after.min_cpu - before.max_cpu) / (after.latest - before.earliest) * 100;
    const double most = (after.max_cpu - before.min_cpu) / (after.earliest - before.latest) * 100;
    CAPTURE(interval, rate, least, most);
    constexpr double rounding = 0.001;
    CHECK(rate >= least - rounding);
    CHECK(rate <= most + rounding);
    before = after;
  }
}

}  // namespace

TEST_CASE("one busy thread is shown with the share that it gets", "[registry]") {
  check_share("100");
}

TEST_CASE("a thread that is busy part of the time is shown with that share", "[registry]") {
  check_share("30");
}

TEST_CASE("real instances make a group", "[registry]") {
  const ChildProgram a{"allocator", "8"};
  const ChildProgram b{"allocator", "16"};
  const ChildProgram stranger{"allocator", "1"};
  Registry registry;
  REQUIRE_FALSE(registry.track("my-app-1", a.pid()));
  REQUIRE_FALSE(registry.track("my-app-2", b.pid()));
  REQUIRE_FALSE(registry.track("my-app-server-1", stranger.pid()));
  CHECK(registry.tick().running == 3);
  const auto totals = registry.group("my-app");
  REQUIRE(totals);
  CHECK(totals->process_count == 2);
  const double sum =
      *registry.latest("my-app-1")->memory_mb() + *registry.latest("my-app-2")->memory_mb();
  CHECK(*totals->total_memory_bytes == sum * 1024 * 1024);
}

TEST_CASE("a real process that ends is seen to end, and its restart to run", "[registry]") {
  ChildProgram child{"allocator", "1"};
  Registry registry;
  REQUIRE_FALSE(registry.track("my-app", child.pid()));
  CHECK(registry.tick().running == 1);
  const ProcessId ended = child.pid();
  child.end();
  CHECK(registry.tick().vanished == 1);
  CHECK_FALSE(registry.latest("my-app"));
  CHECK(registry.track("my-app", ended) == std::errc::no_such_process);

  const ChildProgram next{"allocator", "1"};
  REQUIRE_FALSE(registry.track("my-app", next.pid()));
  registry.tick();
  CHECK(registry.latest("my-app")->pid == next.pid());
  CHECK(registry.history("my-app")->size() == 2);
}

TEST_CASE("a zombie cannot be tracked", "[registry]") {
  const ChildProgram child{"exiter", "0"};
  child.wait_for_zombie();
  Registry registry;
  CHECK(registry.track("my-app", child.pid()) == std::errc::no_such_process);
  CHECK(registry.snapshot().empty());
}

TEST_CASE("a collector watches a real process", "[registry]") {
  ChildProgram child{"allocator", "1"};
  Registry registry(RegistryOptions{.max_history = 5});
  REQUIRE_FALSE(registry.track("my-app", child.pid()));
  const Collector collector(registry, 2ms);
  CHECK(eventually([&] { return registry.history("my-app")->size() >= 4; }));
  CHECK(registry.latest("my-app"));
  child.end();
  CHECK(eventually([&] { return !registry.latest("my-app"); }));
}

TEST_CASE("a library leaves its host's children alone", "[registry]") {
  const ChildProgram child{"exiter", "42"};
  Registry registry;
  static_cast<void>(registry.track("my-app", child.pid()));
  child.wait_for_zombie();
  registry.tick();
  registry.tick();
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(child.pid()), &info, WEXITED | WNOWAIT) == 0);
  CHECK(info.si_status == 42);
}

TEST_CASE("another user's process costs one debug line at most", "[registry]") {
  struct stat owner {};
  REQUIRE(::stat("/proc/1", &owner) == 0);
  if (::geteuid() != 0 && ::geteuid() == owner.st_uid) SKIP("PID 1 is this user's own");
  constexpr uid_t nobody = 65534;
  const std::string faults = in_own_process([&]() -> std::string {
    if (::geteuid() == 0 && ::setresuid(nobody, nobody, nobody) != 0) return "setresuid failed";
    std::size_t lines = 0;
    Registry registry(RegistryOptions{.diagnostics = [&](const Diagnostic& told) {
      lines += told.severity == Severity::debug ? 1U : 100U;
    }});
    if (registry.track("init", 1)) return "not tracked";
    for (int i = 0; i < 3; ++i) registry.tick();
    const bool is_known = registry.latest("init").value().num_fds.has_value();
    if (lines != (is_known ? 0U : 1U)) return std::to_string(lines) + " lines";
    return {};
  });
  CAPTURE(faults);
  CHECK(faults.empty());
}
