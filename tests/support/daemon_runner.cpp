#include "support/daemon_runner.hpp"

#include "support/paths.hpp"
#include "support/send_signal.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <arpa/inet.h>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <fstream>
#include <netinet/in.h>
#include <random>
#include <signal.h>
#include <sstream>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace provisr::test {
namespace {

void redirect(int to, const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(fd, to);
  ::close(fd);
}

void close_inherited_descriptors() {
#ifdef SYS_close_range
  ::syscall(SYS_close_range, static_cast<unsigned>(STDERR_FILENO) + 1, ~0U, 0U);
#endif
}

[[nodiscard]] int shell_code(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

[[nodiscard]] HttpResult to_result(const httplib::Result& result) {
  if (!result) return {};
  HttpResult copy{.status = result->status, .body = result->body, .headers = {}};
  for (const auto& [name, value] : result->headers) copy.headers.emplace(name, value);
  return copy;
}

[[nodiscard]] bool nobody_listens_on(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool is_bound =
      ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return is_bound;
}

/// Reserves a port for this program, so that no other test gets it: binds an abstract Unix socket
/// named after the port, which is released when this program ends. Returns false if it is taken.
[[nodiscard]] bool claim(int port) {
  const std::string name = fmt::format("provisr-test-port-{}", port);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path + 1, name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0) return true;
  ::close(fd);
  return false;
}

/// Returns an empty text if there is no such process.
[[nodiscard]] std::string command_line_of(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/cmdline", pid), std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

int free_port() {
  // Below the default range of ephemeral ports, which the system gives to clients.
  static std::uniform_int_distribution<int> ports(20'000, 32'000);
  static std::random_device random;
  for (int tries = 0; tries < 10'000; ++tries) {
    const int port = ports(random);
    if (claim(port) && nobody_listens_on(port)) return port;
  }
  throw std::runtime_error("no free port");
}

HttpResult http_get(int port, const std::string& path) {
  return http_send(port, "GET", path);
}

HttpResult http_send(int port, const std::string& method, const std::string& path,
                     const Headers& headers) {
  httplib::Client client("127.0.0.1", port);
  client.set_connection_timeout(deadline);
  client.set_read_timeout(deadline);
  client.set_decompress(false);
  httplib::Request request;
  request.method = method;
  request.path = path;
  for (const auto& [name, value] : headers) request.headers.emplace(name, value);
  return to_result(client.send(request));
}

Program::Program(std::vector<std::string> command, const std::filesystem::path& folder)
    : out_file_(folder / "stdout"), err_file_(folder / "stderr") {
  write_text(out_file_, "");
  write_text(err_file_, "");
  std::vector<char*> argv;
  for (std::string& word : command) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("cannot fork");
  if (pid_ > 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);  // if the test is killed, the program ends, too
  redirect(STDOUT_FILENO, out_file_);
  redirect(STDERR_FILENO, err_file_);
  close_inherited_descriptors();
  ::execvp(argv[0], argv.data());
  ::_exit(127);
}

Program::~Program() {
  if (has_ended()) return;
  send_signal(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::string Program::out() const {
  return read_text(out_file_);
}
std::string Program::err() const {
  return read_text(err_file_);
}
bool Program::comes_to_log(std::string_view text) const {
  return eventually([&] { return err().find(text) != std::string::npos; });
}
void Program::signal(int number) const {
  send_signal(pid_, number);
}

void Program::signal_again(int number) const {
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  signal(number);
}

bool Program::has_ended() {
  if (exit_code_) return true;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
  exit_code_ = shell_code(status);
  return true;
}

std::optional<int> Program::wait() {
  static_cast<void>(eventually([this] { return has_ended(); }));
  return exit_code_;
}

Outcome run_to_end(std::vector<std::string> command) {
  const TempDirectory folder;
  Program program(std::move(command), folder.path());
  const auto status = program.wait();
  REQUIRE(status);
  return {*status, program.out(), program.err()};
}

Outcome provisrd(const std::vector<std::string>& arguments) {
  std::vector<std::string> command{provisrd_path()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_to_end(std::move(command));
}

Daemon::Daemon(std::string_view configuration, std::vector<std::string> options) {
  const auto file = folder_.write("provisr.toml", configuration);
  std::vector<std::string> command{provisrd_path(),    file.string(),
                                   "--listen",         fmt::format("127.0.0.1:{}", api_port_),
                                   "--metrics-listen", fmt::format("127.0.0.1:{}", metrics_port_)};
  command.insert(command.end(), options.begin(), options.end());
  program_.emplace(std::move(command), folder_.path());
  const bool is_up =
      eventually([this] { return get("/healthz").status == 200 || program_->has_ended(); });
  INFO(program_->err());
  REQUIRE(is_up);
  REQUIRE_FALSE(program_->has_ended());
}

rapidjson::Document Daemon::json(const std::string& path) const {
  const HttpResult result = get(path);
  INFO(path << " -> " << result.status << ": " << result.body);
  REQUIRE(result.status == 200);
  rapidjson::Document document;
  document.Parse(result.body.c_str());
  REQUIRE_FALSE(document.HasParseError());
  return document;
}

rapidjson::Document Daemon::status_of(const std::string& name) const {
  const rapidjson::Document all = json("/api/status");
  rapidjson::Document found;
  for (const auto& process : all["processes"].GetArray()) {
    if (process["name"].GetString() == name) found.CopyFrom(process, found.GetAllocator());
  }
  return found;
}

std::string Daemon::state_of(const std::string& name) const {
  const rapidjson::Document status = status_of(name);
  return status.IsObject() ? status["state"].GetString() : "";
}

bool has_executed(pid_t child, const Program& daemon) {
  const std::string of_daemon = command_line_of(daemon.pid());
  return of_daemon.empty() || command_line_of(child) != of_daemon;
}

pid_t Daemon::pid_of(const std::string& name) const {
  pid_t pid = 0;
  const bool is_known = eventually([&] {
    const rapidjson::Document status = status_of(name);
    if (status.IsObject() && status.HasMember("pid")) pid = status["pid"].GetInt();
    return pid != 0 && has_executed(pid, *program_);
  });
  INFO(name << " has no process");
  REQUIRE(is_known);
  return pid;
}

bool Daemon::has_samples_of(const std::vector<std::string>& names) const {
  return eventually([&] {
    const rapidjson::Document all = json("/api/metrics");
    return std::all_of(names.begin(), names.end(),
                       [&](const std::string& name) { return all.HasMember(name.c_str()); });
  });
}

bool is_alive(pid_t pid) {
  if (::kill(pid, 0) != 0) return false;
  // A zombie has ended; its parent has only not reaped it yet.
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string stat;
  std::getline(file, stat);
  const auto name_end = stat.rfind(')');
  return name_end != std::string::npos && stat.substr(name_end).find(" Z") != 1;
}

std::string child_args(const std::vector<std::string>& arguments) {
  std::string text = fmt::format("args = [\"{}\"", child_path());
  for (const std::string& argument : arguments) text += fmt::format(", \"{}\"", argument);
  return text + "]\n";
}

std::string process_toml(std::string_view name, const std::vector<std::string>& arguments,
                         std::string_view more) {
  return fmt::format("[[processes]]\nname = \"{}\"\n{}{}\n", name, child_args(arguments), more);
}

void TokenFile::write(std::string_view text) const {
  std::filesystem::permissions(
      folder_.write("token", fmt::format("{}\n", text)),
      std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

}  // namespace provisr::test
