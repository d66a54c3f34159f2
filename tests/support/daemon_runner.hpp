#pragma once

#include "support/eventually.hpp"
#include "support/temp_directory.hpp"

#include <rapidjson/document.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

/// What tests of the real daemon share: starting it, talking to it, waiting for it.
namespace provisr::test {

/// A TCP port of the loopback interface that nobody listened on a moment ago, and that no other
/// call gives, of this test or of one beside it.
[[nodiscard]] int free_port();

using Headers = std::map<std::string, std::string, std::less<>>;

struct HttpResult {
  int status = 0;  ///< 0: no answer
  std::string body;
  Headers headers;
};

/// A GET on the loopback interface.
[[nodiscard]] HttpResult http_get(int port, const std::string& path);
[[nodiscard]] HttpResult http_send(int port, const std::string& method, const std::string& path,
                                   const Headers& headers = {});

/// A program that runs beside the test, with what it writes kept in files. Killed, by its id, with
/// the object if it still runs.
class Program {
 public:
  Program(std::vector<std::string> command, const std::filesystem::path& folder);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::string out() const;
  [[nodiscard]] std::string err() const;
  void signal(int number) const;

  /// As a shell reports it (128 + signal for one that was killed); empty when the deadline has
  /// passed.
  [[nodiscard]] std::optional<int> wait();
  [[nodiscard]] bool has_ended();

 private:
  std::filesystem::path out_file_;
  std::filesystem::path err_file_;
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

/// How a program ended, and what it wrote.
struct Outcome {
  int status = 0;  ///< as of Program::wait()
  std::string out;
  std::string err;
};

/// Waits for a program, in a folder of its own; fails the test if it does not end in time.
[[nodiscard]] Outcome run_to_end(std::vector<std::string> command);

/// The same of provisrd.
[[nodiscard]] Outcome provisrd(const std::vector<std::string>& arguments);

/// A provisrd that listens on two free ports.
class Daemon {
 public:
  /// `configuration` is TOML without [server] and [metrics] listen addresses.
  explicit Daemon(std::string_view configuration, std::vector<std::string> options = {});

  [[nodiscard]] int api_port() const { return api_port_; }
  [[nodiscard]] int metrics_port() const { return metrics_port_; }
  [[nodiscard]] std::string url() const { return "http://localhost:" + std::to_string(api_port_); }
  [[nodiscard]] Program& program() { return *program_; }
  [[nodiscard]] const TempDirectory& folder() const { return folder_; }

  [[nodiscard]] HttpResult get(const std::string& path) const { return http_get(api_port_, path); }
  [[nodiscard]] std::string prometheus() const { return http_get(metrics_port_, "/metrics").body; }

  /// The JSON of an answer of 200; fails the test otherwise.
  [[nodiscard]] rapidjson::Document json(const std::string& path) const;

  /// The entry of /api/status of a name; Null if it has none.
  [[nodiscard]] rapidjson::Document status_of(const std::string& name) const;
  [[nodiscard]] std::string state_of(const std::string& name) const;
  /// Waits until the name has a process; fails the test if it gets none.
  [[nodiscard]] pid_t pid_of(const std::string& name) const;

  /// Waits until every one of the names has a sample.
  [[nodiscard]] bool has_samples_of(const std::vector<std::string>& names) const;

 private:
  TempDirectory folder_;
  int api_port_ = free_port();
  int metrics_port_ = free_port();
  std::optional<Program> program_;
};

[[nodiscard]] bool is_alive(pid_t pid);

/// How a configuration names the child program of the tests, with its mode and arguments.
[[nodiscard]] std::string child_args(const std::vector<std::string>& arguments);

/// A configuration's entry of a process that runs that child; `more` are further keys or tables.
[[nodiscard]] std::string process_toml(std::string_view name,
                                       const std::vector<std::string>& arguments,
                                       std::string_view more = "");

/// The part of a configuration that has samples come soon.
inline constexpr std::string_view quick_collection =
    "[metrics.process_metrics]\ninterval = \"100ms\"\n";

/// A file with a token that is its owner's alone, and what a client of it says.
class TokenFile {
 public:
  TokenFile() { write(token); }
  void write(std::string_view text) const;
  [[nodiscard]] std::string path() const { return (folder_.path() / "token").string(); }
  [[nodiscard]] const TempDirectory& folder() const { return folder_; }

  inline static const std::string token = "correct-horse-battery";
  inline static const Headers credentials{{"Authorization", "Bearer " + token}};

 private:
  TempDirectory folder_;
};

}  // namespace provisr::test
