// Further figures of a registry, compared with those that an independent reader finds in /proc.
#include "support/child_program.hpp"
#include "support/eventually.hpp"
#include "support/temp_directory.hpp"

#include <provisr/registry.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace provisr;
using provisr::test::Child;
using provisr::test::eventually;
using provisr::test::fork_child;
using provisr::test::in_own_process;
using provisr::test::Pipe;
using provisr::test::TempDirectory;
namespace fs = std::filesystem;

namespace {

using Value = Figure<std::uint64_t>;
using Row = std::array<Value, further_count<figures>>;

constexpr std::size_t io_read = further_slot<figures>("io_read_bytes");
constexpr std::size_t io_write = further_slot<figures>("io_write_bytes");
constexpr std::size_t faults = further_slot<figures>("major_faults");
constexpr std::size_t voluntary = further_slot<figures>("voluntary_switches");
constexpr std::size_t involuntary = further_slot<figures>("involuntary_switches");
constexpr std::size_t peak = further_slot<figures>("memory_peak");
constexpr std::size_t pss = further_slot<figures>("memory_pss");
constexpr std::size_t max_fds = further_slot<figures>("max_fds");
constexpr FurtherFigures everything =
    further_figures<figures>([](const FigureInfo&) { return true; });
constexpr std::array counters{io_read, io_write, faults, voluntary, involuntary};
constexpr std::size_t block = 256 * 1024;

/// Returns the number after a key in a file; 0 if the key is missing.
std::uint64_t number_in(const std::string& file, const std::string& key) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with(key)) continue;
    std::istringstream rest(line.substr(key.size()));
    std::uint64_t number = 0;
    rest >> number;
    return number;
  }
  return 0;
}

/// Returns a field of `stat`, numbered as in proc_pid_stat(5), if the name of the program has no
/// spaces.
std::uint64_t stat_field(const std::string& directory, int wanted) {
  std::ifstream stream(directory + "/stat");
  std::string field;
  for (int i = 0; i < wanted; ++i) stream >> field;
  return std::stoull(field);
}

/// Reads the figures of one process without the library.
Row read_independently(ProcessId pid) {
  const std::string directory = "/proc/" + std::to_string(pid);
  Row row{};
  row[io_read] = number_in(directory + "/io", "read_bytes:");
  row[io_write] = number_in(directory + "/io", "write_bytes:");
  row[faults] = stat_field(directory, 12);
  std::uint64_t switches[2] = {0, 0};
  for (const auto& thread : fs::directory_iterator(directory + "/task")) {
    const std::string status = thread.path().string() + "/status";
    switches[0] += number_in(status, "voluntary_ctxt_switches:");
    switches[1] += number_in(status, "nonvoluntary_ctxt_switches:");
  }
  row[voluntary] = switches[0];
  row[involuntary] = switches[1];
  row[peak] = number_in(directory + "/status", "VmHWM:") * 1024;
  row[pss] = number_in(directory + "/smaps_rollup", "Pss:") * 1024;
  row[max_fds] = number_in(directory + "/limits", "Max open files");
  return row;
}

/// Writes a file to storage and removes it again.
void write_block(const std::string& file) {
  const int descriptor = ::open(file.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  const std::vector<char> bytes(block, 'x');
  if (::write(descriptor, bytes.data(), bytes.size()) < 0) ::_exit(3);
  ::fsync(descriptor);
  ::close(descriptor);
  ::unlink(file.c_str());
}

/// Starts a child that has a peak, threads that have switched, IO and its own limit, and then
/// rests.
Child start_worker(const TempDirectory& directory, int ready) {
  return fork_child([&] {
    const rlimit limit{.rlim_cur = 123, .rlim_max = 200};
    ::setrlimit(RLIMIT_NOFILE, &limit);
    write_block(directory.path().string() + "/own");
    std::thread([] {
      for (int i = 0; i < 5; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      ::pause();
    }).detach();
    static_cast<void>(!::write(ready, "x", 1));
    for (;;) ::pause();
  });
}

std::optional<Row> row_of(Registry& registry, std::string_view name) {
  const Snapshot snapshot = registry.snapshot();
  const auto process = snapshot.find(name);
  if (!process || !process->running()) return std::nullopt;
  Row row;
  for (std::size_t slot = 0; slot < row.size(); ++slot) row[slot] = process->sample().more[slot];
  return row;
}

SamplingContext context_with(std::size_t kept_descriptors) {
  return SamplingContext({.max_kept_descriptors = kept_descriptors, .min_pss_interval = {}});
}

}  // namespace

TEST_CASE("further figures are those that /proc tells", "[live][collect]") {
  const std::size_t kept = GENERATE(std::size_t{0}, std::size_t{30});
  const bool is_tree = GENERATE(false, true);
  CAPTURE(kept, is_tree);
  const TempDirectory directory;
  const Pipe ready;
  const Child worker = start_worker(directory, ready.writer());
  REQUIRE(ready.read_up_to("x") == "x");
  Registry registry({.further_figures = everything}, context_with(kept));
  const TrackOptions options{.scope = is_tree ? SampleScope::tree : SampleScope::process};
  REQUIRE_FALSE(registry.track("app", worker.pid(), options));
  std::optional<Row> row;
  Row expected;
  const auto is_as_expected = [&] {
    registry.tick();
    row = row_of(registry, "app");
    expected = read_independently(worker.pid());
    return row && *row == expected;
  };
  CHECK(eventually(is_as_expected));
  REQUIRE(row);
  for (std::size_t slot = 0; slot < row->size(); ++slot) {
    CAPTURE(slot);
    CHECK((*row)[slot] == expected[slot]);
  }
  CHECK(*(*row)[max_fds] == 123);
  CHECK(*(*row)[voluntary] >= 5);
  CHECK(eventually([&] {  // its threads may not be at rest yet
    registry.tick();
    row = row_of(registry, "app");
    const FreshCounters fresh = registry.read_counters();
    return row && std::ranges::all_of(counters, [&](std::size_t slot) {
             return fresh.sample(0).more[slot] == (*row)[slot];
           });
  }));
}

TEST_CASE("further figures of a process whose first thread has ended are those of another one",
          "[live][collect]") {
  const std::size_t kept = GENERATE(std::size_t{0}, std::size_t{30});
  const Child child = fork_child([] {
    std::thread([] {
      for (;;) ::pause();
    }).detach();
    ::syscall(SYS_exit, 0);  // ends only this thread
  });
  const std::string proc = "/proc/" + std::to_string(child.pid());
  REQUIRE(eventually([&] { return number_in(proc + "/status", "VmHWM:") == 0; }));
  std::string thread = proc;
  for (const auto& entry : fs::directory_iterator(proc + "/task")) {
    if (entry.path().filename() != std::to_string(child.pid())) thread = entry.path();
  }
  Registry registry({.further_figures = everything}, context_with(kept));
  REQUIRE_FALSE(registry.track("app", child.pid()));
  std::optional<Row> row;
  CHECK(eventually([&] {
    registry.tick();
    row = row_of(registry, "app");
    return row && (*row)[pss] == Value(number_in(thread + "/smaps_rollup", "Pss:") * 1024);
  }));
  REQUIRE(row);
  CHECK((*row)[peak] == Value(number_in(thread + "/status", "VmHWM:") * 1024));
  CHECK(*(*row)[peak] > 0);
  CHECK(*(*row)[pss] > 0);
  for (const std::size_t slot : counters) CHECK((*row)[slot].has_value());
}

TEST_CASE("a tree loses nothing of workers that end, and no counter falls", "[live][collect]") {
  constexpr int workers = 60;
  const TempDirectory directory;
  const Pipe said;
  const Child leader = fork_child([&] {
    for (int i = 0; i < workers; ++i) {
      const pid_t pid = ::fork();
      if (pid == 0) {
        write_block(directory.path().string() + "/" + std::to_string(i));
        ::_exit(0);
      }
      if (i % 3 == 2) {
        while (::wait(nullptr) > 0) {
        }
      }
    }
    static_cast<void>(!::write(said.writer(), "done", 4));
    for (;;) ::pause();
  });
  Registry registry({.further_figures = everything}, context_with(900));
  REQUIRE_FALSE(registry.track("app", leader.pid(), {.scope = SampleScope::tree}));
  const std::string proc = "/proc/" + std::to_string(leader.pid());
  Row at_ticks{};
  Row at_scrapes{};
  std::string fallen;
  const auto look = [&](Row& before, std::size_t slot, Value now) {
    if (now && before[slot] && *now < *before[slot]) fallen += std::to_string(slot) + " ";
    if (now) before[slot] = now;
  };
  std::optional<Row> row;
  const auto is_complete = [&] {
    for (const std::size_t slot : counters) {
      const FreshCounters fresh = registry.read_counters();
      if (fresh.snapshot()[0].running()) look(at_scrapes, slot, fresh.sample(0).more[slot]);
    }
    registry.tick();
    row = row_of(registry, "app");
    if (!row) return false;
    for (const std::size_t slot : {io_read, io_write, faults, voluntary, involuntary, peak}) {
      look(at_ticks, slot, (*row)[slot]);
    }
    return number_in(proc + "/io", "write_bytes:") >= workers * block &&
           *(*row)[io_write] >= number_in(proc + "/io", "write_bytes:") &&
           registry.latest("app")->num_processes == Figure<std::uint32_t>(1U);
  };
  CHECK(eventually(is_complete));
  CAPTURE(row ? (*row)[io_write].value_or(1) : 0, number_in(proc + "/io", "write_bytes:"),
          registry.latest("app")->num_processes.value_or(0));
  CHECK(fallen.empty());
  REQUIRE(row);
  CHECK((*row)[io_write] == Value(number_in(proc + "/io", "write_bytes:")));
  CHECK((*row)[io_read] == Value(number_in(proc + "/io", "read_bytes:")));
  CHECK((*row)[faults] == Value(stat_field(proc, 12) + stat_field(proc, 13)));
  CHECK(*(*row)[voluntary] >= *read_independently(leader.pid())[voluntary]);
  CHECK(*(*row)[peak] >= *read_independently(leader.pid())[peak]);
}

TEST_CASE("what another user may not see is absent, and said once", "[live][collect]") {
  if (::geteuid() != 0) SKIP("needs root, to become somebody else");
  const Child target = fork_child([] {
    for (;;) ::pause();
  });
  const std::string answer = in_own_process([&]() -> std::string {
    if (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0) return "?";
    std::vector<std::string> lines;
    RegistryOptions options{.further_figures = everything};
    options.diagnostics = [&](const Diagnostic& line) { lines.emplace_back(line.message); };
    Registry registry(std::move(options), context_with(30));
    if (registry.track("app", target.pid())) return "not tracked";
    const bool is_done = eventually([&] {
      registry.tick();
      return lines.size() >= 2;
    });
    for (int i = 0; i < 3; ++i) registry.tick();
    const std::optional<Row> row = row_of(registry, "app");
    std::string text = is_done && row ? "" : "too few lines;";
    if (!row) return text;
    for (std::size_t slot = 0; slot < row->size(); ++slot) text += (*row)[slot] ? '1' : '0';
    for (const std::string& line : lines) text += ";" + line.substr(0, line.find(" unknown"));
    return text;
  });
  CHECK(answer == "00111101;io_read_bytes, io_write_bytes;memory_pss");
}

TEST_CASE("a proportional size is read at most once in its interval", "[live][collect]") {
  const Child target = fork_child([] {
    const std::size_t size = 64 * 1024 * 1024;
    void* const memory =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (auto* page = static_cast<volatile char*>(memory);;
         page = static_cast<volatile char*>(memory)) {
      for (std::size_t i = 0; i < size; i += 4096) page[i] = 1;
      ::madvise(memory, size, MADV_DONTNEED);
    }
  });
  Registry registry({.further_figures = further_group<figures>("pss")});
  REQUIRE_FALSE(registry.track("app", target.pid()));
  std::optional<Row> row;
  REQUIRE(eventually([&] {
    registry.tick();
    row = row_of(registry, "app");
    return row && (*row)[pss].has_value();
  }));
  const Value first = (*row)[pss];
  for (int i = 0; i < 50; ++i) {
    registry.tick();
    CHECK((*row_of(registry, "app"))[pss] == first);
  }
}

TEST_CASE("a forked child can destroy a registry that reads memory_pss", "[further]") {
  const test::ChildProgram child{"allocator", "1"};
  std::optional<Registry> registry(
      std::in_place, RegistryOptions{.further_figures = further_group<figures>("pss")});
  REQUIRE_FALSE(registry->track("app", child.pid()));
  registry->tick();  // starts the thread
  const std::string done = test::in_own_process([&] {
    registry.reset();
    return std::string("destroyed");
  });
  CHECK(done == "destroyed");
}

TEST_CASE("the reader of proportional sizes ends with its registry", "[live][collect]") {
  for (int i = 0; i < 20; ++i) {
    const Child target = fork_child([] { ::pause(); });
    auto registry = std::make_unique<Registry>(RegistryOptions{.further_figures = everything});
    REQUIRE_FALSE(registry->track("app", target.pid()));
    registry->tick();
    if (i % 2 == 0) static_cast<void>(registry->untrack("app"));
    registry.reset();
  }
  SUCCEED("without a leak or a hang");
}
