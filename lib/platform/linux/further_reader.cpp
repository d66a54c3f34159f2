#include "lib/platform/linux/further_reader.hpp"

#include "lib/platform/linux/living_thread.hpp"
#include "lib/platform/linux/proc_directory.hpp"
#include "lib/platform/linux/proc_text.hpp"

#include <cerrno>
#include <cstddef>
#include <new>
#include <string_view>

namespace provisr::linux_platform {
namespace {

constexpr std::size_t io_read_slot = further_slot<figures>("io_read_bytes");
constexpr std::size_t io_write_slot = further_slot<figures>("io_write_bytes");
constexpr std::size_t faults_slot = further_slot<figures>("major_faults");
constexpr std::size_t voluntary_slot = further_slot<figures>("voluntary_switches");
constexpr std::size_t involuntary_slot = further_slot<figures>("involuntary_switches");
constexpr std::size_t peak_slot = further_slot<figures>("memory_peak");
constexpr std::size_t pss_slot = further_slot<figures>("memory_pss");
constexpr std::size_t limit_slot = further_slot<figures>("max_fds");

constexpr FurtherFigures io = further_group<figures>("io");
constexpr FurtherFigures faults = further_group<figures>("faults");
constexpr FurtherFigures switches = further_group<figures>("switches");
constexpr FurtherFigures peak = further_group<figures>("peak");
constexpr FurtherFigures pss = further_group<figures>("pss");
constexpr FurtherFigures limits = further_group<figures>("limits");

/// Programs set their descriptor limit when they start, if at all, so it is read rarely.
constexpr std::chrono::seconds limits_interval{10};

[[nodiscard]] bool asks(FurtherFigures asked, FurtherFigures group) noexcept {
  return !(asked & group).empty();
}

/// Empty for a thread that has ended and for a kernel thread.
[[nodiscard]] std::optional<std::uint64_t> peak_in(int task, const char* status) noexcept {
  char buffer[status_buffer_size];
  const auto text = read_file(task, status, buffer);
  return text ? parse_status_bytes(*text, "VmHWM") : std::nullopt;
}

}  // namespace

void FurtherReader::read_usage(int task, FurtherFigures asked) noexcept {
  read_counters(task, asked);
  if (asks(asked, peak)) read_peak(task);
}

void FurtherReader::read_counters(int task, FurtherFigures asked) noexcept {
  if (asks(asked, io)) read_io(task);
  if (asks(asked, faults)) read_faults(task);
  if (asks(asked, switches)) read_switches(task);
}

bool FurtherReader::knows_counters(FurtherFigures asked) const noexcept {
  const FurtherFigures wanted = (asked & further_counters<figures>)-refused_;
  for (std::size_t slot = 0; slot < values_.size(); ++slot) {
    if (wanted.contains(slot) && !values_[slot]) return false;
  }
  return true;
}

/// Does not subtract bytes that were written but dropped before they reached storage
/// (cancelled_write_bytes): the figure could fall.
void FurtherReader::read_io(int task) noexcept {
  char buffer[1024];
  const auto text = read_file(task, "../io", buffer);
  refuse(io, text || says_no_such_process(errno) ? std::error_code() : process_error(errno));
  set(io_read_slot, text ? parse_number(*text, "read_bytes") : std::nullopt);
  set(io_write_slot, text ? parse_number(*text, "write_bytes") : std::nullopt);
}

void FurtherReader::read_faults(int task) noexcept {
  char buffer[1024];
  const auto text = read_file(task, "../stat", buffer);
  const auto stat = text ? parse_stat(*text) : std::nullopt;
  set(faults_slot, stat ? std::optional(stat->major_faults) : std::nullopt);
}

void FurtherReader::read_switches(int task) noexcept {
  const auto sum = switches_.read(task);
  set(voluntary_slot, sum ? std::optional(sum->voluntary) : std::nullopt);
  set(involuntary_slot, sum ? std::optional(sum->involuntary) : std::nullopt);
}

void FurtherReader::read_peak(int task) noexcept {
  auto bytes = peak_in(task, "../status");
  if (!bytes) {
    const auto thread = find_living_thread(task);
    if (thread) bytes = peak_in(task, ProcPath(thread->id, "status").c_str());
  }
  set(peak_slot, bytes);
}

void FurtherReader::read_limits(int task) noexcept {
  char buffer[4096];
  const auto text = read_file(task, "../limits", buffer);
  set(limit_slot, text ? parse_soft_limit(*text, "Max open files") : std::nullopt);
}

bool FurtherReader::is_due(FurtherFigures asked, Time now,
                           std::chrono::nanoseconds min_pss_interval) noexcept {
  take_pss(now);
  limits_are_due_ = asks(asked, limits) && (!limits_at_ || now - *limits_at_ >= limits_interval);
  const bool is_being_read = pss_ && !pss_->is_free();
  pss_is_due_ =
      asks(asked, pss) && !is_being_read && (!pss_at_ || now - *pss_at_ >= min_pss_interval);
  return limits_are_due_ || pss_is_due_;
}

void FurtherReader::read_periodic(int task, FurtherFigures asked, Time now,
                                  PssReader& reader) noexcept {
  if (limits_are_due_ && asks(asked, limits)) {
    read_limits(task);
    limits_at_ = now;
  }
  if (pss_is_due_ && asks(asked, pss) && request_pss(task, reader)) pss_at_ = now;
}

void FurtherReader::take_pss(Time now) noexcept {
  const auto result = pss_ ? pss_->take() : std::nullopt;
  if (!result) return;
  pss_at_ = now;
  values_[pss_slot] = result->bytes;
  refuse(pss, result->refusal);
}

bool FurtherReader::request_pss(int task, PssReader& reader) noexcept {
  try {
    if (!pss_) pss_ = std::make_shared<PssReader::Job>();
  } catch (const std::bad_alloc&) {
    return false;
  }
  return reader.request(pss_, task);
}

void FurtherReader::set(std::size_t slot, std::optional<std::uint64_t> value) noexcept {
  values_[slot] = value ? Figure<std::uint64_t>(*value) : Figure<std::uint64_t>();
}

/// Marks a group as refused with `error`; without an error, marks it as readable again.
void FurtherReader::refuse(FurtherFigures group, std::error_code error) noexcept {
  refused_ = error ? refused_ | group : refused_ - group;
  if (error) error_ = static_cast<std::errc>(error.value());
}

void FurtherReader::show(FurtherReadings& more) const noexcept {
  for (std::size_t slot = 0; slot < values_.size(); ++slot) {
    if (more.asks_for(slot) && values_[slot]) more.set(slot, *values_[slot]);
  }
  more.refuse(refused_, error_);
  const bool awaits_pss = !values_[pss_slot] && !refused_.contains(pss_slot);
  if (more.asks_for(pss_slot) && awaits_pss) more.awaited |= pss;
}

}  // namespace provisr::linux_platform
