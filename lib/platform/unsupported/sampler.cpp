#include <provisr/sampler.hpp>

// What a new platform must provide. Define the two State structs, implement open and read, and add
// the folder to lib/CMakeLists.txt. Trees also need read_family, new_processes and candidates;
// fresh counters at a scrape need read_counters.

namespace provisr {

struct SamplingContext::State {};

SamplingContext::SamplingContext(SamplerOptions) : state_(std::make_unique<State>()) {}
SamplingContext::~SamplingContext() = default;
SamplingContext::SamplingContext(SamplingContext&&) noexcept = default;
SamplingContext& SamplingContext::operator=(SamplingContext&&) noexcept = default;
bool SamplingContext::has_own_pids() const noexcept {
  return true;
}
void SamplingContext::begin_tick() noexcept {}
std::span<const Descent> SamplingContext::new_processes() noexcept {
  return {};
}
std::span<const Descent> SamplingContext::candidates(ProcessId) noexcept {
  return {};
}
bool SamplingContext::missed_processes() const noexcept {
  return false;
}
bool SamplingContext::has_unread_processes() const noexcept {
  return false;
}
std::optional<Descent> SamplingContext::descent_of(ProcessId /*pid*/) noexcept {
  return std::nullopt;
}

ProcessId SamplingContext::own_process() const noexcept {
  return 0;
}
void SamplingContext::recount_processes() noexcept {}
bool SamplingContext::reports_children_cpu() const noexcept {
  return false;
}
ChildrenAccounts SamplingContext::children_accounts() const noexcept {
  return {};
}

struct ProcessSampler::State {};

std::optional<ProcessSampler> ProcessSampler::open(Context&, ProcessId, std::error_code& error) {
  error = std::make_error_code(std::errc::function_not_supported);
  return std::nullopt;
}

ProcessSampler::ProcessSampler(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
ProcessSampler::~ProcessSampler() = default;
ProcessSampler::ProcessSampler(ProcessSampler&&) noexcept = default;
ProcessSampler& ProcessSampler::operator=(ProcessSampler&&) noexcept = default;
void ProcessSampler::prefetch() const noexcept {}
ReadStatus ProcessSampler::read(ProcessReading&) noexcept {
  return ReadStatus::vanished;
}
ReadStatus ProcessSampler::read_counters(ProcessReading&) noexcept {
  return ReadStatus::vanished;
}
ReadStatus ProcessSampler::read_family(FamilyReading&) noexcept {
  return ReadStatus::vanished;
}
ReadStatus ProcessSampler::read_family(FamilyReading&, const Descent&) noexcept {
  return ReadStatus::vanished;
}

}  // namespace provisr
