#include "engine/enrichment/enricher.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/allocation_count.hpp"

namespace canhgac::engine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
namespace field = event::field;

struct ListText {
    std::string name;
    std::vector<std::string> values;
    std::vector<std::string> tags{};
    common::Nanos expires = 0;
};

std::shared_ptr<const IndicatorSet> make_set(const std::vector<ListText>& lists) {
    auto builder = IndicatorSetBuilder::create(std::filesystem::temp_directory_path()).value();
    for (const ListText& list : lists) {
        ListInfo info;
        info.name = list.name;
        info.level = event::Severity::high;
        info.tags = list.tags;
        info.expires = list.expires;
        builder.begin_list(std::move(info));
        for (const std::string& value : list.values) {
            EXPECT_TRUE(builder.add(parse_indicator(value).value())) << value;
        }
    }
    return builder.finish().value();
}

using Values = std::vector<std::pair<std::string, std::string>>;

class EnricherTest : public testing::Test {
protected:
    void use(const std::vector<ListText>& lists, const std::string& inventory = "") {
        std::shared_ptr<const AssetInventory> assets;
        if (!inventory.empty()) { assets = read_inventory(inventory, "i.csv").inventory; }
        enricher_.use(make_enrichment(make_set(lists), assets, nullptr));
    }
    /// The values of a field after enrichment of one event.
    std::vector<std::string> run(const Values& values, event::FieldId wanted = field::kIndicatorValue,
                                 std::uint16_t flags = 0) {
        batch_.reset();
        detections_.clear();
        add(values, flags);
        add({{"message", "the event after"}}, 0);
        enricher_.enrich(batch_, detections_);
        return all(0, wanted);
    }
    void add(const Values& values, std::uint16_t flags) {
        event::Event& event = batch_.begin();
        event.received = 1'000;
        event.flags = flags;
        for (const auto& [name, value] : values) {
            batch_.add(fields_.intern(name), batch_.arena().copy(value));
        }
        batch_.finish();
    }
    std::vector<std::string> all(std::size_t event, event::FieldId wanted) {
        std::vector<std::string> out;
        for (const event::Field& f : batch_.fields(std::as_const(batch_.events()[event]))) {
            if (f.name() == wanted) { out.emplace_back(f.text()); }
        }
        return out;
    }
    event::FieldTable fields_;
    Enricher enricher_{fields_};
    event::EventBatch batch_;
    std::vector<event::Detection> detections_;
};

TEST_F(EnricherTest, AHitIsWrittenToTheEventAndYieldsADetectionOfItsList) {
    use({{"c2", {"203.0.113.7", "evil.example"}, {"botnet"}}, {"other", {"203.0.113.0/24"}}});
    EXPECT_THAT(run({{"Image", "x.exe"}, {"DestinationIp", "203.0.113.7"}, {"destination.ip", "203.0.113.7"}}),
                ElementsAre("203.0.113.7", "203.0.113.0/24"));
    EXPECT_THAT(all(0, field::kIndicatorList), ElementsAre("c2", "other"));
    EXPECT_THAT(all(0, field::kIndicatorType), ElementsAre("ipv4", "network"));
    EXPECT_THAT(all(0, field::kIndicatorField), ElementsAre("DestinationIp", "DestinationIp"));
    EXPECT_THAT(all(0, field::kTags), ElementsAre("threat-intel", "botnet"));
    EXPECT_THAT(all(0, fields_.intern("Image")), ElementsAre("x.exe")) << "what was there stays";
    EXPECT_THAT(all(1, field::kMessage), ElementsAre("the event after"));
    EXPECT_THAT(all(1, field::kIndicatorList), IsEmpty());
    ASSERT_EQ(detections_.size(), 2U);
    EXPECT_EQ(detections_[0].event_index, 0U);
    EXPECT_EQ(detections_[0].rule->id, list_rule_id("c2"));
    EXPECT_EQ(detections_[0].rule->level, event::Severity::high);
    EXPECT_THAT(detections_[0].rule->tags, ElementsAre("botnet", "threat-intel"));
    ASSERT_EQ(detections_[0].matched.size(), 1U) << "one value under two names counts once";
    EXPECT_EQ(detections_[0].matched[0].first, "DestinationIp");
    EXPECT_EQ(detections_[0].matched[0].second, "203.0.113.7");
    EXPECT_EQ(list_rule_id("c2").size(), 36U);
    EXPECT_NE(list_rule_id("c2"), list_rule_id("c3"));
    EXPECT_EQ(enricher_.stats().hits, 2U);
}

TEST_F(EnricherTest, EveryKindOfField) {
    const std::string md5 = "d41d8cd98f00b204e9800998ecf8427e";
    use({{"l", {"203.0.113.7", "evil.example", "bad.example/a?b", "bad.example:8080/c", md5}}});
    EXPECT_THAT(run({{"QueryName", "www.EVIL.example"}}), ElementsAre("evil.example"));
    EXPECT_THAT(
        run({{"Hashes",
              "SHA1=da39a3ee5e6b4b0d3255bfef95601890afd80709,MD5=D41D8CD98F00B204E9800998ECF8427E,IMPHASH=00"}}),
        ElementsAre(md5));
    EXPECT_THAT(run({{"Hashes", "IMPHASH=" + md5}}), IsEmpty());
    EXPECT_THAT(run({{"file.hash.md5", md5}}), ElementsAre(md5));
    EXPECT_THAT(run({{"c-uri", "http://bad.example/a?b"}}), ElementsAre("bad.example/a?b"));
    EXPECT_THAT(run({{"cs-host", "bad.example"}, {"c-uri", "/a?b"}}), ElementsAre("bad.example/a?b"));
    EXPECT_THAT(run({{"c-uri", "/a?b"}, {"cs-host", "bad.example"}}), ElementsAre("bad.example/a?b"));
    EXPECT_THAT(run({{"c-uri", "/a?b"}}), IsEmpty());
    EXPECT_THAT(run({{"cs-host", "bad.example:8080"}, {"c-uri", "/c"}}), ElementsAre("bad.example:8080/c"));
    EXPECT_THAT(run({{"c-uri", "evil.example:443"}}), ElementsAre("evil.example")) << "CONNECT";
    EXPECT_THAT(run({{"url.full", "https://203.0.113.7/x"}}), ElementsAre("203.0.113.7"));
    EXPECT_THAT(run({{"email.from.address", "Name <a@mail.evil.example>"}}), ElementsAre("evil.example"));
    EXPECT_THAT(run({{"QueryResults", "type:  5 x.evil.example;::ffff:203.0.113.7;"}}),
                ElementsAre("evil.example", "203.0.113.7"));
    EXPECT_THAT(run({{"Image", "evil.example"}, {"CommandLine", "ping 203.0.113.7"}}), IsEmpty())
        << "fields without a role";
}

TEST_F(EnricherTest, AListThatExpiredHitsNothing) {
    use({{"old", {"evil.example"}, {}, 1'000}, {"new", {"evil.example"}, {}, 1'001}});
    EXPECT_THAT(run({{"QueryName", "evil.example"}}), ElementsAre("evil.example"));
    EXPECT_THAT(all(0, field::kIndicatorList), ElementsAre("new"));
}

TEST_F(EnricherTest, ASnapshotIsReplacedAndItsMemoryForgotten) {
    use({{"l", {"evil.example"}}});
    EXPECT_THAT(run({{"QueryName", "evil.example"}}), ElementsAre("evil.example"));
    use({{"l", {"other.example"}}});
    EXPECT_THAT(run({{"QueryName", "evil.example"}}), IsEmpty());
    EXPECT_THAT(run({{"QueryName", "other.example"}}), ElementsAre("other.example"));
    enricher_.use(nullptr);
    EXPECT_THAT(run({{"QueryName", "other.example"}}), IsEmpty());
    EXPECT_TRUE(detections_.empty());
}

TEST_F(EnricherTest, OnlyBelievedPeersMoveHostsToOtherOrganizations) {
    use({}, "match,organization,service,level,owner\nsrv1,So Y te,HIS,4,Ba Binh\n10.9.0.0/16,So Y te,Mang,2,\n");
    const Values spoofed = {{"host.name", "srv1"}, {"organization.name", "So Tai chinh"}, {"asset.level", "2"}};
    EXPECT_THAT(run(spoofed, field::kOrganizationName), ElementsAre("So Tai chinh"));
    EXPECT_THAT(all(0, field::kAssetOwner), IsEmpty());
    EXPECT_THAT(all(0, field::kAssetLevel), ElementsAre("2"));

    const Values own = {
        {"host.name", "srv1"}, {"organization.name", "So Y te"}, {"service.name", "x"}, {"asset.level", "2"}};
    EXPECT_THAT(run(own, field::kAssetOwner), ElementsAre("Ba Binh"));
    EXPECT_THAT(all(0, field::kServiceName), ElementsAre("x")) << "only the owner is told";
    EXPECT_THAT(all(0, field::kAssetLevel), ElementsAre("2"));

    EXPECT_THAT(run(spoofed, field::kOrganizationName, event::flag::kTrustedHosts), ElementsAre("So Y te"));
    EXPECT_THAT(all(0, field::kServiceName), ElementsAre("HIS"));
    EXPECT_THAT(all(0, field::kAssetLevel), ElementsAre("4"));
    EXPECT_THAT(all(0, field::kAssetName), ElementsAre("srv1"));
    EXPECT_THAT(run({{"host.ip", "10.9.1.1"}}, field::kServiceName, event::flag::kTrustedHosts), ElementsAre("Mang"));
}

/// The plain meaning: every field, no memo, through the same set; what an event holds as (list, indicator).
std::vector<std::pair<std::string, std::string>> plain(const IndicatorSet& set, const Values& values) {
    std::map<std::string_view, FieldRole> roles;
    for (const FieldRoleEntry& entry : field_role_table()) {
        roles[entry.name] = entry.role;
    }
    std::vector<std::pair<std::string, std::string>> out;
    const auto keep = [&](const IndicatorHits& hits) {
        for (const IndicatorHit& hit : hits.all()) {
            std::pair<std::string, std::string> pair(set.lists()[hit.list].name, hit.text);
            if (std::find(out.begin(), out.end(), pair) == out.end()) { out.push_back(std::move(pair)); }
        }
    };
    std::string host;
    std::string path;
    for (const auto& [name, value] : values) {
        const auto role = roles.find(name);
        if (role == roles.end()) { continue; }
        IndicatorHits hits;
        find_in_value(set, role->second, value, hits);
        keep(hits);
        if (role->second == FieldRole::host && host.empty()) { host = value; }
        if (role->second == FieldRole::path && path.empty() && value.starts_with('/')) { path = value; }
    }
    if (!host.empty() && !path.empty()) {
        IndicatorHits hits;
        static_cast<void>(set.find_url(host, path, hits));
        keep(hits);
    }
    std::sort(out.begin(), out.end());
    return out;
}

TEST_F(EnricherTest, AgreesWithThePlainMeaningOnRandomEvents) {
    std::mt19937 random(5);
    const auto pick = [&random](unsigned below) { return static_cast<unsigned>(random() % below); };
    std::vector<ListText> lists = {{"a", {}}, {"b", {}}};
    for (unsigned i = 0; i < 60; ++i) {
        lists[pick(2)].values.push_back(fmt::format("198.51.100.{}", pick(60)));
        lists[pick(2)].values.push_back(fmt::format("d{}.example", pick(60)));
        lists[pick(2)].values.push_back(fmt::format("http://d{}.example/p{}", pick(60), pick(4)));
    }
    const auto set = make_set(lists);
    enricher_.use(make_enrichment(set, nullptr, nullptr));
    const auto table = field_role_table();
    for (int round = 0; round < 5'000; ++round) {
        Values values;
        for (unsigned i = pick(6); i > 0; --i) {
            const std::string name =
                pick(4) == 0 ? "Image" : std::string(table[pick(static_cast<unsigned>(table.size()))].name);
            const std::string value = std::array{fmt::format("198.51.100.{}", pick(80)),
                                                 fmt::format("w.d{}.example", pick(80)), fmt::format("/p{}", pick(5)),
                                                 fmt::format("https://d{}.example/p{}", pick(80), pick(5))}[pick(4)];
            values.emplace_back(name, value);
        }
        const auto texts = run(values);
        const auto names = all(0, field::kIndicatorList);
        std::vector<std::pair<std::string, std::string>> got;
        for (std::size_t i = 0; i < texts.size(); ++i) {
            got.emplace_back(names[i], texts[i]);
        }
        std::sort(got.begin(), got.end());
        EXPECT_EQ(got, plain(*set, values));
    }
    EXPECT_GT(enricher_.stats().memo_hits, 1'000U);
}

TEST_F(EnricherTest, NothingIsTakenFromTheHeapWhileNothingHits) {
    use({{"l", {"203.0.113.7", "evil.example", "bad.example/a", "d41d8cd98f00b204e9800998ecf8427e"}}},
        "match,organization\nsrv1,A\n");
    for (int round = 0; round < 3; ++round) { // warm
        batch_.reset();
        for (unsigned i = 0; i < 100; ++i) {
            batch_.begin();
            batch_.add(field::kHostName, "srv1");
            batch_.add(field::kOrganizationName, "A");
            batch_.add(field::kSourceIp, i % 2 == 0 ? "198.51.100.1" : "10.0.0.1");
            batch_.add(field::kUrlOriginal, "/index.html");
            batch_.finish();
        }
        enricher_.enrich(batch_, detections_);
        ASSERT_EQ(all(99, field::kAssetName).size(), 1U);
    }
    batch_.reset();
    for (unsigned i = 0; i < 100; ++i) {
        batch_.begin();
        batch_.add(field::kHostName, "srv1");
        batch_.add(field::kOrganizationName, "A");
        batch_.add(field::kSourceIp, i % 2 == 0 ? "198.51.100.2" : "10.0.0.2");
        batch_.finish();
    }
    const std::size_t before = support::allocation_count();
    enricher_.enrich(batch_, detections_);
    EXPECT_EQ(support::allocation_count(), before);
    EXPECT_TRUE(detections_.empty());
}

} // namespace
} // namespace canhgac::engine
