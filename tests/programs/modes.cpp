#include "modes.hpp"

#include "system.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <thread>

namespace provisr::child {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

void say_ready() {
  std::puts("ready");
  std::fflush(stdout);
}

int stay(const Request& request) {
  say_ready();
  std::this_thread::sleep_for(request.lifetime);
  return 0;
}

/// Keeps the CPU time of this process at a given percentage of the wall time.
class DutyCycle {
 public:
  explicit DutyCycle(long percent) : percent_(percent) {}

  void run_until(Clock::time_point end) {
    constexpr milliseconds period{10};
    while (Clock::now() < end) {
      const Clock::time_point period_end = Clock::now() + period;
      while (owes_work() && Clock::now() < period_end) {  // the checks use the CPU time
      }
      std::this_thread::sleep_until(percent_ >= 100 ? Clock::now() : period_end);
      forgive_what_cannot_be_caught_up();
    }
  }

 private:
  [[nodiscard]] nanoseconds owed() const {
    return (Clock::now() - wall_start_) * percent_ / 100 - (cpu_time() - cpu_start_);
  }
  [[nodiscard]] bool owes_work() const { return percent_ >= 100 || owed() > nanoseconds{0}; }

  // On a busy machine the process may fall far behind. It must not run at 100 % for long
  // afterwards.
  void forgive_what_cannot_be_caught_up() {
    if (owed() < milliseconds{200}) return;
    wall_start_ = Clock::now();
    cpu_start_ = cpu_time();
  }

  long percent_;
  Clock::time_point wall_start_ = Clock::now();
  nanoseconds cpu_start_ = cpu_time();
};

int spinner(const Request& request) {
  say_ready();
  DutyCycle(request.numbers[0]).run_until(Clock::now() + request.lifetime);
  return 0;
}

int burner(const Request& request) {
  const auto end = std::chrono::milliseconds(request.numbers[0]);
  while (cpu_time() < end) {
  }
  return stay(request);
}

int allocator(const Request& request) {
  const std::vector<std::byte> touched(static_cast<std::size_t>(request.numbers[0]) * 1024 * 1024,
                                       std::byte{1});
  return stay(request);
}

std::ptrdiff_t count_descriptors() {
  const std::filesystem::directory_iterator descriptors("/dev/fd");
  constexpr std::ptrdiff_t of_the_iterator = 1;
  return std::distance(begin(descriptors), end(descriptors)) - of_the_iterator;
}

int opener(const Request& request) {
  for (long i = 0; i < request.numbers[0]; ++i) open_descriptor();
  std::printf("descriptors %td\n", count_descriptors());
  return stay(request);
}

int threader(const Request& request) {
  std::vector<std::thread> others;
  for (long i = 1; i < request.numbers[0]; ++i) {
    others.emplace_back([&] { std::this_thread::sleep_for(request.lifetime); });
  }
  say_ready();
  std::this_thread::sleep_for(request.lifetime);
  for (std::thread& other : others) other.join();
  return 0;
}

int exiter(const Request& request) {
  say_ready();
  if (request.numbers.size() > 1) std::this_thread::sleep_for(milliseconds(request.numbers[1]));
  return static_cast<int>(request.numbers[0]);
}

int stubborn(const Request& request) {
  ignore_requests_to_end();
  if (request.has("--with-child")) {
    std::printf("child %ld\n", start_sleeping_copy(request.lifetime));
  }
  return stay(request);
}

int grower(const Request& request) {
  constexpr milliseconds step{100};
  const auto bytes_a_step = static_cast<std::size_t>(request.numbers[0]) * 1024 / 10;
  const Clock::time_point end = Clock::now() + request.lifetime;
  std::vector<std::vector<std::byte>> kept;
  say_ready();
  for (Clock::time_point next = Clock::now(); next < end; next += step) {
    std::this_thread::sleep_until(next);
    kept.emplace_back(bytes_a_step, std::byte{1});
  }
  return 0;
}

int forker(const Request& request) {
  for (long i = 0; i < request.numbers[0]; ++i) {
    std::printf("worker %ld\n", start_sleeping_copy(request.lifetime));
    std::fflush(stdout);  // otherwise the next copy inherits unwritten text
  }
  if (!request.has("--leave")) return stay(request);
  say_ready();
  return 0;
}

}  // namespace

bool Request::has(std::string_view option) const {
  return std::find(options.begin(), options.end(), option) != options.end();
}

const std::vector<Mode>& modes() {
  static const std::vector<Mode> all{
      {"spinner", "PERCENT", "uses that share of one CPU", {.least = 1, .most = 1}, {}, spinner},
      {"burner",
       "CPU_MS",
       "uses that much CPU time, then says that it is ready",
       {.least = 1, .most = 1},
       {},
       burner},
      {"allocator", "MEGABYTES", "holds that much memory", {.least = 1, .most = 1}, {}, allocator},
      {"opener",
       "COUNT",
       "opens COUNT more descriptors, prints 'descriptors TOTAL'",
       {.least = 1, .most = 1},
       {},
       opener},
      {"threader", "COUNT", "has COUNT threads in all", {.least = 1, .most = 1}, {}, threader},
      {"exiter", "CODE [DELAY_MS]", "exits with that code", {.least = 1, .most = 2}, {}, exiter},
      {"stubborn",
       "[--with-child]",
       "ignores SIGTERM, SIGINT, SIGHUP; prints 'child PID'",
       {.least = 0, .most = 0},
       {"--with-child"},
       stubborn},
      {"grower", "KB_PER_SECOND", "grows at that rate", {.least = 1, .most = 1}, {}, grower},
      {"forker",
       "COUNT [--leave]",
       "starts COUNT sleeping workers, prints 'worker PID' for each",
       {.least = 1, .most = 1},
       {"--leave"},
       forker},
  };
  return all;
}

}  // namespace provisr::child
