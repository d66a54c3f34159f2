#pragma once

#include "daemon/http/connection.hpp"
#include "daemon/platform/poller.hpp"
#include "daemon/platform/socket.hpp"

#include <array>
#include <cstddef>
#include <list>
#include <optional>
#include <set>
#include <utility>

namespace provisr::daemon {

/// A connection and its socket.
struct Client {
  Client(Socket accepted, const HttpLimits& limits, ConnectionOwner& owner,
         Connection::TimePoint now)
      : socket(std::move(accepted)), connection(limits, owner, now) {}

  Socket socket;
  Connection connection;
  Poller::Interest interest = Poller::Interest::input;
  Connection::Phase listed_as = Connection::Phase::idle;
  Connection::TimePoint listed_since = connection.since();
  std::optional<Connection::TimePoint> listed_deadline = connection.deadline();
  std::optional<Ticket> ticket;          ///< identifies its deferred answer
  std::list<Client>::iterator position;  ///< of this client in its list
};

/// All clients, in a list for each phase, in the order in which they entered it. As a phase has the
/// same time limit for all clients, the first client of a list also has the earliest deadline;
/// adding, moving and finding that client take constant time. Clients that wait for the server have
/// individual time limits, so they are also in an ordered set. Clients keep their addresses.
class Clients {
 public:
  [[nodiscard]] Client& add(Socket socket, const HttpLimits& limits, ConnectionOwner& owner,
                            Connection::TimePoint now);

  /// Updates the lists after the phase of a connection may have changed.
  void relist(Client& client);

  /// Closes the socket. The object lives until forget_dropped(), because events may refer to it.
  void drop(Client& client);
  void forget_dropped() { list_of(Connection::Phase::over).clear(); }
  [[nodiscard]] static bool is_dropped(const Client& client) { return !client.socket; }

  [[nodiscard]] std::size_t size() const { return size_; }

  /// Returns the client with the earliest deadline.
  [[nodiscard]] Client* next_due();
  /// Returns the client that has kept the server waiting longest. Returns a client that waits for
  /// the server (its source has nothing or its answer is deferred) only if there is no other.
  [[nodiscard]] Client* longest_waiting();
  /// Returns a client that is in the phase.
  [[nodiscard]] Client* first_in(Connection::Phase phase);

  template <class Visit>
  void for_each_in(Connection::Phase phase, Visit&& visit) {
    std::list<Client>& list = list_of(phase);
    for (auto position = list.begin(); position != list.end();) visit(*position++);
  }

 private:
  [[nodiscard]] std::list<Client>& list_of(Connection::Phase phase) {
    return lists_[static_cast<std::size_t>(phase)];
  }
  void move_to(Client& client, Connection::Phase phase);

  std::array<std::list<Client>, Connection::phase_count> lists_;
  std::set<std::pair<Connection::TimePoint, Client*>> by_deadline_;  ///< waiting and deferred
  std::size_t size_ = 0;
};

}  // namespace provisr::daemon
