// tests/golden/decoders/NN-PROTOCOL-name.in is one record (a last newline is the file's, not the record's; for `bulk`
// the first line is the action line); .want is the event as printed. CANHGAC_UPDATE_GOLDEN=1 rewrites the .want files.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "decoder_harness.hpp"

namespace canhgac::collector {
namespace {

namespace fs = std::filesystem;

std::string read_all(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

std::vector<fs::path> inputs() {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(fs::path(CANHGAC_SOURCE_DIR) / "tests/golden/decoders")) {
        if (entry.path().extension() == ".in") { paths.push_back(entry.path()); }
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

class DecodersGolden : public testing::TestWithParam<fs::path> {};

TEST_P(DecodersGolden, PrintsAsWanted) {
    const std::string name = GetParam().stem().string();
    std::string record = read_all(GetParam());
    if (record.ends_with('\n')) { record.pop_back(); }
    std::string meta;
    auto protocol = event::Protocol::file;
    if (name.find("-syslog-") != std::string::npos) { protocol = event::Protocol::syslog_tcp; }
    if (name.find("-bulk-") != std::string::npos) {
        protocol = event::Protocol::elastic_bulk;
        const std::size_t end = record.find('\n');
        ASSERT_NE(end, std::string::npos) << "a bulk item needs its action line";
        meta = record.substr(0, end);
        record.erase(0, end + 1);
    }
    DecoderHarness harness;
    const event::Event& event = harness.decode(protocol, record, meta);
    EXPECT_EQ(event.raw, record);
    const std::string got = harness.print();
    fs::path want = GetParam();
    want.replace_extension(".want");
    if (std::getenv("CANHGAC_UPDATE_GOLDEN") != nullptr) {
        std::ofstream(want, std::ios::binary) << got;
        GTEST_SKIP() << "rewrote " << want;
    }
    EXPECT_EQ(got, read_all(want)) << GetParam();
}

std::string test_name(const testing::TestParamInfo<fs::path>& parameter) {
    std::string name = "n" + parameter.param.stem().string();
    std::replace_if(
        name.begin(), name.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Layouts, DecodersGolden, testing::ValuesIn(inputs()), test_name);

} // namespace
} // namespace canhgac::collector
