#include "app/config.hpp"

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/retention.hpp"

namespace canhgac::app {
namespace {

using testing::HasSubstr;

std::string error_of(std::string_view text) {
    try {
        (void)parse_config(text, "c.yaml");
    } catch (const ConfigError& error) { return error.what(); }
    return "";
}

TEST(Config, TheDefaultsStayOnLoopback) {
    const Config config = parse_config("", "c.yaml");
    EXPECT_TRUE(config.api.endpoint.is_loopback());
    EXPECT_TRUE(config.syslog_udp->endpoint.is_loopback());
    EXPECT_FALSE(config.syslog_tls);
    EXPECT_TRUE(check_config(config).empty());
}

TEST(Config, TheDocumentedExampleIsReadInFull) {
    std::ifstream in(CANHGAC_SOURCE_DIR "/docs/reference/configuration.md");
    const std::string page((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    const auto begin = page.find("```yaml\n") + 8;
    const Config config =
        parse_config(std::string_view(page).substr(begin, page.find("```", begin) - begin), "example");
    EXPECT_EQ(config.data_dir, "/var/lib/canhgac");
    ASSERT_EQ(config.sources.size(), 1U);
    EXPECT_EQ(config.sources[0].level, 3);
    EXPECT_EQ(config.storage.retention.months, 12U);
    EXPECT_EQ(config.storage.retention.levels[4], 24U);
    ASSERT_EQ(config.storage.retention.sources.size(), 1U);
    EXPECT_EQ(config.storage.retention.sources[0].months, 18U);
    EXPECT_EQ(config.storage.when_full, Config::Storage::WhenFull::refuse);
    EXPECT_EQ(config.storage.cold_path, "/mnt/cold/canhgac");
    EXPECT_EQ(config.storage.cold_after_days, 30U);
    EXPECT_EQ(config.sources[0].zone_offset_seconds, 7 * 3600);
    EXPECT_EQ(config.syslog_tcp->plaintext_from.size(), 2U);
    EXPECT_EQ(config.syslog_tls->tls.clients, TlsConfig::Clients::required);
    EXPECT_EQ(config.alerting.smtp->port, 587);
    EXPECT_EQ(config.enrichment.inventory.size(), 1U);
    EXPECT_EQ(config.enrichment.geoip_asn, "/usr/share/GeoIP/GeoLite2-ASN.mmdb");
    ASSERT_EQ(config.intel.lists.size(), 1U);
    EXPECT_EQ(config.intel.lists[0].name, "botnet");
    EXPECT_EQ(config.intel.lists[0].level, event::Severity::high);
    EXPECT_EQ(common::format_rfc3339(config.intel.lists[0].expires), "2027-12-30T17:00:00Z");
    EXPECT_EQ(config.alerting.webhook->url, "https://ticket.tinh.example/hook");
}

TEST(Config, AnUnknownKeyIsNamedWithItsPlace) {
    const std::string error = error_of("api:\n  adress: 127.0.0.1:1\n");
    EXPECT_THAT(error, HasSubstr("c.yaml:2:3: unknown key 'adress'"));
    EXPECT_THAT(error, HasSubstr("address"));
}

TEST(Config, ValuesThatDoNotFitAreNamed) {
    EXPECT_THAT(error_of("api: {address: here}\n"), HasSubstr("address must be ADDRESS:PORT"));
    EXPECT_EQ(parse_config("rules: {pipelines: [web, /etc/p.yml]}\n", "t").rules.pipelines,
              (std::vector<std::string>{"web", "/etc/p.yml"}));
    EXPECT_THAT(error_of("rules: {filter_polarity: other}\n"), HasSubstr("must be one of pysigma, specification"));
    EXPECT_THAT(error_of("storage: {durability: maybe}\n"), HasSubstr("must be one of fsync, os"));
    EXPECT_THAT(error_of("storage: {dedup_window: soon}\n"), HasSubstr("must be a duration"));
    EXPECT_THAT(error_of("sources: [{network: 10.0.0.1/8, organization: x}]\n"), HasSubstr("host bits are set"));
    EXPECT_THAT(error_of("sources: [{network: 10.0.0.0/8}]\n"), HasSubstr("'organization' is missing"));
    EXPECT_THAT(error_of("sources: [{network: 10.0.0.0/8, organization: x, level: 9}]\n"), HasSubstr("from 0 to 5"));
    EXPECT_THAT(error_of("intel: {lists: [{name: a, path: x}, {name: a, path: y}]}\n"),
                HasSubstr("name 'a' is used twice"));
    EXPECT_THAT(error_of("intel: {lists: [{name: a, path: x, expires: soon}]}\n"), HasSubstr("expires must be a date"));
    EXPECT_THAT(error_of("api: 5\n"), HasSubstr("expected a map"));
    EXPECT_THAT(error_of("api:\n\taddress: x\n"), HasSubstr("c.yaml:2"));
    EXPECT_THAT(error_of("log: {level: info}\nlog: {level: info}\n"), HasSubstr("c.yaml:2"));
}

TEST(Config, TheLongestRetentionOfAllCounts) {
    const auto longest = [](std::string_view text) {
        return longest_retention(parse_config(text, "c").storage.retention);
    };
    EXPECT_EQ(longest("")->months, 12U);
    EXPECT_EQ(longest("")->rule, "storage.retention.months");
    EXPECT_EQ(longest("storage: {retention: {months: 3, levels: {2: 1, 5: 24}}}\n")->months, 24U);
    EXPECT_EQ(longest("storage: {retention: {months: 3, levels: {2: 1, 5: 24}}}\n")->rule,
              "storage.retention.levels.5");
    const auto source = longest("sources: [{network: 10.1.0.0/16, organization: x, retention_months: 36}]\n");
    EXPECT_EQ(source->months, 36U);
    EXPECT_EQ(source->rule, "sources 10.1.0.0/16: retention_months");
    EXPECT_FALSE(longest("storage: {retention: {months: 0}}\n")) << "for ever";
    EXPECT_FALSE(longest("storage: {retention: {levels: {3: 0}}}\n"));
    EXPECT_FALSE(longest("sources: [{network: 10.1.0.0/16, organization: x, retention_months: 0}]\n"));
}

TEST(Config, RetentionThatDoesNotFitIsNamed) {
    EXPECT_THAT(error_of("storage: {retention: {months: 1201}}\n"), HasSubstr("from 0 to 1200"));
    EXPECT_THAT(error_of("storage: {retention: {levels: {6: 1}}}\n"), HasSubstr("unknown key '6'"));
    EXPECT_THAT(error_of("storage: {when_full: delete}\n"), HasSubstr("must be one of refuse, drop_oldest"));
    const auto relative = check_config(parse_config("storage: {cold_path: cold}\n", "c"));
    ASSERT_EQ(relative.size(), 1U);
    EXPECT_THAT(relative.front(), HasSubstr("storage.cold_path: cold is not an absolute path"));
    const auto findings = check_config(parse_config("storage: {retention: {levels: {1: 1, 4: 3}}}\n", "c"));
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_THAT(findings.front(), HasSubstr("storage.retention.levels.4: 3 months are less than the 6"));
}

TEST(Config, AListenerCanBeTurnedOff) {
    EXPECT_FALSE(parse_config("collectors: {syslog_udp: off}\n", "c").syslog_udp);
    EXPECT_FALSE(parse_config("collectors: {syslog_udp: {enabled: false}}\n", "c").syslog_udp);
    EXPECT_TRUE(parse_config("collectors: {syslog_udp: off}\n", "c").syslog_tcp);
}

TEST(Config, BeyondLoopbackTlsAndListsAreRequired) {
    const auto findings = check_config(parse_config("api: {address: 0.0.0.0:8443}\n"
                                                    "collectors:\n"
                                                    "  syslog_udp: {address: 0.0.0.0:514}\n"
                                                    "  elastic_bulk: {address: 0.0.0.0:9200}\n",
                                                    "c"));
    ASSERT_EQ(findings.size(), 4U);
    EXPECT_THAT(findings, testing::Contains(HasSubstr("plaintext_from")));
    EXPECT_THAT(findings, testing::Contains(HasSubstr("api listens on 0.0.0.0:8443")));
    EXPECT_THAT(findings, testing::Contains(HasSubstr("tokens_file")));
}

TEST(Config, Endpoints) {
    EXPECT_EQ(parse_endpoint("[::1]:514")->text(), "[::1]:514");
    EXPECT_EQ(parse_endpoint("localhost:0")->text(), "127.0.0.1:0");
    for (const char* text : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "::1:514", "name:514"}) {
        EXPECT_FALSE(parse_endpoint(text)) << text;
    }
}

} // namespace
} // namespace canhgac::app
