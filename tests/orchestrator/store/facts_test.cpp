#include "orchestrator/store/facts.hpp"

#include <nlohmann/json.hpp>
#include <random>

#include "catch.hpp"
#include "orchestrator/store/plain_facts.hpp"
#include "orchestrator/store/redaction.hpp"
#include "orchestrator/store/utc.hpp"

using namespace moult;

TEST_CASE("canonical JSON is the same for the same facts, to the byte") {
  const std::string messy = R"({ "z" : [ 1.0, -0, 1e3, 0.1, 18446744073709551615, true, null ],
     "B":{"y":"\u00e9\n\/","x":{}}, "a" : "" })";
  CHECK(canonical_json(messy).value() ==
        "{\"B\":{\"x\":{},\"y\":\"\xc3\xa9\\n/\"},\"a\":\"\",\"z\":[1.0,0,1000.0,0.1,18446744073709551615,true,null]}");
  CHECK(canonical_json(canonical_json(messy).value()).value() == canonical_json(messy).value());
}

TEST_CASE("what has no one canonical form is refused") {
  for (const auto* bad : {"", "[]", "1", "{", R"({"a":1,"a":2})", R"({"a":{"b":1,"b":1}})", "{\"a\":\"\xff\"}",
                          R"({"a":NaN})", R"({"a":1} x)", R"({"a":1e999})"}) {
    INFO(bad);
    CHECK(canonical_json(bad).error().code == Code::invalid);
  }
  std::string deep = "{\"a\":";
  for (int i = 0; i < 70; ++i) deep += "[";
  for (int i = 0; i < 70; ++i) deep += "]";
  CHECK(canonical_json(deep + "}").error().code == Code::invalid);
}

TEST_CASE("the same key in two objects is no duplicate") {
  CHECK(canonical_json(R"({"a":{"k":1},"b":{"k":2},"k":3})").value() == R"({"a":{"k":1},"b":{"k":2},"k":3})");
}

TEST_CASE("keys that look like secrets are known in every spelling") {
  for (const auto* key :
       {"password", "DB_PASSWORD", "apiToken", "api-key", "client.secret", "passwd", "private_key", "Authorization"})
    CHECK(looks_secret(key));
  for (const auto* key : {"key", "public_key", "path", "pass", "hash", "component", "digest", "signature"})
    CHECK_FALSE(looks_secret(key));
}

TEST_CASE("secrets are redacted wherever they stand") {
  const auto redacted = [](const std::string& facts) { return canonical_facts(facts).value(); };
  CHECK(redacted(R"({"password":"x"})") == R"({"password":"[redacted]"})");
  CHECK(redacted(R"({"token":{"a":1}})") == R"({"token":"[redacted]"})");
  CHECK(redacted(R"({"a":[{"secret":7}]})") == R"({"a":[{"secret":"[redacted]"}]})");
  CHECK(redacted(R"({"argv":["psql","--password","x","-h","y"]})") ==
        R"({"argv":["psql","--password","[redacted]","-h","y"]})");
  CHECK(redacted(R"({"argv":["run","--token=x","--to=2"]})") == R"({"argv":["run","--token=[redacted]","--to=2"]})");
  CHECK(redacted(R"({"e":"PGPASSWORD=x psql; A=1"})") == R"({"e":"PGPASSWORD=[redacted] psql; A=1"})");
  CHECK(redacted(R"({"u":"see https://u:p@w@h/x:y and ftp://h"})") ==
        R"({"u":"see https://u:[redacted]@h/x:y and ftp://h"})");
}

TEST_CASE("what is no secret stays as it is") {
  for (const auto* facts :
       {R"({"has_password":true})", R"({"password":""})", R"({"token":null})", R"({"a":"http://h:80/@x"})",
        R"({"argv":["--to","2"]})", R"({"url":"qemu+ssh://root@hv1/system"})"})
    CHECK(canonical_facts(facts).value() == facts);
}

TEST_CASE("facts that are taken as they stand are what parsing would have made of them") {
  const std::string seed = R"({"code":"io","path":"/a b:/c","took_ms":-17,"up":true})";
  const std::string letters = "{}[],:\"\\=/-+.0159eatkpsw_ \n\x7f\xc3";
  std::mt19937 random(1);
  std::size_t plain = 0, other = 0;
  for (int i = 0; i < 200'000; ++i) {
    auto text = seed;
    for (auto changes = random() % 4; changes > 0; --changes)
      text.replace(random() % text.size(), random() % 3, random() % 3, letters[random() % letters.size()]);
    if (!are_plain_facts(text)) {
      ++other;
      continue;
    }
    ++plain;
    auto value = nlohmann::json::parse(text);
    redact(value);
    if (value.dump() != text || canonical_json(text).value_or("") != text) FAIL(text);
  }
  CHECK(plain > 20'000);
  CHECK(other > 20'000);
  for (const auto* secret : {R"({"password":"x"})", R"({"e":"TOKEN=x"})", R"({"u":"https://u:p@w"})"})
    CHECK_FALSE(are_plain_facts(secret));
}

TEST_CASE("times are written in one form, and read back as such") {
  using namespace std::chrono;
  CHECK(utc_text(system_clock::time_point(milliseconds(1714557600123))) == "2024-05-01T10:00:00.123Z");
  CHECK(utc_text(system_clock::time_point(milliseconds(-1))) == "1969-12-31T23:59:59.999Z");
  for (const auto* good : {"2024-05-01T10:00:00Z", "2024-05-01T10:00:00.1Z", "2024-05-01T10:00:00.123456789Z"})
    CHECK(is_utc_text(good));
  for (const auto* bad : {"", "Z", "2024-05-01 10:00:00Z", "2024-05-01T10:00:00", "2024-05-01T10:00:00.Z",
                          "2024-05-01T10:00:00+02:00", "2024-05-01T10:00:00.1x Z", "2024-05-01T10:00Z"})
    CHECK_FALSE(is_utc_text(bad));
}
