#include "daemon/supervisor/liveness.hpp"

#include <provisr/sampler.hpp>

#include <memory>
#include <utility>

namespace provisr::daemon {
namespace {

/// One check a second does not justify descriptors that stay open.
SamplerOptions without_descriptors() {
  SamplerOptions options;
  options.max_kept_descriptors = 0;
  return options;
}

}  // namespace

ProcessFinder system_process_finder() {
  auto context = std::make_shared<SamplingContext>(without_descriptors());
  return [context](ProcessId pid, std::error_code& error) -> IsAlive {
    auto opened = ProcessSampler::open(*context, pid, error);
    if (!opened) return {};
    auto sampler = std::make_shared<ProcessSampler>(std::move(*opened));
    return [context, sampler] {
      ProcessReading ignored;
      return sampler->read(ignored) != ReadStatus::vanished;
    };
  };
}

}  // namespace provisr::daemon
