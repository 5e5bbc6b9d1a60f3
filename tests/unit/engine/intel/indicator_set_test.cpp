#include "engine/intel/indicator_set.hpp"

#include <random>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/allocation_count.hpp"
#include "tests/unit/engine/intel/plain_indicators.hpp"

namespace canhgac::engine {
namespace {

IndicatorSetBuilder make_builder(std::size_t limit = kMaxIndicators, unsigned hash_bits = 64) {
    auto builder = IndicatorSetBuilder::create(std::filesystem::temp_directory_path(), limit, hash_bits);
    EXPECT_TRUE(builder);
    return std::move(*builder);
}

std::uint32_t begin(IndicatorSetBuilder& builder, const std::string& name) {
    ListInfo info;
    info.name = name;
    return builder.begin_list(std::move(info));
}

std::set<PlainIndicators::Hit> as_set(const IndicatorHits& hits) {
    std::set<PlainIndicators::Hit> out;
    for (const IndicatorHit& hit : hits.all()) {
        out.insert({hit.list, std::string(to_string(hit.type)), std::string(hit.text)});
    }
    EXPECT_EQ(out.size(), hits.count) << "no hit twice";
    return out;
}

TEST(IndicatorSet, FindsWhatListsHoldAndNamesTheList) {
    auto builder = make_builder();
    begin(builder, "one");
    for (const char* text : {"203.0.113.7", "203.0.113.0/24", "evil.example", "evil.example", "bad.example/x"}) {
        ASSERT_TRUE(builder.add(*parse_indicator(text)));
    }
    begin(builder, "two");
    for (const char* text :
         {"203.0.0.0/16", "203.0.113.0/24", "www.evil.example", "d41d8cd98f00b204e9800998ecf8427e"}) {
        ASSERT_TRUE(builder.add(*parse_indicator(text)));
    }
    const auto set = builder.finish().value();
    EXPECT_EQ(set->size(), 8U);
    EXPECT_EQ(set->lists()[0].duplicates, 1U);
    EXPECT_EQ(set->lists()[0].size(), 4U);
    EXPECT_EQ(set->count(IndicatorType::network), 3U);

    IndicatorHits hits;
    set->find_address(*common::parse_ip("203.0.113.7"), hits);
    EXPECT_EQ(hits.count, 4U) << "the address, both /24, the /16";
    hits = {};
    set->find_address(*common::parse_ip("::ffff:203.0.7.7"), hits);
    ASSERT_EQ(hits.count, 1U);
    EXPECT_EQ(hits.hits[0].text, "203.0.0.0/16");
    EXPECT_EQ(hits.hits[0].list, 1U);
    hits = {};
    EXPECT_TRUE(set->find_domain("A.WWW.evil.example.", hits));
    EXPECT_EQ(hits.count, 2U);
    hits = {};
    EXPECT_TRUE(set->find_domain("notevil.example", hits));
    EXPECT_EQ(hits.count, 0U) << "a suffix of letters is no parent";
    EXPECT_FALSE(set->find_domain("not a name", hits));
    EXPECT_TRUE(set->find_url("", "HTTPS://Bad.example/x", hits));
    EXPECT_EQ(hits.count, 1U);
    hits = {};
    EXPECT_TRUE(set->find_hash("D41D8CD98F00B204E9800998ECF8427E", hits));
    EXPECT_EQ(hits.count, 1U);
    std::size_t seen = 0;
    set->for_each([&](std::uint32_t, IndicatorType, std::string_view) { ++seen; });
    EXPECT_EQ(seen, set->size());
}

TEST(IndicatorSet, AnEmptySetFindsNothing) {
    auto builder = make_builder();
    const auto set = builder.finish().value();
    IndicatorHits hits;
    set->find_address(*common::parse_ip("1.2.3.4"), hits);
    EXPECT_TRUE(set->find_domain("a.example", hits));
    EXPECT_TRUE(set->find_hash(std::string(64, '0'), hits));
    EXPECT_EQ(hits.count, 0U);
    EXPECT_TRUE(set->empty());
}

TEST(IndicatorSet, TheLimitIsKept) {
    auto builder = make_builder(2);
    begin(builder, "x");
    EXPECT_TRUE(builder.add(*parse_indicator("a.example")));
    EXPECT_TRUE(builder.add(*parse_indicator("203.0.113.0/24")));
    EXPECT_FALSE(builder.add(*parse_indicator("b.example")));
    EXPECT_EQ(builder.finish().value()->size(), 2U);
}

TEST(IndicatorSet, ManyListsOneValue) {
    auto builder = make_builder();
    for (int i = 0; i < 20; ++i) {
        begin(builder, fmt::format("l{}", i));
        ASSERT_TRUE(builder.add(*parse_indicator("a.example")));
    }
    const auto set = builder.finish().value();
    IndicatorHits hits;
    set->find_domain("a.example", hits);
    EXPECT_EQ(hits.count, IndicatorHits::kMax);
    EXPECT_EQ(hits.left_out, 20U - IndicatorHits::kMax);
}

/// Random indicators over a small world, so that hits, nesting and duplicates are common.
class World {
public:
    explicit World(unsigned seed) : random_(seed) {}
    std::string address() {
        return pick(3) == 0 ? fmt::format("2001:db8:{:x}::{:x}", pick(4), pick(20))
                            : fmt::format("198.51.{}.{}", pick(3), pick(40));
    }
    std::string network() {
        if (pick(3) == 0) {
            const unsigned bits = 32 + pick(97);
            auto address = *common::parse_ip(fmt::format("2001:db8:{:x}::{:x}", pick(4), pick(20)));
            return cut(address, bits);
        }
        const unsigned bits = 8 + pick(25);
        return cut(*common::parse_ip(fmt::format("198.51.{}.{}", pick(3), pick(40))), bits);
    }
    std::string domain() {
        std::string name = fmt::format("d{}.example", pick(6));
        for (unsigned i = pick(3); i > 0; --i) {
            name = fmt::format("s{}.{}", pick(4), name);
        }
        return name;
    }
    std::string url() { return domain() + fmt::format("/p{}", pick(5)); }
    std::string hash() { return fmt::format("{:0{}x}", pick(50), std::array{32, 40, 64}[pick(3)]); }
    unsigned pick(unsigned below) { return static_cast<unsigned>(random_() % below); }

private:
    static std::string cut(common::IpAddress address, unsigned bits) {
        for (unsigned bit = bits; bit < (address.is_v6 ? 128U : 32U); ++bit) {
            address.bytes[bit / 8] = static_cast<std::uint8_t>(address.bytes[bit / 8] & ~(0x80U >> (bit % 8)));
        }
        return fmt::format("{}/{}", common::to_string(address), bits);
    }
    std::mt19937 random_;
};

void compare(World& world, unsigned hash_bits) {
    auto builder = make_builder(kMaxIndicators, hash_bits);
    PlainIndicators plain;
    for (std::uint32_t list = 0; list < 2; ++list) {
        begin(builder, fmt::format("l{}", list));
        for (unsigned i = 1 + world.pick(60); i > 0; --i) {
            const std::string text =
                std::array{world.address(), world.network(), world.domain(), world.url(), world.hash()}[world.pick(5)];
            const auto indicator = parse_indicator(text);
            ASSERT_TRUE(indicator) << text;
            ASSERT_TRUE(builder.add(*indicator));
            plain.add(list, *indicator);
        }
    }
    const auto set = builder.finish().value();
    for (int i = 0; i < 200; ++i) {
        IndicatorHits hits;
        const std::string address = world.address();
        set->find_address(*common::parse_ip(address), hits);
        if (hits.left_out == 0) { EXPECT_EQ(as_set(hits), plain.address(address)) << address; }
        hits = {};
        const std::string domain = world.domain();
        set->find_domain(domain, hits);
        EXPECT_EQ(as_set(hits), plain.domain(domain)) << domain;
        hits = {};
        const std::string url = world.url();
        set->find_url("", url, hits);
        EXPECT_EQ(as_set(hits), plain.exact(*parse_indicator(url))) << url;
        hits = {};
        const std::string hash = world.hash();
        set->find_hash(hash, hits);
        EXPECT_EQ(as_set(hits), plain.exact(*parse_indicator(hash))) << hash;
    }
}

TEST(IndicatorSet, AgreesWithThePlainMatcher) {
    for (unsigned seed = 0; seed < 60; ++seed) {
        World world(seed);
        compare(world, 64);
    }
}

TEST(IndicatorSet, HashesThatCollideAreNoHits) {
    for (unsigned seed = 100; seed < 130; ++seed) {
        World world(seed);
        compare(world, seed % 2 == 0 ? 1 : 4);
    }
}

TEST(IndicatorSet, AtMost64BytesEachAndNoAllocationToAsk) {
    auto builder = make_builder();
    begin(builder, "many");
    for (unsigned i = 0; i < 50'000; ++i) {
        ASSERT_TRUE(builder.add(*parse_indicator(fmt::format("h{}.example", i))));
        ASSERT_TRUE(builder.add(*parse_indicator(fmt::format("{}.{}.{}.0/24", 1 + i % 120, i / 120 % 250, i / 30000))));
        ASSERT_TRUE(builder.add(*parse_indicator(fmt::format("2001:db8:{:x}::/{}", i, 48 + i % 3))));
    }
    const auto set = builder.finish().value();
    EXPECT_EQ(set->size(), 150'000U);
    EXPECT_LE(set->memory_bytes(), set->size() * 64);
    const std::size_t before = support::allocation_count();
    IndicatorHits hits;
    for (int i = 0; i < 100; ++i) {
        hits = {};
        set->find_domain("a.b.h77.example", hits);
        set->find_address(*common::parse_ip("5.1.0.9"), hits);
        set->find_url("h1.example", "/x/y", hits);
        set->find_hash("d41d8cd98f00b204e9800998ecf8427e", hits);
    }
    EXPECT_EQ(support::allocation_count(), before);
    EXPECT_GE(hits.count, 1U);
}

TEST(TextFile, AFolderThatIsNotThereIsAnError) {
    EXPECT_FALSE(TextFile::create("/nonexistent/folder"));
}

} // namespace
} // namespace canhgac::engine
