#include "daemon/http/server.hpp"

#include "daemon/http/clients.hpp"
#include "daemon/http/compression.hpp"
#include "daemon/http/connection.hpp"
#include "daemon/http/engine.hpp"
#include "daemon/http/listeners.hpp"
#include "daemon/platform/poller.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace provisr::daemon {
namespace {

using TimePoint = Connection::TimePoint;
using Phase = Connection::Phase;

constexpr std::size_t accepts_in_a_row = 64;
constexpr std::size_t bytes_received_in_a_row = std::size_t{8} * 1024;
constexpr std::size_t bytes_sent_in_a_row = std::size_t{4} << 20U;

[[nodiscard]] TimePoint now() {
  return std::chrono::steady_clock::now();
}

/// Rounds up, so that the moment has come when the wait ends.
[[nodiscard]] std::chrono::milliseconds time_until(TimePoint moment) {
  return std::chrono::ceil<std::chrono::milliseconds>(
      std::max(moment - now(), TimePoint::duration(0)));
}

/// Returns why a client whose deadline has passed is dropped; empty if it has got all its answers.
[[nodiscard]] std::optional<DropReason> reason_of(Phase phase) {
  if (phase == Phase::request) return DropReason::request_timeout;
  if (phase == Phase::answer) return DropReason::answer_timeout;
  if (phase == Phase::idle) return DropReason::idle_timeout;
  return std::nullopt;
}

[[nodiscard]] Poller::Interest interest_of(const Connection& connection) {
  if (connection.phase() == Phase::answer) return Poller::Interest::output;
  return connection.takes_input() ? Poller::Interest::input : Poller::Interest::none;
}

[[nodiscard]] std::size_t size_of(std::span<const std::string_view> parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  return size;
}

/// Leaves at least half of the connections to clients without a deferred answer.
[[nodiscard]] std::size_t max_deferred(const HttpLimits& limits) {
  return std::min(limits.deferred, (limits.connections + 1) / 2);
}

}  // namespace

/// The thread of a server and everything that belongs to it.
class HttpServer::Loop final : public ConnectionOwner {
 public:
  Loop(const HttpServerOptions& options, const Router& router, HttpMonitor& monitor, const Log& log,
       std::shared_ptr<const Listeners> listeners)
      : options_(&options),
        router_(&router),
        monitor_(&monitor),
        log_(&log),
        access_(options.access != nullptr ? options.access : &no_token_),
        address_(listeners->address()),
        address_text_(address_.to_string()),
        listeners_(std::move(listeners)) {
    for (const Socket* const socket : listeners_->sockets()) {
      poller_.add(*socket, Poller::Interest::none, this);
    }
  }

  ~Loop() {
    completed_->close();
    monitor_->count_closed(clients_.size());
  }

  [[nodiscard]] const ListenAddress& address() const { return address_; }
  /// From any thread; null once they are given up.
  [[nodiscard]] std::shared_ptr<const Listeners> listeners() const;
  enum class Accepting { not_yet, yes, no_more, finishing };
  void make_thread();
  void set_accepting(Accepting accepting);
  [[nodiscard]] bool is_drained() const { return is_drained_; }
  void stop();
  void wake_sources();

  HttpAnswer answer(const HttpRequest& request) override;
  void count_answer(int status) override { monitor_->count_answer(status); }
  HttpEngine& engine() override { return engine_; }
  bool keeps_connections() const override { return !takes_no_more(); }
  std::optional<Ticket> open_ticket() override;
  HttpCompletion completion_of(Ticket ticket) override;

 private:
  [[nodiscard]] bool takes_no_more() const {
    return accepting_ == Accepting::no_more || accepting_ == Accepting::finishing;
  }
  void run();
  void try_turn();
  void drain();
  void turn(TimePoint latest);
  void handle(const Poller::Event& event);

  void set_listening(Poller::Interest interest);
  void give_up_listeners();
  void pause_accepting();
  void resume_accepting();
  void accept_waiting();
  struct AcceptRound {
    bool has_admitted = false;
    bool has_evicted = false;
  };
  [[nodiscard]] bool accept_from(const Socket& listener, AcceptRound& round);
  void admit(Socket socket);
  [[nodiscard]] bool evict(DropReason reason);
  void log_once(const std::error_code& error);

  template <class Work>
  void guard(Client& client, Work&& work);
  void receive_from(Client& client);
  void send_to(Client& client);
  void settle(Client& client);
  void cut_off(Client& client, DropReason reason);
  void drop(Client& client);
  void drop_all_in(Phase phase);
  void drop_unanswerable();
  void end_due_clients();
  void wake_waiting();
  void deliver_completed();
  void complete(Client& client, HttpAnswer answer);
  void file_ticket(Client& client, std::optional<Ticket> ticket);
  [[nodiscard]] TimePoint next_moment(TimePoint latest);

  const HttpServerOptions* options_;
  const Router* router_;
  HttpMonitor* monitor_;
  const Log* log_;
  AccessPolicy no_token_;
  const AccessPolicy* access_;
  ListenAddress address_;
  std::string address_text_;  ///< made before memory is short
  mutable std::mutex listeners_mutex_;
  std::shared_ptr<const Listeners> listeners_;  ///< changed by the thread of the loop alone
  Poller poller_;
  Clients clients_;
  HttpEngine engine_;
  Ticket last_ticket_ = 0;
  std::unordered_map<Ticket, Client*> deferred_;
  std::shared_ptr<CompletedAnswers> completed_ =
      std::make_shared<CompletedAnswers>([this] { poller_.wake(); });
  std::array<char, bytes_received_in_a_row> buffer_{};
  std::set<int> said_errors_;
  bool is_paused_ = true;
  TimePoint accept_again_{};
  std::atomic<Accepting> accepting_ = Accepting::not_yet;
  std::atomic<bool> is_drained_ = false;
  std::atomic<bool> is_stopping_ = false;
  std::atomic<bool> are_sources_woken_ = false;
  std::thread thread_;
};

void HttpServer::Loop::make_thread() {
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

/// `finishing` is final.
void HttpServer::Loop::set_accepting(Accepting accepting) {
  Accepting before = accepting_;
  while (before != Accepting::finishing && !accepting_.compare_exchange_weak(before, accepting)) {
  }
  poller_.wake();
}

void HttpServer::Loop::stop() {
  if (!thread_.joinable()) return;
  is_stopping_ = true;
  poller_.wake();
  thread_.join();
}

void HttpServer::Loop::wake_sources() {
  are_sources_woken_ = true;
  poller_.wake();
}

HttpAnswer HttpServer::Loop::answer(const HttpRequest& request) {
  const bool is_unix_socket = options_->address.is_unix_socket();
  if (!is_unix_socket && options_->hosts && !options_->hosts->allows(request.host)) {
    return error_answer(403, fmt::format("\"{}\" is not a name of this server; if it is one, add "
                                         "it to allowed_hosts of [server] in the configuration",
                                         request.host));
  }
  const Transport transport = is_unix_socket ? Transport::unix_socket : Transport::tcp;
  HttpAnswer answer = router_->answer(
      request, [&](Access access) { return access_->refusal_of(request, access, transport); });
  return compressed_for(request.headers, std::move(answer));
}

std::optional<Ticket> HttpServer::Loop::open_ticket() {
  if (deferred_.size() >= max_deferred(options_->limits)) return std::nullopt;
  return ++last_ticket_;
}

HttpCompletion HttpServer::Loop::completion_of(Ticket ticket) {
  return completed_->completion_of(ticket);
}

void HttpServer::Loop::run() {
  while (!is_stopping_) try_turn();
  try {
    drain();
  } catch (const std::exception&) {  // no memory: ends without draining
  }
}

/// Waits a little after a failure, such as a lack of memory, before the next turn.
void HttpServer::Loop::try_turn() {
  try {
    turn(TimePoint::max());
  } catch (const std::exception& failure) {
    log_->error("HTTP on {}: {}; trying again", address_text_, failure.what());
    std::this_thread::sleep_for(options_->limits.accept_pause);
  }
}

/// Gives answers being sent a moment to be taken. Accepts nothing new.
void HttpServer::Loop::drain() {
  set_listening(Poller::Interest::none);
  is_paused_ = false;
  deliver_completed();
  clients_.for_each_in(Phase::deferred, [this](Client& client) {
    complete(client, error_answer(503, "provisrd is ending"));
  });
  drop_all_in(Phase::request);
  drop_all_in(Phase::waiting);
  drop_unanswerable();
  const TimePoint end = now() + options_->limits.drain_time;
  while (clients_.first_in(Phase::answer) != nullptr && now() < end) turn(end);
}

void HttpServer::Loop::turn(TimePoint latest) {
  const TimePoint moment = next_moment(latest);
  const bool is_endless = moment == TimePoint::max();
  const auto events = poller_.wait(is_endless ? std::nullopt : std::optional(time_until(moment)));
  if (takes_no_more()) {
    set_listening(Poller::Interest::none);
    is_paused_ = false;
  }
  for (const Poller::Event& event : events) handle(event);
  deliver_completed();
  wake_waiting();
  end_due_clients();
  resume_accepting();
  if (accepting_ == Accepting::finishing) {
    give_up_listeners();
    drop_unanswerable();
  }
  clients_.forget_dropped();
  is_drained_ = takes_no_more() && clients_.size() == 0;
}

TimePoint HttpServer::Loop::next_moment(TimePoint latest) {
  TimePoint moment = latest;
  if (is_paused_ && accepting_ == Accepting::yes) moment = std::min(moment, accept_again_);
  if (const Client* const client = clients_.next_due()) {
    moment = std::min(moment, client->connection.deadline().value_or(moment));
  }
  return moment;
}

void HttpServer::Loop::handle(const Poller::Event& event) {
  if (event.owner == this) return accept_waiting();
  Client& client = *static_cast<Client*>(event.owner);
  if (Clients::is_dropped(client)) return;
  if (event.is_lost && !event.is_ready) return drop(client);
  guard(client, [&] {
    if (client.interest == Poller::Interest::input) receive_from(client);
    send_to(client);
  });
}

std::shared_ptr<const Listeners> HttpServer::Loop::listeners() const {
  const std::lock_guard lock(listeners_mutex_);
  return listeners_;
}

/// Closes the sockets unless a successor shares them, so that the system refuses new clients.
void HttpServer::Loop::give_up_listeners() {
  if (!listeners_) return;
  for (const Socket* const socket : listeners_->sockets()) poller_.remove(*socket);
  const std::lock_guard lock(listeners_mutex_);
  listeners_.reset();
}

void HttpServer::Loop::set_listening(Poller::Interest interest) {
  if (!listeners_) return;
  for (const Socket* const socket : listeners_->sockets()) {
    poller_.change(*socket, interest, this);
  }
}

void HttpServer::Loop::pause_accepting() {
  set_listening(Poller::Interest::none);
  is_paused_ = true;
  accept_again_ = now() + options_->limits.accept_pause;
}

void HttpServer::Loop::resume_accepting() {
  if (accepting_ != Accepting::yes || !is_paused_ || now() < accept_again_) return;
  set_listening(Poller::Interest::input);
  is_paused_ = false;
}

void HttpServer::Loop::accept_waiting() {
  if (accepting_ != Accepting::yes) return;
  AcceptRound round;
  bool has_failed = false;
  for (const Socket* const listener : listeners_->sockets()) {
    has_failed |= !accept_from(*listener, round);
  }
  if (has_failed) pause_accepting();
}

/// Returns false if trying again at once is useless. Without a free descriptor, accept(2) fails
/// even if no client waits; after a client was admitted, such a failure means nothing.
bool HttpServer::Loop::accept_from(const Socket& listener, AcceptRound& round) {
  for (std::size_t i = 0; i < accepts_in_a_row; ++i) {
    Accepted accepted = accept_connection(listener);
    if (accepted.outcome == Accepted::Outcome::nobody) return true;
    if (accepted.outcome == Accepted::Outcome::connection) {
      admit(std::move(accepted.socket));
      round.has_admitted = true;
      continue;
    }
    const bool is_exhausted = accepted.outcome == Accepted::Outcome::exhausted;
    if (is_exhausted && round.has_admitted) return true;
    log_once(accepted.error);
    const bool may_evict = is_exhausted && !std::exchange(round.has_evicted, true);
    if (may_evict && evict(DropReason::no_descriptors)) continue;
    monitor_->count_drop(DropReason::accept_error);
    if (accepted.outcome != Accepted::Outcome::lost) return false;
  }
  return round.has_admitted;
}

void HttpServer::Loop::admit(Socket socket) {
  if (clients_.size() >= options_->limits.connections) {
    static_cast<void>(evict(DropReason::max_connections));
  }
  Client& client = clients_.add(std::move(socket), options_->limits, *this, now());
  monitor_->count_opened();
  guard(client, [&] { poller_.add(client.socket, client.interest, &client); });
}

/// Evicts the client that has kept the server waiting longest. Returns false if there is no client.
bool HttpServer::Loop::evict(DropReason reason) {
  Client* const client = clients_.longest_waiting();
  if (client == nullptr) return false;
  cut_off(*client, reason);
  return true;
}

/// Logs each kind of error once, so that a lasting error does not fill the log.
void HttpServer::Loop::log_once(const std::error_code& error) {
  if (!said_errors_.insert(error.value()).second) return;
  log_->warn("cannot accept a connection on {}: {}; trying again", address_text_, error.message());
}

/// Contains a failure, such as a lack of memory: it ends only the connection concerned.
template <class Work>
void HttpServer::Loop::guard(Client& client, Work&& work) {
  try {
    work();
    settle(client);
  } catch (const std::exception& failure) {
    log_->warn("a connection on {} has ended: {}", address_text_, failure.what());
    cut_off(client, DropReason::internal_error);
  }
}

void HttpServer::Loop::receive_from(Client& client) {
  const Transfer transfer = receive(client.socket, buffer_);
  if (transfer.outcome == Transfer::Outcome::moved) {
    client.connection.received({buffer_.data(), transfer.bytes}, now());
  } else if (transfer.outcome == Transfer::Outcome::ended) {
    client.connection.input_ended(now());
  }
}

/// Sends until the client takes no more for now. The bytes at a time are bounded, so that a client
/// that takes everything does not delay others. Nor does a client whose answers are small and take
/// long to make: what follows an answer, or a piece of one, is made in this turn and sent in the
/// next.
void HttpServer::Loop::send_to(Client& client) {
  std::size_t sent = 0;
  while (sent < bytes_sent_in_a_row) {
    const auto output = client.connection.output();
    if (output.empty()) return;
    const std::size_t size = size_of(output);
    const Transfer transfer = send(client.socket, output);
    if (transfer.outcome == Transfer::Outcome::would_block) return;
    if (transfer.outcome == Transfer::Outcome::ended) return drop(client);
    sent += transfer.bytes;
    client.connection.sent(transfer.bytes, now());
    if (transfer.bytes == size) return;
  }
}

/// Brings poller, lists and ticket in line with the state of the connection.
void HttpServer::Loop::settle(Client& client) {
  if (Clients::is_dropped(client)) return;
  const Phase phase = client.connection.phase();
  if (phase == Phase::over) return drop(client);
  if (phase == Phase::closing && client.listed_as != Phase::closing) end_sending(client.socket);
  clients_.relist(client);
  file_ticket(client, client.connection.ticket());
  const Poller::Interest interest = interest_of(client.connection);
  if (std::exchange(client.interest, interest) != interest) {
    poller_.change(client.socket, interest, &client);
  }
}

void HttpServer::Loop::cut_off(Client& client, DropReason reason) {
  if (Clients::is_dropped(client)) return;
  drop(client);
  monitor_->count_drop(reason);
}

void HttpServer::Loop::drop(Client& client) {
  if (Clients::is_dropped(client)) return;
  poller_.remove(client.socket);
  file_ticket(client, std::nullopt);
  clients_.drop(client);
  monitor_->count_closed();
}

void HttpServer::Loop::drop_all_in(Phase phase) {
  clients_.for_each_in(phase, [this](Client& client) { drop(client); });
}

/// Drops idle clients and those that receive an endless stream.
void HttpServer::Loop::drop_unanswerable() {
  drop_all_in(Phase::idle);
  clients_.for_each_in(Phase::waiting, [this](Client& client) {
    if (client.connection.is_endless()) drop(client);
  });
}

void HttpServer::Loop::end_due_clients() {
  for (;;) {
    Client* const client = clients_.next_due();
    if (client == nullptr || client->connection.deadline() > now()) return;
    const auto reason = reason_of(client->connection.phase());
    if (reason) monitor_->count_drop(*reason);
    guard(*client, [&] {
      client->connection.deadline_passed(now());
      send_to(*client);
    });
  }
}

void HttpServer::Loop::wake_waiting() {
  if (!are_sources_woken_.exchange(false)) return;
  clients_.for_each_in(Phase::waiting, [this](Client& client) {
    guard(client, [&] {
      client.connection.wake_source(now());
      send_to(client);
    });
  });
}

/// Drops an answer whose client is gone or was answered when its time limit passed.
void HttpServer::Loop::deliver_completed() {
  for (CompletedAnswers::Entry& entry : completed_->take()) {
    const auto found = deferred_.find(entry.ticket);
    if (found == deferred_.end()) continue;
    if (entry.answer) {
      complete(*found->second, std::move(*entry.answer));
    } else {
      cut_off(*found->second, DropReason::internal_error);
    }
  }
}

void HttpServer::Loop::complete(Client& client, HttpAnswer answer) {
  guard(client, [&] {
    client.connection.complete(std::move(answer), now());
    send_to(client);
  });
}

void HttpServer::Loop::file_ticket(Client& client, std::optional<Ticket> ticket) {
  if (client.ticket == ticket) return;
  if (client.ticket) deferred_.erase(*client.ticket);
  if (ticket) deferred_[*ticket] = &client;
  client.ticket = ticket;
}

HttpServer::HttpServer(HttpServerOptions options, const Router& router, HttpMonitor& monitor,
                       const Log& log)
    : options_(std::move(options)), router_(&router), monitor_(&monitor), log_(&log) {}

HttpServer::~HttpServer() {
  stop();
}

void HttpServer::bind() {
  make_loop(std::make_shared<const Listeners>(options_.address, options_.socket_group));
}

bool HttpServer::share(const HttpServer& predecessor) {
  const bool is_same = predecessor.loop_ && predecessor.options_.address == options_.address;
  auto listeners = is_same ? predecessor.loop_->listeners() : nullptr;
  if (!listeners) return false;
  if (!listeners->is_reachable()) listeners = renewed(std::move(listeners));
  group_change_ = std::make_unique<SocketGroupChange>(listeners, options_.socket_group);
  make_loop(std::move(listeners));
  return true;
}

/// Returns the same listeners if their address cannot be bound anew.
std::shared_ptr<const Listeners> HttpServer::renewed(
    std::shared_ptr<const Listeners> unreachable) const {
  try {
    return std::make_shared<const Listeners>(options_.address, options_.socket_group,
                                             unreachable.get());
  } catch (const std::runtime_error& failure) {
    log_->warn("{}", failure.what());
    return unreachable;
  }
}

bool HttpServer::is_reachable() const {
  const auto listeners = loop_ ? loop_->listeners() : nullptr;
  return !listeners || listeners->is_reachable();
}

bool HttpServer::is_bound() const {
  return loop_ && loop_->listeners();
}

void HttpServer::make_loop(std::shared_ptr<const Listeners> listeners) {
  loop_ = std::make_unique<Loop>(options_, *router_, *monitor_, *log_, std::move(listeners));
}

const ListenAddress& HttpServer::address() const {
  return loop_ ? loop_->address() : options_.address;
}

void HttpServer::prepare() {
  try {
    loop_->make_thread();
  } catch (const std::system_error& failure) {
    throw std::runtime_error(fmt::format("cannot start the thread that answers on {}: {}",
                                         address().to_string(), failure.code().message()));
  }
}

void HttpServer::start() {
  prepare();
  monitor_->set_address(address());
  loop_->set_accepting(Loop::Accepting::yes);
  if (group_change_) group_change_->keep();
  group_change_.reset();
}

void HttpServer::stop_accepting() {
  if (loop_) loop_->set_accepting(Loop::Accepting::no_more);
}

void HttpServer::finish() {
  if (loop_) loop_->set_accepting(Loop::Accepting::finishing);
}

bool HttpServer::is_drained() const {
  return !loop_ || loop_->is_drained();
}

void HttpServer::stop() {
  if (loop_) loop_->stop();
}

void HttpServer::wake_sources() {
  if (loop_) loop_->wake_sources();
}

}  // namespace provisr::daemon
