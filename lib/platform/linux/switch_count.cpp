#include "lib/platform/linux/switch_count.hpp"

#include "lib/platform/linux/proc_directory.hpp"
#include "lib/platform/linux/proc_text.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <new>
#include <string_view>
#include <system_error>

namespace provisr::linux_platform {
namespace {

[[nodiscard]] std::optional<std::int32_t> thread_id(std::string_view name) noexcept {
  std::int32_t id = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return id;
}

[[nodiscard]] std::optional<ContextSwitches> read_thread(int task, std::int32_t id) noexcept {
  char buffer[status_buffer_size];
  const FileDescriptor status = open_readable(task, ProcPath(id, "status").c_str());
  const auto text = status ? read_start(status.get(), buffer) : std::nullopt;
  if (!text) return std::nullopt;
  const auto voluntary = parse_number(*text, "voluntary_ctxt_switches");
  const auto involuntary = parse_number(*text, "nonvoluntary_ctxt_switches");
  if (!voluntary || !involuntary) return std::nullopt;
  return ContextSwitches{*voluntary, *involuntary};
}

}  // namespace

std::optional<ContextSwitches> SwitchCount::read(int task) noexcept {
  try {
    ++round_;
    next_ = 0;
    if (!read_all(task)) return std::nullopt;
    read_missed(task);
    return total();
  } catch (const std::bad_alloc&) {
    errno = ENOMEM;
    return std::nullopt;
  }
}

bool SwitchCount::read_all(int task) {
  const FileDescriptor list(::openat(task, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!list) return false;
  DirectoryReader names(list.get());
  bool has_read = false;
  while (const auto name = names.next()) {
    const auto id = thread_id(*name);
    const auto switches = id ? read_thread(task, *id) : std::nullopt;
    if (!switches) continue;
    note(*id, *switches);
    has_read = true;
  }
  if (!has_read && !names.has_failed()) errno = ESRCH;
  return has_read;
}

/// Reads threads that the list omitted. It can omit a living thread if others end while it is made.
void SwitchCount::read_missed(int task) {
  for (Thread& thread : threads_) {
    if (thread.round == round_) continue;
    if (const auto switches = read_thread(task, thread.id)) {
      note(thread.id, *switches);
    } else {
      end(thread);
    }
  }
  std::erase_if(threads_, [this](const Thread& thread) { return thread.round != round_; });
}

ContextSwitches SwitchCount::total() const noexcept {
  ContextSwitches sum = ended_;
  for (const Thread& thread : threads_) {
    sum.voluntary += thread.switches.voluntary;
    sum.involuntary += thread.switches.involuntary;
  }
  return sum;
}

/// A thread whose counts have fallen is another thread that reuses the id.
void SwitchCount::note(std::int32_t id, ContextSwitches switches) {
  Thread* const known = find(id);
  if (known == nullptr) {
    threads_.push_back({id, switches, round_});
    next_ = threads_.size();
    return;
  }
  const bool is_another = switches.voluntary < known->switches.voluntary ||
                          switches.involuntary < known->switches.involuntary;
  if (is_another) end(*known);
  known->switches = switches;
  known->round = round_;
}

/// Searches from the expected position, because threads are listed in the order they were started.
SwitchCount::Thread* SwitchCount::find(std::int32_t id) noexcept {
  const auto begin = threads_.begin();
  const auto expected = begin + static_cast<std::ptrdiff_t>(std::min(next_, threads_.size()));
  const auto is_it = [id](const Thread& thread) { return thread.id == id; };
  auto found = std::find_if(expected, threads_.end(), is_it);
  if (found == threads_.end()) {
    found = std::find_if(begin, expected, is_it);
    if (found == expected) return nullptr;
  }
  next_ = static_cast<std::size_t>(found - begin) + 1;
  return &*found;
}

void SwitchCount::end(const Thread& thread) noexcept {
  ended_.voluntary += thread.switches.voluntary;
  ended_.involuntary += thread.switches.involuntary;
}

}  // namespace provisr::linux_platform
