#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace provisr::daemon {

struct OrphanSearch {
  std::vector<pid_t> found = {};
  bool is_complete = true;  ///< false: no thread could be started that looks at the rest
  /// Some process is ending and has no environment any more. It may have been an orphan, whose
  /// children become orphans.
  bool has_unknown = false;
};

/// Searches the orphans of the child with this `mark`: living children of `adopter` that are not in
/// `started` and have the `mark` in their environment (see launch_mark.hpp). Finds none if the
/// system cannot report them.
[[nodiscard]] OrphanSearch search_orphans(pid_t adopter, std::string_view mark,
                                          const std::unordered_set<pid_t>& started);

/// Leaves orphans that were to be killed, but could not be searched, to the next search that is
/// complete and has the same `adopter`. It kills them. Forgets them if memory is short or if those
/// of very many children are left.
void kill_orphans_later(pid_t adopter, std::string_view mark) noexcept;

/// Returns when a process was started; empty if it has ended, even if it is still a zombie, or if
/// the system cannot tell.
[[nodiscard]] std::optional<std::uint64_t> start_of_living(pid_t process);

/// Signals the process group that an orphan leads, as most do; otherwise only the orphan.
void signal_orphan(pid_t orphan, int signal) noexcept;

/// What is to be done to the orphans of one child. If they cannot be searched, they count as alive.
/// One that is found later gets the signals that were sent before. One that was found counts until
/// it has ended: a process that is ending has no environment any more, while its children have no
/// other parent yet.
class OrphanDesk {
 public:
  explicit OrphanDesk(std::function<OrphanSearch()> search) : search_(std::move(search)) {}

  /// Returns the orphans that the caller is to send these signals.
  [[nodiscard]] std::vector<pid_t> to_signal(std::initializer_list<int> signals);
  /// Returns whether there are orphans, or may be. Signals those that are new.
  [[nodiscard]] bool may_exist();
  /// Returns whether they were to be killed, but some could not be searched.
  [[nodiscard]] bool owes_kill() const;

 private:
  [[nodiscard]] std::vector<pid_t> find_new();
  void send_to(const std::vector<pid_t>& orphans) const;
  [[nodiscard]] bool may_be_unknown();
  void drop_ended();

  std::function<OrphanSearch()> search_;
  std::unordered_map<pid_t, std::uint64_t> known_;  ///< with start_of_living()
  std::vector<int> sent_;                           ///< signals, each once
  bool is_complete_ = true;                         ///< as the latest search
  bool has_unknown_ = false;                        ///< as the latest search
  int looks_at_unknown_ = 0;
};

}  // namespace provisr::daemon
