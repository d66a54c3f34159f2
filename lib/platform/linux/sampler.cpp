#include "file_descriptor.hpp"
#include "proc_directory.hpp"
#include "proc_text.hpp"

#include <provisr/sampler.hpp>

#include <cerrno>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>
#include <utility>

namespace provisr {

using namespace linux_platform;

namespace {

constexpr std::size_t descriptors_per_process = 3;

[[nodiscard]] std::size_t default_descriptor_budget() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  return static_cast<std::size_t>(limit.rlim_cur) / 2;
}

/// Whether process ids under this proc root mean the same as in system calls of ours.
[[nodiscard]] bool is_own_pid_namespace(int proc_root) noexcept {
  char target[32];
  const ssize_t length = ::readlinkat(proc_root, "self", target, sizeof target);
  const ProcPath own(::getpid());
  return length > 0 && std::string_view(target, static_cast<std::size_t>(length)) == own.c_str();
}

/// Whether st_size of a `fd` directory is the number of descriptors, as it is since Linux 6.2
/// (proc_fd_getattr in fs/proc/fd.c). At least one, the proc root's, is open here.
[[nodiscard]] bool tells_fd_count_by_size(int proc_root) noexcept {
  struct stat status {};
  return ::fstatat(proc_root, "self/fd", &status, 0) == 0 && status.st_size > 0;
}

[[nodiscard]] bool system_uses_swap() noexcept {
  struct sysinfo info {};
  return ::sysinfo(&info) != 0 || info.freeswap < info.totalswap;
}

[[nodiscard]] Figure<std::uint64_t> read_cpu_clock(clockid_t clock) noexcept {
  timespec time{};
  if (::clock_gettime(clock, &time) != 0) return {};
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(time.tv_nsec);
}

/// What a failed read, by its errno, says of the process: that it has ended, or nothing, where
/// the system is short of descriptors or memory for a while.
[[nodiscard]] ReadStatus status_of_failed_read(ProcessReading& reading) noexcept {
  reading = {};
  return says_no_such_process(errno) ? ReadStatus::vanished : ReadStatus::ok;
}

}  // namespace

struct SamplingContext::State {
  explicit State(const SamplerOptions& options)
      : proc_root(open_handle(AT_FDCWD, options.proc_root.c_str())),
        has_own_pids(is_own_pid_namespace(proc_root.get())),
        has_fd_count_by_size(has_own_pids && tells_fd_count_by_size(proc_root.get())),
        descriptor_budget(options.max_kept_descriptors.value_or(default_descriptor_budget())) {}

  FileDescriptor proc_root;
  bool has_own_pids;
  bool has_fd_count_by_size;
  bool uses_swap = system_uses_swap();
  std::size_t descriptor_budget;
  std::size_t kept_descriptors = 0;
  std::uint64_t page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  std::uint64_t clock_tick_ns = 1'000'000'000U / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
};

SamplingContext::SamplingContext(SamplerOptions options)
    : state_(std::make_unique<State>(options)) {}
SamplingContext::~SamplingContext() = default;
SamplingContext::SamplingContext(SamplingContext&&) noexcept = default;
SamplingContext& SamplingContext::operator=(SamplingContext&&) noexcept = default;

void SamplingContext::begin_tick() noexcept {
  state_->uses_swap = system_uses_swap();
}

/// A process is read in one of two ways. With kept descriptors: procfs answers ESRCH on them once
/// the process is gone, so whatever else is read by number before a successful read of `statm` is
/// known to be of the same process. By path, where descriptors are short or the proc root is of
/// another PID namespace: the start time in `stat` tells whether it still is the same process.
struct ProcessSampler::State {
  State(SamplingContext::State& shared, ProcessId process) noexcept
      : context(shared), pid(process) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (statm) context.kept_descriptors -= descriptors_per_process;
  }

  [[nodiscard]] std::error_code open();
  [[nodiscard]] bool try_keep(int process_directory);
  [[nodiscard]] ReadStatus read(ProcessReading& reading) const noexcept;
  [[nodiscard]] ReadStatus read_kept(ProcessReading& reading) const noexcept;
  [[nodiscard]] ReadStatus read_by_path(ProcessReading& reading) const noexcept;
  [[nodiscard]] ReadStatus read_without_memory(ProcessReading& reading) const noexcept;
  void read_swap(int process_directory, const char* path, ProcessReading& reading) const noexcept;
  void read_kept_threads(ProcessReading& reading) const noexcept;
  void read_fds(int directory, const char* path, ProcessReading& reading) const noexcept;
  [[nodiscard]] std::uint64_t read_resident_pages(int process_directory,
                                                  const Stat& stat) const noexcept;
  [[nodiscard]] std::optional<Statm> read_kept_statm() const noexcept;
  [[nodiscard]] std::optional<Stat> read_stat(int directory, const char* path) const noexcept;

  SamplingContext::State& context;
  ProcessId pid;
  std::optional<clockid_t> cpu_clock;
  std::uint64_t start_clock_ticks = 0;  ///< of a process read by path
  FileDescriptor statm;                 ///< of a process read by kept descriptors, as the next two
  FileDescriptor task;
  FileDescriptor fd;
};

std::error_code ProcessSampler::State::open() {
  if (pid <= 0) return std::make_error_code(std::errc::no_such_process);
  const FileDescriptor directory = open_handle(context.proc_root.get(), ProcPath(pid).c_str());
  if (!directory) return process_error(errno);
  if (context.has_own_pids) {
    clockid_t clock{};
    if (::clock_getcpuclockid(static_cast<pid_t>(pid), &clock) == 0) cpu_clock = clock;
  }
  if (cpu_clock && try_keep(directory.get())) return {};
  const auto stat = read_stat(directory.get(), "stat");
  if (!stat) return process_error(errno);
  start_clock_ticks = stat->start_clock_ticks;
  return {};
}

bool ProcessSampler::State::try_keep(int process_directory) {
  if (context.kept_descriptors + descriptors_per_process > context.descriptor_budget) return false;
  FileDescriptor opened_task = open_handle(process_directory, "task");
  FileDescriptor opened_fd = open_handle(process_directory, "fd");
  FileDescriptor opened_statm = open_readable(process_directory, "statm");
  if (!opened_task || !opened_fd || !opened_statm) return false;
  task = std::move(opened_task);
  fd = std::move(opened_fd);
  statm = std::move(opened_statm);
  context.kept_descriptors += descriptors_per_process;
  return true;
}

ReadStatus ProcessSampler::State::read(ProcessReading& reading) const noexcept {
  return statm ? read_kept(reading) : read_by_path(reading);
}

ReadStatus ProcessSampler::State::read_kept(ProcessReading& reading) const noexcept {
  read_swap(context.proc_root.get(), ProcPath(pid, "status").c_str(), reading);
  reading.cpu_time_ns = read_cpu_clock(*cpu_clock);
  const auto memory = read_kept_statm();
  if (!memory) return status_of_failed_read(reading);
  if (memory->size_pages == 0) return read_without_memory(reading);
  reading.memory_vms_bytes = memory->size_pages * context.page_bytes;
  reading.memory_rss_bytes = memory->resident_pages * context.page_bytes;
  read_kept_threads(reading);
  read_fds(fd.get(), nullptr, reading);
  return ReadStatus::ok;
}

/// A zombie, or a process that has no memory of its own: a kernel thread, or one whose first
/// thread has ended before the others.
ReadStatus ProcessSampler::State::read_without_memory(ProcessReading& reading) const noexcept {
  const auto stat = read_stat(context.proc_root.get(), ProcPath(pid, "stat").c_str());
  if (!stat) return status_of_failed_read(reading);
  if (stat->has_ended()) return ReadStatus::vanished;
  if (!read_kept_statm()) return status_of_failed_read(reading);
  reading.memory_swap_bytes = {};
  reading.num_threads = stat->num_threads;
  if (!stat->leader_has_ended()) read_fds(fd.get(), nullptr, reading);
  return ReadStatus::ok;
}

ReadStatus ProcessSampler::State::read_by_path(ProcessReading& reading) const noexcept {
  const FileDescriptor directory = open_handle(context.proc_root.get(), ProcPath(pid).c_str());
  if (!directory) return status_of_failed_read(reading);
  if (cpu_clock) reading.cpu_time_ns = read_cpu_clock(*cpu_clock);
  const auto stat = read_stat(directory.get(), "stat");
  if (!stat) return status_of_failed_read(reading);
  if (stat->has_ended() || stat->start_clock_ticks != start_clock_ticks) {
    return ReadStatus::vanished;
  }
  if (!cpu_clock) reading.cpu_time_ns = stat->cpu_clock_ticks * context.clock_tick_ns;
  reading.num_threads = stat->num_threads;
  if (stat->size_bytes > 0) {
    reading.memory_vms_bytes = stat->size_bytes;
    reading.memory_rss_bytes = read_resident_pages(directory.get(), *stat) * context.page_bytes;
    read_swap(directory.get(), "status", reading);
  }
  if (!stat->leader_has_ended()) read_fds(directory.get(), "fd", reading);
  return ReadStatus::ok;
}

void ProcessSampler::State::read_swap(int directory, const char* path,
                                      ProcessReading& reading) const noexcept {
  if (context.has_own_pids && !context.uses_swap) {
    reading.memory_swap_bytes = 0;
    return;
  }
  char buffer[4096];
  const FileDescriptor status = open_readable(directory, path);
  const auto text = status ? read_start(status.get(), buffer) : std::nullopt;
  if (!text) return;
  if (const auto bytes = parse_status_bytes(*text, "VmSwap")) reading.memory_swap_bytes = *bytes;
}

void ProcessSampler::State::read_kept_threads(ProcessReading& reading) const noexcept {
  struct stat status {};
  // A directory's links: its name, its "." and, in `task`, one for each thread.
  if (::fstat(task.get(), &status) == 0 && status.st_nlink > 2) {
    reading.num_threads = static_cast<std::uint32_t>(status.st_nlink - 2);
  }
}

/// `directory` is the fd directory itself where `path` is null.
void ProcessSampler::State::read_fds(int directory, const char* path,
                                     ProcessReading& reading) const noexcept {
  if (context.has_fd_count_by_size) {
    struct stat status {};
    const int result =
        path == nullptr ? ::fstat(directory, &status) : ::fstatat(directory, path, &status, 0);
    if (result == 0) {
      reading.num_fds = static_cast<std::uint32_t>(status.st_size);
      return;
    }
  } else if (const auto count = count_entries(directory, path == nullptr ? "." : path)) {
    reading.num_fds = *count;
    return;
  }
  if (!says_no_such_process(errno)) reading.num_fds_error = process_error(errno);
}

/// `stat` gives the resident pages, too, but leaves out what each CPU has not yet added to the
/// total: many megabytes on a large machine. `statm` is exact since Linux 6.17.
std::uint64_t ProcessSampler::State::read_resident_pages(int process_directory,
                                                         const Stat& stat) const noexcept {
  char buffer[128];
  const FileDescriptor file = open_readable(process_directory, "statm");
  const auto text = file ? read_start(file.get(), buffer) : std::nullopt;
  const auto memory = text ? parse_statm(*text) : std::nullopt;
  return memory && memory->size_pages > 0 ? memory->resident_pages : stat.resident_pages;
}

std::optional<Statm> ProcessSampler::State::read_kept_statm() const noexcept {
  char buffer[128];
  const auto text = read_start(statm.get(), buffer);
  if (!text) return std::nullopt;
  errno = EBADMSG;
  return parse_statm(*text);
}

std::optional<Stat> ProcessSampler::State::read_stat(int directory,
                                                     const char* path) const noexcept {
  char buffer[1024];
  const FileDescriptor file = open_readable(directory, path);
  const auto text = file ? read_start(file.get(), buffer) : std::nullopt;
  if (!text) return std::nullopt;
  errno = EBADMSG;
  return parse_stat(*text);
}

std::optional<ProcessSampler> ProcessSampler::open(Context& context, ProcessId pid,
                                                   std::error_code& error) {
  auto state = std::make_unique<State>(context.state(), pid);
  error = state->open();
  if (error) return std::nullopt;
  return ProcessSampler(std::move(state));
}

ProcessSampler::ProcessSampler(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
ProcessSampler::~ProcessSampler() = default;
ProcessSampler::ProcessSampler(ProcessSampler&&) noexcept = default;
ProcessSampler& ProcessSampler::operator=(ProcessSampler&&) noexcept = default;

ReadStatus ProcessSampler::read(ProcessReading& reading) noexcept {
  reading = {};
  return state_->read(reading);
}

}  // namespace provisr
