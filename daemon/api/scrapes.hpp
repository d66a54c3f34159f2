#pragma once

#include <provisr/counters.hpp>
#include <provisr/prometheus_writer.hpp>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace provisr::daemon {

/// The texts that scrapers get, made by a thread of their own: reading the counters of thousands of
/// processes and compressing the text take milliseconds, and may have to wait for a tick. One
/// reading serves all scrapes of the next 100 ms, and no more if a tick comes. The thread begins
/// with the first scrape.
///
/// Thread safety: all members may be called concurrently.
class Scrapes {
 public:
  using Text = std::shared_ptr<const std::string>;
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Neither blocks nor throws; without a text it could not be made.
  using Completion = std::function<void(Text)>;

  struct Variant {
    ExpositionFormat format = ExpositionFormat::text;
    bool is_gzipped = false;
  };

  /// What a text is made of. All but `revision` and `now` are called by one thread at a time.
  struct Steps {
    std::function<std::uint64_t()> revision;  ///< changes with every tick; any thread, at any time
    std::function<FreshCounters()> read;
    std::function<void(const FreshCounters&, ExpositionFormat, std::string&)> write;
    std::function<TimePoint()> now = [] { return std::chrono::steady_clock::now(); };
  };

  static constexpr std::chrono::milliseconds max_age{100};

  explicit Scrapes(Steps steps) : steps_(std::move(steps)) {}
  ~Scrapes();
  Scrapes(const Scrapes&) = delete;
  Scrapes& operator=(const Scrapes&) = delete;

  /// A text that is fresh enough; null if it has to be made.
  [[nodiscard]] Text fresh(Variant variant) const;

  /// Starts the thread unless it runs. Throws std::system_error.
  void start();

  /// Makes the text, unless it is fresh by then. After start() only.
  void request(Variant variant, Completion completion);

 private:
  struct Entry {
    Text text;
    std::uint64_t revision = 0;
    TimePoint read_at;
  };
  struct Request {
    Variant variant;
    Completion completion;
  };
  struct Reading {
    FreshCounters counters;
    TimePoint read_at;
  };

  [[nodiscard]] static std::size_t index_of(Variant variant);
  [[nodiscard]] bool is_fresh(std::uint64_t revision, TimePoint read_at) const;
  [[nodiscard]] Entry fresh_entry(Variant variant) const;
  void run();
  void await_requests(std::unique_lock<std::mutex>& lock);
  void serve(const Request& request);
  [[nodiscard]] Entry make(Variant variant);
  [[nodiscard]] Entry make_plain(ExpositionFormat format);
  [[nodiscard]] const Reading& fresh_reading();
  const Entry& keep(Variant variant, const Entry& entry);

  Steps steps_;
  std::optional<Reading> reading_;  ///< of the thread

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::array<Entry, 4> entries_;  ///< guarded by mutex_, as the next two
  std::vector<Request> requests_;
  bool is_stopping_ = false;
  std::thread thread_;  ///< guarded by mutex_ until it is joined
};

}  // namespace provisr::daemon
