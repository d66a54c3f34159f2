#pragma once

#include "daemon/cli/client/api_client.hpp"
#include "daemon/cli/top/board.hpp"
#include "daemon/platform/wakeup.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace provisr::daemon {

/// How many histories are asked for in one round; each is a request.
inline constexpr std::size_t histories_a_round = 16;

/// Asks for the state of everything: two or three requests, and one for each of `histories`, of
/// which those are absent that have none. `names` are of processes or bases; none: all. Throws
/// ClientFailure or AnswerFault.
[[nodiscard]] Look look_around(const ApiClient& api, const std::vector<std::string>& names,
                               const std::vector<std::string>& histories);

/// Asks again and again on a thread of its own, so that a server that hangs stops nobody.
///
/// The destructor does not wait for an answer: the thread ends by itself after it. A program that
/// returns from main() meanwhile destroys what that thread uses; see stop().
class Watcher {
 public:
  Watcher(ApiClient api, std::vector<std::string> names, std::chrono::milliseconds interval);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  /// Woken when there is something to take.
  [[nodiscard]] Wakeup& wakeup();
  [[nodiscard]] std::optional<Look> take();

  /// Asks for nothing more. Returns whether the thread has ended within `patience`; if it has not,
  /// because a server hangs, the program must end without destroying anything (std::_Exit).
  [[nodiscard]] bool stop(std::chrono::milliseconds patience);

  /// What is on the screen: the histories of these are asked for, each once.
  void show(const std::vector<std::string>& names);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace provisr::daemon
