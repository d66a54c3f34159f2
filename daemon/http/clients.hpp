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
  std::optional<Ticket> ticket;          ///< by which the server finds it
  std::list<Client>::iterator position;  ///< of this client in its list
};

/// All clients, those of each phase in the order in which they entered it. As a phase lasts equally
/// long for all, the first of each list is also the next whose deadline passes: adding, moving and
/// finding that one take constant time. Deferred answers have time limits of their own, and are in
/// an ordered set besides. Clients keep their addresses.
class Clients {
 public:
  [[nodiscard]] Client& add(Socket socket, const HttpLimits& limits, ConnectionOwner& owner,
                            Connection::TimePoint now);

  /// After a connection's phase may have changed.
  void relist(Client& client);

  /// Closes the socket. The object lives on until forget_dropped(), as events may name it.
  void drop(Client& client);
  void forget_dropped() { list_of(Connection::Phase::over).clear(); }
  [[nodiscard]] static bool is_dropped(const Client& client) { return !client.socket; }

  [[nodiscard]] std::size_t size() const { return size_; }

  /// The client whose deadline passes first.
  [[nodiscard]] Client* next_due();
  /// The client that has kept the server waiting longest. One that waits for the server, because
  /// its source has nothing or its answer is deferred, only if there is no other.
  [[nodiscard]] Client* longest_waiting();
  /// Any client that is in a phase.
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
  std::set<std::pair<Connection::TimePoint, Client*>> deferred_;  ///< by their deadlines
  std::size_t size_ = 0;
};

}  // namespace provisr::daemon
