// The decoders on public logs (CANHGAC_CORPUS): how much of each is understood, raw bytes kept, texts valid.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "collector/decoders/utf8_repair.hpp"
#include "decoder_harness.hpp"

namespace canhgac::collector {
namespace {

namespace fs = std::filesystem;

/// What became of the records of a file.
struct Tally {
    std::size_t records = 0;
    std::size_t stamped = 0; ///< with a time of their own
    std::size_t unparsed = 0;
    std::size_t with_host = 0;
    std::size_t with_action = 0;
    std::map<event::Format, std::size_t> formats;
};

/// The next line of a log, or the next object of a file of JSON objects one after the other (well formed).
std::optional<std::string_view> take_record(std::string_view& rest) {
    rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of(" \r\n\t")));
    if (rest.empty()) { return std::nullopt; }
    std::size_t end = rest.find('\n');
    if (rest.front() == '{') {
        int depth = 0;
        bool quoted = false;
        for (end = 0; end < rest.size(); ++end) {
            const char c = rest[end];
            if (quoted && c == '\\') {
                ++end;
            } else if (c == '"') {
                quoted = !quoted;
            } else if (!quoted && (c == '{' || c == '}')) {
                depth += c == '{' ? 1 : -1;
                if (depth == 0) { break; }
            }
        }
        ++end;
    }
    std::string_view record = rest.substr(0, end);
    rest.remove_prefix(std::min(rest.size(), record.size()));
    while (record.ends_with('\r')) {
        record.remove_suffix(1);
    }
    return record;
}

class DecodersCorpus : public testing::Test {
protected:
    void SetUp() override {
        const char* path = std::getenv("CANHGAC_CORPUS");
        if (path == nullptr) { GTEST_SKIP() << "CANHGAC_CORPUS is not set: public logs not checked"; }
        corpus_ = path;
    }

    void decode(const fs::path& path, Tally& tally) {
        std::ifstream in(path, std::ios::binary);
        ASSERT_TRUE(in) << path;
        std::stringstream stream;
        stream << in.rdbuf();
        const std::string text = stream.str();
        for (std::string_view rest = text; const auto record = take_record(rest);) {
            const event::Event& event = harness_.decode(event::Protocol::file, *record);
            ASSERT_EQ(event.raw, *record);
            ++tally.records;
            ++tally.formats[event.format];
            tally.stamped += (event.flags & event::flag::kTimeGuessed) == 0 ? 1U : 0U;
            tally.unparsed += (event.flags & event::flag::kUnparsed) != 0 ? 1U : 0U;
            tally.with_host += harness_.text("host.name") != "(absent)" ? 1U : 0U;
            tally.with_action += harness_.text("event.action") != "(absent)" ? 1U : 0U;
            ASSERT_TRUE(is_utf8(harness_.print()));
        }
    }

    Tally decode_log(std::string_view name) {
        Tally tally;
        decode(corpus_ / "logs" / ("loghub-" + std::string(name)) / (std::string(name) + "_2k.log"), tally);
        std::cout << name << ": " << tally.records << " records, stamped " << tally.stamped << ", host "
                  << tally.with_host << ", action " << tally.with_action << ", unparsed " << tally.unparsed << '\n';
        EXPECT_EQ(tally.records, 2'000U);
        EXPECT_EQ(tally.unparsed, 0U);
        return tally;
    }

    fs::path corpus_;
    DecoderHarness harness_;
};

TEST_F(DecodersCorpus, OpenSsh) {
    Tally tally = decode_log("OpenSSH");
    EXPECT_EQ(tally.formats[event::Format::syslog], 2'000U);
    EXPECT_EQ(tally.with_host, 2'000U);
    EXPECT_GE(tally.with_action, 1'600U);
}

TEST_F(DecodersCorpus, Linux) {
    Tally tally = decode_log("Linux");
    EXPECT_EQ(tally.stamped, 2'000U);
    EXPECT_GE(tally.formats[event::Format::syslog], 1'900U);
    EXPECT_GE(tally.with_action, 850U);
}

TEST_F(DecodersCorpus, Mac) {
    Tally tally = decode_log("Mac");
    EXPECT_EQ(tally.stamped, 2'000U);
    EXPECT_GE(tally.formats[event::Format::syslog], 1'900U); // the others: "--- last message repeated"
}

TEST_F(DecodersCorpus, OtherTextKeepsItsTime) {
    EXPECT_EQ(decode_log("Apache").stamped, 2'000U);
    EXPECT_EQ(decode_log("Windows").stamped, 2'000U);
    decode_log("OpenStack");
    decode_log("Proxifier");
}

TEST_F(DecodersCorpus, EveryRegressionSampleIsAWindowsEventOfItsOwnTime) {
    Tally tally;
    for (const auto& entry : fs::recursive_directory_iterator(corpus_ / "sigmahq" / "regression_data")) {
        if (entry.path().extension() == ".json") { decode(entry.path(), tally); }
    }
    std::cout << "regression samples: " << tally.records << " records\n";
    EXPECT_EQ(tally.records, 238U);
    EXPECT_EQ(tally.formats[event::Format::windows_event], tally.records);
    EXPECT_EQ(tally.stamped, tally.records);
    EXPECT_EQ(tally.with_host, tally.records);
}

} // namespace
} // namespace canhgac::collector
