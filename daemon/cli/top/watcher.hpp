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

/// Asks for the state of processes: three requests, and one for each of `histories`. A name
/// without a history is absent from the result. `names` are of processes or bases; none means all.
/// Names whose history the server has and could not send now are in `unanswered`.
/// Throws ClientFailure or InvalidAnswer.
[[nodiscard]] Look poll_server(const ApiClient& api, const std::vector<std::string>& names,
                               const std::vector<std::string>& histories);

/// Polls the server on a thread of its own, so that a server that hangs does not block the caller.
///
/// The destructor does not wait for an answer: the thread ends on its own after the answer. If
/// main() returns meanwhile, objects that the thread uses are destroyed; see stop().
class Watcher {
 public:
  Watcher(ApiClient api, std::vector<std::string> names, std::chrono::milliseconds interval);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  /// Returns the wakeup that is signalled when take() has a result.
  [[nodiscard]] Wakeup& wakeup();
  [[nodiscard]] std::optional<Look> take();

  /// Stops polling. Returns whether the thread has ended within `patience`. If it has not, because
  /// a server hangs, the program must end without destroying anything (std::_Exit).
  [[nodiscard]] bool stop(std::chrono::milliseconds patience);

  /// Sets the names on the screen. Their histories are asked for first.
  void show(const std::vector<std::string>& names);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace provisr::daemon
