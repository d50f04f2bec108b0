#include "drivers/libvirt/iotune.hpp"

#include "catch.hpp"

using namespace moult;
using namespace moult::virt;
using Changes = std::vector<std::pair<std::string, std::uint64_t>>;

TEST_CASE("a disk without limits gets one of writes alone", "[iotune]") {
  const auto limited = with_writes_limited({}, 1000);
  CHECK(limited == Iotune{{"write_bytes_sec", 1000}});
  CHECK(iotune_changes({}, limited) ==
        Changes{{"total_bytes_sec", 0}, {"read_bytes_sec", 0}, {"write_bytes_sec", 1000}});
  CHECK(iotune_changes(limited, {}) == Changes{{"total_bytes_sec", 0}, {"read_bytes_sec", 0}, {"write_bytes_sec", 0}});
  CHECK(iotune_changes(limited, limited).empty());
}

TEST_CASE("an owner's limit of writes is lowered, never raised, and its bursts end", "[iotune]") {
  const Iotune own{{"read_bytes_sec", 7000},  {"read_bytes_sec_max", 9000},  {"read_bytes_sec_max_length", 1},
                   {"write_bytes_sec", 5000}, {"write_bytes_sec_max", 8000}, {"write_bytes_sec_max_length", 10}};
  const auto limited = with_writes_limited(own, 1000);
  CHECK(limited == Iotune{{"read_bytes_sec", 7000},
                          {"read_bytes_sec_max", 9000},
                          {"read_bytes_sec_max_length", 1},
                          {"write_bytes_sec", 1000}});
  CHECK(with_writes_limited(own, 5000) == own);
  CHECK(with_writes_limited(own, 6000) == own);
  CHECK(iotune_changes(limited, own) == Changes{{"total_bytes_sec", 0},
                                                {"read_bytes_sec", 7000},
                                                {"write_bytes_sec", 5000},
                                                {"total_bytes_sec_max", 0},
                                                {"read_bytes_sec_max", 9000},
                                                {"write_bytes_sec_max", 8000},
                                                {"total_bytes_sec_max_length", 0},
                                                {"read_bytes_sec_max_length", 1},
                                                {"write_bytes_sec_max_length", 10}});
}

TEST_CASE("where reads and writes have one limit together, both together get no more than that", "[iotune]") {
  const Iotune own{{"total_bytes_sec", 5000}, {"total_bytes_sec_max", 6000}, {"total_bytes_sec_max_length", 1}};
  CHECK(with_writes_limited(own, 1000) == Iotune{{"read_bytes_sec", 4000}, {"write_bytes_sec", 1000}});
  CHECK(with_writes_limited(own, 5000) == own);
  CHECK(iotune_changes(with_writes_limited(own, 1000), own).size() == 9);
}

TEST_CASE("limits are kept as text, and text that is none is refused", "[iotune]") {
  const DiskIotunes disks{{"vda", {}}, {"vdb", {{"write_bytes_sec", 5}}}};
  CHECK(iotunes_to_text(disks) == R"({"vda":{},"vdb":{"write_bytes_sec":5}})");
  REQUIRE(iotunes_of_text(iotunes_to_text(disks)));
  CHECK(*iotunes_of_text(iotunes_to_text(disks)) == disks);
  for (const char* wrong : {"", "nonsense", "[]", R"({"vda":5})", R"({"vda":{"group_name":5}})",
                            R"({"vda":{"write_bytes_sec":"5"}})", R"({"vda":{"write_bytes_sec":0}})"})
    CHECK(iotunes_of_text(wrong).error().code == Code::invalid);
}
