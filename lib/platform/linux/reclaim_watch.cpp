#include "lib/platform/linux/reclaim_watch.hpp"

#include "lib/platform/linux/proc_directory.hpp"
#include "lib/platform/linux/proc_text.hpp"

#include <array>

namespace provisr::linux_platform {
namespace {

/// /proc/vmstat has about 4 KB, and somewhat more on large machines.
constexpr std::size_t vmstat_buffer_size = 16 * 1024;

/// Reads all of a file; the kernel returns it in pieces.
[[nodiscard]] std::string_view read_whole(int file, std::span<char> buffer) noexcept {
  std::size_t length = 0;
  while (length < buffer.size()) {
    const auto piece = read_at(file, buffer.subspan(length), length);
    if (!piece) return {};
    if (piece->empty()) break;
    length += piece->size();
  }
  return {buffer.data(), length};
}

}  // namespace

std::optional<std::uint64_t> parse_reclaim_count(std::string_view vmstat) noexcept {
  constexpr std::array<std::string_view, 5> keys{"pgsteal_anon", "pgsteal_file", "pswpin",
                                                 "pswpout", "thp_collapse_alloc"};
  constexpr std::size_t required = 2;
  std::array<std::optional<std::uint64_t>, keys.size()> values;
  parse_vmstat(vmstat, keys, values);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!values[i] && i < required) return std::nullopt;
    sum += values[i].value_or(0);
  }
  return sum;
}

void ReclaimWatch::begin_tick() noexcept {
  is_worth_it_ = asked_ >= worth_looking;
  asked_ = 0;
  has_looked_ = false;
  if (!is_worth_it_) ++generation_;
}

std::uint64_t ReclaimWatch::ask() noexcept {
  ++asked_;
  if (is_worth_it_ && !has_looked_) look();
  return generation_;
}

void ReclaimWatch::look() noexcept {
  has_looked_ = true;
  char buffer[vmstat_buffer_size];
  if (!vmstat_) vmstat_ = open_readable(proc_root_, "vmstat");
  const auto count =
      vmstat_ ? parse_reclaim_count(read_whole(vmstat_.get(), buffer)) : std::nullopt;
  if (!count || count != count_) ++generation_;
  count_ = count;
}

}  // namespace provisr::linux_platform
