#include "contract/running_daemon.hpp"

#include "daemon/base/text.hpp"
#include "daemon/http/client.hpp"
#include "support/eventually.hpp"
#include "support/paths.hpp"
#include "support/start_child.hpp"

#include <fmt/format.h>

namespace provisr::test {
namespace {

constexpr auto loopback = "127.0.0.1";

[[nodiscard]] std::string get(int port, const std::string& path) {
  const daemon::HttpClient client({.host = loopback, .port = port, .path = {}});
  try {
    const daemon::HttpResponse answer = client.send("GET", path, deadline);
    return answer.status == 200 ? answer.body : "";
  } catch (const daemon::HttpFailure&) {
    return {};  // not up yet
  }
}

[[nodiscard]] daemon::Socket listen_on_free_port() {
  const auto addresses = daemon::addresses_of(loopback);
  return daemon::listen_on(addresses.front(), 0, daemon::Coverage::own_family);
}

}  // namespace

std::unique_ptr<daemon::ChildProcess> start_daemon(const std::vector<std::string>& options) {
  daemon::ChildCommand command;
  command.argv = {provisr::test::provisrd_path()};
  command.argv.insert(command.argv.end(), options.begin(), options.end());
  return test::start_child(command);
}

TakenPort::TakenPort() : listener_(listen_on_free_port()) {}

int TakenPort::number() const {
  return daemon::port_of(listener_);
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
