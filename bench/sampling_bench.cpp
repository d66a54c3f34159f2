// The cost of sampling one process, measured over 10 to 6,000 real processes in turn.
//
//   sampler  ProcessSampler::read
//   bare     the four system calls alone: the lower bound
//   by_path  ProcessSampler::read beyond the budget of kept descriptors
//   naive    open, read, parse and close stat, statm and status, list the descriptors
//
// Each way opens its descriptors before its turn and closes them afterwards: the descriptor limit
// is too low for two ways at once.

#include "bench/support/bare_process.hpp"
#include "bench/support/comparison.hpp"
#include "bench/support/naive_process.hpp"
#include "bench/support/sleepers.hpp"

#include <provisr/sampler.hpp>

#include <benchmark/benchmark.h>

#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

namespace provisr::bench {
namespace {

/// The samplers of all processes. They keep at most `kept_descriptors` descriptors open.
class OpenedSamplers {
 public:
  OpenedSamplers(std::span<const pid_t> pids, std::size_t kept_descriptors)
      : context_({.max_kept_descriptors = kept_descriptors}) {
    for (const pid_t pid : pids) {
      std::error_code error;
      auto sampler = ProcessSampler::open(context_, pid, error);
      if (!sampler) throw std::system_error(error);
      samplers_.push_back(std::move(*sampler));
    }
  }

  void read_all() {
    for (ProcessSampler& sampler : samplers_) {
      ProcessReading reading;
      if (sampler.read(reading) != ReadStatus::ok) throw std::runtime_error("a process vanished");
      benchmark::DoNotOptimize(reading);
    }
  }

 private:
  SamplingContext context_;
  std::vector<ProcessSampler> samplers_;
};

void read_all_bare(const std::vector<BareProcess>& processes) {
  for (const BareProcess& process : processes) benchmark::DoNotOptimize(process.read());
}

void read_all_naively(std::span<const pid_t> pids) {
  for (const pid_t pid : pids) benchmark::DoNotOptimize(read_naively(pid));
}

[[nodiscard]] Way sampler_way(const char* name, std::span<const pid_t> pids, std::size_t passes,
                              std::size_t kept_descriptors) {
  auto opened = std::make_shared<std::optional<OpenedSamplers>>();
  return {.name = name,
          .work =
              [=] {
                for (std::size_t pass = 0; pass < passes; ++pass) (*opened)->read_all();
              },
          .before =
              [=] {
                opened->emplace(pids, kept_descriptors);
                (*opened)->read_all();
              },
          .after = [=] { opened->reset(); }};
}

[[nodiscard]] Way bare_way(std::span<const pid_t> pids, std::size_t passes) {
  auto opened = std::make_shared<std::vector<BareProcess>>();
  return {.name = "bare",
          .work =
              [=] {
                for (std::size_t pass = 0; pass < passes; ++pass) read_all_bare(*opened);
              },
          .before =
              [=] {
                for (const pid_t pid : pids) opened->emplace_back(pid);
                read_all_bare(*opened);
              },
          .after = [=] { opened->clear(); }};
}

void sample(benchmark::State& state) {
  const std::uint64_t descriptors = raise_descriptor_limit();
  const auto wanted = static_cast<std::size_t>(state.range(0));
  const auto possible = std::min<std::size_t>(wanted, (descriptors - 100) / 3);
  const std::span<const pid_t> pids = shared_sleepers().first(possible);
  const std::size_t passes = std::max<std::size_t>(1, 300 / pids.size());
  if (pids.size() < wanted) state.SetLabel("only " + std::to_string(pids.size()) + " processes");
  state.counters["processes"] = static_cast<double>(pids.size());
  compare(state, static_cast<double>(pids.size() * passes),
          {sampler_way("sampler", pids, passes, pids.size() * 3),
           bare_way(pids, passes),
           sampler_way("by_path", pids, passes, 0),
           {"naive", [=] {
              for (std::size_t pass = 0; pass < passes; ++pass) read_all_naively(pids);
            }}});
}
BENCHMARK(sample)->Arg(10)->Arg(100)->UseManualTime()->Iterations(rounds(60));
BENCHMARK(sample)->Arg(1'000)->UseManualTime()->Iterations(rounds(30));
BENCHMARK(sample)->Arg(6'000)->UseManualTime()->Iterations(rounds(15));

}  // namespace
}  // namespace provisr::bench
