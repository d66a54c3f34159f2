#include "daemon/config/name_template.hpp"

#include <provisr/process_name.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <random>
#include <string>
#include <string_view>
#include <vector>

using provisr::is_valid_process_name;
using provisr::daemon::NameTemplate;
using Parts = std::vector<std::string_view>;

namespace {

std::string name(std::string_view text, const Parts& stars) {
  return NameTemplate(text).name_for(stars);
}

}  // namespace

TEST_CASE("a template takes what stars stood for", "[match]") {
  CHECK(name("worker-{2}", {"x", "high"}) == "worker-high");
  CHECK(name("{1}", {"x"}) == "x");
  CHECK(name("{2}.{1}.{2}", {"a", "b"}) == "b.a.b");
  CHECK(name("nginx", {"x"}) == "nginx");
  CHECK(NameTemplate("a{1}b{12}").highest() == 12);
  CHECK(NameTemplate("nginx").highest() == 0);
}

TEST_CASE("without a process, each reference is an underscore", "[match]") {
  CHECK(NameTemplate("worker-{2}").placeholder_name() == "worker-_");
  CHECK(NameTemplate("{1}{2}").placeholder_name() == "__");
  CHECK(NameTemplate("nginx").placeholder_name() == "nginx");
}

TEST_CASE("what a name may not hold becomes an underscore", "[match]") {
  using namespace std::string_view_literals;
  CHECK(name("w-{1}", {"a b/c\nd"}) == "w-a_b_c_d");
  CHECK(name("w-{1}", {"\xc3\xa9\0"sv}) == "w-___");
  CHECK(name("w-{1}", {""}) == "w-_");
  CHECK(name("w-{1}", {"../../etc"}) == "w-.__.__etc");
  CHECK(name("w.{1}", {".x"}) == "w._x");
  CHECK(name("{1}", {"<script>{2}"}) == "_script__2_");
}

TEST_CASE("a name that is too long is cut, and stays another than its neighbours", "[match]") {
  const std::string start(200, 'a');
  const std::string one = name("w-{1}", {start + "1"});
  const std::string other = name("w-{1}", {start + "2"});
  CHECK(one.size() == provisr::max_process_name_length - NameTemplate::room_for_number);
  CHECK(is_valid_process_name(one));
  CHECK(one != other);
  CHECK(one == name("w-{1}", {start + "1"}));
  CHECK(name("w-{1}", {std::string(30'000, '.')}).size() == one.size());
}

TEST_CASE("whatever it stands for, a name is valid and has room for a number", "[match]") {
  std::mt19937 random(815);  // NOLINT: the same in every run
  for (int i = 0; i < 5'000; ++i) {
    std::string any(random() % 300, ' ');
    for (char& letter : any) letter = static_cast<char>(random() % 2 == 0 ? '.' : random() % 256);
    const std::string made = name(GENERATE("{1}", "a.{1}.b", "{1}{1}"), {any});
    REQUIRE(is_valid_process_name(made));
    REQUIRE(is_valid_process_name(made + "-10000"));
  }
}

TEST_CASE("a template is a name but for its references", "[match]") {
  for (const std::string_view good : {"worker-{2}", "{1}", "a", "{1}{2}"}) {
    CHECK(NameTemplate::fault_in(good).empty());
  }
  for (const std::string_view bad :
       {"", "a b", "{0}", "{-1}", "{x}", "{1", "1}", "{}", "{99999999999999999999999}", "a..b"}) {
    INFO(bad);
    CHECK_FALSE(NameTemplate::fault_in(bad).empty());
  }
  CHECK(NameTemplate::fault_in(std::string(120, 'a')).empty());
  CHECK(NameTemplate::fault_in(std::string(121, 'a')).find("no room") != std::string::npos);
}
