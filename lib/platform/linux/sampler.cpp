#include "lib/platform/linux/further_reader.hpp"
#include "lib/platform/linux/living_thread.hpp"
#include "lib/platform/linux/proc_directory.hpp"
#include "lib/platform/linux/proc_text.hpp"
#include "lib/platform/linux/sampling_context.hpp"
#include "lib/platform/posix/file_descriptor.hpp"

#include <provisr/detail/prefetch.hpp>
#include <provisr/sampler.hpp>

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <memory>
#include <new>
#include <optional>
#include <sys/stat.h>
#include <time.h>
#include <utility>

namespace provisr {

using namespace linux_platform;

namespace {

constexpr std::size_t descriptors_per_process = 3;

/// The latest reading of a process, valid while the process is idle.
struct IdleReading {
  ProcessReading reading;
  std::uint64_t tick = 0;
  std::uint64_t reclaim_generation = 0;
  std::chrono::steady_clock::time_point in_full_at;
  std::chrono::steady_clock::time_point memory_at;
};

[[nodiscard]] Figure<std::uint64_t> read_cpu_clock(clockid_t clock) noexcept {
  timespec time{};
  if (::clock_gettime(clock, &time) != 0) return {};
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(time.tv_nsec);
}

/// Returns `vanished` if the errno of a failed read means that the process has ended. Any other
/// error, such as a lack of descriptors or memory, leaves all figures unknown.
[[nodiscard]] ReadStatus status_of_failed_read(ProcessReading& reading) noexcept {
  const int error = errno;
  reading.clear();
  if (says_no_such_process(error)) return ReadStatus::vanished;
  reading.num_fds_error = process_error(error);
  return ReadStatus::ok;
}

/// Returns `parsed`; sets errno if it is empty, as a failed system call does.
template <class T>
[[nodiscard]] std::optional<T> well_formed(std::optional<T> parsed) noexcept {
  if (!parsed) errno = EBADMSG;
  return parsed;
}

[[nodiscard]] std::optional<Statm> read_statm(int directory, const char* path) noexcept {
  char buffer[128];
  const auto text = read_file(directory, path, buffer);
  return text ? well_formed(parse_statm(*text)) : std::nullopt;
}

/// Returns the number of threads; unknown if none is left. The links of `task` are its name, its
/// "." and one per thread.
[[nodiscard]] Figure<std::uint32_t> thread_count(const struct stat& task) noexcept {
  if (task.st_nlink <= 2) return {};
  return static_cast<std::uint32_t>(task.st_nlink - 2);
}

/// Returns whether the process of a `task` directory has not been reaped yet.
[[nodiscard]] bool is_there(int task) noexcept {
  struct stat threads;
  return read_status(task, threads) && thread_count(threads).has_value();
}

}  // namespace

/// A process is read in one of three ways.
/// - By kept descriptors: procfs answers ESRCH on them once the process is gone. Therefore, figures
///   that were read by number before a successful read of `statm` are of the same process.
/// - By number, if descriptors are short: procfs gives a process's `task` directory an inode of its
///   own and keeps it as long as memory allows. If the inode is the same as before, the PID was not
///   reused while the figures were read (proc_pid_make_inode, pid_revalidate in fs/proc/base.c).
/// - By directory, if the inode differs or the proc root is of another PID namespace: the start
///   time in `stat` shows whether it is still the same process.
struct ProcessSampler::State {
  State(SamplingContext::State& shared, ProcessId process) noexcept
      : context(shared), pid(process) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (statm) context.kept_descriptors -= descriptors_per_process;
  }

  [[nodiscard]] std::error_code open();
  [[nodiscard]] bool is_thread() const noexcept;
  [[nodiscard]] bool try_keep();
  [[nodiscard]] ReadStatus read(ProcessReading& reading) noexcept;
  [[nodiscard]] bool read_idle(ProcessReading& reading) noexcept;
  [[nodiscard]] bool has_idled(Figure<std::uint64_t> cpu_time_ns) const noexcept;
  [[nodiscard]] bool renew_idle_memory() noexcept;
  [[nodiscard]] ReadStatus read_in_full(ProcessReading& reading) noexcept;
  [[nodiscard]] ReadStatus read_figures(ProcessReading& reading) noexcept;
  [[nodiscard]] ReadStatus read_further(ProcessReading& reading) noexcept;
  [[nodiscard]] ReadStatus read_further_counters(ProcessReading& reading) noexcept;
  [[nodiscard]] ReadStatus status_without_task(ProcessReading& reading) const noexcept;
  [[nodiscard]] bool may_have_run(const ProcessReading& reading) const noexcept;
  void note_read(const ProcessReading& reading) noexcept;
  [[nodiscard]] FurtherReader* further_reader() noexcept;
  [[nodiscard]] int own_task(FileDescriptor& opened) const noexcept;
  [[nodiscard]] ReadStatus read_family(FamilyReading& reading) const noexcept;
  [[nodiscard]] bool is_certainly(const Descent& found) const noexcept;
  [[nodiscard]] ReadStatus read_counters(ProcessReading& reading) noexcept;
  [[nodiscard]] ReadStatus read_cpu_time(ProcessReading& reading) noexcept;
  [[nodiscard]] bool is_still_there() const noexcept;
  [[nodiscard]] ReadStatus read_kept(ProcessReading& reading) const noexcept;
  [[nodiscard]] ReadStatus read_by_path(ProcessReading& reading) noexcept;
  [[nodiscard]] std::optional<ino_t> read_by_number(ProcessReading& reading) const noexcept;
  [[nodiscard]] ReadStatus read_by_directory(ProcessReading& reading) const noexcept;
  void apply(const Statm& memory, ProcessReading& reading) const noexcept;
  [[nodiscard]] ReadStatus read_without_memory(ProcessReading& reading) const noexcept;
  void read_by_thread(int task_directory, ProcessReading& reading) const noexcept;
  [[nodiscard]] bool may_be_swapped() const noexcept;
  void read_own_swap(ProcessReading& reading) const noexcept;
  static void read_swap(int process_directory, const char* path, ProcessReading& reading) noexcept;
  void read_fds(int directory, const char* path, ProcessReading& reading) const noexcept;
  [[nodiscard]] std::optional<Statm> read_kept_statm() const noexcept;
  [[nodiscard]] std::optional<Stat> read_stat(int directory, const char* path) const noexcept;

  SamplingContext::State& context;
  ProcessId pid;
  std::optional<clockid_t> cpu_clock;
  std::uint64_t start_clock_ticks = 0;  ///< of a process read by path
  std::optional<ino_t> task_inode;      ///< of a process read by number; empty until first seen
  FileDescriptor statm;  ///< of a process read by kept descriptors, like the next two
  FileDescriptor task;
  FileDescriptor fd;
  std::optional<IdleReading> idle;
  std::unique_ptr<FurtherReader> further;  ///< created when something is requested
  Figure<std::uint64_t> further_at_ns;     ///< the CPU time when further figures were read
  FurtherFigures further_then;
};

std::error_code ProcessSampler::State::open() {
  if (!context.proc_root && !context.open_proc_root()) return context.proc_root_error;
  if (pid <= 0) return std::make_error_code(std::errc::no_such_process);
  if (context.has_own_pids) {
    clockid_t clock{};
    const int failure = ::clock_getcpuclockid(pid, &clock);
    if (failure == ESRCH) return process_error(failure);  // also for the id of a thread
    if (failure == 0) cpu_clock = clock;
  }
  if (cpu_clock && try_keep()) return {};
  const auto stat = read_stat(context.proc_root.get(), ProcPath(pid, "stat").c_str());
  if (!stat) return process_error(errno);
  if (!cpu_clock && is_thread()) return process_error(ESRCH);
  start_clock_ticks = stat->start_clock_ticks;
  return {};
}

/// Returns whether the id is that of a further thread of a process. procfs does not list such ids,
/// but opens them.
bool ProcessSampler::State::is_thread() const noexcept {
  char buffer[status_buffer_size];
  const auto text = read_file(context.proc_root.get(), ProcPath(pid, "status").c_str(), buffer);
  const auto process = text ? parse_number(*text, "Tgid") : std::nullopt;
  return process && *process != static_cast<std::uint64_t>(pid);
}

/// Opens all three below the directory of one process, which `task` leads to.
bool ProcessSampler::State::try_keep() {
  if (context.kept_descriptors + descriptors_per_process > context.descriptor_budget) return false;
  FileDescriptor opened_task = open_handle(context.proc_root.get(), ProcPath(pid, "task").c_str());
  if (!opened_task) return false;
  FileDescriptor opened_fd = open_handle(opened_task.get(), "../fd");
  FileDescriptor opened_statm = open_readable(opened_task.get(), "../statm");
  if (!opened_fd || !opened_statm) return false;
  task = std::move(opened_task);
  fd = std::move(opened_fd);
  statm = std::move(opened_statm);
  context.kept_descriptors += descriptors_per_process;
  return true;
}

ReadStatus ProcessSampler::State::read(ProcessReading& reading) noexcept {
  const ReadStatus status = read_figures(reading);
  if (status != ReadStatus::ok || reading.more.asked.empty()) return status;
  return read_further(reading);
}

ReadStatus ProcessSampler::State::read_figures(ProcessReading& reading) noexcept {
  if (cpu_clock) reading.cpu_time_ns = read_cpu_clock(*cpu_clock);
  if (read_idle(reading)) return ReadStatus::ok;
  idle.reset();
  const std::uint64_t generation = context.reclaim.generation();
  const ReadStatus status = read_in_full(reading);
  const bool may_stand = cpu_clock && reading.cpu_time_ns.value_or(0) > 0 &&
                         reading.memory_rss_bytes && context.max_idle_age.count() > 0;
  if (status == ReadStatus::ok && may_stand) {
    idle.emplace(IdleReading{reading, context.tick, generation, context.tick_at, context.tick_at});
  }
  return status;
}

/// Returns the latest reading again if the process has not run since. Another process that got the
/// same PID meanwhile would be taken for it only if it had used the same time, to the nanosecond.
bool ProcessSampler::State::read_idle(ProcessReading& reading) noexcept {
  if (!idle || !has_idled(reading.cpu_time_ns)) return false;
  const bool memory_stands = context.reclaim.ask() == idle->reclaim_generation &&
                             context.tick_at - idle->memory_at < context.max_idle_age;
  if (!memory_stands && !renew_idle_memory()) return false;
  idle->tick = context.tick;
  const FurtherReadings more = reading.more;
  reading = idle->reading;
  reading.more = more;
  return true;
}

bool ProcessSampler::State::has_idled(Figure<std::uint64_t> cpu_time_ns) const noexcept {
  return cpu_time_ns == idle->reading.cpu_time_ns && context.tick != idle->tick &&
         context.tick_at - idle->in_full_at < context.max_idle_age * idle_ages_until_full_reading;
}

bool ProcessSampler::State::renew_idle_memory() noexcept {
  if (!statm) return false;
  idle->reclaim_generation = context.reclaim.generation();
  idle->memory_at = context.tick_at;
  read_own_swap(idle->reading);
  const auto memory = read_kept_statm();
  if (!memory || memory->size_pages == 0) return false;
  apply(*memory, idle->reading);
  return true;
}

/// Reads the further figures. Skips counters and the peak if the process has not run.
ReadStatus ProcessSampler::State::read_further(ProcessReading& reading) noexcept {
  FurtherReader* const reader = further_reader();
  if (reader == nullptr) return ReadStatus::ok;
  const FurtherFigures asked = reading.more.asked;
  const bool has_idled = idle && idle->tick == context.tick && idle->in_full_at != context.tick_at;
  const bool reads_usage = !has_idled || may_have_run(reading);
  const bool is_due = reader->is_due(asked, context.tick_at, context.min_pss_interval);
  if (reads_usage || is_due) {
    FileDescriptor opened;
    const int directory = own_task(opened);
    if (directory < 0) return status_without_task(reading);
    if (reads_usage) {
      note_read(reading);
      reader->read_usage(directory, asked);
    }
    if (is_due) reader->read_periodic(directory, asked, context.tick_at, context.pss);
    if (!reader->knows_counters(asked) && !is_there(directory)) {
      return status_without_task(reading);
    }
  }
  reader->show(reading.more);
  return ReadStatus::ok;
}

/// Returns `vanished` if the process has ended, `ok` if only further figures cannot be read.
ReadStatus ProcessSampler::State::status_without_task(ProcessReading& reading) const noexcept {
  FamilyReading family;
  const ReadStatus status = read_family(family);
  if (status == ReadStatus::vanished) reading.clear();
  return status;
}

ReadStatus ProcessSampler::State::read_further_counters(ProcessReading& reading) noexcept {
  FurtherReader* const reader = further_reader();
  if (reader == nullptr) return ReadStatus::ok;
  if (may_have_run(reading)) {
    FileDescriptor opened;
    const int directory = own_task(opened);
    if (directory < 0) return status_without_task(reading);
    note_read(reading);
    reader->read_counters(directory, reading.more.asked);
  }
  reader->show(reading.more);
  return ReadStatus::ok;
}

/// Returns whether the process may have run since the requested further figures were read. Only a
/// clock in nanoseconds can exclude this; a clock in steps of 10 ms cannot.
bool ProcessSampler::State::may_have_run(const ProcessReading& reading) const noexcept {
  const Figure<std::uint64_t> now = reading.cpu_time_ns;
  const bool is_the_same = cpu_clock && now && now == further_at_ns;
  return !is_the_same || *now == 0 || !(reading.more.asked - further_then).empty();
}

/// Records which figures were read at this CPU time. Readings may request different figures at the
/// same CPU time, or the same figures at a later one.
void ProcessSampler::State::note_read(const ProcessReading& reading) noexcept {
  if (std::exchange(further_at_ns, reading.cpu_time_ns) != reading.cpu_time_ns) further_then = {};
  further_then |= reading.more.asked;
}

/// Returns null if memory is short.
FurtherReader* ProcessSampler::State::further_reader() noexcept {
  if (!further) further.reset(new (std::nothrow) FurtherReader);
  return further.get();
}

/// Returns the `task` directory of this process, opened if not kept; -1 with errno set on failure.
int ProcessSampler::State::own_task(FileDescriptor& opened) const noexcept {
  if (statm) return task.get();
  opened = open_handle(context.proc_root.get(), ProcPath(pid, "task").c_str());
  if (!opened) return -1;
  const auto stat = read_stat(opened.get(), "../stat");
  if (!stat) return -1;
  errno = ESRCH;
  return stat->start_clock_ticks == start_clock_ticks ? opened.get() : -1;
}

ReadStatus ProcessSampler::State::read_in_full(ProcessReading& reading) noexcept {
  return statm ? read_kept(reading) : read_by_path(reading);
}

ReadStatus ProcessSampler::State::read_kept(ProcessReading& reading) const noexcept {
  read_own_swap(reading);
  const auto memory = read_kept_statm();
  if (!memory) return status_of_failed_read(reading);
  if (memory->size_pages == 0) {
    const ReadStatus status = read_without_memory(reading);
    return read_kept_statm() ? status : status_of_failed_read(reading);
  }
  apply(*memory, reading);
  struct stat threads;
  if (read_status(task.get(), threads)) reading.num_threads = thread_count(threads);
  read_fds(fd.get(), nullptr, reading);
  return ReadStatus::ok;
}

ReadStatus ProcessSampler::State::read_by_path(ProcessReading& reading) noexcept {
  const std::optional<ino_t> inode = cpu_clock ? read_by_number(reading) : std::nullopt;
  if (inode && inode == task_inode) return ReadStatus::ok;
  reading.clear();
  const ReadStatus status = read_by_directory(reading);
  const bool is_same_process = status == ReadStatus::ok && reading.num_threads.has_value();
  if (is_same_process) task_inode = inode;
  return status;
}

ReadStatus ProcessSampler::State::read_counters(ProcessReading& reading) noexcept {
  const ReadStatus status = read_cpu_time(reading);
  const bool wants_more = reading.more.asks_for(further_counters<figures>);
  return status == ReadStatus::ok && wants_more ? read_further_counters(reading) : status;
}

ReadStatus ProcessSampler::State::read_cpu_time(ProcessReading& reading) noexcept {
  const bool has_quick_way = cpu_clock && (statm || task_inode);
  if (!has_quick_way) return read_by_path(reading);
  reading.cpu_time_ns = read_cpu_clock(*cpu_clock);
  if (is_still_there()) return ReadStatus::ok;
  reading.clear();
  return ReadStatus::vanished;
}

/// Returns whether the process still exists. A zombie does: no other process has its PID.
bool ProcessSampler::State::is_still_there() const noexcept {
  if (statm) return is_there(task.get());
  struct stat threads;
  const int root = context.proc_root.get();
  return ::fstatat(root, ProcPath(pid, "task").c_str(), &threads, 0) == 0 &&
         task_inode == threads.st_ino;
}

/// Reads the process that has the PID now, and returns the inode of its `task` directory, read
/// last; empty if the caller must fall back to `read_by_directory`.
std::optional<ino_t> ProcessSampler::State::read_by_number(ProcessReading& reading) const noexcept {
  const int root = context.proc_root.get();
  read_own_swap(reading);
  const auto memory = read_statm(root, ProcPath(pid, "statm").c_str());
  if (!memory || memory->size_pages == 0) return std::nullopt;
  apply(*memory, reading);
  read_fds(root, ProcPath(pid, "fd").c_str(), reading);
  struct stat threads;
  if (::fstatat(root, ProcPath(pid, "task").c_str(), &threads, 0) != 0) return std::nullopt;
  reading.num_threads = thread_count(threads);
  return threads.st_ino;
}

void ProcessSampler::State::apply(const Statm& memory, ProcessReading& reading) const noexcept {
  reading.memory_vms_bytes = memory.size_pages * context.page_bytes;
  reading.memory_rss_bytes = memory.resident_pages * context.page_bytes;
}

/// Reads a process whose first thread has no memory: a zombie, a kernel thread, or a process whose
/// first thread has ended before the others. Reads by number; the caller checks that the PID was
/// not reused.
ReadStatus ProcessSampler::State::read_without_memory(ProcessReading& reading) const noexcept {
  const auto stat = read_stat(context.proc_root.get(), ProcPath(pid, "stat").c_str());
  if (!stat) return status_of_failed_read(reading);
  if (stat->has_ended()) return ReadStatus::vanished;
  reading.memory_swap_bytes = {};
  reading.num_threads = stat->num_threads;
  if (stat->leader_has_ended()) {
    read_by_thread(task.get(), reading);
  } else {
    read_fds(context.proc_root.get(), ProcPath(pid, "fd").c_str(), reading);
  }
  return ReadStatus::ok;
}

/// Reads what all threads share, after the first one has ended.
void ProcessSampler::State::read_by_thread(int task_directory,
                                           ProcessReading& reading) const noexcept {
  const auto thread = find_living_thread(task_directory);
  if (!thread) return;
  apply(thread->memory, reading);
  if (may_be_swapped()) {
    read_swap(task_directory, ProcPath(thread->id, "status").c_str(), reading);
  } else {
    reading.memory_swap_bytes = 0;
  }
  read_fds(task_directory, ProcPath(thread->id, "fd").c_str(), reading);
}

ReadStatus ProcessSampler::State::read_by_directory(ProcessReading& reading) const noexcept {
  const FileDescriptor directory = open_handle(context.proc_root.get(), ProcPath(pid).c_str());
  if (!directory) return status_of_failed_read(reading);
  if (cpu_clock) reading.cpu_time_ns = read_cpu_clock(*cpu_clock);
  const auto stat = read_stat(directory.get(), "stat");
  if (!stat) return status_of_failed_read(reading);
  if (stat->has_ended() || stat->start_clock_ticks != start_clock_ticks) {
    return ReadStatus::vanished;
  }
  if (!cpu_clock) reading.cpu_time_ns = stat->cpu_clock_ticks * clock_tick_ns();
  reading.num_threads = stat->num_threads;
  if (stat->size_bytes > 0) {
    // `stat` also contains the resident pages, but without what each CPU has not yet added to the
    // total: many megabytes on a large machine. `statm` is exact since Linux 6.17.
    const auto memory = read_statm(directory.get(), "statm");
    const Statm of_stat{stat->size_bytes / context.page_bytes, stat->resident_pages};
    apply(memory && memory->size_pages > 0 ? *memory : of_stat, reading);
    if (may_be_swapped()) {
      read_swap(directory.get(), "status", reading);
    } else {
      reading.memory_swap_bytes = 0;
    }
  }
  if (stat->leader_has_ended()) {
    read_by_thread(open_handle(directory.get(), "task").get(), reading);
  } else {
    read_fds(directory.get(), "fd", reading);
  }
  return ReadStatus::ok;
}

/// Returns false if the system of these processes uses no swap.
bool ProcessSampler::State::may_be_swapped() const noexcept {
  return !context.has_own_pids || context.swap.is_used();
}

/// Reads by number.
void ProcessSampler::State::read_own_swap(ProcessReading& reading) const noexcept {
  if (may_be_swapped()) {
    read_swap(context.proc_root.get(), ProcPath(pid, "status").c_str(), reading);
  } else {
    reading.memory_swap_bytes = 0;
  }
}

void ProcessSampler::State::read_swap(int directory, const char* path,
                                      ProcessReading& reading) noexcept {
  char buffer[status_buffer_size];
  const auto text = read_file(directory, path, buffer);
  if (!text) return;
  if (const auto bytes = parse_status_bytes(*text, "VmSwap")) reading.memory_swap_bytes = *bytes;
}

/// `directory` is the fd directory itself if `path` is null.
void ProcessSampler::State::read_fds(int directory, const char* path,
                                     ProcessReading& reading) const noexcept {
  if (context.has_fd_count_by_size) {
    struct stat status;
    const bool is_read = path == nullptr ? read_status(directory, status)
                                         : ::fstatat(directory, path, &status, 0) == 0;
    if (is_read) {
      reading.num_fds = static_cast<std::uint32_t>(status.st_size);
      return;
    }
  } else if (const auto count = count_entries(directory, path == nullptr ? "." : path)) {
    reading.num_fds = *count;
    return;
  }
  if (!says_no_such_process(errno)) reading.num_fds_error = process_error(errno);
}

ReadStatus ProcessSampler::State::read_family(FamilyReading& reading) const noexcept {
  // A kept descriptor always leads to the right process; a number only if the start time matches.
  const auto stat = statm ? read_stat(task.get(), "../stat")
                          : read_stat(context.proc_root.get(), ProcPath(pid, "stat").c_str());
  if (!stat) {
    reading.is_unread = says_shortage(errno);
    return says_no_such_process(errno) ? ReadStatus::vanished : ReadStatus::ok;
  }
  if (!statm && stat->start_clock_ticks != start_clock_ticks) return ReadStatus::vanished;
  reading.parent = stat->parent_pid;
  reading.is_being_collected = stat->is_being_collected();
  reading.leads_group = stat->leads_group(pid);
  reading.is_kernel_thread = stat->is_kernel_thread();
  reading.children_cpu_ns = stat->children_clock_ticks * clock_tick_ns();
  constexpr std::size_t faults = further_slot<figures>("major_faults");
  if (reading.children.asks_for(faults)) {
    reading.children.set(faults, stat->children_major_faults);
  }
  return ReadStatus::ok;
}

/// Returns false if it cannot be told.
bool ProcessSampler::State::is_certainly(const Descent& found) const noexcept {
  struct stat status;
  return statm && found.incarnation != 0 && ::fstatat(task.get(), "../stat", &status, 0) == 0 &&
         status.st_ino == found.incarnation;
}

std::optional<Statm> ProcessSampler::State::read_kept_statm() const noexcept {
  char buffer[128];
  const auto text = read_start(statm.get(), buffer);
  return text ? well_formed(parse_statm(*text)) : std::nullopt;
}

std::optional<Stat> ProcessSampler::State::read_stat(int directory,
                                                     const char* path) const noexcept {
  char buffer[1024];
  const auto text = read_file(directory, path, buffer);
  return text ? well_formed(parse_stat(*text)) : std::nullopt;
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

void ProcessSampler::prefetch() const noexcept {
  detail::prefetch_object(*state_);
}

ReadStatus ProcessSampler::read(ProcessReading& reading) noexcept {
  reading.clear();
  return state_->read(reading);
}

ReadStatus ProcessSampler::read_family(FamilyReading& reading) noexcept {
  reading.clear();
  return state_->read_family(reading);
}

ReadStatus ProcessSampler::read_family(FamilyReading& reading, const Descent& found) noexcept {
  if (!reading.children.asked.empty() || !state_->is_certainly(found)) return read_family(reading);
  reading.clear();
  reading.parent = found.parent;
  reading.leads_group = found.leads_group;
  reading.children_cpu_ns = found.children_cpu_ns;
  reading.is_kernel_thread = found.is_kernel_thread;
  return ReadStatus::ok;
}

ReadStatus ProcessSampler::read_counters(ProcessReading& reading) noexcept {
  reading.clear();
  return state_->read_counters(reading);
}

}  // namespace provisr
