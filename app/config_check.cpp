#include <array>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "app/config.hpp"

namespace canhgac::app {

namespace {

class Findings {
public:
    void add(std::string text) { list_.push_back(std::move(text)); }
    void readable(std::string_view key, const std::string& file) {
        if (file.empty()) { return; }
        std::error_code error;
        if (!std::filesystem::is_regular_file(file, error)) {
            add(fmt::format("{}: the file {} does not exist or is not a file", key, file));
        }
    }
    void tls(std::string_view key, const TlsConfig& tls) {
        if (tls.certificate.empty() || tls.key.empty()) {
            add(fmt::format("{}.tls needs both certificate and key", key));
        }
        readable(fmt::format("{}.tls.certificate", key), tls.certificate);
        readable(fmt::format("{}.tls.key", key), tls.key);
        readable(fmt::format("{}.tls.client_ca", key), tls.client_ca);
        if (tls.clients != TlsConfig::Clients::none && tls.client_ca.empty()) {
            add(fmt::format("{}.tls.client_certificates asks for certificates, so client_ca must name who signs them",
                            key));
        }
    }
    void plain(std::string_view key, const std::optional<PlainListener>& listener) {
        if (!listener || listener->endpoint.is_loopback() || !listener->plaintext_from.empty()) { return; }
        add(fmt::format("{} listens on {} without TLS: list the allowed senders in plaintext_from, or use loopback",
                        key, listener->endpoint.text()));
    }
    /// TCVN 14423:2026 says how long logs of each level are kept at least.
    void retention(const Config::Storage::Retention& retention) {
        constexpr std::array<unsigned, 5> least = {0, 1, 3, 6, 12};
        for (std::size_t i = 0; i < least.size(); ++i) {
            const unsigned months = retention.levels[i].value_or(0);
            if (months == 0 || months >= least[i]) { continue; }
            add(fmt::format("storage.retention.levels.{}: {} months are less than the {} that TCVN 14423:2026 asks for",
                            i + 1, months, least[i]));
        }
    }
    std::vector<std::string> take() { return std::move(list_); }

private:
    std::vector<std::string> list_;
};

} // namespace

std::vector<std::string> check_config(const Config& config) {
    Findings findings;
    findings.plain("collectors.syslog_udp", config.syslog_udp);
    findings.plain("collectors.syslog_tcp", config.syslog_tcp);
    if (config.syslog_tls) { findings.tls("collectors.syslog_tls", config.syslog_tls->tls); }
    if (config.elastic_bulk) {
        const auto& bulk = *config.elastic_bulk;
        if (bulk.tls) { findings.tls("collectors.elastic_bulk", *bulk.tls); }
        if (!bulk.endpoint.is_loopback() && !bulk.tls) {
            findings.add(fmt::format("collectors.elastic_bulk listens on {}: beyond loopback it needs tls",
                                     bulk.endpoint.text()));
        }
        if (!bulk.endpoint.is_loopback() && bulk.tokens_file.empty() &&
            !(bulk.tls && bulk.tls->clients == TlsConfig::Clients::required)) {
            findings.add(
                "collectors.elastic_bulk: beyond loopback it needs tokens_file or required client certificates");
        }
        findings.readable("collectors.elastic_bulk.tokens_file", bulk.tokens_file);
    }
    if (config.api.tls) { findings.tls("api", *config.api.tls); }
    if (!config.api.endpoint.is_loopback() && !config.api.tls) {
        findings.add(fmt::format("api listens on {}: beyond loopback it needs tls", config.api.endpoint.text()));
    }
    findings.retention(config.storage.retention);
    if (!config.storage.cold_path.empty() && !config.storage.cold_path.is_absolute()) {
        findings.add(fmt::format("storage.cold_path: {} is not an absolute path", config.storage.cold_path.string()));
    }
    for (const auto& path : config.rules.paths) {
        std::error_code error;
        if (!std::filesystem::exists(path, error)) {
            findings.add(fmt::format("rules.paths: {} does not exist", path.string()));
        }
    }
    findings.readable("rules.placeholders", config.rules.placeholders.string());
    for (const engine::ListSource& list : config.intel.lists) {
        findings.readable(fmt::format("intel.lists.{}.path", list.name), list.path.string());
    }
    for (const auto& file : config.enrichment.inventory) {
        findings.readable("enrichment.inventory", file.string());
    }
    findings.readable("enrichment.geoip_country", config.enrichment.geoip_country.string());
    findings.readable("enrichment.geoip_asn", config.enrichment.geoip_asn.string());
    if (config.alerting.smtp) {
        findings.readable("alerting.smtp.password_file", config.alerting.smtp->password_file);
        findings.readable("alerting.smtp.ca_file", config.alerting.smtp->ca_file);
        if (config.alerting.smtp->to.empty()) { findings.add("alerting.smtp.to: nobody would get the notices"); }
        if (!config.alerting.smtp->username.empty() && config.alerting.smtp->password_file.empty()) {
            findings.add("alerting.smtp: username needs password_file");
        }
    }
    if (config.alerting.webhook) {
        findings.readable("alerting.webhook.secret_file", config.alerting.webhook->secret_file);
        findings.readable("alerting.webhook.ca_file", config.alerting.webhook->ca_file);
        const std::string& url = config.alerting.webhook->url;
        if (!url.starts_with("https://") && !url.starts_with("http://")) {
            findings.add("alerting.webhook.url must begin with https:// or http://");
        }
    }
    return findings.take();
}

} // namespace canhgac::app
