// `canhgac check`: everything `serve` would refuse, found without starting anything.
#include <cstdio>

#include <fmt/format.h>

#include "app/cli.hpp"
#include "app/config.hpp"
#include "app/rule_loading.hpp"
#include "app/tls.hpp"
#include "event/field_table.hpp"

namespace canhgac::app {

namespace {

void check_certificate(const char* key, const TlsConfig& tls, std::vector<std::string>& findings) {
    try {
        static_cast<void>(make_tls_context(tls, common::SystemClock().now()));
    } catch (const std::exception& error) { findings.push_back(fmt::format("{}: {}", key, error.what())); }
}

void check_certificates(const Config& config, std::vector<std::string>& findings) {
    if (config.api.tls) { check_certificate("api.tls", *config.api.tls, findings); }
    if (config.syslog_tls) { check_certificate("collectors.syslog_tls.tls", config.syslog_tls->tls, findings); }
    if (config.elastic_bulk && config.elastic_bulk->tls) {
        check_certificate("collectors.elastic_bulk.tls", *config.elastic_bulk->tls, findings);
    }
}

/// Paths that take events in plain text: sound, but the operator should know each of them.
void print_plain_paths(const Config& config) {
    const auto print = [](const char* name, const std::optional<PlainListener>& listener) {
        if (!listener) { return; }
        std::printf("plain text: %s on %s%s\n", name, listener->endpoint.text().c_str(),
                    listener->endpoint.is_loopback() ? " (loopback only)" : "");
    };
    print("collectors.syslog_udp", config.syslog_udp);
    print("collectors.syslog_tcp", config.syslog_tcp);
}

} // namespace

int run_check(const std::string& config_file) {
    const Config config = config_file.empty() ? default_config() : load_config(config_file);
    std::vector<std::string> findings = check_config(config);
    check_certificates(config, findings);

    event::FieldTable fields;
    RuleSources sources;
    for (const auto& path : config.rules.paths) {
        sources.paths.push_back(path.string());
    }
    sources.placeholders = config.rules.placeholders.string();
    sources.pack = config.rules.pack;
    sources.filter_polarity = config.rules.filter_polarity;
    sources.pipelines = config.rules.pipelines;
    const LoadedRules loaded = load_rules(sources, fields);
    for (const auto& rejection : loaded.rejected) {
        findings.push_back(rules::to_string(rejection));
    }

    for (const std::string& finding : findings) {
        std::fprintf(stderr, "%s\n", finding.c_str());
    }
    for (const auto& pipeline : loaded.pipelines) {
        for (const auto& warning : pipeline.warnings) { // it works, but probably not as meant
            std::fprintf(stderr, "%s\n", rules::to_string(warning).c_str());
        }
    }
    for (const auto& filter : loaded.expired_filters) { // meant to end: no problem, but worth a look
        std::fprintf(stderr, "%s\n", expiry_notice(filter).c_str());
    }
    print_plain_paths(config);
    std::printf("%zu rules, %zu left out; %zu problems\n", loaded.rules->stats().rules, loaded.rejected.size(),
                findings.size());
    return findings.empty() ? kSuccess : kProblems;
}

} // namespace canhgac::app
