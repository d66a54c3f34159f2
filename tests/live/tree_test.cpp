#include "support/child_program.hpp"
#include "support/descriptor_limit.hpp"
#include "support/eventually.hpp"
#include "support/sanitizers.hpp"
#include "support/send_signal.hpp"

#include <provisr/registry.hpp>

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <signal.h>
#include <sstream>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <time.h>
#include <unistd.h>
#include <vector>

using namespace provisr;
using provisr::test::Child;
using provisr::test::ChildProgram;
using provisr::test::DescriptorLimit;
using provisr::test::eventually;
using provisr::test::fork_child;
using provisr::test::fork_dependent;
using provisr::test::in_own_process;
using provisr::test::Pipe;
namespace fs = std::filesystem;

namespace {

const TrackOptions as_tree{.scope = SampleScope::tree};

/// Adds up a tree from /proc without the library.
struct IndependentSum {
  std::uint32_t processes = 0;
  std::uint32_t threads = 0;
  std::uint32_t descriptors = 0;
  std::uint64_t resident_pages = 0;
  std::uint64_t size_pages = 0;

  explicit IndependentSum(ProcessId leader) {
    std::multimap<ProcessId, ProcessId> children;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const std::string name = entry.path().filename();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      std::ifstream file(entry.path() / "status");
      for (std::string line; std::getline(file, line);) {
        if (line.starts_with("PPid:")) children.emplace(std::stoi(line.substr(5)), std::stoi(name));
      }
    }
    std::vector<ProcessId> members{leader};
    for (std::size_t i = 0; i < members.size(); ++i) {
      const auto [first, last] = children.equal_range(members[i]);
      for (auto child = first; child != last; ++child) members.push_back(child->second);
      add("/proc/" + std::to_string(members[i]));
    }
  }

 private:
  static std::uint32_t entries(const std::string& directory) {
    return static_cast<std::uint32_t>(
        std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
  }
  void add(const std::string& directory) {
    ++processes;
    threads += entries(directory + "/task");
    descriptors += entries(directory + "/fd");
    std::ifstream file(directory + "/statm");
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    file >> size >> resident;
    size_pages += size;
    resident_pages += resident;
  }
};

/// Compares the registry with /proc until both agree, because members may not have paused yet. A
/// real difference would not go away.
void check_against_proc(Registry& registry, ProcessId leader) {
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  std::optional<ProcessMetrics> sample;
  std::optional<IndependentSum> expected;
  const auto are_equal = [&] {
    return sample->num_processes == Figure<std::uint32_t>(expected->processes) &&
           sample->num_threads == Figure<std::uint32_t>(expected->threads) &&
           sample->num_fds == Figure<std::uint32_t>(expected->descriptors) &&
           sample->memory_vms_bytes == Figure<std::uint64_t>(expected->size_pages * page) &&
           sample->memory_rss_bytes == Figure<std::uint64_t>(expected->resident_pages * page);
  };
  CHECK(test::eventually([&] {
    registry.tick();
    sample = registry.latest("tree");
    expected.emplace(leader);
    return sample && are_equal();
  }));
  REQUIRE(sample);
  CAPTURE(sample->num_processes.value_or(0), expected->processes, sample->num_threads.value_or(0),
          expected->threads, sample->num_fds.value_or(0), expected->descriptors);
  CHECK(are_equal());
}

void burn(std::chrono::nanoseconds amount) {
  timespec now{};
  do {
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  } while (std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec) < amount);
}

void wait_for(const Pipe& pipe, const std::string& word) {
  if (!pipe.read_up_to(word).ends_with(word)) throw std::runtime_error("no " + word);
}

void say(const Pipe& pipe, const std::string& word) {
  if (::write(pipe.writer(), word.data(), word.size()) < 0) ::_exit(1);
}

/// Kills the workers of a "forker", which outlive their parent.
void end_workers(const ChildProgram& forker) {
  std::istringstream lines(forker.said());
  for (std::string word; lines >> word;) {
    long long pid = 0;
    if (word == "worker" && lines >> pid) test::send_signal(pid, SIGKILL);
  }
}

/// Makes this program adopt orphans while the object lives.
struct Subreaper {
  Subreaper() { ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }
  ~Subreaper() { ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0); }
  Subreaper(const Subreaper&) = delete;
  Subreaper& operator=(const Subreaper&) = delete;
};

/// Waits as an orphan, until the process that has adopted it ends.
[[noreturn]] void pause_once_adopted_by(pid_t adopter) {
  while (::getppid() != adopter && ::getppid() != 1) ::usleep(100);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != adopter) ::_exit(0);
  ::pause();
  ::_exit(0);
}

}  // namespace

TEST_CASE("a tree is what an independent reader of /proc adds up", "[live][tree]") {
  const ChildProgram before({"forker", "5"});
  Registry registry;
  REQUIRE_FALSE(registry.track("tree", before.pid(), as_tree));
  check_against_proc(registry, before.pid());
  CHECK(registry.latest("tree")->num_processes == Figure<std::uint32_t>(6U));
  end_workers(before);
}

TEST_CASE("members that are born later are found, and the tree of threads and forks is right",
          "[live][tree]") {
  Pipe go;
  Pipe ready;
  const Child shell = fork_child([&] {
    char letter = 0;
    if (::read(go.reader(), &letter, 1) != 1) ::_exit(1);
    for (int i = 0; i < 3; ++i) {
      if (fork_dependent() != 0) continue;
      std::thread([] { ::pause(); }).detach();
      static_cast<void>(fork_dependent());
      say(ready, ".");
      ::pause();
    }
    ::pause();
  });
  Registry registry;
  REQUIRE_FALSE(registry.track("tree", shell.pid(), as_tree));
  registry.tick();
  CHECK(registry.latest("tree")->num_processes == Figure<std::uint32_t>(1U));
  say(go, "!");
  wait_for(ready, "......");
  check_against_proc(registry, shell.pid());
  CHECK(registry.latest("tree")->num_processes == Figure<std::uint32_t>(7U));
  const IndependentSum members(shell.pid());
  CHECK(members.processes == 7);
}

TEST_CASE("CPU time over hundreds of short workers is the kernel's own account, and never falls",
          "[live][tree]") {
  constexpr int workers = 400;
  Pipe done;
  const pid_t leader = test::checked(fork_dependent(), "fork");
  if (leader == 0) {
    for (int i = 0; i < workers; ++i) {
      const pid_t worker = ::fork();
      if (worker == 0) {
        burn(std::chrono::milliseconds(1 + i % 4));
        ::_exit(0);
      }
      ::waitpid(worker, nullptr, 0);
    }
    say(done, "done");
    ::pause();
  }
  Registry registry;
  const std::error_code error = registry.track("tree", leader, as_tree);
  std::uint64_t last = 0;
  bool has_fallen = false;
  const auto sample = [&] {
    registry.tick();
    const auto metrics = registry.latest("tree");
    if (!metrics || !metrics->cpu_time_ns) return;
    has_fallen |= *metrics->cpu_time_ns < last;
    last = *metrics->cpu_time_ns;
  };
  pollfd ended{.fd = done.reader(), .events = POLLIN, .revents = 0};
  while (::poll(&ended, 1, 5) == 0) sample();
  wait_for(done, "done");
  sample();
  sample();
  test::send_signal(leader, SIGKILL);
  rusage usage{};
  REQUIRE(::wait4(leader, nullptr, 0, &usage) == leader);
  REQUIRE_FALSE(error);
  CHECK_FALSE(has_fallen);
  const auto nanoseconds = [](const timeval& time) {
    return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 +
           static_cast<std::int64_t>(time.tv_usec) * 1'000;
  };
  const std::int64_t kernel = nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
  constexpr std::int64_t clock_ticks = 20'000'000;  // user and system time are rounded down
  constexpr std::int64_t end_of_leader = 10'000'000;
  CHECK(kernel >= workers * 2'500'000LL);
  CHECK(static_cast<std::int64_t>(last) <= kernel + 1'000'000);
  CHECK(static_cast<std::int64_t>(last) + clock_ticks + end_of_leader >= kernel);
}

TEST_CASE("an orphan that this program adopts stays in the tree that it comes from",
          "[live][tree]") {
  const Subreaper subreaper;
  Pipe go;
  Pipe orphan;
  const pid_t adopter = ::getpid();
  const Child leader = fork_child([&] {
    ::setpgid(0, 0);
    say(orphan, "leads");
    char letter = 0;
    if (::read(go.reader(), &letter, 1) != 1) ::_exit(1);
    const pid_t middle = ::fork();
    if (middle == 0) {
      if (::fork() == 0) {
        while (::getppid() != adopter && ::getppid() != 1) ::usleep(100);
        say(orphan, "orphaned " + std::to_string(::getpid()) + "\n");
        ::pause();
      }
      ::_exit(0);
    }
    ::waitpid(middle, nullptr, 0);
    ::pause();
  });
  wait_for(orphan, "leads");
  Registry registry;
  REQUIRE_FALSE(registry.track("tree", leader.pid(), as_tree));
  registry.tick();
  say(go, "!");
  const std::string said = orphan.read_up_to("\n");
  const Child adopted(static_cast<pid_t>(std::stoi(said.substr(said.rfind(' ') + 1))));
  registry.tick();
  CHECK(registry.latest("tree")->num_processes == Figure<std::uint32_t>(2U));
}

TEST_CASE("no orphan is lost, whenever its parent ends", "[live][tree]") {
  constexpr std::uint32_t orphans = 400;
  const Subreaper subreaper;
  Pipe go;
  Pipe said;
  const pid_t adopter = ::getpid();
  Child leader = fork_child([&] {
    ::setpgid(0, 0);
    say(said, "leads");
    char letter = 0;
    if (::read(go.reader(), &letter, 1) != 1) ::_exit(1);
    for (std::uint32_t i = 0; i < orphans; ++i) {
      const pid_t middle = ::fork();
      if (middle == 0) {
        if (::fork() != 0) ::_exit(0);
        pause_once_adopted_by(adopter);
      }
      ::waitpid(middle, nullptr, 0);
    }
    say(said, "done");
    ::pause();
  });
  wait_for(said, "leads");
  Registry registry;
  REQUIRE_FALSE(registry.track("tree", leader.pid(), as_tree));
  registry.tick();
  std::jthread ticker([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) registry.tick();
  });
  say(go, "!");
  wait_for(said, "done");
  CHECK(eventually([&] {
    return registry.latest("tree")->num_processes == Figure<std::uint32_t>(1 + orphans);
  }));
  CAPTURE(registry.latest("tree")->num_processes.value_or(0));
  ticker = {};
  const auto group = static_cast<pid_t>(leader.pid());
  ::kill(-group, SIGKILL);
  leader.end();
  while (::waitpid(-group, nullptr, 0) > 0) {
  }
}

namespace {

/// Runs `act` for each letter that it is sent, then reports it.
class ObedientLeader {
 public:
  template <class Act>
  explicit ObedientLeader(Act act)
      : leader_(fork_child([&] {
          for (char letter = 0; ::read(go_.reader(), &letter, 1) == 1;) {
            act();
            say(done_, ".");
          }
        })) {}

  [[nodiscard]] ProcessId pid() const noexcept { return leader_.pid(); }
  void act() const {
    say(go_, "!");
    wait_for(done_, ".");
  }

 private:
  Pipe go_;
  Pipe done_;
  Child leader_;
};

constexpr std::uint64_t milliseconds = 1'000'000;

[[nodiscard]] std::uint64_t tree_cpu_ns(const Registry& registry) {
  return registry.latest("tree")->cpu_time_ns.value_or(0);
}

[[nodiscard]] std::uint64_t fresh_cpu_ns(const Registry& registry) {
  return registry.read_counters().sample(0).metrics.cpu_time_ns.value_or(0);
}

[[nodiscard]] std::uint64_t used_by(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  const auto microseconds = [](const timeval& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000U +
           static_cast<std::uint64_t>(time.tv_usec);
  };
  return (microseconds(usage.ru_utime) + microseconds(usage.ru_stime)) * 1'000U;
}

/// Reaps a child as a supervisor does.
void collect_child(Registry& registry, pid_t pid) {
  siginfo_t info{};
  rusage usage{};
  test::checked(
      static_cast<int>(::syscall(SYS_waitid, P_PID, pid, &info, WEXITED | WNOWAIT, &usage)),
      "waitid");
  const auto nanoseconds = [](const timeval& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U +
           static_cast<std::uint64_t>(time.tv_usec) * 1'000U;
  };
  registry.collect_ended({.pid = pid,
                          .process_group = ::getpgid(pid),
                          .cpu_time_ns = nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime)},
                         [&] { ::waitpid(pid, nullptr, 0); });
}

}  // namespace

TEST_CASE("a member born while descriptors are short is found once they are not", "[live][tree]") {
  if (test::sanitizer_needs_descriptors) SKIP("the sanitizer needs descriptors of its own");
  const ObedientLeader leader([] {
    if (fork_dependent() != 0) return;
    for (;;) ::pause();
  });
  const std::string faults = in_own_process([&]() -> std::string {
    Registry registry;
    if (registry.track("tree", leader.pid(), as_tree)) return "not tracked";
    registry.tick();
    const DescriptorLimit limit(0);
    leader.act();
    std::string said;
    for (int i = 0; i < 5; ++i) {
      registry.tick();
      if (registry.latest("tree")->num_processes) said += "the processes are said to be known; ";
    }
    limit.leave(10);
    registry.tick();
    const auto count = registry.latest("tree")->num_processes;
    if (count != Figure<std::uint32_t>(2U)) said += std::to_string(count.value_or(0));
    return said;
  });
  CHECK(faults == "");
}

TEST_CASE("children that came and went while descriptors were short count after it",
          "[live][tree]") {
  if (test::sanitizer_needs_descriptors) SKIP("the sanitizer needs descriptors of its own");
  const ObedientLeader leader([] {
    const pid_t worker = ::fork();
    if (worker == 0) {
      burn(std::chrono::milliseconds(200));
      ::_exit(0);
    }
    ::waitpid(worker, nullptr, 0);
  });
  const std::string faults = in_own_process([&]() -> std::string {
    Registry registry;
    if (registry.track("tree", leader.pid(), as_tree)) return "not tracked";
    registry.tick();
    const DescriptorLimit limit(0);
    leader.act();
    for (int i = 0; i < 3; ++i) registry.tick();
    limit.leave(10);
    for (int i = 0; i < 3; ++i) registry.tick();
    const std::uint64_t used = tree_cpu_ns(registry);
    return used >= 170 * milliseconds ? "" : "only " + std::to_string(used / milliseconds) + " ms";
  });
  CHECK(faults == "");
}

TEST_CASE("a program that watches itself counts what it reaps once", "[live][tree]") {
  const std::string faults = in_own_process([]() -> std::string {
    ::setpgid(0, 0);
    Registry registry;
    if (registry.track("tree", ::getpid(), as_tree)) return "not tracked";
    registry.tick();
    const auto truth = [] { return used_by(RUSAGE_SELF) + used_by(RUSAGE_CHILDREN); };
    for (const bool is_seen : {true, false}) {
      for (int i = 0; i < 3; ++i) {
        const pid_t worker = ::fork();
        if (worker == 0) {
          burn(std::chrono::milliseconds(100));
          ::_exit(0);
        }
        if (is_seen) registry.tick();
        collect_child(registry, worker);
      }
    }
    const std::uint64_t least = truth();
    const std::uint64_t now = fresh_cpu_ns(registry);
    registry.tick();
    const std::uint64_t at_tick = tree_cpu_ns(registry);
    const std::uint64_t most = truth() + 10 * milliseconds;
    constexpr std::uint64_t slack = 50 * milliseconds;
    std::string said;
    if (now + slack < least || now > most) said += "now " + std::to_string(now);
    if (at_tick + slack < least || at_tick > most) said += " at a tick " + std::to_string(at_tick);
    return said.empty() ? said : said + " instead of " + std::to_string(least);
  });
  CHECK(faults == "");
}

TEST_CASE("a member born since the tick counts at a scrape", "[live][tree]") {
  const ObedientLeader leader([] {
    if (fork_dependent() != 0) return;
    burn(std::chrono::hours(1));
  });
  Registry registry;
  REQUIRE_FALSE(registry.track("tree", leader.pid(), as_tree));
  registry.tick();
  leader.act();
  std::uint64_t last = 0;
  bool has_fallen = false;
  CHECK(test::eventually([&] {
    const std::uint64_t now = fresh_cpu_ns(registry);
    has_fallen |= now < last;
    last = now;
    return now > 100 * milliseconds;
  }));
  registry.tick();
  CHECK(fresh_cpu_ns(registry) >= last);
  CHECK_FALSE(has_fallen);
}

TEST_CASE("the memory of threads of the kernel is unknown as a tree, too", "[live][tree]") {
  std::ifstream name("/proc/2/comm");
  std::string text;
  if (!(name >> text) || text != "kthreadd") SKIP("no kernel threads are to be seen here");
  Registry registry;
  REQUIRE_FALSE(registry.track("thread", 3, as_tree));
  REQUIRE_FALSE(registry.track("all", 2, as_tree));
  registry.tick();
  for (const char* const each : {"thread", "all"}) {
    CHECK_FALSE(registry.latest(each)->memory_rss_bytes.has_value());
    CHECK_FALSE(registry.latest(each)->memory_vms_bytes.has_value());
  }
}
