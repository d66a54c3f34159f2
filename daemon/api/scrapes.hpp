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

/// The texts for scrapes, made by a thread of their own: reading the counters of thousands of
/// processes and compressing the text take milliseconds, and may have to wait for a tick. One
/// reading serves all scrapes of the next 100 ms, or until the next tick. The thread starts with
/// the first scrape.
///
/// Thread safety: all members may be called concurrently.
class Scrapes {
 public:
  using Text = std::shared_ptr<const std::string>;
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Receives the text, or null if it could not be made. Neither blocks nor throws.
  using Completion = std::function<void(Text)>;

  struct Variant {
    ExpositionFormat format = ExpositionFormat::text;
    bool is_gzipped = false;
  };

  /// The steps that make a text. Only one thread at a time calls them, except `revision` and `now`.
  struct Steps {
    std::function<std::uint64_t()> revision;  ///< changes with every tick; called from any thread
    std::function<FreshCounters()> read;
    std::function<void(const FreshCounters&, ExpositionFormat, std::string&)> write;
    std::function<TimePoint()> now = [] { return std::chrono::steady_clock::now(); };
  };

  static constexpr std::chrono::milliseconds max_age{100};

  explicit Scrapes(Steps steps) : steps_(std::move(steps)) {}
  ~Scrapes();
  Scrapes(const Scrapes&) = delete;
  Scrapes& operator=(const Scrapes&) = delete;

  /// Returns a text that is fresh enough; null if it must be made.
  [[nodiscard]] Text fresh(Variant variant) const;

  /// Starts the thread unless it is running. Throws std::system_error.
  void start();

  /// Asks the thread to pass a fresh text to `completion`. Requires start().
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
  void forget_other_formats(ExpositionFormat format);
  const Entry& keep(Variant variant, const Entry& entry);

  Steps steps_;
  std::optional<Reading> reading_;  ///< used by the thread only

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::array<Entry, 4> entries_;  ///< guarded by mutex_, like the next two
  std::vector<Request> requests_;
  bool is_stopping_ = false;
  std::thread thread_;  ///< guarded by mutex_ until it is joined
};

}  // namespace provisr::daemon
