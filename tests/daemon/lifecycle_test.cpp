#include "support/daemon_runner.hpp"
#include "support/paths.hpp"
#include "support/running_thread.hpp"
#include "support/send_signal.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <signal.h>
#include <string>
#include <sys/stat.h>
#include <vector>

using namespace provisr::test;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("a process that ends is started again, with its history") {
  const Daemon daemon(std::string(quick_collection) +
                      process_toml("app", {"threader", "1"},
                                   "auto_restart = true\n"
                                   "restart_interval = \"50ms\"\n"));
  REQUIRE(daemon.has_samples_of({"app"}));
  const pid_t first = daemon.pid_of("app");
  send_signal(first, SIGKILL);
  REQUIRE(eventually([&] {
    const pid_t now = daemon.pid_of("app");
    return now != 0 && now != first;
  }));
  const rapidjson::Document status = daemon.status_of("app");
  CHECK(status["restarts"].GetInt() == 1);
  CHECK(status["last_exit"]["signal"].GetInt() == SIGKILL);

  const auto pids_of_history = [&] {
    std::vector<int> pids;
    const rapidjson::Document history = daemon.json("/api/metrics/history?name=app");
    for (const auto& sample : history["history"].GetArray()) {
      pids.push_back(sample["pid"].GetInt());
    }
    return pids;
  };
  CHECK(eventually([&] { return pids_of_history().back() == daemon.pid_of("app"); }));
  CHECK(pids_of_history().front() == first);
}

TEST_CASE("SIGTERM and SIGINT stop the children, then the daemon, with status 0") {
  const int stop_signal = GENERATE(SIGTERM, SIGINT);
  Daemon daemon(std::string(quick_collection) +
                process_toml("app", {"threader", "1"}, "instances = 2\n"));
  REQUIRE(daemon.has_samples_of({"app-1", "app-2"}));
  const std::vector<pid_t> pids{daemon.pid_of("app-1"), daemon.pid_of("app-2")};
  daemon.program().signal(stop_signal);
  CHECK(daemon.program().wait() == 0);
  for (const pid_t pid : pids) CHECK(eventually([pid] { return !is_alive(pid); }));
}

TEST_CASE("a child that ignores SIGTERM is killed, and so is its own child") {
  Daemon daemon(std::string(quick_collection) + process_toml("stubborn",
                                                             {"stubborn", "--with-child"},
                                                             "stop_timeout = \"300ms\"\n"));
  REQUIRE(daemon.has_samples_of({"stubborn"}));
  const pid_t leader = daemon.pid_of("stubborn");
  daemon.program().signal(SIGTERM);
  CHECK(daemon.program().wait() == 0);
  CHECK_FALSE(is_alive(leader));
  // Eventually, because init may not have reaped the zombies of the group yet.
  CHECK(eventually([&] { return ::kill(-leader, 0) != 0; }));
  CHECK_THAT(daemon.program().err(), ContainsSubstring("stubborn"));
}

TEST_CASE("a command that does not exist is one clear line, and the rest goes on") {
  const Daemon daemon(std::string(quick_collection) +
                      "[[processes]]\nname = \"missing\"\ncommand = \"/no/such/program\"\n" +
                      process_toml("app", {"threader", "1"}));
  REQUIRE(daemon.has_samples_of({"app"}));
  const rapidjson::Document status = daemon.status_of("missing");
  CHECK(status["state"].GetString() == std::string("failed"));
  CHECK_THAT(status["last_error"].GetString(), ContainsSubstring("/no/such/program"));
  CHECK(daemon.get("/api/metrics?name=missing").status == 404);
}

TEST_CASE("work_dir, env and shell commands are as configured") {
  const TempDirectory folder;
  Daemon daemon(
      fmt::format("[[processes]]\nname = \"writer\"\nwork_dir = \"{}\"\n"
                  "env = [\"GREETING=hello there\"]\n"
                  "command = \"echo $GREETING > out.txt\"\n",
                  folder.path().string()));
  REQUIRE(eventually([&] { return daemon.state_of("writer") == "exited"; }));
  CHECK(read_text(folder.path() / "out.txt") == "hello there\n");
}

TEST_CASE("a process that somebody else runs is found by its pid_file") {
  const TempDirectory folder;
  Program first({child_path(), "threader", "1"}, folder.path());
  const auto pid_file = folder.write("app.pid", fmt::format("{}\n", first.pid()));
  Daemon daemon(
      std::string(quick_collection) +
      fmt::format("[[processes]]\nname = \"nginx\"\npid_file = \"{}\"\n", pid_file.string()));
  REQUIRE(daemon.has_samples_of({"nginx"}));
  CHECK(daemon.pid_of("nginx") == first.pid());
  CHECK(daemon.json("/api/metrics?name=nginx")["pid"].GetInt() == first.pid());

  SECTION("a new process in the file takes over") {
    const TempDirectory other;
    Program second({child_path(), "threader", "1"}, other.path());
    folder.write("app.pid", fmt::format("{}\n", second.pid()));
    CHECK(eventually([&] { return daemon.pid_of("nginx") == second.pid(); }));
  }

  SECTION("when it ends it is absent, and the daemon leaves others' processes alone") {
    first.signal(SIGKILL);
    REQUIRE(first.wait());
    CHECK(eventually([&] { return daemon.state_of("nginx") == "absent"; }));
    CHECK(eventually([&] { return daemon.get("/api/metrics?name=nginx").status == 404; }));
  }

  SECTION("stopping the daemon does not stop it") {
    daemon.program().signal(SIGTERM);
    REQUIRE(daemon.program().wait() == 0);
    CHECK(is_alive(first.pid()));
  }
}

TEST_CASE("a pid_file with the id of a thread names no process") {
  const TempDirectory folder;
  const RunningThread thread;
  const auto pid_file = folder.write("app.pid", fmt::format("{}\n", thread.id()));
  Daemon daemon(
      std::string(quick_collection) +
      fmt::format("[[processes]]\nname = \"app\"\npid_file = \"{}\"\n", pid_file.string()));
  REQUIRE(eventually([&] { return daemon.status_of("app").HasMember("last_error"); }));
  CHECK(daemon.state_of("app") == "absent");
  CHECK_THAT(daemon.status_of("app")["last_error"].GetString(),
             ContainsSubstring("cannot be watched: No such process"));
}

TEST_CASE("with a command, pid_file is written and goes when the process ends") {
  const TempDirectory folder;
  const auto pid_file = folder.path() / "app.pid";
  Daemon daemon(std::string(quick_collection) +
                process_toml("app", {"threader", "1"},
                             fmt::format("pid_file = \"{}\"\n", pid_file.string())));
  REQUIRE(daemon.has_samples_of({"app"}));
  CHECK(read_text(pid_file) == fmt::format("{}\n", daemon.pid_of("app")));
  daemon.program().signal(SIGTERM);
  REQUIRE(daemon.program().wait() == 0);
  CHECK_FALSE(std::filesystem::exists(pid_file));
}

TEST_CASE("a busy port is one clear line and status 1, before anything is started") {
  const Daemon first("");
  const TempDirectory folder;
  const auto marker = folder.path() / "started";
  const auto file = folder.write(
      "provisr.toml",
      fmt::format("[[processes]]\nname = \"app\"\ncommand = \"touch {}\"\n", marker.string()));
  Program second(
      {provisrd_path(), file.string(), "--listen", fmt::format("127.0.0.1:{}", first.api_port()),
       "--metrics-listen", fmt::format("127.0.0.1:{}", free_port())},
      folder.path());
  CHECK(second.wait() == 1);
  // glibc says "Address already in use", musl says "Address in use".
  const std::string complaint = second.err();
  CHECK(complaint.starts_with(
      fmt::format("provisrd: cannot listen on 127.0.0.1:{}: Address ", first.api_port())));
  CHECK(complaint.find('\n') == complaint.size() - 1);
  CHECK(complaint.ends_with(" in use\n"));
  CHECK_FALSE(std::filesystem::exists(marker));
}

TEST_CASE("a unix socket is served, and one left behind is taken over") {
  const TempDirectory folder;
  const auto socket = (folder.path() / "api.sock").string();
  const auto file = folder.write("provisr.toml", "[metrics]\nenabled = false\n");
  const std::vector<std::string> command{provisrd_path(), file.string(), "--listen",
                                         "unix:" + socket};
  const auto answers = [&] {
    const TempDirectory scratch;
    Program curl({"curl", "-sf", "--unix-socket", socket, "http://localhost/api/metrics"},
                 scratch.path());
    return curl.wait() == 0 && curl.out() == "{}";
  };
  {
    Program daemon(command, folder.path());
    REQUIRE(eventually(answers));
    daemon.signal(SIGKILL);
    REQUIRE(daemon.wait() == 128 + SIGKILL);
    REQUIRE(std::filesystem::exists(socket));
  }
  Program daemon(command, folder.path());
  CHECK(eventually(answers));
  daemon.signal(SIGTERM);
  CHECK(daemon.wait() == 0);
  CHECK_FALSE(std::filesystem::exists(socket));
}

TEST_CASE("a second SIGTERM kills what takes its time") {
  Daemon daemon(std::string(quick_collection) +
                process_toml("stubborn", {"stubborn"}, "stop_timeout = \"1h\"\n"));
  REQUIRE(daemon.has_samples_of({"stubborn"}));
  const pid_t child = daemon.pid_of("stubborn");
  daemon.program().signal(SIGTERM);
  REQUIRE(eventually([&] { return daemon.state_of("stubborn") == "stopping"; }));
  daemon.program().signal_again(SIGTERM);
  CHECK(daemon.program().wait() == 0);
  CHECK_FALSE(is_alive(child));
  CHECK_THAT(daemon.program().err(), ContainsSubstring("killing what still runs"));
}

TEST_CASE("signals until the very end do not change the exit status") {
  const auto signalled_until_end = [](Program& program, int number) {
    while (!program.has_ended()) program.signal(number);
    return program.wait();
  };
  const int number = GENERATE(SIGTERM, SIGINT);
  Daemon daemon(quick_collection);
  daemon.program().signal(SIGTERM);
  CHECK(signalled_until_end(daemon.program(), number) == 0);
}

TEST_CASE("SIGUSR1 and SIGUSR2 are ignored with a line in the log") {
  Daemon daemon(quick_collection);
  daemon.program().signal(SIGUSR1);
  daemon.program().signal(SIGUSR2);
  CHECK(eventually([&] {
    const std::string log = daemon.program().err();
    return log.find("SIGUSR1 is ignored") != std::string::npos &&
           log.find("SIGUSR2 is ignored") != std::string::npos;
  }));
  CHECK(daemon.get("/api/status").status == 200);
}

TEST_CASE("a program that puts itself in the background is said to, and is stopped with its name") {
  const TempDirectory folder;
  const auto pid_file = folder.path() / "background.pid";
  // The orphan has its own session, so that no signal to the group reaches it.
  const Daemon daemon(
      fmt::format("[[processes]]\nname = \"app\"\nargs = [\"sh\", \"-c\", \"setsid -f sh -c 'echo "
                  "$$ > {0}.new; "
                  "mv {0}.new {0}; exec sleep 1000'; until test -e {0}; do sleep 0.02; done\"]\n",
                  pid_file.string()));
  REQUIRE(eventually([&] { return daemon.state_of("app") == "exited"; }));
  CHECK_FALSE(is_alive(std::stoi(read_text(pid_file))));
  CHECK_THAT(daemon.status_of("app")["last_error"].GetString(),
             ContainsSubstring("does it put itself in the background?"));
}

TEST_CASE("what left the process group is stopped with the daemon") {
  const TempDirectory folder;
  const auto pid_file = folder.path() / "escaped.pid";
  Daemon daemon(
      fmt::format("[[processes]]\nname = \"app\"\nargs = [\"sh\", \"-c\", \"setsid -f sh -c 'echo "
                  "$$ > {0}.new; "
                  "mv {0}.new {0}; exec sleep 1000'; exec sleep 1000\"]\n",
                  pid_file.string()));
  REQUIRE(eventually([&] { return std::filesystem::exists(pid_file); }));
  daemon.program().signal(SIGTERM);
  CHECK(daemon.program().wait() == 0);
  CHECK_FALSE(is_alive(std::stoi(read_text(pid_file))));
}

TEST_CASE("workers in sessions of their own are asked to end, or killed, one after the other") {
  const bool has_state = GENERATE(false, true);
  const bool ignore_requests = GENERATE(false, true);
  CAPTURE(has_state, ignore_requests);
  const TempDirectory folder;
  const auto worker = folder.path() / "worker.pid";
  const auto below = folder.path() / "below.pid";
  // Each is an orphan only once its parent has ended.
  const auto script = [&](const std::string& name, const std::string& text) {
    return folder.write(name, text + "; true\n").string();
  };
  const std::string lowest =
      script("lowest", fmt::format("echo $$ > {}; sleep 600", below.string()));
  const std::string middle =
      script("middle", fmt::format("echo $$ > {}; setsid bash {}", worker.string(), lowest));
  const std::string top = script(
      "top", fmt::format("{}setsid bash {}", ignore_requests ? "trap '' TERM; " : "", middle));
  const std::string state = (folder.path() / "state").string();
  Daemon daemon(
      fmt::format("{}[[processes]]\nname = \"app\"\nargs = [\"bash\", \"{}\"]\n"
                  "stop_timeout = \"{}\"\n",
                  has_state ? fmt::format("[daemon]\nstate_dir = \"{}\"\n", state) : "", top,
                  ignore_requests ? "100ms" : "60s"));
  const auto pid_in = [](const std::filesystem::path& file) {
    const std::string text = std::filesystem::exists(file) ? read_text(file) : "";
    return text.ends_with('\n') ? std::stoi(text) : 0;
  };
  REQUIRE(eventually([&] { return pid_in(worker) > 0 && pid_in(below) > 0; }));
  CHECK(pid_in(worker) != pid_in(below));
  daemon.program().signal(SIGTERM);
  CHECK(daemon.program().wait() == 0);
  CHECK_FALSE(is_alive(pid_in(worker)));
  CHECK_FALSE(is_alive(pid_in(below)));
  CHECK_THAT(daemon.program().err(), !ContainsSubstring("cannot be killed"));
  const bool was_killed = daemon.program().err().find("is killed") != std::string::npos;
  CHECK(was_killed == ignore_requests);
}

TEST_CASE("a start that is stopped before it executes the program is no exit") {
  const TempDirectory folder;
  const std::string fifo = (folder.path() / "log").string();
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  Daemon daemon(fmt::format(
      "[[processes]]\nname = \"app\"\nargs = [\"sleep\", \"600\"]\nstop_timeout = \"100ms\"\n"
      "[processes.log]\nstdout = \"{}\"\n",
      fifo));
  REQUIRE(eventually([&] { return daemon.state_of("app") == "starting"; }));
  daemon.program().signal(SIGTERM);
  CHECK(daemon.program().wait() == 0);
  CHECK_THAT(daemon.program().err(), ContainsSubstring("ended before its program was executed"));
  CHECK_THAT(daemon.program().err(), !ContainsSubstring("started, pid"));
}

TEST_CASE("orphans are reaped") {
  const TempDirectory folder;
  const auto done = folder.path() / "done";
  Daemon daemon(fmt::format(
      "[[processes]]\nname = \"app\"\nargs = [\"sh\", \"-c\", \"for i in 1 2 3 4 5 6 7 8 9; do "
      "setsid -f true; (true &); done; touch {}; exec sleep 1000\"]\n",
      done.string()));
  REQUIRE(eventually([&] { return std::filesystem::exists(done); }));
  const auto children = [&] {
    std::string pids;
    const auto threads = fmt::format("/proc/{}/task", daemon.program().pid());
    for (const auto& thread : std::filesystem::directory_iterator(threads)) {
      pids += read_text(thread.path() / "children");
    }
    return pids;
  };
  CHECK(eventually([&] { return children() == fmt::format("{} ", daemon.pid_of("app")); }));
}
