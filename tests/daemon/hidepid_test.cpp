// provisrd runs as another user than the processes it watches, also with a /proc that hides them:
// in its own mount namespace.
#include "support/child_program.hpp"
#include "support/daemon_runner.hpp"
#include "support/eventually.hpp"
#include "support/paths.hpp"
#include "support/temp_directory.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <signal.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

using namespace provisr::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

constexpr uid_t other_user = 65534;

/// The keys of all figures that `collect` asks for.
const std::vector<std::string> all_further_keys{
    "io_read_bytes",        "io_write_bytes", "major_faults", "voluntary_switches",
    "involuntary_switches", "memory_peak",    "memory_pss",   "max_fds"};

/// The keys that the kernel refuses for another user's process, unless /proc hides it.
const std::vector<std::string> refused_keys{"io_read_bytes", "io_write_bytes", "memory_pss"};

[[nodiscard]] std::vector<std::string> keys_absent_from(const rapidjson::Value& sample) {
  std::vector<std::string> absent;
  for (const std::string& key : all_further_keys) {
    if (!sample.HasMember(key.c_str())) absent.push_back(key);
  }
  return absent;
}

[[nodiscard]] int lines_with(const std::string& text, std::string_view part) {
  int count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

/// A provisrd that is not root and sees a /proc mounted with `options`, or the usual one if empty.
class Unprivileged {
 public:
  Unprivileged(const std::string& options, const std::string& processes) {
    fs::permissions(folder_.path(), fs::perms(0755));
    folder_.write("provisr.toml",
                  fmt::format("[server]\nlisten = \"127.0.0.1:{}\"\n"
                              "[metrics]\nlisten = \"127.0.0.1:{}\"\n"
                              "[metrics.process_metrics]\ninterval = \"50ms\"\n"
                              "collect = [\"io\", \"faults\", \"switches\", \"peak\", \"pss\", "
                              "\"limits\"]\n{}",
                              port_, metrics_port_, with_reachable_program(processes)));
    const std::string mount =
        options.empty() ? "true" : "mount -t proc -o " + options + " proc /proc";
    const std::string script = fmt::format(
        "{} && exec setpriv --reuid={} --regid={} --clear-groups -- {} --log-level debug {}", mount,
        other_user, other_user, provisrd_path(), (folder_.path() / "provisr.toml").string());
    program_.emplace(std::vector<std::string>{"unshare", "--mount", "--propagation", "private",
                                              "sh", "-c", script},
                     folder_.path());
    const bool is_up =
        eventually([&] { return http_get(port_, "/api/status").status == 200 || ended(); });
    INFO(program_->err());
    REQUIRE(is_up);
    REQUIRE_FALSE(ended());
  }
  ~Unprivileged() {
    program_->signal(SIGTERM);
    static_cast<void>(program_->wait());
  }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;

  [[nodiscard]] rapidjson::Document json(const std::string& path) const {
    rapidjson::Document document;
    document.Parse(http_get(port_, path).body.c_str());
    return document;
  }
  /// Returns the sample of a name; an empty object if there is none.
  [[nodiscard]] rapidjson::Document sample_of(const std::string& name) const {
    rapidjson::Document sample = json("/api/metrics?name=" + name);
    if (!sample.IsObject() || !sample.HasMember("pid")) sample.SetObject();
    return sample;
  }
  [[nodiscard]] std::string status_of(const std::string& name) const {
    return http_get(port_, "/api/status?name=" + name).body;
  }
  [[nodiscard]] std::string exposition() const { return http_get(metrics_port_, "/metrics").body; }
  [[nodiscard]] std::string log() const { return program_->err(); }

  /// Waits for `ticks` more ticks.
  void let_pass(int ticks) const {
    const double from = value_of("provisr_ticks_total");
    REQUIRE(eventually([&] { return value_of("provisr_ticks_total") >= from + ticks; }));
  }
  /// Returns the value of a sample of /metrics; 0 if there is no such sample.
  [[nodiscard]] double value_of(const std::string& sample) const {
    const std::string text = "\n" + exposition();
    const std::size_t at = text.find("\n" + sample + " ");
    return at == std::string::npos ? 0 : std::stod(text.substr(at + sample.size() + 2));
  }

 private:
  [[nodiscard]] bool ended() { return program_->has_ended(); }

  /// Lets processes run a copy of the test program: the build may lie in a folder of root alone.
  [[nodiscard]] std::string with_reachable_program(std::string processes) const {
    const std::string program = child_path();
    const std::string copy = (folder_.path() / "provisr_child").string();
    fs::copy_file(program, copy);
    fs::permissions(copy, fs::perms(0755));
    for (std::size_t at = 0; (at = processes.find(program, at)) != std::string::npos;) {
      processes.replace(at, program.size(), copy);
      at += copy.size();
    }
    return processes;
  }

  TempDirectory folder_;
  int port_ = free_port();
  int metrics_port_ = free_port();
  std::optional<Program> program_;
};

[[nodiscard]] std::string pid_file_toml(std::string_view name, const fs::path& file) {
  return fmt::format("[[processes]]\nname = \"{}\"\npid_file = \"{}\"\n", name, file.string());
}

/// A process of root with a PID file that everybody may read.
struct RootsProcess {
  RootsProcess() {
    fs::permissions(folder.path(), fs::perms(0755));
    file = folder.write("pid", std::to_string(child.pid()) + "\n");
    fs::permissions(file, fs::perms(0644));
  }

  TempDirectory folder;
  const ChildProgram child = ChildProgram({"threader", "2"});
  fs::path file;
};

[[nodiscard]] std::string pass_ticks_and_log(const Unprivileged& daemon) {
  daemon.let_pass(40);
  return daemon.log();
}

}  // namespace

TEST_CASE("of another user's process only what is refused is absent, said once", "[hidepid]") {
  if (::geteuid() != 0) SKIP("needs root, to mount /proc and to become somebody else");
  // Members of the group `gid` see all processes, but have no further rights.
  const std::string options = GENERATE("", "hidepid=2,gid=65534", "hidepid=1,gid=65534");
  const std::string_view scope = GENERATE("process", "tree");
  CAPTURE(options, scope);
  const RootsProcess theirs;
  const Unprivileged daemon(
      options, pid_file_toml("theirs", theirs.file) + fmt::format("scope = \"{}\"\n", scope) +
                   process_toml("own", {"threader", "2"}, fmt::format("scope = \"{}\"", scope)));
  REQUIRE(eventually([&] { return daemon.sample_of("theirs").HasMember("max_fds"); }));
  REQUIRE(eventually([&] { return daemon.sample_of("own").HasMember("memory_pss"); }));
  const bool is_told = eventually([&] { return lines_with(daemon.log(), "memory_pss") == 1; });
  INFO(daemon.log());
  REQUIRE(is_told);
  const std::string log = pass_ticks_and_log(daemon);
  const rapidjson::Document sample = daemon.sample_of("theirs");
  CHECK(keys_absent_from(sample) == refused_keys);
  for (const char* key : {"cpu_percent", "memory_rss", "memory_vms", "num_threads", "num_fds"}) {
    INFO(key);
    CHECK(sample.HasMember(key));
  }
  CHECK(keys_absent_from(daemon.sample_of("own")).empty());
  for (const std::string& key : refused_keys) CHECK(lines_with(log, key) == 1);
  CHECK(lines_with(log, "theirs: ") == lines_with(log, "unknown: Permission denied") + 1);
  CHECK(daemon.value_of(R"(provisr_read_errors_total{kind="permission"})") >= 40);
  CHECK(daemon.value_of(R"(provisr_read_errors_total{kind="unreadable"})") == 0);
  CHECK(daemon.value_of(R"(provisr_process_io_read_bytes_total{name="theirs"})") == 0);
  CHECK_THAT(daemon.exposition(),
             !ContainsSubstring(R"(provisr_process_io_read_bytes_total{name="theirs"})"));
}

TEST_CASE("what hidepid hides is absent and said to be hidden; own processes are whole",
          "[hidepid]") {
  if (::geteuid() != 0) SKIP("needs root, to mount /proc and to become somebody else");
  const auto [mode, reason] =
      GENERATE(table<std::string, std::string>({{"1", "Permission denied"},
                                                {"2", "hidepid"},
                                                {"noaccess", "Permission denied"},
                                                {"invisible", "hidepid"},
                                                {"ptraceable", "hidepid"}}));
  CAPTURE(mode);
  const RootsProcess theirs;
  const Unprivileged daemon("hidepid=" + mode,
                            pid_file_toml("theirs", theirs.file) +
                                process_toml("own", {"threader", "2"}, "scope = \"process\"\n") +
                                process_toml("own-tree", {"forker", "2"}));
  REQUIRE(eventually([&] {
    const rapidjson::Document tree = daemon.sample_of("own-tree");
    return tree.HasMember("num_processes") && tree["num_processes"].GetInt() == 3 &&
           keys_absent_from(tree).empty() && keys_absent_from(daemon.sample_of("own")).empty();
  }));
  const std::string log = pass_ticks_and_log(daemon);
  CHECK_THAT(daemon.status_of("theirs"), ContainsSubstring(R"("state":"absent")"));
  CHECK_THAT(daemon.status_of("theirs"), ContainsSubstring(reason));
  CHECK_FALSE(daemon.sample_of("theirs").HasMember("pid"));
  CHECK_THAT(daemon.exposition(), ContainsSubstring("provisr_process_up{name=\"theirs\"} 0\n"));
  CHECK(lines_with(log, reason) == 1);
  CHECK(lines_with(log, "unknown") == 0);
  CHECK(daemon.value_of(R"(provisr_read_errors_total{kind="permission"})") == 0);
}

TEST_CASE("a match finds what is visible, and says once that others are hidden", "[hidepid]") {
  if (::geteuid() != 0) SKIP("needs root, to mount /proc and to become somebody else");
  const std::string options = GENERATE("", "hidepid=1", "hidepid=2", "hidepid=ptraceable");
  CAPTURE(options);
  const bool is_hidden = !options.empty();
  const std::string word = fmt::format("hidden-{}-{}", ::getpid(), options.size());
  const auto sleeper = [&](uid_t user, const std::string& name) {
    return fork_child([&] {
      if (::setresgid(user, user, user) != 0 || ::setresuid(user, user, user) != 0) ::_exit(3);
      ::execl("/bin/sleep", (word + name).c_str(), "600", nullptr);
      ::_exit(127);
    });
  };
  const Child theirs = sleeper(0, "-root");
  const Child visible = sleeper(other_user, "-nobody");
  const Unprivileged daemon(
      options, fmt::format("[[processes]]\nname = \"{{1}}\"\nmatch = {{ args = \"{}-* 600\" }}\n"
                           "[[processes]]\nname = \"none\"\nmatch = {{ args = \"{}-* 600\", "
                           "exe = \"/nowhere\" }}\n",
                           word, word));
  REQUIRE(eventually([&] { return !keys_absent_from(daemon.sample_of("nobody")).size(); }));
  const Child later = sleeper(0, "-later");
  const Child later_visible = sleeper(other_user, "-latervisible");
  REQUIRE(eventually([&] { return daemon.sample_of("latervisible").HasMember("pid"); }));
  if (!is_hidden) {
    REQUIRE(eventually([&] { return daemon.sample_of("root").HasMember("max_fds"); }));
    REQUIRE(eventually([&] { return daemon.sample_of("later").HasMember("max_fds"); }));
  }
  const std::string log = pass_ticks_and_log(daemon);
  CHECK(daemon.sample_of("root").HasMember("pid") == !is_hidden);
  CHECK(daemon.sample_of("later").HasMember("pid") == !is_hidden);
  CHECK(lines_with(log, "hidepid") == (is_hidden ? 1 : 0));
  if (!is_hidden) CHECK(keys_absent_from(daemon.sample_of("root")) == refused_keys);
}
