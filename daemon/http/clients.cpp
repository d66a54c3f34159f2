#include "daemon/http/clients.hpp"

#include <iterator>

namespace provisr::daemon {

using Phase = Connection::Phase;

namespace {

[[nodiscard]] bool has_own_limit(Phase phase) {
  return phase == Phase::waiting || phase == Phase::deferred;
}

}  // namespace

Client& Clients::add(Socket socket, const HttpLimits& limits, ConnectionOwner& owner,
                     Connection::TimePoint now) {
  std::list<Client>& list = list_of(Phase::idle);
  Client& client = list.emplace_back(std::move(socket), limits, owner, now);
  client.position = std::prev(list.end());
  ++size_;
  return client;
}

void Clients::relist(Client& client) {
  const Connection& connection = client.connection;
  const bool is_listed = client.listed_as == connection.phase() &&
                         client.listed_since == connection.since() &&
                         client.listed_deadline == connection.deadline();
  if (is_listed) return;
  move_to(client, connection.phase());
}

void Clients::drop(Client& client) {
  if (is_dropped(client)) return;
  client.socket.close();
  move_to(client, Phase::over);
  --size_;
}

Client* Clients::next_due() {
  Client* next = nullptr;
  for (const Phase phase : {Phase::idle, Phase::request, Phase::answer, Phase::closing}) {
    Client* const client = first_in(phase);
    if (client == nullptr) continue;
    const bool is_sooner =
        next == nullptr || client->connection.deadline() < next->connection.deadline();
    if (is_sooner) next = client;
  }
  if (by_deadline_.empty()) return next;
  const auto& [deadline, client] = *by_deadline_.begin();
  return next == nullptr || deadline < next->connection.deadline() ? client : next;
}

Client* Clients::longest_waiting() {
  Client* longest = nullptr;
  for (const Phase phase : {Phase::idle, Phase::request, Phase::answer, Phase::closing}) {
    Client* const client = first_in(phase);
    if (client == nullptr) continue;
    const bool is_longer =
        longest == nullptr || client->connection.since() < longest->connection.since();
    if (is_longer) longest = client;
  }
  for (const Phase phase : {Phase::waiting, Phase::deferred}) {
    if (longest == nullptr) longest = first_in(phase);
  }
  return longest;
}

Client* Clients::first_in(Phase phase) {
  std::list<Client>& list = list_of(phase);
  return list.empty() ? nullptr : &list.front();
}

void Clients::move_to(Client& client, Phase phase) {
  std::list<Client>& to = list_of(phase);
  to.splice(to.end(), list_of(client.listed_as), client.position);
  if (has_own_limit(client.listed_as)) by_deadline_.erase({*client.listed_deadline, &client});
  client.listed_as = phase;
  client.listed_since = client.connection.since();
  client.listed_deadline = client.connection.deadline();
  if (has_own_limit(phase)) by_deadline_.emplace(*client.listed_deadline, &client);
}

}  // namespace provisr::daemon
