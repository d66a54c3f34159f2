#pragma once

#include "daemon/api/reload.hpp"
#include "daemon/base/log.hpp"
#include "daemon/config/load.hpp"
#include "daemon/platform/service_manager.hpp"

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace provisr::daemon {

/// Reloads the configuration on request. It has a thread of its own because reading files and
/// looking up users may block. Requests that arrive during a reload share the next one.
///
/// Thread safety: request() from any thread, also after stop().
class Reloader {
 public:
  struct Steps {
    std::function<LoadedConfig()> load;
    /// Applies a configuration that has no faults, or reports why it cannot.
    std::function<ReloadReport(const Config&)> apply;
    /// Called after a reload if no request waits. Must return soon once `is_wanted` returns true;
    /// it is called again after the next reload.
    std::function<void(const std::function<bool()>& is_wanted)> finish;
  };

  /// `log` and `manager` must outlive the reloader.
  Reloader(Steps steps, const Log& log, const ServiceManager& manager);
  ~Reloader() { stop(); }
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  /// Starts the thread, which serves earlier requests too. Throws std::system_error if no thread is
  /// available.
  void start();

  void request(ReloadReply reply);

  /// Waits for a reload that is under way; replies to all other requests, and to later ones, that
  /// provisrd is ending.
  void stop();

 private:
  /// The most requests that may wait; further ones are refused.
  static constexpr std::size_t max_waiting = 64;

  void run();
  [[nodiscard]] bool is_wanted();
  [[nodiscard]] ReloadReport reload() const noexcept;
  [[nodiscard]] ReloadReport try_reload() const;
  void tell(const ReloadReport& report) const;

  Steps steps_;
  const Log* log_;
  const ServiceManager* manager_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ReloadReply> waiting_;  ///< guarded by mutex_
  bool is_ending_ = false;            ///< guarded by mutex_
  std::thread thread_;
};

}  // namespace provisr::daemon
