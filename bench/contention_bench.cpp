// The cost of reads while ticks go on. 1 to 20 threads query the latest sample, the history and the
// group of one process after another. Another thread ticks over 1,000 or 3,000 real processes with
// pauses of 100 ms and reads each process in full, as if it had run. The comparison is the same
// work with one mutex over everything.
//
//   waiting  Each thread makes about a thousand queries per second, at times that are independent
//            of the ticks, like scrapers and people. Measures the wait for each answer: mean and
//            99th percentile. A thread that queried again only after an answer would leave out most
//            queries that have to wait for a tick.
//   busy     All threads query without pauses. Measures the time of the run divided by all queries.
//            The processors are busy in both variants, so this is the cost of the queries
//            themselves.

#include "bench/support/bare_process.hpp"
#include "bench/support/comparison.hpp"
#include "bench/support/fake_sampler.hpp"
#include "bench/support/global_mutex_registry.hpp"
#include "bench/support/sleepers.hpp"

#include <provisr/registry.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace provisr::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t usual_processes = 1'000;
constexpr std::size_t many_processes = 3'000;
constexpr std::size_t max_history = 100;
constexpr std::chrono::milliseconds between_ticks{100};
constexpr std::size_t busy_questions = 300'000;
constexpr std::size_t questions_of_a_waiting_reader = 500;

/// Returns a context that reads every process in full at each tick. Otherwise idle processes would
/// make a tick three times cheaper, and its mutex would be free before most queries.
[[nodiscard]] SamplingContext in_full() {
  return SamplingContext({.max_idle_age = {}});
}

template <class Store>
void watch_sleepers(Store& store, std::size_t processes) {
  const std::span<const pid_t> pids = shared_sleepers().first(processes);
  for (std::size_t i = 0; i < pids.size(); ++i) {
    static_cast<void>(store.track(process_name(i), pids[i]));
  }
  for (std::size_t i = 0; i < max_history; ++i) store.tick();  // histories are full
}

/// Ticks a store on a thread until it is destroyed.
template <class Store>
class Ticker {
 public:
  explicit Ticker(Store& store) : thread_([this, &store] { run(store); }) {}
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;
  ~Ticker() {
    is_done_.store(true, std::memory_order_relaxed);
    thread_.join();
  }

 private:
  void run(Store& store) {
    while (!is_done_.load(std::memory_order_relaxed)) {
      store.tick();
      std::this_thread::sleep_for(between_ticks);
    }
  }

  std::atomic<bool> is_done_ = false;
  std::thread thread_;
};

/// Makes the three kinds of queries in turn, for one process after another.
template <class Store>
class Asker {
 public:
  Asker(const Store& store, std::size_t processes, std::size_t number)
      : store_(store), next_(number * 21) {
    for (std::size_t i = 0; i < processes; ++i) {
      names_.push_back(process_name(i));
      bases_.push_back(names_[i].substr(0, names_[i].find('-')));
    }
  }

  void ask() {
    const std::size_t process = next_ / 3 % names_.size();
    switch (next_++ % 3) {
      case 0:
        benchmark::DoNotOptimize(store_.latest(names_[process]));
        break;
      case 1:
        benchmark::DoNotOptimize(store_.history(names_[process]));
        break;
      default:
        benchmark::DoNotOptimize(store_.group(bases_[process]));
        break;
    }
  }

 private:
  const Store& store_;
  std::size_t next_;
  std::vector<std::string> names_;
  std::vector<std::string> bases_;
};

/// Runs `read(asker, number)` on each of `threads` threads while a Ticker ticks the store.
template <class Store, class Read>
void read_while_ticking(Store& store, std::size_t processes, std::size_t threads, Read read) {
  const Ticker<Store> ticker(store);
  std::vector<std::thread> readers;
  for (std::size_t i = 0; i < threads; ++i) {
    readers.emplace_back([&store, &read, processes, i] {
      Asker<Store> asker(store, processes, i);
      read(asker, i);
    });
  }
  for (std::thread& reader : readers) reader.join();
}

struct Waits {
  double mean_ns = 0;
  double p99_ns = 0;
};

[[nodiscard]] Waits summary(std::vector<double> waits) {
  std::sort(waits.begin(), waits.end());
  const double sum = std::accumulate(waits.begin(), waits.end(), 0.0);
  return {.mean_ns = sum / static_cast<double>(waits.size()),
          .p99_ns = waits[waits.size() * 99 / 100]};
}

template <class Store>
[[nodiscard]] Waits measure_waits(Store& store, std::size_t processes, std::size_t threads) {
  std::vector<std::vector<double>> waits(threads);
  read_while_ticking(store, processes, threads, [&](auto& asker, std::size_t number) {
    std::minstd_rand random(static_cast<std::uint32_t>(number + 1));
    std::uniform_int_distribution<int> pause_us(500, 1'500);
    for (std::size_t i = 0; i < questions_of_a_waiting_reader; ++i) {
      std::this_thread::sleep_for(std::chrono::microseconds(pause_us(random)));
      const auto asked_at = SteadyClock::now();
      asker.ask();
      const std::chrono::duration<double, std::nano> wait = SteadyClock::now() - asked_at;
      waits[number].push_back(wait.count());
    }
  });
  std::vector<double> all;
  for (const auto& of_thread : waits) all.insert(all.end(), of_thread.begin(), of_thread.end());
  return summary(std::move(all));
}

void measure_waiting(benchmark::State& state, std::size_t processes) {
  const auto threads = static_cast<std::size_t>(state.range(0));
  raise_descriptor_limit();
  Registry ours({.max_history = max_history, .diagnostics = {}}, in_full());
  GlobalMutexRegistry<ProcessSampler> one_mutex(max_history, in_full());
  watch_sleepers(ours, processes);
  watch_sleepers(one_mutex, processes);
  std::vector<double> our_means, our_p99s, their_means, their_p99s, ratios;
  for (auto _ : state) {
    const auto begun = SteadyClock::now();
    const Waits our_waits = measure_waits(ours, processes, threads);
    const Waits their_waits = measure_waits(one_mutex, processes, threads);
    our_means.push_back(our_waits.mean_ns);
    our_p99s.push_back(our_waits.p99_ns);
    their_means.push_back(their_waits.mean_ns);
    their_p99s.push_back(their_waits.p99_ns);
    ratios.push_back(their_waits.mean_ns / our_waits.mean_ns);
    state.SetIterationTime(std::chrono::duration<double>(SteadyClock::now() - begun).count());
  }
  state.counters["ours_ns"] = median(our_means);
  state.counters["ours_p99_ns"] = median(our_p99s);
  state.counters["one_mutex_ns"] = median(their_means);
  state.counters["one_mutex_p99_ns"] = median(their_p99s);
  state.counters["one_mutex_ratio"] = median(ratios);
}
void waiting(benchmark::State& state) {
  measure_waiting(state, usual_processes);
}
BENCHMARK(waiting)->Arg(1)->Arg(2)->Arg(5)->Arg(10)->Arg(20)->UseManualTime()->Iterations(
    rounds(15));

void waiting_among_many(benchmark::State& state) {
  measure_waiting(state, many_processes);
}
BENCHMARK(waiting_among_many)->Arg(20)->UseManualTime()->Iterations(rounds(15));

template <class Store>
void ask_busily(Store& store, std::size_t threads) {
  read_while_ticking(store, usual_processes, threads, [threads](auto& asker, std::size_t) {
    for (std::size_t i = 0; i < busy_questions / threads; ++i) asker.ask();
  });
}

void busy(benchmark::State& state) {
  const auto threads = static_cast<std::size_t>(state.range(0));
  raise_descriptor_limit();
  Registry ours({.max_history = max_history, .diagnostics = {}}, in_full());
  GlobalMutexRegistry<ProcessSampler> one_mutex(max_history, in_full());
  watch_sleepers(ours, usual_processes);
  watch_sleepers(one_mutex, usual_processes);
  compare(state, static_cast<double>(busy_questions),
          {{"ours", [&] { ask_busily(ours, threads); }},
           {"one_mutex", [&] { ask_busily(one_mutex, threads); }}});
}
BENCHMARK(busy)->Arg(1)->Arg(2)->Arg(5)->Arg(10)->Arg(20)->UseManualTime()->Iterations(rounds(15));

}  // namespace
}  // namespace provisr::bench
