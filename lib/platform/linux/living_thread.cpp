#include "lib/platform/linux/living_thread.hpp"

#include "lib/platform/linux/proc_directory.hpp"

#include <fcntl.h>

namespace provisr::linux_platform {
namespace {

constexpr int max_threads_tried = 64;

/// Empty or zeros if the thread has ended.
[[nodiscard]] std::optional<Statm> memory_seen_by(ProcessId thread, int task) noexcept {
  char buffer[128];
  const auto text = read_file(task, ProcPath(thread, "statm").c_str(), buffer);
  return text ? parse_statm(*text) : std::nullopt;
}

}  // namespace

std::optional<LivingThread> find_living_thread(int task) noexcept {
  const FileDescriptor threads(::openat(task, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  DirectoryReader reader(threads.get());
  for (int tried = 0; tried < max_threads_tried;) {
    const auto name = reader.next();
    if (!name) return std::nullopt;
    const ProcessId id = id_of(*name);
    if (id <= 0) continue;
    ++tried;
    const auto memory = memory_seen_by(id, task);
    if (memory && memory->size_pages > 0) return LivingThread{id, *memory};
  }
  return std::nullopt;
}

}  // namespace provisr::linux_platform
