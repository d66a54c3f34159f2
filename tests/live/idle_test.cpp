// A process that has not run is not read again. Its figures must equal those of a full reading.

#include "lib/platform/linux/reclaim_watch.hpp"
#include "support/child_program.hpp"
#include "support/eventually.hpp"
#include "support/live_sampler.hpp"
#include "support/temp_directory.hpp"

#include <provisr/sampler.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <sched.h>
#include <signal.h>
#include <string>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace provisr;
using namespace provisr::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t mebibyte = 1024 * 1024;
constexpr std::size_t file_size = 16 * mebibyte;

/// Samplers of one process: as many idle processes as make a look at vmstat worthwhile.
class ManySamplers {
 public:
  ManySamplers(ProcessId pid, std::chrono::nanoseconds max_idle_age,
               std::optional<std::size_t> budget = {})
      : context_(SamplerOptions{.max_kept_descriptors = budget, .max_idle_age = max_idle_age}) {
    for (std::uint32_t i = 0; i < linux_platform::ReclaimWatch::worth_looking; ++i) {
      std::error_code error;
      auto sampler = ProcessSampler::open(context_, pid, error);
      if (!sampler) throw std::system_error(error, "open");
      samplers_.push_back(std::move(*sampler));
    }
  }

  [[nodiscard]] ProcessReading tick() {
    context_.begin_tick();
    ProcessReading reading;
    for (ProcessSampler& sampler : samplers_) {
      if (sampler.read(reading) != ReadStatus::ok) throw std::runtime_error("vanished");
    }
    return reading;
  }

 private:
  SamplingContext context_;
  std::vector<ProcessSampler> samplers_;
};

bool are_equal(const ProcessReading& a, const ProcessReading& b) {
  return a.cpu_time_ns == b.cpu_time_ns && a.memory_vms_bytes == b.memory_vms_bytes &&
         a.memory_rss_bytes == b.memory_rss_bytes && a.memory_swap_bytes == b.memory_swap_bytes &&
         a.num_threads == b.num_threads && a.num_fds == b.num_fds;
}

/// Returns whether a process waits in a system call. If its kernel does not tell, returns true.
[[nodiscard]] bool is_blocked(ProcessId pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/syscall");
  std::string call;
  std::getline(file, call);
  return call != "running";
}

/// Waits until a process sleeps and no longer uses CPU time. The state alone is not enough: it
/// changes shortly before the process sleeps, and on a busy machine that can take a while.
[[nodiscard]] bool comes_to_rest(ProcessId pid) {
  double before = -1;
  return eventually([&] {
    const double used = kernel_cpu_seconds(pid);
    const bool has_stopped = std::exchange(before, used) == used;
    return stat_of(pid).state == 'S' && is_blocked(pid) && has_stopped;
  });
}

[[nodiscard]] int new_file(const fs::path& path) {
  const int file = checked(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), "open");
  checked(::ftruncate(file, static_cast<off_t>(file_size)), "ftruncate");
  return file;
}

/// Forks past the thread sanitizer, which starts a thread in each child that wakes ten times a
/// second: no child would be idle.
template <int flags>
[[nodiscard]] pid_t fork_plainly() noexcept {
  return static_cast<pid_t>(::syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, 0));
}

/// Maps a file, touches all of it, writes "ready" and sleeps.
[[noreturn]] void hold_file(int file, int said) {
  auto* const bytes =
      static_cast<volatile char*>(::mmap(nullptr, file_size, PROT_READ, MAP_SHARED, file, 0));
  for (std::size_t i = 0; i < file_size; i += 4096) static_cast<void>(bytes[i]);
  if (::write(said, "ready\n", 6) != 6) ::_exit(1);
  for (;;) ::pause();
}

/// A child that holds the file and has come to rest.
class FileHolder {
 public:
  explicit FileHolder(int file, const fs::path& group = {})
      : child_(fork_child(
            [&] {
              if (!group.empty()) std::ofstream(group / "cgroup.procs") << ::getpid();
              hold_file(file, output_.writer());
            },
            fork_plainly<0>)) {
    output_.close_writer();
    if (output_.read_up_to("ready\n") != "ready\n") throw std::runtime_error("not ready");
    if (!comes_to_rest(pid())) throw std::runtime_error("does not sleep");
  }
  [[nodiscard]] ProcessId pid() const noexcept { return child_.pid(); }

 private:
  Pipe output_;
  Child child_;
};

/// A memory control group for the test. Has no folder if this system does not allow one.
class MemoryGroup {
 public:
  MemoryGroup() {
    for (const char* const root : {"/sys/fs/cgroup/memory", "/sys/fs/cgroup"}) {
      const fs::path folder = fs::path(root) / ("provisr_test_" + std::to_string(::getpid()));
      std::error_code error;
      if (!fs::create_directory(folder, error)) continue;
      folder_ = folder;
      if (fs::exists(folder / "memory.force_empty") || fs::exists(folder / "memory.reclaim"))
        return;
      remove();
    }
  }
  MemoryGroup(const MemoryGroup&) = delete;
  MemoryGroup& operator=(const MemoryGroup&) = delete;
  ~MemoryGroup() { remove(); }

  [[nodiscard]] const fs::path& folder() const noexcept { return folder_; }

  /// Makes the kernel reclaim as much of the group's memory as it can.
  void reclaim() const {
    std::ofstream(folder_ / "memory.force_empty") << "0" << std::flush;
    std::ofstream(folder_ / "memory.reclaim") << file_size << std::flush;
  }

 private:
  void remove() noexcept {
    if (folder_.empty()) return;
    static_cast<void>(eventually([&] { return ::rmdir(folder_.c_str()) == 0; }));
    folder_.clear();
  }
  fs::path folder_;
};

}  // namespace

TEST_CASE("the memory of a process that has not run stands until its age", "[sampler]") {
  // Repeated, because memory is read again if anything on the machine was reclaimed meanwhile.
  CHECK(eventually([] {
    const TempDirectory folder;
    const int file = new_file(folder.path() / "mapped");
    const FileHolder holder(file);
    ManySamplers samplers(holder.pid(), 1h);
    ManySamplers in_full(holder.pid(), 0ns);
    ManySamplers of_short_age(holder.pid(), 1ns);
    for (int i = 0; i < 2; ++i) static_cast<void>(samplers.tick());
    const ProcessReading before = samplers.tick();
    CHECK(are_equal(in_full.tick(), before));
    static_cast<void>(of_short_age.tick());
    REQUIRE(*before.memory_rss_bytes > file_size);

    // Only a reading of the process itself shows that this has taken its pages.
    checked(::ftruncate(file, 0), "ftruncate");
    ::close(file);
    const ProcessReading after = in_full.tick();
    REQUIRE(*after.memory_rss_bytes < *before.memory_rss_bytes - 8 * mebibyte);
    CHECK(of_short_age.tick().memory_rss_bytes == after.memory_rss_bytes);
    return are_equal(samplers.tick(), before);
  }));
}

TEST_CASE("memory that was reclaimed from a process that has not run is seen", "[sampler]") {
  const MemoryGroup group;
  if (group.folder().empty()) SKIP("this system gives no control group for memory");
  const fs::path on_disk = fs::current_path() / ("reclaimed_" + std::to_string(::getpid()));
  const int file = new_file(on_disk);
  ::unlink(on_disk.c_str());
  const std::string zeros(file_size, '\0');
  REQUIRE(::pwrite(file, zeros.data(), zeros.size(), 0) == static_cast<ssize_t>(file_size));
  REQUIRE(::fsync(file) == 0);
  // The pages must be charged to the child's group.
  REQUIRE(::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) == 0);
  const FileHolder holder(file, group.folder());
  ::close(file);
  ManySamplers samplers(holder.pid(), 1h);
  ManySamplers in_full(holder.pid(), 0ns);
  for (int i = 0; i < 2; ++i) static_cast<void>(samplers.tick());
  const ProcessReading before = samplers.tick();
  REQUIRE(*before.memory_rss_bytes > file_size);
  const bool is_taken = eventually([&] {
    group.reclaim();
    return *in_full.tick().memory_rss_bytes < *before.memory_rss_bytes - mebibyte;
  });
  REQUIRE(is_taken);
  CHECK(samplers.tick().cpu_time_ns == before.cpu_time_ns);
  CHECK(eventually([&] { return are_equal(samplers.tick(), in_full.tick()); }));
}

TEST_CASE("descriptors and threads of a process that has not run stand", "[sampler]") {
  const auto budget = GENERATE(std::optional<std::size_t>{}, std::optional<std::size_t>{0});
  const Pipe never_written;
  const Child child = fork_child(
      [] {
        for (;;) ::pause();
      },
      fork_plainly<CLONE_FILES>);
  REQUIRE(comes_to_rest(child.pid()));
  ManySamplers samplers(child.pid(), 1h, budget);
  for (int i = 0; i < 3; ++i) static_cast<void>(samplers.tick());
  // Repeated, because a process read by path is read in full if anything on the machine was
  // reclaimed meanwhile.
  CHECK(eventually([&] {
    const ProcessReading before = samplers.tick();
    const Pipe opened;
    const ProcessReading in_full = ManySamplers(child.pid(), 0ns, budget).tick();
    return are_equal(samplers.tick(), before) && in_full.num_fds != before.num_fds;
  }));
}

TEST_CASE("read twice within a tick, a process is read in full", "[sampler]") {
  const TempDirectory folder;
  const int file = new_file(folder.path() / "mapped");
  const FileHolder holder(file);
  SamplingContext context;
  std::error_code error;
  auto sampler = ProcessSampler::open(context, holder.pid(), error);
  REQUIRE(sampler);
  ProcessReading before;
  for (int i = 0; i < 2; ++i) REQUIRE(sampler->read(before) == ReadStatus::ok);
  checked(::ftruncate(file, 0), "ftruncate");
  ::close(file);
  ProcessReading after;
  REQUIRE(sampler->read(after) == ReadStatus::ok);
  CHECK(after.cpu_time_ns == before.cpu_time_ns);
  CHECK(*after.memory_rss_bytes < *before.memory_rss_bytes - 8 * mebibyte);
}

namespace {

/// Changes this process in one way for each byte received, and answers with a byte.
[[noreturn]] void change_on_demand(int orders, int answers) {
  std::array<void*, 4> blocks{};
  std::vector<int> opened;
  for (char order = 0; ::read(orders, &order, 1) == 1;) {
    const std::size_t which = static_cast<unsigned char>(order) % blocks.size();
    void*& block = blocks[which];
    const std::size_t size = mebibyte * (1 + which);
    if (block == nullptr && order % 3 != 0) {
      block = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      std::fill_n(static_cast<char*>(block), size / 2, order);
    } else if (block != nullptr && order % 3 != 1) {
      ::madvise(block, size / 4, MADV_PAGEOUT);
      ::munmap(block, size);
      block = nullptr;
    } else if (order % 5 < 3 || opened.empty()) {
      opened.push_back(::dup(orders));
    } else {
      ::close(opened.back());
      opened.pop_back();
    }
    if (::write(answers, &order, 1) != 1) break;
  }
  ::_exit(0);
}

}  // namespace

TEST_CASE("over a storm of changes the figures are those of a reading in full", "[sampler]") {
  const Pipe orders;
  const Pipe answers;
  const Child child = fork_child([&] { change_on_demand(orders.reader(), answers.writer()); });
  ManySamplers samplers(child.pid(), 1h);
  ManySamplers in_full(child.pid(), 0ns);
  std::minstd_rand random(1);
  for (int round = 0; round < 300; ++round) {
    CAPTURE(round);
    if (random() % 3 != 0) {
      const char order = static_cast<char>(random() % 128);
      REQUIRE(::write(orders.writer(), &order, 1) == 1);
      REQUIRE(answers.read_up_to(std::string(1, order)) == std::string(1, order));
    }
    ProcessReading ours;
    ProcessReading full;
    const bool is_at_rest = eventually([&] {
      ours = samplers.tick();
      full = in_full.tick();
      return ours.cpu_time_ns == full.cpu_time_ns;
    });
    REQUIRE(is_at_rest);
    REQUIRE(are_equal(ours, full));
  }
}
