#include "lib/platform/linux/births.hpp"

#include "lib/platform/linux/proc_directory.hpp"
#include "lib/platform/linux/proc_text.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <fcntl.h>
#include <new>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <time.h>
#include <unistd.h>
#include <utility>

namespace provisr::linux_platform {
namespace {

/// With more ids than this at once, a scan of all processes costs hardly more.
constexpr ProcessId max_ids = 8192;
/// After this many ids all processes are scanned. The scan finds processes that got an id out of
/// turn (clone3 with set_tid, ns_last_pid).
constexpr std::uint32_t ids_between_scans = 32'768;
/// Memory for this many births, and for as many ids as usually have to be looked up again, is
/// reserved at the start, so that usual ticks allocate nothing.
constexpr std::size_t usual_births = 1024;
constexpr std::size_t usual_unresolved = 4096;
/// Number of ids below the newest that may belong to processes that a scan finds incomplete.
constexpr ProcessId incomplete_ids = 64;
constexpr ProcessId first_process = 1;
/// On a busy machine, a process may be seen only this long after it got its id.
constexpr std::chrono::milliseconds max_birth_time{100};
/// With more ids than this to look up again, all processes are scanned.
constexpr std::size_t max_unresolved = 16'384;

[[nodiscard]] std::chrono::nanoseconds time_since_boot() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

Births::Births(int proc_root, bool has_own_pids, IsProcess is_process)
    : proc_root_(proc_root),
      has_own_pids_(has_own_pids),
      is_process_(is_process),
      own_pid_(::getpid()) {
  known_.reserve(usual_births);
  unresolved_.reserve(usual_unresolved);
  looked_at_again_.reserve(usual_unresolved);
  if (!has_own_pids) return;
  open_newest_id();
  newest_ = newest_id().value_or(0);
  tick_begin_ = newest_;
  needs_scan_ = newest_ == 0;
}

void Births::open_newest_id() noexcept {
  newest_id_ = open_readable(proc_root_, "sys/kernel/ns_last_pid");
  if (!newest_id_) newest_id_ = open_readable(proc_root_, "loadavg");
}

bool Births::has_cpu_clock(ProcessId id) noexcept {
  clockid_t clock{};
  return ::clock_getcpuclockid(id, &clock) == 0;
}

std::span<const Descent> Births::look() noexcept {
  try {
    is_first_of_tick_ = begins_tick_;
    first_found_ = begins_tick_ ? 0 : known_.size();
    if (begins_tick_) begin_new_tick();
    find_new();
    return std::span<const Descent>(known_).subspan(first_found_);
  } catch (const std::bad_alloc&) {
    recount();
    has_unread_ = true;
    return {};
  }
}

std::span<const Descent> Births::candidates(ProcessId ancestor) noexcept {
  const bool is_new =
      has_own_pids_ && !has_passed_older_ && ancestor > tick_begin_ && ancestor <= newest_;
  if (!is_new && !knows_all_) {
    const bool is_due_anyway = std::exchange(needs_scan_, true);
    static_cast<void>(look());
    needs_scan_ |= is_due_anyway;  // who asked for a recount did so for new_processes()
  }
  return known_;
}

void Births::begin_new_tick() {
  known_.clear();
  knows_all_ = false;
  begins_tick_ = false;
  tick_begin_ = newest_;
  newest_known_at_ = std::exchange(looked_in_tick_at_, tick_at_);
  has_passed_older_ = false;
  oldest_start_.reset();
  missed_some_ = std::exchange(missed_some_in_tick_, false);
  has_unread_ = false;
  if (!has_own_pids_) {
    recount();
  } else if (!newest_id_) {
    open_newest_id();  // descriptors may have been short
  }
  look_again();
}

void Births::find_new() {
  const auto newest = newest_id();
  if (!newest && knows_all_) return;
  if (needs_scan_ || !newest || !can_follow(*newest)) return scan();
  follow_up_to(*newest);
}

bool Births::can_follow(ProcessId newest) const noexcept {
  return newest >= newest_ && newest - newest_ <= max_ids && ids_since_scan_ < ids_between_scans;
}

void Births::follow_up_to(ProcessId newest) {
  while (newest_ < newest) {
    const ProcessId id = newest_ + 1;
    if (find(id) == Finding::process) {
      has_passed_older_ |= known_started_at_ < clock_ticks_at(oldest_start_, newest_known_at_);
    } else {
      keep_for_later({id, tick_at_});
      note_missed();
    }
    newest_ = id;
    ++ids_since_scan_;
  }
}

void Births::look_again() {
  looked_at_again_.swap(unresolved_);
  unresolved_.clear();
  for (const Unresolved& unresolved : looked_at_again_) {
    const Finding finding = find(unresolved.id);
    if (finding == Finding::process) continue;
    const bool may_come = tick_at_ - unresolved.since < max_birth_time;
    if (may_come || finding == Finding::unread) keep_for_later(unresolved);
    note_missed();
  }
}

/// If no process has the id, a thread may have it.
Births::Finding Births::find(ProcessId id) {
  if (!is_process_(id)) return Finding::nobody;
  const auto descent = read_descent(id);
  if (descent) {
    known_.push_back(*descent);
    return Finding::process;
  }
  if (!says_shortage(errno)) return Finding::nobody;
  has_unread_ = true;
  return Finding::unread;
}

/// Recounts all processes instead if there are too many ids to keep.
void Births::keep_for_later(const Unresolved& unresolved) {
  if (unresolved_.size() < max_unresolved) {
    unresolved_.push_back(unresolved);
  } else {
    recount();
  }
}

/// If descriptors or memory are short, the next look lists all processes.
std::optional<Descent> Births::descent_of(ProcessId pid) noexcept {
  const auto descent = read_descent(pid);
  if (!descent && says_shortage(errno)) {
    has_unread_ = true;
    recount();
  }
  return descent;
}

/// Sets errno if it returns nothing.
std::optional<Descent> Births::read_descent(ProcessId pid) noexcept {
  char buffer[1024];
  const FileDescriptor file = open_readable(proc_root_, ProcPath(pid, "stat").c_str());
  const auto text = file ? read_start(file.get(), buffer) : std::nullopt;
  if (!text) return std::nullopt;
  const auto stat = parse_stat(*text);
  errno = EBADMSG;
  if (!stat) return std::nullopt;
  const bool may_be_adopted = stat->parent_pid == first_process || stat->parent_pid == own_pid_;
  Descent descent{pid, stat->parent_pid, may_be_adopted ? stat->process_group : 0};
  descent.leads_group = stat->leads_group(pid);
  known_started_at_ = stat->start_clock_ticks;
  descent.is_newborn = known_started_at_ >= clock_ticks_at(newborn_from_, newborn_since_);
  descent.is_kernel_thread = stat->is_kernel_thread();
  struct stat status;
  if (!stat->is_being_collected() && read_status(file.get(), status)) {
    descent.incarnation = status.st_ino;
    descent.children_cpu_ns = stat->children_clock_ticks * clock_tick_ns();
  }
  return descent;
}

/// Returns the moment in clock ticks of the system, as in `stat`; from `known` if that is set.
std::uint64_t Births::clock_ticks_at(std::optional<std::uint64_t>& known,
                                     TimePoint moment) noexcept {
  if (!known) {
    const auto boot_age = time_since_boot() - (std::chrono::steady_clock::now() - moment);
    known =
        static_cast<std::uint64_t>(std::max<std::int64_t>(boot_age.count(), 0)) / clock_tick_ns();
  }
  return *known;
}

void Births::note_missed() noexcept {
  missed_some_ = true;
  missed_some_in_tick_ |= !is_first_of_tick_;
}

void Births::scan() {
  // Read before the scan: processes born during the scan are found later by their ids.
  const ProcessId newest = newest_id().value_or(0);
  known_.clear();
  knows_all_ = false;
  first_found_ = 0;
  unresolved_.clear();
  note_missed();
  const FileDescriptor directory(::openat(proc_root_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  needs_scan_ = has_unread_ = !(scan_directory(directory.get()) && renew_orphans());
  if (needs_scan_) return;
  for (ProcessId id = newest; id > 0 && id > newest - incomplete_ids; --id) {
    unresolved_.push_back({id, {}});  // most have ended: looked up once more only
  }
  newest_ = newest;
  ids_since_scan_ = 0;
  knows_all_ = true;
}

/// Returns false as soon as something cannot be read because descriptors or memory are short. So
/// the scan costs little while the shortage lasts.
bool Births::scan_directory(int directory) {
  if (directory < 0) return !says_shortage(errno);
  DirectoryReader reader(directory);
  while (const auto name = reader.next()) {
    const ProcessId id = id_of(*name);
    if (id <= 0) continue;
    if (const auto descent = read_descent(id)) {
      known_.push_back(*descent);
    } else if (says_shortage(errno)) {
      return false;
    }
  }
  return !reader.has_failed() || !says_shortage(errno);
}

/// Reads processes again whose parents have ended since: the system has given them other parents.
/// Returns false as scan_directory().
bool Births::renew_orphans() {
  std::ranges::sort(known_, {}, &Descent::pid);
  for (Descent& child : known_) {
    if (child.parent <= 0 || is_listed(child.parent)) continue;
    if (has_own_pids_ && is_process_(child.parent)) continue;  // this user may not see it
    if (const auto now = read_descent(child.pid)) {
      child = *now;
    } else if (says_shortage(errno)) {
      return false;
    }
  }
  return true;
}

/// `known_` must be sorted.
bool Births::is_listed(ProcessId pid) const noexcept {
  return std::ranges::binary_search(known_, pid, {}, &Descent::pid);
}

std::optional<ProcessId> Births::newest_id() const noexcept {
  if (!newest_id_) return std::nullopt;
  char buffer[128];
  const auto text = read_start(newest_id_.get(), buffer);
  return text ? parse_newest_id(*text) : std::nullopt;
}

}  // namespace provisr::linux_platform
