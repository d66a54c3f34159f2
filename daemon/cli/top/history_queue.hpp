#pragma once

#include <cstddef>
#include <deque>
#include <set>
#include <string>
#include <vector>

namespace provisr::daemon {

/// The most histories that one round asks for; each is a request.
inline constexpr std::size_t histories_a_round = 16;

/// Decides whose history `provisrd top` asks for next. Each is asked for once, or until the server
/// has answered; those on the screen come first. Growth is shown for all processes, so the others
/// follow. Holds only names of the last status and of the screen. Not thread-safe.
class HistoryQueue {
 public:
  /// Sets the names on the screen.
  void show(const std::vector<std::string>& names);

  /// Takes the names of the next round.
  [[nodiscard]] std::vector<std::string> next();

  /// Queues names again whose requests have failed, behind all others.
  void put_back(const std::vector<std::string>& names);

  /// Sets the names of the last status. A name that comes back later is asked for again.
  void list(std::set<std::string> names);

  /// Returns whether a history for the screen is not asked for yet.
  [[nodiscard]] bool is_urgent() const { return !shown_.empty(); }

  /// Returns how many names it holds; one in several places counts for each.
  [[nodiscard]] std::size_t size() const;

 private:
  void take_from(std::deque<std::string>& queue, std::vector<std::string>& next);

  std::set<std::string> listed_;    ///< in the last status
  std::set<std::string> asked_;     ///< asked for, or in `shown_` or `failed_`
  std::deque<std::string> shown_;   ///< on the screen
  std::deque<std::string> others_;  ///< listed; those that are also in `asked_` are skipped
  std::deque<std::string> failed_;
};

}  // namespace provisr::daemon
