#include "daemon/supervisor/liveness.hpp"

#include "daemon/platform/process_handle.hpp"

#include <provisr/sampler.hpp>

#include <memory>
#include <utility>

namespace provisr::daemon {
namespace {

/// Keeps no descriptors open: one check a second does not justify them.
SamplerOptions without_descriptors() {
  SamplerOptions options;
  options.max_kept_descriptors = 0;
  return options;
}

}  // namespace

bool measures_own_pids() {
  return SamplingContext(without_descriptors()).has_own_pids();
}

std::string reason_of(const std::error_code& error, bool exists) {
  if (error != std::errc::no_such_process || !exists) return error.message();
  return "it is hidden from provisrd; is /proc mounted with hidepid?";
}

ProcessFinder system_process_finder() {
  auto context = std::make_shared<SamplingContext>(without_descriptors());
  return [context](ProcessId pid, std::error_code& error) -> IsAlive {
    auto opened = ProcessSampler::open(*context, pid, error);
    if (!opened) return {};
    auto sampler = std::make_shared<ProcessSampler>(std::move(*opened));
    const auto can_be_read = [context, sampler] {
      ProcessReading ignored;
      return sampler->read(ignored) != ReadStatus::vanished;
    };
    std::shared_ptr<ProcessHandle> handle;
    if (context->has_own_pids()) handle = ProcessHandle::open(pid);
    if (!handle || !can_be_read()) return can_be_read;
    return [can_be_read, handle] {
      const auto has_ended = handle->has_ended();
      return has_ended ? !*has_ended : can_be_read();
    };
  };
}

}  // namespace provisr::daemon
