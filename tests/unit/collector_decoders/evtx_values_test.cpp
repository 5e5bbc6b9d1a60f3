// Values of EVTX records: every type, arrays, sizes that do not fit.
#include "collector/decoders/evtx_values.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "collector/decoders/utf8_repair.hpp"
#include "tests/support/evtx_writer.hpp"

namespace canhgac::collector {
namespace {

using event::ValueType;
using support::little_endian;
using support::utf16;

struct Case {
    EvtxType type;
    std::string bytes;
    std::string text;
    ValueType kind = ValueType::string;
};

std::string bytes(std::initializer_list<int> values) {
    std::string out;
    for (const int value : values) {
        out += static_cast<char>(value);
    }
    return out;
}

TEST(EvtxValues, EveryTypeReadsAsWindowsWritesIt) {
    const std::string guid =
        bytes({0x5F, 0x38, 0x70, 0x57, 0x2A, 0xC2, 0xE0, 0x43, 0xBF, 0x4C, 6, 0xF5, 0x69, 0x8F, 0xFB, 0xD9});
    std::string moment;
    for (const int part : {2026, 11, 0, 22, 1, 2, 3, 45}) {
        moment += little_endian(static_cast<std::uint16_t>(part));
    }
    const std::vector<Case> cases = {
        {EvtxType::null, "", "", ValueType::null},
        {EvtxType::utf16, utf16("Máy chủ"), "Máy chủ"},
        {EvtxType::utf16, utf16(" ends with blanks  "), " ends with blanks  "},
        {EvtxType::utf16, utf16("a sentence longer than sixteen characters, đ included") + std::string(2, '\0'),
         "a sentence longer than sixteen characters, đ included"},
        {EvtxType::utf16, utf16("\xF0\x9F\x90\x9D"), "\xF0\x9F\x90\x9D"},
        {EvtxType::utf16, bytes({0x41, 0, 0x00, 0xD8, 0x42, 0}),
         "A\xEF\xBF\xBD"
         "B"},
        {EvtxType::utf16, bytes({0x41, 0, 0x42}), "A"},
        {EvtxType::ansi, std::string("plain\0behind", 12), "plain"},
        {EvtxType::ansi, bytes({0x80, ' ', 0xE9}), "€ é"},
        {EvtxType::int8, bytes({0x80}), "-128", ValueType::integer},
        {EvtxType::uint8, bytes({0xFF}), "255", ValueType::integer},
        {EvtxType::int16, bytes({0, 0x80}), "-32768", ValueType::integer},
        {EvtxType::uint16, bytes({0x10, 0x12}), "4624", ValueType::integer},
        {EvtxType::int32, little_endian(std::int32_t{-5}), "-5", ValueType::integer},
        {EvtxType::uint32, little_endian(std::uint32_t{4'294'967'295}), "4294967295", ValueType::integer},
        {EvtxType::int64, little_endian(INT64_MIN), "-9223372036854775808", ValueType::integer},
        {EvtxType::uint64, little_endian(UINT64_MAX), "18446744073709551615", ValueType::integer},
        {EvtxType::real32, little_endian(1.5F), "1.5", ValueType::real},
        {EvtxType::real64, little_endian(0.1), "0.1", ValueType::real},
        {EvtxType::real64, little_endian(1.0 / 0.0), "inf"},
        {EvtxType::boolean, bytes({1, 0, 0, 0}), "true", ValueType::boolean},
        {EvtxType::boolean, bytes({0, 0, 0, 0}), "false", ValueType::boolean},
        {EvtxType::binary, bytes({0, 0xAB, 0x7F}), "00AB7F"},
        {EvtxType::guid, guid, "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}"},
        {EvtxType::size, bytes({0xE7, 3, 0, 0}), "0x3e7"},
        {EvtxType::size, little_endian(std::uint64_t{0x1'0000'0000}), "0x100000000"},
        {EvtxType::hex32, bytes({0xE7, 3, 0, 0}), "0x3e7"},
        {EvtxType::hex64, little_endian(std::uint64_t{0x8000'0000'0000'0000}), "0x8000000000000000"},
        {EvtxType::file_time, little_endian(std::uint64_t{0}), "1601-01-01T00:00:00.0000000Z"},
        {EvtxType::file_time, little_endian(std::uint64_t{116'444'736'000'000'000}), "1970-01-01T00:00:00.0000000Z"},
        {EvtxType::file_time, little_endian(std::uint64_t{125'962'560'001'234'567}), "2000-02-29T00:00:00.1234567Z"},
        {EvtxType::file_time, little_endian(std::uint64_t{2'650'467'743'999'999'999}), "9999-12-31T23:59:59.9999999Z"},
        {EvtxType::file_time, little_endian(UINT64_MAX), "FFFFFFFFFFFFFFFF"},
        {EvtxType::system_time, moment, "2026-11-22T01:02:03.045Z"},
        {EvtxType::system_time, std::string(16, '\xFF'), std::string(32, 'F')},
        {EvtxType::sid, bytes({1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0}), "S-1-5-18"},
        {EvtxType::sid, bytes({1, 0, 1, 0, 0, 0, 0, 5}), "S-1-0x10000000005"},
        {EvtxType::handle, bytes({1, 2}), "0102"},
        {EvtxType::uint32, bytes({1, 2}), "0102"}, // does not fit: nothing is lost
        {EvtxType::sid, bytes({1, 2, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0}), "010200000000000512000000"},
    };
    event::Arena arena;
    for (const Case& one : cases) {
        bool repaired = false;
        const EvtxText got = evtx_text(one.bytes, one.type, arena, repaired);
        EXPECT_EQ(got.text, one.text) << "type " << static_cast<int>(one.type);
        EXPECT_EQ(got.type, one.kind) << one.text;
        EXPECT_EQ(repaired, one.text.find("\xEF\xBF\xBD") != std::string::npos) << one.text;
        EXPECT_TRUE(is_utf8(got.text));
    }
}

TEST(EvtxValues, FileTimesAgreeWithTheClockOnEveryDay) {
    event::Arena arena;
    for (std::int64_t day = -100'000; day < 100'000; day += 17) {
        const common::Nanos time = day * common::kDay + 123'456'700;
        const auto ticks = static_cast<std::uint64_t>(time / 100 + 116'444'736'000'000'000);
        bool repaired = false;
        const EvtxText text = evtx_text(little_endian(ticks), EvtxType::file_time, arena, repaired);
        ASSERT_EQ(common::parse_rfc3339(text.text), time) << text.text;
        ASSERT_EQ(evtx_time(ticks), time);
        arena.reset();
    }
    EXPECT_FALSE(evtx_time(UINT64_MAX));
    EXPECT_FALSE(evtx_time(0));
}

std::vector<std::string> items(std::string_view rest, EvtxType type) {
    std::vector<std::string> all;
    while (!rest.empty()) {
        all.emplace_back(take_evtx_item(rest, type));
    }
    return all;
}

TEST(EvtxValues, ArraysAreCutIntoItems) {
    const std::string nul(2, '\0');
    EXPECT_EQ(items(utf16("a") + nul + utf16("bc") + nul, EvtxType::utf16), (std::vector{utf16("a"), utf16("bc")}));
    EXPECT_EQ(items(utf16("a") + nul + nul + utf16("b"), EvtxType::utf16),
              (std::vector{utf16("a"), std::string(), utf16("b")}));
    EXPECT_EQ(items(std::string("x\0yz\0", 5), EvtxType::ansi), (std::vector<std::string>{"x", "yz"}));
    EXPECT_EQ(items("abcd", EvtxType::uint16), (std::vector<std::string>{"ab", "cd"}));
    EXPECT_EQ(items("abcde", EvtxType::uint32), (std::vector<std::string>{"abcd", "e"}));
    const std::string one = bytes({1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0});
    const std::string two = bytes({1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 33, 2, 0, 0});
    EXPECT_EQ(items(one + two, EvtxType::sid), (std::vector{one, two}));
    EXPECT_EQ(items("any bytes", EvtxType::binary), (std::vector<std::string>{"any bytes"}));
}

TEST(EvtxValues, ReadableTextIsFoundInsideBrokenRecords) {
    event::Arena arena;
    const std::string broken = bytes({1, 2, 0xFF}) + utf16("mimikatz") + bytes({0xFE, 0xFF, 3}) + "plain text" +
                               bytes({0xFF, 0xFE}) + utf16("abc") + bytes({0xD8}) + utf16("Quản trị");
    EXPECT_EQ(evtx_readable_text(broken, arena), "mimikatz plain text Quản trị");
    EXPECT_EQ(evtx_readable_text("", arena), "");
}

} // namespace
} // namespace canhgac::collector
