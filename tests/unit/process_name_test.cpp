#include <provisr/process_name.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <string>
#include <string_view>

using provisr::is_instance_of;
using provisr::is_valid_process_name;

TEST_CASE("names that are valid", "[process_name]") {
  const std::string name = GENERATE(as<std::string>{}, "a", "my-app", "my-app-1", "A.b_c-9", "0",
                                    "-", "_", ".", ".a.", "a.b.c", std::string(128, 'x'));
  CAPTURE(name);
  CHECK(is_valid_process_name(name));
}

TEST_CASE("names that are not valid", "[process_name]") {
  const std::string name =
      GENERATE(as<std::string>{}, "", "a b", "a/b", "..", "a..b", "../etc", "...", "a\"b", "a\\b",
               "a\nb", "caf\xc3\xa9", "a{b}", "a,b", "a=b", "a:b", "a*", "a%20b",
               std::string("a\0b", 3), std::string(129, 'x'), "a ", " a", "`", "@", "[", "{");
  CAPTURE(name);
  CHECK_FALSE(is_valid_process_name(name));
}

TEST_CASE("exactly the promised characters are allowed", "[process_name]") {
  const std::string_view allowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  for (int code = 0; code < 256; ++code) {
    const auto character = static_cast<char>(code);
    CAPTURE(code);
    CHECK(is_valid_process_name(std::string(1, character)) ==
          (allowed.find(character) != std::string_view::npos));
  }
}

TEST_CASE("a group holds its base and its numbered instances", "[process_name]") {
  const std::string name =
      GENERATE(as<std::string>{}, "my-app", "my-app-1", "my-app-0", "my-app-12", "my-app-007");
  CAPTURE(name);
  CHECK(is_instance_of(name, "my-app"));
}

TEST_CASE("a group holds nothing else", "[process_name]") {
  const std::string name =
      GENERATE(as<std::string>{}, "my-app-server-1", "my-app-", "my-app-1a", "my-app1", "my-app-a",
               "my-ap", "my-app-1-1", "my-app--1", "my-app-+1", "my-app-1 ", "my-app.1", "my-app_1",
               "other", "", "x-my-app-1", "My-app", "my-app-1.5");
  CAPTURE(name);
  CHECK_FALSE(is_instance_of(name, "my-app"));
}

TEST_CASE("an instance can be the base of a group itself", "[process_name]") {
  CHECK(is_instance_of("my-app-1", "my-app-1"));
  CHECK(is_instance_of("my-app-1-2", "my-app-1"));
  CHECK_FALSE(is_instance_of("my-app-12", "my-app-1"));
}

TEST_CASE("the base of a name is what is before -<digits>", "[names]") {
  using provisr::base_of;
  CHECK(base_of("my-app-3") == "my-app");
  CHECK(base_of("my-app") == "my-app");
  CHECK(base_of("my-app-12-34") == "my-app-12");
  CHECK(base_of("my-app-") == "my-app-");
  CHECK(base_of("-7") == "-7");
  CHECK(base_of("7") == "7");
  CHECK(base_of("a7") == "a7");
  CHECK(base_of("v1.2-7") == "v1.2");
  for (const char* name : {"my-app-3", "my-app", "-7", "a-1-2"}) {
    CHECK(provisr::is_instance_of(name, base_of(name)));
  }
}
