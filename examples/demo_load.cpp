// Uses a steady share of one CPU and some memory. With --grow, the memory grows to a limit, is
// released, and grows again.

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <map>
#include <numeric>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;
using Megabyte = std::vector<std::uint8_t>;

constexpr std::chrono::milliseconds period{100};

struct Load {
  unsigned cpu_percent = 0;
  unsigned memory_mb = 1;
  unsigned grow_mb_per_second = 0;
  unsigned limit_mb = 200;
};

/// Memory that is really in use: every page has been written.
class Ballast {
 public:
  void resize(std::size_t megabytes) {
    while (blocks_.size() > megabytes) blocks_.pop_back();
    while (blocks_.size() < megabytes) blocks_.emplace_back(std::size_t{1024} * 1024, fill);
  }

  /// Does some work: adds up the next block.
  void add_up() {
    if (blocks_.empty()) resize(1);
    next_ = (next_ + 1) % blocks_.size();
    sum_ = std::accumulate(blocks_[next_].begin(), blocks_[next_].end(), std::uint64_t{0});
  }

 private:
  static constexpr std::uint8_t fill = 1;

  std::vector<Megabyte> blocks_;
  std::size_t next_ = 0;
  volatile std::uint64_t sum_ = 0;  // volatile, or the compiler would drop the work
};

/// Works until this process has used `share` of a period's CPU time, or the period is over.
void work(Ballast& ballast, double share, Clock::time_point period_end) {
  const double budget = share * Seconds(period).count() * CLOCKS_PER_SEC;
  const std::clock_t start = std::clock();
  while (static_cast<double>(std::clock() - start) < budget && Clock::now() < period_end) {
    ballast.add_up();
  }
}

std::size_t megabytes_after(const Load& load, Clock::duration elapsed) {
  if (load.grow_mb_per_second == 0 || load.limit_mb <= load.memory_mb) return load.memory_mb;
  const auto grown = static_cast<std::size_t>(Seconds(elapsed).count() * load.grow_mb_per_second);
  return load.memory_mb + grown % (load.limit_mb - load.memory_mb + 1);
}

[[noreturn]] void run(const Load& load) {
  Ballast ballast;
  const Clock::time_point start = Clock::now();
  for (Clock::time_point now = start;; now = Clock::now()) {
    ballast.resize(megabytes_after(load, now - start));
    work(ballast, load.cpu_percent / 100.0, now + period);
    std::this_thread::sleep_until(now + period);
  }
}

unsigned parse_number(std::string_view text) {
  unsigned number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || rest != text.data() + text.size()) {
    throw std::invalid_argument("not a number: '" + std::string(text) + "'");
  }
  return number;
}

Load parse_load(const std::vector<std::string_view>& arguments) {
  Load load;
  const std::map<std::string_view, unsigned*> options{{"--cpu", &load.cpu_percent},
                                                      {"--memory", &load.memory_mb},
                                                      {"--grow", &load.grow_mb_per_second},
                                                      {"--limit", &load.limit_mb}};
  for (std::size_t i = 0; i < arguments.size(); i += 2) {
    const auto option = options.find(arguments[i]);
    if (option == options.end() || i + 1 == arguments.size()) {
      throw std::invalid_argument("bad argument: '" + std::string(arguments[i]) + "'");
    }
    *option->second = parse_number(arguments[i + 1]);
  }
  return load;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(parse_load({argv + 1, argv + argc}));
  } catch (const std::exception& error) {
    std::fprintf(stderr,
                 "demo_load: %s\n"
                 "usage: demo_load [--cpu PERCENT] [--memory MB] [--grow MB_PER_S] [--limit MB]\n",
                 error.what());
    return 2;
  }
}
