// Any bytes as a history file: it is refused with a named state, or continued without a read beyond
// its end. The first byte selects the expected shape, the rest is the file.
#include "daemon/base/timestamp.hpp"

#include <provisr/history.hpp>
#include <provisr/storage.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <vector>

using namespace provisr;

namespace {

[[nodiscard]] HistoryShape shape_of(std::uint8_t choice) {
  constexpr std::array<std::size_t, 4> capacities{1, 2, 3, 8};
  constexpr std::array<std::size_t, 2> row_sizes{sizeof(ProcessMetrics),
                                                 sizeof(ProcessMetrics) + 64};
  return {.name = (choice & 8U) != 0 ? "app-1" : "",
          .capacity = capacities[choice & 3U],
          .row_size = row_sizes[choice >> 2U & 1U]};
}

/// Returns a copy of exactly the file's size, so that the sanitizer detects any read beyond it.
[[nodiscard]] HistoryStorage copy_of(std::span<const std::uint8_t> file) {
  constexpr std::align_val_t alignment{64};
  auto* const memory = static_cast<std::byte*>(::operator new(file.size(), alignment));
  std::transform(file.begin(), file.end(), memory, [](std::uint8_t b) { return std::byte{b}; });
  return {{memory, file.size()},
          std::shared_ptr<void>(memory, [](void* old) { ::operator delete(old, alignment); })};
}

void check(bool holds) {
  if (!holds) std::abort();
}

void use(History& history) {
  const std::uint64_t pushed = history.pushed();
  std::vector<ProcessMetrics> samples;
  std::vector<Figure<std::uint64_t>> more;
  history.read_until(pushed, samples, more);
  check(samples.size() <= history.capacity());
  check(more.size() == samples.size() * history.further_figures());
  for (const ProcessMetrics& sample : samples) {
    static_cast<void>(daemon::rfc3339(sample.timestamp));
  }
  if (pushed > 0) {
    ProcessMetrics newest;
    history.newest(newest);
  }
  for (std::size_t i = 0; i <= history.capacity(); ++i) history.push(ProcessMetrics{}, more);
  check(history.pushed() == pushed + history.capacity() + 1);
  check(history.read().size() <= history.capacity());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const HistoryShape shape = shape_of(data[0]);
  const HistoryStorage storage = copy_of({data + 1, size - 1});
  const StorageState state = inspect_history(storage.bytes, shape);
  try {
    History history(shape, storage);
    check(can_continue(state) || state == StorageState::empty);
    use(history);
  } catch (const std::invalid_argument&) {
    check(!can_continue(state) && state != StorageState::empty);
  }
  return 0;
}
