#include "contract/running_daemon.hpp"

#include "daemon/base/text.hpp"
#include "support/paths.hpp"
#include "support/start_child.hpp"

#include <fmt/format.h>
#include <httplib.h>

#include <thread>

namespace provisr::test {
namespace {

constexpr auto loopback = "127.0.0.1";

[[nodiscard]] std::string get(int port, const std::string& path) {
  httplib::Client client(loopback, port);
  const auto answer = client.Get(path);
  return answer && answer->status == 200 ? answer->body : "";
}

}  // namespace

std::unique_ptr<daemon::ChildProcess> start_daemon(const std::vector<std::string>& options) {
  daemon::ChildCommand command;
  command.argv = {provisr::test::provisrd_path()};
  command.argv.insert(command.argv.end(), options.begin(), options.end());
  return test::start_child(command);
}

struct TakenPort::State {
  httplib::Server server;
  int port = server.bind_to_any_port(loopback);
  std::thread listener{[this] { server.listen_after_bind(); }};
};

TakenPort::TakenPort() : state_(std::make_unique<State>()) {
  while (!state_->server.is_running()) std::this_thread::yield();
}

TakenPort::~TakenPort() {
  state_->server.stop();
  state_->listener.join();
}

int TakenPort::number() const {
  return state_->port;
}

RunningDaemon::RunningDaemon(const std::string& configuration)
    : daemon_(start_daemon({daemon::name_of(directory_.write("my provisr.toml", configuration)),
                            fmt::format("--listen={}:{}", loopback, api_port_),
                            fmt::format("--metrics-listen={}:{}", loopback, metrics_port_),
                            "--interval=100ms", "--log-level=warn"})) {}

std::string RunningDaemon::api(const std::string& path) const {
  return get(api_port_, path);
}

std::string RunningDaemon::metrics() const {
  return get(metrics_port_, "/metrics");
}

}  // namespace provisr::test
