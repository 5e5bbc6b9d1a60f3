// Where enrichment takes its knowledge from: inventory and geography.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/enrichment/asset_inventory.hpp"
#include "engine/enrichment/geo_database.hpp"

namespace canhgac::engine {
namespace {

using testing::ElementsAre;

std::vector<std::string> texts(const std::vector<InventoryError>& errors) {
    std::vector<std::string> out;
    for (const InventoryError& error : errors) {
        out.push_back(fmt::format("{}:{}:{}: {}", error.file, error.line, error.column, error.reason));
    }
    return out;
}

TEST(AssetInventory, CsvByNetworkAddressAndHost) {
    const auto loaded = read_inventory("match,organization,service,level,owner\n"
                                       "10.20.0.0/16,So Tai chinh,,,\n"
                                       "10.20.5.0/24,So Tai chinh,Cong DVC,3,Ong An\n"
                                       "10.20.5.9,So Tai chinh,CSDL,4,\n"
                                       "2001:db8::/32,So Y te,HIS,3,\n"
                                       "DC01.tinh.gov.vn,So TTTT,AD,3,\n"
                                       "web1,So TTTT,Cong,2,\n",
                                       "a.csv");
    EXPECT_TRUE(loaded.errors.empty());
    const AssetInventory& inventory = *loaded.inventory;
    EXPECT_EQ(inventory.size(), 6U);
    const auto service = [&](const char* address) {
        const Asset* asset = inventory.find_address(*common::parse_ip(address));
        return asset == nullptr ? std::string("none") : asset->service;
    };
    EXPECT_EQ(service("10.20.5.9"), "CSDL") << "the most specific network";
    EXPECT_EQ(service("::ffff:10.20.5.8"), "Cong DVC");
    EXPECT_EQ(service("10.20.6.1"), "");
    EXPECT_EQ(service("10.21.0.1"), "none");
    EXPECT_EQ(service("2001:db8:5::1"), "HIS");
    EXPECT_EQ(inventory.find_host("dc01.TINH.gov.vn")->service, "AD");
    EXPECT_EQ(inventory.find_host("WEB1.tinh.gov.vn")->level, "2") << "by the first label";
    EXPECT_EQ(inventory.find_host("dc01"), nullptr);
    EXPECT_EQ(inventory.find_host(""), nullptr);
    EXPECT_EQ(inventory.find_host(std::string(1000, 'a')), nullptr);
}

TEST(AssetInventory, YamlAndWhatIsWrongWithItsPlace) {
    const auto loaded = read_inventory("- {match: srv1, organization: A, level: 3, owner: x, name: Server 1}\n"
                                       "- {match: srv1, organization: B}\n"
                                       "- {match: srv2}\n"
                                       "- {match: srv3, organization: A, level: 9}\n"
                                       "- {match: 10.0.0.1/8, organization: A}\n"
                                       "- {match: srv4, organization: A, colour: red}\n"
                                       "- text\n",
                                       "a.yaml");
    EXPECT_EQ(loaded.inventory->size(), 1U);
    EXPECT_EQ(loaded.inventory->find_host("srv1")->name, "Server 1");
    EXPECT_THAT(texts(loaded.errors),
                ElementsAre("a.yaml:2:3: match 'srv1' is there twice",
                            "a.yaml:3:3: match and organization must not be empty", "a.yaml:4:3: level must be 1 to 5",
                            "a.yaml:5:3: match '10.0.0.1/8' is neither an address, a network nor a host name",
                            "a.yaml:6:34: unknown key 'colour'", "a.yaml:7:3: expected a map of keys and values"));
    EXPECT_THAT(texts(read_inventory("match,colour\n", "b.csv").errors),
                ElementsAre("b.csv:1:7: unknown column 'colour'"));
    EXPECT_THAT(texts(read_inventory("match\nx\n", "b.csv").errors),
                ElementsAre("b.csv:1:1: the first line must name the columns, at least match and organization"));
    const std::vector<std::filesystem::path> missing = {"/nonexistent/a.csv"};
    EXPECT_THAT(texts(load_inventory(missing).errors), ElementsAre("/nonexistent/a.csv:1:1: cannot be read"));
}

TEST(GeoDatabase, SpecialAddresses) {
    for (const char* text : {"10.1.2.3", "192.168.1.1", "172.31.0.1", "127.0.0.1", "169.254.1.1", "100.64.0.1",
                             "224.0.0.1", "0.1.2.3", "::1", "fe80::1", "fd00::1", "ff02::1", "::ffff:10.0.0.1"}) {
        EXPECT_TRUE(is_special_address(*common::parse_ip(text))) << text;
    }
    for (const char* text : {"8.8.8.8", "172.32.0.1", "100.128.0.1", "2001:4860::1", "::ffff:8.8.8.8"}) {
        EXPECT_FALSE(is_special_address(*common::parse_ip(text))) << text;
    }
}

TEST(GeoDatabase, WhatIsNoDatabaseIsAnErrorWithTheFile) {
    const auto folder = std::filesystem::temp_directory_path();
    const auto file = folder / fmt::format("not-mmdb.{}", ::getpid());
    std::ofstream(file) << "text";
    const auto opened = GeoDatabase::open(file, {}, folder);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error(), testing::StartsWith(file.string() + ": "));
    EXPECT_FALSE(GeoDatabase::open("/nonexistent.mmdb", {}, folder));
    std::filesystem::remove(file);
}

bool write_mmdb(const std::string& kind, const std::filesystem::path& file, const std::string& lines) {
    const std::string command = fmt::format("perl '{}/tests/support/write_mmdb.pl' {} '{}' 2>/dev/null",
                                            CANHGAC_SOURCE_DIR, kind, file.string());
    FILE* const pipe = ::popen(command.c_str(), "w");
    if (pipe == nullptr) { return false; }
    std::fwrite(lines.data(), 1, lines.size(), pipe);
    return ::pclose(pipe) == 0;
}

TEST(GeoDatabase, CountryAndAutonomousSystem) {
    if (std::system("perl -MMaxMind::DB::Writer::Tree -e 1 2>/dev/null") != 0) {
        GTEST_SKIP() << "the package libmaxmind-db-writer-perl is not installed";
    }
    const auto folder = std::filesystem::temp_directory_path() / fmt::format("geo.{}", ::getpid());
    std::filesystem::create_directories(folder);
    ASSERT_TRUE(write_mmdb("country", folder / "c.mmdb", "113.160.0.0/11\tVN\n2001:4860::/32\tUS\n"));
    ASSERT_TRUE(write_mmdb("asn", folder / "a.mmdb", "113.160.0.0/11\t45899\tVNPT Corp\n"));
    const auto geo = GeoDatabase::open(folder / "c.mmdb", folder / "a.mmdb", folder).value();
    std::filesystem::remove_all(folder); // the copies stay
    const GeoAnswer vietnam = geo->find(*common::parse_ip("113.161.2.3"));
    EXPECT_EQ(vietnam.country, "VN");
    EXPECT_EQ(vietnam.as_number, 45899U);
    EXPECT_EQ(vietnam.as_name, "VNPT Corp");
    EXPECT_EQ(geo->find(*common::parse_ip("::ffff:113.161.2.3")).country, "VN");
    EXPECT_EQ(geo->find(*common::parse_ip("2001:4860::8888")).country, "US");
    EXPECT_EQ(geo->find(*common::parse_ip("2001:4860::8888")).as_number, 0U);
    EXPECT_TRUE(geo->find(*common::parse_ip("9.9.9.9")).country.empty());
    EXPECT_TRUE(geo->find(*common::parse_ip("192.168.1.1")).country.empty());
    EXPECT_GT(geo->country_built(), 1'500'000'000U);
}

} // namespace
} // namespace canhgac::engine
