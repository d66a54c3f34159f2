// Real processes that a real provisrd finds by `match`.
#include "support/child_program.hpp"
#include "support/daemon_runner.hpp"
#include "support/lasting_daemon.hpp"
#include "support/paths.hpp"
#include "support/send_signal.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fmt/format.h>
#include <pwd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <signal.h>
#include <sstream>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <tuple>
#include <unistd.h>
#include <vector>

using namespace provisr;
using namespace provisr::test;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr std::string_view fast = "[metrics.process_metrics]\ninterval = \"100ms\"\n";

/// Returns a word that no other test uses at the same time.
std::string unique_word() {
  static int count = 0;
  return fmt::format("matched-{}-{}", ::getpid(), ++count);
}

[[noreturn]] void become(const std::string& program, std::vector<std::string> argv) {
  ::dup2(::open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
  std::vector<char*> pointers;
  for (std::string& argument : argv) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  ::execv(program.c_str(), pointers.data());
  ::_exit(127);
}

/// Writes a title over the arguments of this process, as setproctitle does.
void write_title(std::string_view title) {
  std::string stat = read_text("/proc/self/stat");
  std::istringstream fields(stat.substr(stat.rfind(')') + 2));
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  constexpr int first_field = 3;
  std::string field;
  for (int number = first_field; number < 48; ++number) fields >> field;
  fields >> begin >> end;
  const std::size_t room = end - begin - 1;  // keeps a null character at the end
  auto* const arguments = reinterpret_cast<char*>(begin);
  std::memset(arguments, 0, room);
  title.copy(arguments, room);
}

/// Starts a process with this name as its first argument, which sleeps.
[[nodiscard]] Child sleeper(const std::string& name, const std::string& program = child_path()) {
  return fork_child([&] { become(program, {name, "threader", "1", "--seconds", "600"}); });
}

std::string rule(std::string_view name, std::string_view match, std::string_view keys = "") {
  return fmt::format("[[processes]]\nname = \"{}\"\nmatch = {{ {} }}\n{}\n", name, match, keys);
}

std::string sorted_names(const Daemon& daemon) {
  const rapidjson::Document all = daemon.json("/api/status");
  std::vector<std::string> names;
  for (const auto& process : all["processes"].GetArray()) {
    const bool runs = std::string_view(process["state"].GetString()) == "running";
    names.push_back(std::string(process["name"].GetString()) + (runs ? "" : "?"));
  }
  std::sort(names.begin(), names.end());
  return fmt::format("{}", fmt::join(names, " "));
}

/// Waits until the names are as expected. "name?" is a name without a running process.
void expect_names(const Daemon& daemon, const std::string& expected) {
  std::string names;
  const bool came = eventually([&] { return (names = sorted_names(daemon)) == expected; });
  INFO(names << " instead of " << expected);
  REQUIRE(came);
}

}  // namespace

TEST_CASE("what is born and what ends comes and goes by name", "[match]") {
  const std::string word = unique_word();
  Daemon daemon(std::string(fast) +
                rule("worker-{2}", fmt::format("args = \"*{} --queue=*thr*\"", word)));
  expect_names(daemon, "worker-_?");
  CHECK_THAT(daemon.prometheus(), ContainsSubstring("provisr_process_up{name=\"worker-_\"} 0\n"));
  CHECK(std::string(daemon.status_of("worker-_")["kind"].GetString()) == "match");

  Child high = sleeper("python3 " + word + " --queue=high/1");
  expect_names(daemon, "worker-high_1_");
  CHECK(daemon.pid_of("worker-high_1_") == high.pid());
  Child low = sleeper(word + " --queue=low");
  expect_names(daemon, "worker-high_1_ worker-low_");
  REQUIRE(daemon.has_samples_of({"worker-high_1_", "worker-low_"}));
  CHECK_THAT(daemon.prometheus(),
             ContainsSubstring("provisr_process_up{name=\"worker-low_\"} 1\n"));

  high.end();
  expect_names(daemon, "worker-low_");
  const rapidjson::Document exits = daemon.json("/api/exits?name=worker-high_1_");
  REQUIRE(exits["exits"].Size() == 1);
  CHECK(exits["exits"][0]["signal"].GetInt() == SIGKILL);
  CHECK(daemon.json("/api/metrics/history?name=worker-high_1_")["history"].Size() > 0);
  CHECK(http_send(daemon.api_port(), "POST", "/api/stop?name=worker-low_").status == 403);
  low.end();
  expect_names(daemon, "worker-_?");
  CHECK_THAT(daemon.prometheus(), ContainsSubstring("provisr_process_up{name=\"worker-_\"} 0\n"));
}

TEST_CASE("a process that somebody else runs is not controlled", "[match]") {
  const std::string word = unique_word();
  const TempDirectory folder;
  const auto token = folder.write("token", "0123456789abcdef0123456789abcdef");
  std::filesystem::permissions(token, std::filesystem::perms::owner_read);
  const Child one = sleeper(word);
  Daemon daemon(fmt::format("{}[server.auth]\ntoken_file = \"{}\"\n{}", fast, token.string(),
                            rule("app", fmt::format("args = \"{} *\"", word))));
  expect_names(daemon, "app");
  for (const std::string verb : {"start", "stop", "restart"}) {
    CHECK(http_send(daemon.api_port(), "POST", "/api/" + verb + "?name=app",
                    {{"Authorization", "Bearer 0123456789abcdef0123456789abcdef"}})
              .status == 409);
  }
  CHECK(is_alive(one.pid()));
}

TEST_CASE("of more than max_matches the oldest are watched, with one warning", "[match]") {
  const std::string word = unique_word();
  std::vector<Child> children;
  for (int i = 0; i < 5; ++i) children.push_back(sleeper(fmt::format("{}-{}", word, i)));
  Daemon daemon(std::string(fast) +
                rule("w-{1}", fmt::format("args = \"{}-* thr*\"", word), "max_matches = 3"));
  expect_names(daemon, "w-0 w-1 w-2");
  const auto warned = [&] {
    return daemon.program().err().find("w-{1}: more than 3 processes match") != std::string::npos;
  };
  CHECK(eventually(warned));
  children[1].end();
  expect_names(daemon, "w-0 w-2 w-3");
  const std::string log = daemon.program().err();
  CHECK(log.find("processes match", log.find("processes match") + 1) == std::string::npos);
}

TEST_CASE("two of one name are numbered by age, and nobody is renamed", "[match]") {
  const std::string word = unique_word();
  Child first = sleeper(word);
  Child second = sleeper(word);
  Daemon daemon(std::string(fast) + rule("app", fmt::format("args = \"{} *\"", word)));
  expect_names(daemon, "app-1 app-2");
  CHECK(daemon.pid_of("app-1") == first.pid());
  CHECK(daemon.json("/api/metrics/group?base=app")["process_count"].GetInt() <= 2);
  first.end();
  expect_names(daemon, "app-2");
  CHECK(daemon.pid_of("app-2") == second.pid());
  const Child third = sleeper(word);
  expect_names(daemon, "app-1 app-2");
  CHECK(daemon.pid_of("app-2") == second.pid());
  CHECK(daemon.pid_of("app-1") == third.pid());
}

TEST_CASE("a program that is executed late is found, and one that becomes another goes",
          "[match]") {
  const std::string word = unique_word();
  Daemon daemon(std::string(fast) + rule("late", fmt::format("args = \"{} *\"", word)));
  const Pipe go;
  const Pipe go_on;
  const Child child = fork_child([&] {
    static_cast<void>(go.read_up_to("x"));
    // A shell with this name, until it reads a line and executes another program.
    ::dup2(go_on.reader(), STDIN_FILENO);
    become("/bin/sh", {word, "-c", "read line; exec sleep 600", word});
  });
  REQUIRE(::write(go.writer(), "x", 1) == 1);
  expect_names(daemon, "late");
  CHECK(daemon.pid_of("late") == child.pid());
  REQUIRE(::write(go_on.writer(), "x\n", 2) == 2);
  expect_names(daemon, "late?");
  CHECK(is_alive(child.pid()));
  CHECK(daemon.json("/api/exits?name=late")["exits"].Empty());
}

TEST_CASE("who executes another program is let go of, known by its file or by its arguments",
          "[match]") {
  const std::string word = unique_word();
  const TempDirectory folder;
  const std::filesystem::path server = folder.path() / "server";
  std::filesystem::copy_file("/bin/sh", server);
  const Daemon daemon(std::string(fast) +
                      rule("by-exe", fmt::format("exe = \"{}\"", server.string())) +
                      rule("by-args", fmt::format("args = \"{} -c *\"", word)));
  const auto is_up = [&](const std::string& name) {
    const std::string up = fmt::format("\nprovisr_process_up{{name=\"{}\"}} ", name);
    const std::string text = daemon.prometheus();
    const std::size_t found = text.find(up);
    return found == text.npos ? std::string("unknown") : text.substr(found + up.size(), 1);
  };
  const auto shows = [&](const std::string& name, const std::string& up) {
    return eventually([&] { return is_up(name) == up; });
  };
  for (const auto& [name, program, title] :
       {std::tuple("by-exe", server.string(), std::string("any")),
        std::tuple("by-args", std::string("/bin/sh"), word)}) {
    INFO(name);
    CHECK(shows(name, "0"));
    const Pipe go_on;
    const Child first = fork_child([&, path = program, args0 = title] {
      ::dup2(go_on.reader(), STDIN_FILENO);
      become(path, {args0, "-c", "read line; exec sleep 600", args0});
    });
    CHECK(daemon.pid_of(name) == first.pid());
    CHECK(shows(name, "1"));
    REQUIRE(::write(go_on.writer(), "x\n", 2) == 2);
    CHECK(eventually([&, entry = name] { return daemon.state_of(entry) == "absent"; }));
    CHECK(daemon.status_of(name)["last_error"] == "the process is something else by now");
    CHECK_FALSE(daemon.status_of(name).HasMember("pid"));
    CHECK(shows(name, "0"));
    CHECK(eventually([&, entry = name] { return !daemon.json("/api/metrics").HasMember(entry); }));
    CHECK(is_alive(first.pid()));
    CHECK(daemon.json(fmt::format("/api/exits?name={}", name))["exits"].Empty());  // still runs

    const Pipe never;
    const Child second = fork_child([&, path = program, args0 = title] {
      ::dup2(never.reader(), STDIN_FILENO);
      become(path, {args0, "-c", "read line; exit", args0});  // leaves no child behind
    });
    CHECK(daemon.pid_of(name) == second.pid());
    CHECK(shows(name, "1"));
    CHECK(daemon.status_of(name)["restarts"].GetInt() == 1);
  }
}

TEST_CASE("a title that changes changes the name", "[match]") {
  const std::string word = fmt::format("t{}", ::getpid());
  const Daemon daemon(std::string(fast) + rule("job-{1}", fmt::format("args = \"{} *\"", word)));
  const Pipe titles;
  const Child child = fork_child([&] {
    for (std::string title; !(title = titles.read_up_to("\n")).empty();) {
      title.pop_back();
      write_title(title);
    }
  });
  const auto call_it = [&](const std::string& title) {
    const std::string line = title + "\n";
    REQUIRE(::write(titles.writer(), line.data(), line.size()) ==
            static_cast<ssize_t>(line.size()));
  };
  call_it(word + " a");
  expect_names(daemon, "job-a");
  CHECK(daemon.pid_of("job-a") == child.pid());
  call_it(word + " b");
  expect_names(daemon, "job-b");
  CHECK(daemon.pid_of("job-b") == child.pid());
  call_it("idle");
  expect_names(daemon, "job-_?");
  call_it(word + " a");
  expect_names(daemon, "job-a");
  REQUIRE(daemon.has_samples_of({"job-a"}));
  CHECK(daemon.json("/api/exits")["exits"].Empty());
}

TEST_CASE("a program is known by its file, even if that is deleted", "[match]") {
  const TempDirectory folder;
  const std::filesystem::path copy = folder.path() / "my server";
  std::filesystem::copy_file(child_path(), copy);
  const Child child = sleeper("anything", copy.string());
  Daemon daemon(
      std::string(fast) +
      rule("server", fmt::format("exe = \"{}/my ?erver\", user = \"{}\"", folder.path().string(),
                                 ::getpwuid(::geteuid())->pw_name)));
  expect_names(daemon, "server");
  std::filesystem::remove(copy);
  const Child other = fork_child([] { ::pause(); });  // another program
  expect_names(daemon, "server");
  CHECK(daemon.pid_of("server") == child.pid());
}

TEST_CASE("a tree is one process, and its members alone if it is to be so", "[match]") {
  const std::string word = unique_word();
  Daemon daemon(std::string(fast) + rule("tree", fmt::format("args = \"{} *\"", word)));
  const Child master = fork_child([&] {
    become(child_path(), {word, "forker", "3", "--seconds", "100"});
  });
  expect_names(daemon, "tree");
  CHECK(daemon.pid_of("tree") == master.pid());
  CHECK(eventually([&] {
    const rapidjson::Document all = daemon.json("/api/metrics");
    return all.HasMember("tree") && all["tree"]["num_processes"].GetInt() == 4;
  }));

  write_text(daemon.folder().path() / "provisr.toml",
             std::string(fast) +
                 rule("tree", fmt::format("args = \"{} *\"", word), "scope = \"process\""));
  daemon.program().signal(SIGHUP);
  expect_names(daemon, "tree tree-2 tree-3 tree-4");
  CHECK(daemon.pid_of("tree") == master.pid());
  for (const char* worker : {"tree-2", "tree-3", "tree-4"}) {
    send_signal(daemon.pid_of(worker), SIGKILL);
  }
}

TEST_CASE("what provisrd runs is left out", "[match]") {
  const std::string word = unique_word();
  Daemon daemon(fmt::format(
      "{}[[processes]]\nname = \"own\"\nargs = [\"{}\", \"threader\", \"1\"]\nenv = "
      "[\"WORD={}\"]\n{}",
      fast, child_path(), word,
      rule("any", fmt::format("exe = \"{}\", args = \"*threader 1*\", user = \"*\"", child_path()),
           "max_matches = 10000")));
  const pid_t own = daemon.pid_of("own");
  // Born later, so what finds it has looked at the other one, too.
  const Child stranger = fork_child([&] { become(child_path(), {word, "threader", "1"}); });
  const auto names_of = [&](pid_t pid) {
    std::vector<std::string> names;
    const rapidjson::Document all = daemon.json("/api/status");
    for (const auto& process : all["processes"].GetArray()) {
      if (process.HasMember("pid") && process["pid"].GetInt() == pid) {
        names.emplace_back(process["name"].GetString());
      }
    }
    return names;
  };
  REQUIRE(eventually([&] { return !names_of(stranger.pid()).empty(); }));
  CHECK(names_of(own) == std::vector<std::string>{"own"});
}

TEST_CASE("a reload that changes a match looks at all anew", "[match]") {
  const std::string word = unique_word();
  const Child a = sleeper(word + "-a");
  const Child b = sleeper(word + "-b");
  Daemon daemon(std::string(fast) + rule("w-{1}", fmt::format("args = \"{}-* thr*\"", word)));
  expect_names(daemon, "w-a w-b");
  REQUIRE(daemon.has_samples_of({"w-a"}));
  const auto reload_with = [&](const std::string& rules) {
    write_text(daemon.folder().path() / "provisr.toml", std::string(fast) + rules);
    daemon.program().signal(SIGHUP);
  };
  reload_with(rule("w-{1}", fmt::format("args = \"{}-*b thr*\"", word)));
  expect_names(daemon, "w-_");
  CHECK(daemon.pid_of("w-_") == b.pid());
  CHECK(daemon.json("/api/metrics/history?name=w-a")["history"].Size() > 0);

  // The first entry wins, and configured names take precedence.
  reload_with(rule("first", fmt::format("args = \"{}-a thr*\"", word)) +
              rule("w-{1}", fmt::format("args = \"{}-* thr*\"", word)) +
              fmt::format("[[processes]]\nname = \"w-b\"\n{}", child_args({"threader", "1"})));
  expect_names(daemon, "first w-b w-b-_");
  CHECK(daemon.pid_of("first") == a.pid());
  CHECK(daemon.pid_of("w-b-_") == b.pid());
}

TEST_CASE("a name outlives provisrd with its history", "[match]") {
  const std::string word = unique_word();
  const TempDirectory state;
  std::filesystem::permissions(state.path(), std::filesystem::perms::owner_all);
  const std::string configuration =
      fmt::format("[daemon]\nstate_dir = \"{}\"\n{}{}", state.path().string(), fast,
                  rule("app", fmt::format("args = \"{} *\"", word)));
  const Child first = sleeper(word);
  pid_t second_pid = 0;
  std::vector<Child> others;
  {
    Daemon daemon(configuration);
    expect_names(daemon, "app");
    others.push_back(sleeper(word));
    expect_names(daemon, "app app-2");
    REQUIRE(daemon.has_samples_of({"app", "app-2"}));
    second_pid = daemon.pid_of("app-2");
    REQUIRE(eventually([&] { return samples_in_file(state.path(), "app-2") > 0; }));
    daemon.program().signal(SIGKILL);
    REQUIRE(daemon.program().wait());
  }
  Daemon daemon(configuration);
  expect_names(daemon, "app app-2");
  CHECK(daemon.pid_of("app") == first.pid());
  CHECK(daemon.pid_of("app-2") == second_pid);
  CHECK(daemon.status_of("app-2")["restarts"].GetInt() == 0);
  CHECK(daemon.json("/api/metrics/history?name=app-2")["history"].Size() > 0);
}

TEST_CASE("when a process was started is told of all kinds, and the same by the next daemon",
          "[match]") {
  const std::string word = unique_word();
  const TempDirectory state;
  const auto seconds_now = [] {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration<double>(now).count();
  };
  constexpr double precision = 0.1;  // of clock ticks and of the boot time
  const double before = seconds_now() - precision;
  const Child matched = sleeper(word);
  const Child named = sleeper(word + "-named");
  const double after = seconds_now();
  const auto pid_file = state.write("pid", std::to_string(named.pid()));
  const std::string configuration = fmt::format(
      "[daemon]\nstate_dir = \"{}\"\n{}{}[[processes]]\nname = \"named\"\n"
      "pid_file = \"{}\"\n{}",
      state.path().string(), fast, rule("matched", fmt::format("args = \"{} *\"", word)),
      pid_file.string(), process_toml("own", {"threader", "1"}));
  const auto starts_of = [](const Daemon& daemon) {
    std::vector<std::string> lines;
    for (const char* name : {"matched", "named", "own"}) {
      static_cast<void>(daemon.pid_of(name));
      const std::string sample =
          fmt::format("\nprovisr_process_start_time_seconds{{name=\"{}\"}} ", name);
      std::string text;
      REQUIRE(eventually([&] { return (text = daemon.prometheus()).find(sample) != text.npos; }));
      const std::size_t at = text.find(sample) + sample.size();
      lines.push_back(text.substr(at, text.find('\n', at) - at));
    }
    return lines;
  };
  std::vector<std::string> starts;
  {
    Daemon daemon(configuration);
    starts = starts_of(daemon);
    CHECK(std::stod(starts[0]) >= before);
    CHECK(std::stod(starts[0]) <= after + precision);
    CHECK(std::stod(starts[1]) >= before);
    CHECK(std::stod(starts[1]) <= after + precision);
    CHECK(std::stod(starts[2]) >= after - precision);
    CHECK(daemon.status_of("named")["uptime_seconds"].GetDouble() >= 0);
    daemon.program().signal(SIGKILL);
    REQUIRE(daemon.program().wait());
  }
  Daemon daemon(configuration);
  CHECK(starts_of(daemon) == starts);
}

TEST_CASE("arguments may be anything", "[match]") {
  const std::string word = unique_word();
  Daemon daemon(std::string(fast) + rule("x-{1}", fmt::format("args = \"{}*threader 1 *\"", word)) +
                rule("y-{1}", fmt::format("args = \"other{}*threader 1 *\"", word)));
  const Child nasty = sleeper(word + "\n\"}<script>\xff\xfe\x1b[31m/../..");
  const Child huge = sleeper("other" + word + std::string(30'000, 'a'));
  const Child too_huge = sleeper("other" + word + std::string(100'000, 'b'));  // only 32 KiB count
  std::string names;
  REQUIRE(eventually([&] {
    names = sorted_names(daemon);
    return names.find('?') == std::string::npos;
  }));
  CHECK(names.find("x-____script_____31m_.__.__") != std::string::npos);
  CHECK(names.find("y-aaaaaaaa") != std::string::npos);
  CHECK(names.find("bbbb") == std::string::npos);
  CHECK(daemon.get("/healthz").status == 200);
}

TEST_CASE("limits hold for what matches", "[match]") {
  const std::string word = unique_word();
  Daemon daemon(std::string(fast) + rule("fat-{1}", fmt::format("args = \"{}-* alloc*\"", word),
                                         "[processes.limits]\nmax_memory_mb = 20\nfor = \"0s\""));
  const Child child = fork_child([&] { become(child_path(), {word + "-a", "allocator", "64"}); });
  CHECK(daemon.program().comes_to_log("WARN fat-a: memory of"));
  CHECK(eventually([&] {
    return daemon.prometheus().find("limit_breaches_total{name=\"fat-a\"") != std::string::npos;
  }));
  CHECK(daemon.status_of("fat-a")["limits"]["max_memory_mb"].GetDouble() == 20);
}

TEST_CASE("thousands of short lives leave nothing behind", "[match]") {
  const std::string word = unique_word();
  Daemon daemon(std::string(fast) + rule("s-{1}", fmt::format("args = \"{}*\"", word),
                                         "max_matches = 10\nscope = \"process\""));
  const Child stays = sleeper(word);
  expect_names(daemon, "s-_threader_1_--seconds_600");
  for (int i = 0; i < 1000; ++i) {
    Child brief = sleeper(fmt::format("{}-{}", word, i));
    if (i % 100 == 0) static_cast<void>(sorted_names(daemon));
    brief.end();
  }
  expect_names(daemon, "s-_threader_1_--seconds_600");
  CHECK(daemon.get("/healthz").status == 200);
}
