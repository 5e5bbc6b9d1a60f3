#include "app/config.hpp"

#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "app/config_reader.hpp"
#include "storage/retention_policy.hpp"

namespace canhgac::app {

namespace {

using common::yaml::Node;

Endpoint loopback(std::uint16_t port) {
    return {*common::parse_ip("127.0.0.1"), port};
}

void read_tls(ConfigMap map, TlsConfig& tls) {
    map.text("certificate", tls.certificate);
    map.text("key", tls.key);
    map.text("client_ca", tls.client_ca);
    map.choice("client_certificates", tls.clients,
               {{"none", TlsConfig::Clients::none},
                {"optional", TlsConfig::Clients::optional},
                {"required", TlsConfig::Clients::required}});
    map.finish();
}

void read_plain(ConfigMap map, std::optional<PlainListener>& listener, std::uint16_t port) {
    if (!map.enabled(listener)) { return; }
    listener->endpoint = loopback(port);
    map.endpoint("address", listener->endpoint);
    map.networks("plaintext_from", listener->plaintext_from);
    map.finish();
}

void read_api(ConfigMap map, ApiListener& api) {
    map.endpoint("address", api.endpoint);
    if (auto tls = map.child("tls")) { read_tls(*tls, api.tls.emplace()); }
    map.finish();
}

void read_syslog_tls(ConfigMap map, std::optional<TlsListener>& listener) {
    if (!map.enabled(listener)) { return; }
    listener->endpoint = loopback(6514);
    map.endpoint("address", listener->endpoint);
    if (auto tls = map.child("tls")) { read_tls(*tls, listener->tls); }
    map.finish();
}

void read_bulk(ConfigMap map, std::optional<BulkListener>& listener) {
    if (!map.enabled(listener)) { return; }
    listener->endpoint = loopback(9200);
    map.endpoint("address", listener->endpoint);
    map.text("tokens_file", listener->tokens_file);
    map.text("version", listener->version);
    if (auto tls = map.child("tls")) { read_tls(*tls, listener->tls.emplace()); }
    map.finish();
}

void read_collectors(ConfigMap map, Config& config) {
    if (auto child = map.child("syslog_udp")) { read_plain(*child, config.syslog_udp, 5514); }
    if (auto child = map.child("syslog_tcp")) { read_plain(*child, config.syslog_tcp, 5514); }
    if (auto child = map.child("syslog_tls")) { read_syslog_tls(*child, config.syslog_tls); }
    if (auto child = map.child("elastic_bulk")) { read_bulk(*child, config.elastic_bulk); }
    map.finish();
}

constexpr unsigned kMostMonths = storage::RetentionPolicy::kMostMonths;

void read_source(ConfigMap map, Config& config) {
    collector::SourceRule rule;
    std::string network;
    map.text("network", network);
    map.network("network", rule.network);
    map.text("organization", rule.organization);
    map.text("service", rule.service);
    map.number("level", rule.level, std::uint8_t{0}, std::uint8_t{5});
    map.zone("zone", rule.zone_offset_seconds);
    map.boolean("trusted_logsource", rule.trusted_logsource);
    map.boolean("trusted_hosts", rule.trusted_hosts);
    std::optional<unsigned> months;
    map.number("retention_months", months, 0U, kMostMonths);
    map.require({"network", "organization"});
    map.finish();
    config.sources.push_back(std::move(rule));
    if (months) { config.storage.retention.sources.push_back({std::move(network), *months}); }
}

void read_retention(ConfigMap map, Config::Storage::Retention& retention) {
    map.number("months", retention.months, 0U, kMostMonths);
    if (auto levels = map.child("levels")) {
        constexpr std::array<std::string_view, 5> names = {"1", "2", "3", "4", "5"};
        for (std::size_t i = 0; i < names.size(); ++i) {
            levels->number(names[i], retention.levels[i], 0U, kMostMonths);
        }
        levels->finish();
    }
    map.finish();
}

void read_rules(ConfigMap map, Config::Rules& rules) {
    map.boolean("pack", rules.pack);
    map.paths("paths", rules.paths);
    map.path("placeholders", rules.placeholders);
    map.texts("bundle_keys", rules.bundle_keys);
    map.texts("pipelines", rules.pipelines);
    map.choice("filter_polarity", rules.filter_polarity,
               {{"pysigma", canhgac::rules::FilterPolarity::pysigma},
                {"specification", canhgac::rules::FilterPolarity::specification}});
    map.finish();
}

void read_storage(ConfigMap map, Config::Storage& storage) {
    map.choice("durability", storage.durability,
               {{"fsync", Config::Storage::Durability::fsync}, {"os", Config::Storage::Durability::os}});
    map.seconds("dedup_window", storage.dedup_window);
    map.boolean("seal", storage.seal);
    map.seconds("seal_after", storage.seal_after);
    map.number("seal_events", storage.seal_events, 1'000U, 1'000'000U);
    map.number("seal_mib", storage.seal_mib, std::size_t{1}, std::size_t{1024});
    map.number("seal_cpu_percent", storage.seal_cpu_percent, 1U, 100U);
    map.path("cold_path", storage.cold_path);
    map.number("cold_after_days", storage.cold_after_days, 1U, 36'500U);
    if (auto child = map.child("retention")) { read_retention(*child, storage.retention); }
    map.choice(
        "when_full", storage.when_full,
        {{"refuse", Config::Storage::WhenFull::refuse}, {"drop_oldest", Config::Storage::WhenFull::drop_oldest}});
    map.finish();
}

void read_engine(ConfigMap map, Config::Engine& engine) {
    map.number("shards", engine.shards, 0U, 256U);
    map.number("queue_mib", engine.queue_mib, std::size_t{1}, std::size_t{4096});
    map.number("correlation_mib", engine.correlation_mib, std::size_t{1}, std::size_t{65536});
    map.seconds("lateness", engine.lateness);
    map.finish();
}

void read_smtp(ConfigMap map, SmtpConfig& smtp) {
    map.text("host", smtp.host);
    map.number("port", smtp.port, std::uint16_t{1}, std::uint16_t{65535});
    map.choice("security", smtp.security,
               {{"none", SmtpConfig::Security::none},
                {"starttls", SmtpConfig::Security::starttls},
                {"tls", SmtpConfig::Security::tls}});
    map.text("ca_file", smtp.ca_file);
    map.text("username", smtp.username);
    map.text("password_file", smtp.password_file);
    map.text("from", smtp.from);
    map.texts("to", smtp.to);
    map.number("per_minute", smtp.per_minute, 0U, 1'000'000U);
    map.require({"host", "from", "to"});
    map.finish();
}

void read_webhook(ConfigMap map, WebhookConfig& webhook) {
    map.text("url", webhook.url);
    map.text("secret_file", webhook.secret_file);
    map.text("ca_file", webhook.ca_file);
    map.number("per_minute", webhook.per_minute, 0U, 1'000'000U);
    map.require({"url", "secret_file"});
    map.finish();
}

void read_alerting(ConfigMap map, Config::Alerting& alerting) {
    map.choice("language", alerting.vietnamese, {{"vi", true}, {"en", false}});
    map.text("console_url", alerting.console_url);
    if (auto child = map.child("smtp")) { read_smtp(*child, alerting.smtp.emplace()); }
    if (auto child = map.child("webhook")) { read_webhook(*child, alerting.webhook.emplace()); }
    map.finish();
}

} // namespace

bool Endpoint::is_loopback() const noexcept {
    const common::IpAddress plain = common::unmapped(address);
    if (!plain.is_v6) { return plain.bytes[0] == 127; }
    return plain == *common::parse_ip("::1");
}

std::string Endpoint::text() const {
    return address.is_v6 ? fmt::format("[{}]:{}", common::to_string(address), port)
                         : fmt::format("{}:{}", common::to_string(address), port);
}

std::optional<Endpoint> parse_endpoint(std::string_view text) noexcept {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) { return std::nullopt; }
    std::string_view host = text.substr(0, colon);
    const std::string_view digits = text.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return std::nullopt;
    }
    if (host == "localhost") { host = "127.0.0.1"; }
    const auto address = common::parse_ip(host);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (!address || digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) {
        return std::nullopt;
    }
    return Endpoint{*address, port};
}

Config default_config() {
    Config config;
    config.api.endpoint = loopback(8080);
    config.syslog_udp.emplace().endpoint = loopback(5514);
    config.syslog_tcp.emplace().endpoint = loopback(5514);
    config.elastic_bulk.emplace().endpoint = loopback(9200);
    return config;
}

Config parse_config(std::string_view text, const std::string& file_name) {
    const auto documents = common::yaml::parse(text);
    if (!documents) {
        const auto& error = documents.error();
        throw ConfigError(fmt::format("{}:{}:{}: {}", file_name, error.at.line, error.at.column, error.message));
    }
    Config config = default_config();
    if (documents->empty() || documents->front().is_null()) { return config; }
    if (documents->size() > 1) { throw ConfigError(file_name + ": one YAML document is expected"); }
    ConfigMap map(documents->front(), file_name);
    map.path("data_dir", config.data_dir);
    if (auto child = map.child("api")) { read_api(*child, config.api); }
    if (auto child = map.child("collectors")) { read_collectors(*child, config); }
    map.each("sources", [&config](ConfigMap item) { read_source(item, config); });
    if (auto child = map.child("rules")) { read_rules(*child, config.rules); }
    if (auto child = map.child("storage")) { read_storage(*child, config.storage); }
    if (auto child = map.child("engine")) { read_engine(*child, config.engine); }
    if (auto child = map.child("intel")) { read_intel(*child, config.intel); }
    if (auto child = map.child("enrichment")) { read_enrichment(*child, config.enrichment); }
    if (auto child = map.child("alerting")) { read_alerting(*child, config.alerting); }
    if (auto child = map.child("log")) {
        child->choice("level", config.log_level,
                      {{"debug", common::LogLevel::debug},
                       {"info", common::LogLevel::info},
                       {"warning", common::LogLevel::warning},
                       {"error", common::LogLevel::error}});
        child->finish();
    }
    map.finish();
    return config;
}

Config load_config(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) { throw ConfigError(file.string() + ": cannot be read"); }
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    return parse_config(text, file.string());
}

} // namespace canhgac::app
