// A bare cpp-httplib server to compare provisrd with. It answers /metrics with a constant string,
// on a pool of eight threads. Usage: fixed_string_server PORT BYTES

#include <httplib.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: fixed_string_server PORT BYTES\n";
    return 2;
  }
  const int port = std::atoi(argv[1]);
  const std::string text(std::strtoul(argv[2], nullptr, 10), 'x');
  httplib::Server server;
  server.new_task_queue = [] { return new httplib::ThreadPool(8); };
  server.set_tcp_nodelay(true);
  server.set_keep_alive_max_count(100'000);
  server.set_keep_alive_timeout(2);
  server.Get("/metrics", [&](const httplib::Request&, httplib::Response& response) {
    response.set_content(text, "text/plain; version=0.0.4; charset=utf-8");
  });
  return server.listen("127.0.0.1", port) ? 0 : 1;
}
