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

/// Reads the configuration again when asked to, on a thread of its own: files and servers that know
/// users may take their time. Requests that come while one is served are served together, by one
/// reading after it.
///
/// Thread safety: request() from any thread.
class Reloader {
 public:
  struct Steps {
    std::function<LoadedConfig()> load;
    /// Lives by a configuration without faults from now on, or says why not.
    std::function<ReloadReport(const Config&)> apply;
    /// Called once nobody waits; to end soon if `is_wanted` says that somebody does again, and to
    /// be called again then.
    std::function<void(const std::function<bool()>& is_wanted)> finish;
  };

  /// `log` and `manager` must outlive it.
  Reloader(Steps steps, const Log& log, const ServiceManager& manager);
  /// Waits for a reload that is under way; replies that provisrd ends to those that are not.
  ~Reloader();
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  /// Requests from before wait until then. Throws std::system_error if there is no thread to be
  /// had.
  void start();

  void request(ReloadReply reply);

 private:
  /// More requests than that at once are refused.
  static constexpr std::size_t most_waiting = 64;

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
