#include "engine/intel/indicator_tables.hpp"

#include <gtest/gtest.h>

namespace canhgac::engine {
namespace {

constexpr std::string_view kMd5 = "d41d8cd98f00b204e9800998ecf8427e";

std::shared_ptr<const IndicatorSet> sample_set(common::Nanos expires) {
    auto builder = IndicatorSetBuilder::create(std::filesystem::temp_directory_path());
    EXPECT_TRUE(builder);
    ListInfo first;
    first.name = "c2";
    first.level = event::Severity::high;
    builder->begin_list(first);
    for (const char* text : {"203.0.113.0/24", "evil.example", "bad.example/x"}) {
        EXPECT_TRUE(builder->add(*parse_indicator(text)));
    }
    ListInfo second;
    second.name = "files";
    second.expires = expires;
    builder->begin_list(second);
    EXPECT_TRUE(builder->add(*parse_indicator(kMd5)));
    return builder->finish().value();
}

std::string looked_up(const IndicatorTables& tables, std::string_view table, std::string_view value) {
    const auto found = tables.table(table);
    if (found == nullptr) { return "no table"; }
    const auto hit = found->find(value);
    if (!hit) { return "-"; }
    return std::string(hit->name) + " " + std::string(hit->type) + " " + std::string(hit->list) + " " +
           std::string(hit->level);
}

TEST(IndicatorTables, LookUpByKind) {
    common::ManualClock clock{1'000};
    auto set = sample_set(2'000);
    const IndicatorTables tables([&set] { return set; }, clock);
    EXPECT_EQ(looked_up(tables, "ioc_addresses", "203.0.113.7"), "203.0.113.0/24 network c2 high");
    EXPECT_EQ(looked_up(tables, "ioc_addresses", "evil.example"), "-");
    EXPECT_EQ(looked_up(tables, "ioc_domains", "www.EVIL.example"), "evil.example domain c2 high");
    EXPECT_EQ(looked_up(tables, "ioc_urls", "https://bad.example/x"), "bad.example/x url c2 high");
    const std::string hashes = "SHA1=da39a3ee5e6b4b0d3255bfef95601890afd80709,MD5=" + std::string(kMd5);
    EXPECT_EQ(looked_up(tables, "ioc_hashes", hashes), std::string(kMd5) + " md5 files medium");
    EXPECT_EQ(looked_up(tables, "ioc_hashes", "IMPHASH=" + std::string(kMd5)), "-");
    EXPECT_EQ(looked_up(tables, "ioc", kMd5), std::string(kMd5) + " md5 files medium");
    EXPECT_EQ(looked_up(tables, "ioc", "http://bad.example/x"), "bad.example/x url c2 high");
    EXPECT_EQ(looked_up(tables, "ioc", "nothing"), "-");
    EXPECT_EQ(looked_up(tables, "ioc_mail", "x"), "no table");
    EXPECT_EQ(tables.names().size(), 5U);
    clock.set(2'000);
    EXPECT_EQ(looked_up(tables, "ioc_hashes", kMd5), "-") << "the list has expired";
}

TEST(IndicatorTables, WithoutListsNothingIsFound) {
    const common::ManualClock clock{1'000};
    const IndicatorTables tables([] { return std::shared_ptr<const IndicatorSet>(); }, clock);
    EXPECT_EQ(looked_up(tables, "ioc", "203.0.113.7"), "-");
}

} // namespace
} // namespace canhgac::engine
