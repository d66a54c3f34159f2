#include "daemon/platform/process_facts.hpp"

#include "daemon/platform/linux/cgroup_text.hpp"
#include "daemon/platform/posix/ancestors.hpp"
#include "daemon/platform/posix/user_names.hpp"
#include "lib/platform/linux/living_thread.hpp"
#include "lib/platform/linux/proc_directory.hpp"
#include "lib/platform/linux/proc_text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <climits>
#include <fcntl.h>
#include <string_view>
#include <system_error>
#include <time.h>
#include <unistd.h>
#include <utility>

namespace provisr::daemon {

using namespace linux_platform;

namespace {

constexpr std::size_t max_cgroup_bytes = 64 * 1024;

[[nodiscard]] std::chrono::nanoseconds reading_of(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

[[nodiscard]] std::optional<Stat> stat_in(int directory) {
  char buffer[1024];
  const FileDescriptor file = open_readable(directory, "stat");
  const auto text = file ? read_start(file.get(), buffer) : std::nullopt;
  return text ? parse_stat(*text) : std::nullopt;
}

/// Returns empty if the process has ended or is a kernel thread, which has no memory.
[[nodiscard]] std::optional<Stat> living_stat(int process) {
  const auto stat = stat_in(process);
  if (!stat || stat->has_ended()) return std::nullopt;
  if (stat->size_bytes == 0 && !stat->leader_has_ended()) return std::nullopt;
  return stat;
}

/// See ProcessFacts::orphan_of.
[[nodiscard]] ProcessId orphan_of(ProcessId pid, const Stat& stat) {
  const bool may_be_adopted = stat.parent_pid == 1 || stat.parent_pid == ::getpid();
  return may_be_adopted && stat.process_group != pid ? stat.process_group : 0;
}

/// Returns a live thread of a process whose first thread has ended. The first thread no longer
/// reports facts about the program.
[[nodiscard]] FileDescriptor living_thread(int process) {
  const FileDescriptor threads = open_handle(process, "task");
  const auto thread = threads ? find_living_thread(threads.get()) : std::nullopt;
  return thread ? open_handle(threads.get(), ProcPath(thread->id).c_str()) : FileDescriptor();
}

/// Reads the beginning of a file, even if the kernel returns little per read.
[[nodiscard]] std::optional<std::string> text_in(int process, const char* name, std::size_t most) {
  const FileDescriptor file = open_readable(process, name);
  if (!file) return std::nullopt;
  std::string text;
  std::array<char, 4096> buffer;
  while (text.size() < most) {
    const std::size_t wanted = std::min(buffer.size(), most - text.size());
    const auto part = read_at(file.get(), std::span(buffer).first(wanted), text.size());
    if (!part) return std::nullopt;
    if (part->empty()) break;
    text += *part;
  }
  return text;
}

/// Each argument ends with a null character. A process title written over them may end with many.
[[nodiscard]] std::optional<std::string> joined(std::string text) {
  const auto last = text.find_last_not_of('\0');
  if (last == std::string::npos) return std::nullopt;
  text.resize(last + 1);
  std::replace(text.begin(), text.end(), '\0', ' ');
  return text;
}

void remove_suffix(std::string& text, std::string_view suffix) {
  if (text.ends_with(suffix)) text.resize(text.size() - suffix.size());
}

/// Returns the second number of the line "Uid:", the effective user.
[[nodiscard]] std::optional<uid_t> effective_user(std::string_view status) {
  constexpr std::string_view key = "\nUid:\t";
  const std::size_t found = status.find(key);
  if (found == std::string_view::npos) return std::nullopt;
  status.remove_prefix(found + key.size());
  status.remove_prefix(std::min(status.find('\t'), status.size() - 1) + 1);
  uid_t user = 0;
  const auto [end, error] = std::from_chars(status.data(), status.data() + status.size(), user);
  return error == std::errc{} ? std::optional(user) : std::nullopt;
}

}  // namespace

FactSet supported_facts() noexcept {
  return {.unit = true, .cgroup = true, .exe = true, .args = true, .user = true};
}

struct FactReader::State {
  explicit State(std::string root) : root_path(std::move(root)) {}

  /// Returns the directory of the process; empty if there is none or descriptors are short.
  [[nodiscard]] FileDescriptor directory_of(ProcessId pid) {
    if (!proc_root) proc_root = open_handle(AT_FDCWD, root_path.c_str());
    FileDescriptor process;
    if (proc_root) process = open_handle(proc_root.get(), ProcPath(pid).c_str());
    if (!process) note_failure();
    return process;
  }

  /// Notes in `was_short` why a call has failed. Requires its errno.
  void note_failure() { was_short |= says_shortage(errno); }

  /// Returns what `read` returns and notes why if that is empty.
  template <class Read>
  [[nodiscard]] auto noting(const Read& read) {
    errno = 0;
    auto found = read();
    if (!found) note_failure();
    return found;
  }

  [[nodiscard]] std::optional<Stat> stat_of(int process) {
    return noting([&] { return living_stat(process); });
  }

  [[nodiscard]] std::optional<std::string> text_of(int process, const char* name,
                                                   std::size_t most) {
    return noting([&] { return text_in(process, name, most); });
  }

  [[nodiscard]] std::optional<std::string> exe_of(int process) {
    std::string path(PATH_MAX + 16, '\0');
    const ssize_t length = ::readlinkat(process, "exe", path.data(), path.size());
    if (length < 0) {
      was_refused |= errno == EACCES || errno == EPERM;
      note_failure();
      return std::nullopt;
    }
    path.resize(static_cast<std::size_t>(length));
    remove_suffix(path, " (deleted)");
    return path;
  }

  [[nodiscard]] std::optional<std::string> user_of(int process) {
    const auto status = text_of(process, "status", status_buffer_size);
    const auto user = status ? effective_user(*status) : std::nullopt;
    if (!user) return std::nullopt;
    const std::string* const name = users.of(*user);
    if (name == nullptr) was_short = true;
    return name == nullptr ? std::nullopt : std::optional(*name);
  }

  void add_cgroup(int process, ProcessFacts& facts) {
    const auto text = text_of(process, "cgroup", max_cgroup_bytes);
    const auto path = text ? systemd_cgroup_path(*text) : std::nullopt;
    if (!path) return;
    facts.cgroup = std::string(*path);
    remove_suffix(*facts.cgroup, " (deleted)");
    const auto unit = systemd_unit_of(*facts.cgroup);
    if (unit) facts.unit = std::string(*unit);
  }

  [[nodiscard]] std::optional<ProcessFacts> descent_of(ProcessId pid) {
    const FileDescriptor process = directory_of(pid);
    const auto stat = process ? stat_of(process.get()) : std::nullopt;
    if (!stat) return std::nullopt;
    return ProcessFacts{.key = {pid, stat->start_clock_ticks},
                        .parent = stat->parent_pid,
                        .orphan_of = orphan_of(pid, *stat)};
  }

  std::string root_path;
  FileDescriptor proc_root;  ///< empty until a descriptor was free
  UserNames users;
  bool was_refused = false;
  bool was_short = false;
};

FactReader::FactReader(const std::string& proc_root) : state_(std::make_unique<State>(proc_root)) {}
FactReader::~FactReader() = default;
FactReader::FactReader(FactReader&&) noexcept = default;
FactReader& FactReader::operator=(FactReader&&) noexcept = default;

void FactReader::begin_round() {
  state_->users.forget();
}

std::optional<ProcessFacts> FactReader::read(ProcessId pid, const FactSet& wanted) {
  state_->was_short = false;
  const FileDescriptor process = state_->directory_of(pid);
  const auto stat = process ? state_->stat_of(process.get()) : std::nullopt;
  if (!stat) return std::nullopt;
  const FileDescriptor thread = stat->leader_has_ended()
                                    ? state_->noting([&] { return living_thread(process.get()); })
                                    : FileDescriptor();
  const int source = thread ? thread.get() : process.get();
  ProcessFacts facts{.key = {pid, stat->start_clock_ticks},
                     .parent = stat->parent_pid,
                     .orphan_of = orphan_of(pid, *stat)};
  if (wanted.exe) facts.exe = state_->exe_of(source);
  if (wanted.args) {
    auto text = state_->text_of(source, "cmdline", max_args_bytes);
    if (text) facts.args = joined(std::move(*text));
  }
  if (wanted.user) facts.user = state_->user_of(source);
  if (wanted.unit || wanted.cgroup) state_->add_cgroup(source, facts);
  return facts;
}

std::vector<ProcessKey> FactReader::ancestors_of(const ProcessFacts& process) {
  return ancestors_by([this](ProcessId pid) { return state_->descent_of(pid); }, process);
}

bool FactReader::was_short() const noexcept {
  return state_->was_short;
}

bool FactReader::was_refused() const noexcept {
  return state_->was_refused;
}

/// Each PID namespace has a process 1; if it is not visible, others are hidden.
bool FactReader::hides_others() const {
  if (!state_->proc_root) return false;
  const FileDescriptor first = open_readable(state_->proc_root.get(), ProcPath(1, "stat").c_str());
  return !first && (errno == ENOENT || errno == EACCES || errno == EPERM);
}

std::optional<std::uint64_t> start_of(ProcessId pid) {
  const FileDescriptor process =
      open_handle(AT_FDCWD, (std::string("/proc/") + ProcPath(pid).c_str()).c_str());
  const auto stat = process ? living_stat(process.get()) : std::nullopt;
  return stat ? std::optional(stat->start_clock_ticks) : std::nullopt;
}

Timestamp start_on_wall_clock(std::uint64_t started_at) {
  const Timestamp now(reading_of(CLOCK_REALTIME));
  const std::chrono::nanoseconds since_boot = reading_of(CLOCK_BOOTTIME);
  const auto clock_tick =
      std::chrono::nanoseconds(std::chrono::seconds(1)) / ::sysconf(_SC_CLK_TCK);
  const auto age = since_boot - static_cast<std::int64_t>(started_at) * clock_tick;
  return now - std::max(age, std::chrono::nanoseconds::zero());
}

}  // namespace provisr::daemon
