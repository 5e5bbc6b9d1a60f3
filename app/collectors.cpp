#include "app/collectors.hpp"

#include <fstream>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>

#include "app/tls.hpp"
#include "collector/listeners/elastic_api.hpp"
#include "collector/listeners/tcp_listener.hpp"
#include "collector/listeners/udp_listener.hpp"
#include "net/digest.hpp"

namespace canhgac::app {

namespace {

/// Lines "name:secret"; empty lines and lines that begin with # are skipped.
std::vector<collector::ElasticToken> read_tokens(const std::string& file) {
    std::vector<collector::ElasticToken> tokens;
    if (file.empty()) { return tokens; }
    std::ifstream in(file);
    if (!in) { throw std::runtime_error(file + ": cannot be read"); }
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
        if (line.empty() || line.starts_with('#')) { continue; }
        const auto colon = line.find(':');
        if (colon == 0 || colon == std::string::npos || colon + 1 == line.size()) {
            throw std::runtime_error(fmt::format("{}:{}: expected name:secret", file, number));
        }
        tokens.push_back({line.substr(0, colon), net::sha256(std::string_view(line).substr(colon + 1))});
    }
    if (tokens.empty()) { throw std::runtime_error(file + ": holds no token"); }
    return tokens;
}

net::StreamServerConfig stream_server(std::string name, const Endpoint& endpoint, const std::optional<TlsConfig>& tls,
                                      common::Nanos now) {
    net::StreamServerConfig server;
    server.name = std::move(name);
    server.address = common::to_string(endpoint.address);
    server.port = endpoint.port;
    if (tls) { server.tls = make_tls_context(*tls, now); }
    return server;
}

} // namespace

struct Collectors::Listeners {
    std::unique_ptr<collector::UdpListener> syslog_udp;
    std::unique_ptr<collector::TcpListener> syslog_tcp;
    std::unique_ptr<collector::TcpListener> syslog_tls;
    std::unique_ptr<collector::ElasticApi> elastic_bulk;
};

Collectors::Collectors(const Config& config, net::IoThreads& io, const collector::ListenerServices& services)
    : listeners_(std::make_unique<Listeners>()) {
    const common::Nanos now = services.clock.now();
    if (config.syslog_udp) {
        collector::UdpListenerConfig udp;
        udp.name = "syslog_udp";
        udp.address = common::to_string(config.syslog_udp->endpoint.address);
        udp.port = config.syslog_udp->endpoint.port;
        udp.plaintext_from = config.syslog_udp->plaintext_from;
        listeners_->syslog_udp = std::make_unique<collector::UdpListener>(std::move(udp), services);
        ports_["syslog_udp"] = listeners_->syslog_udp->port();
    }
    if (config.syslog_tcp) {
        collector::TcpListenerConfig tcp;
        tcp.server = stream_server("syslog_tcp", config.syslog_tcp->endpoint, std::nullopt, now);
        tcp.plaintext_from = config.syslog_tcp->plaintext_from;
        listeners_->syslog_tcp = std::make_unique<collector::TcpListener>(io, std::move(tcp), services);
        ports_["syslog_tcp"] = listeners_->syslog_tcp->port();
    }
    if (config.syslog_tls) {
        collector::TcpListenerConfig tls;
        tls.server = stream_server("syslog_tls", config.syslog_tls->endpoint, config.syslog_tls->tls, now);
        listeners_->syslog_tls = std::make_unique<collector::TcpListener>(io, std::move(tls), services);
        ports_["syslog_tls"] = listeners_->syslog_tls->port();
    }
    if (config.elastic_bulk) {
        const BulkListener& bulk = *config.elastic_bulk;
        collector::ElasticApiConfig elastic;
        elastic.server = stream_server("elastic_bulk", bulk.endpoint, bulk.tls, now);
        elastic.tokens = read_tokens(bulk.tokens_file);
        elastic.client_certificates_required = bulk.tls && bulk.tls->clients == TlsConfig::Clients::required;
        elastic.version = bulk.version;
        listeners_->elastic_bulk = std::make_unique<collector::ElasticApi>(io, std::move(elastic), services);
        ports_["elastic_bulk"] = listeners_->elastic_bulk->port();
    }
}

Collectors::~Collectors() {
    stop();
}

void Collectors::start() {
    if (listeners_->syslog_udp) { listeners_->syslog_udp->start(); }
    if (listeners_->syslog_tcp) { listeners_->syslog_tcp->start(); }
    if (listeners_->syslog_tls) { listeners_->syslog_tls->start(); }
    if (listeners_->elastic_bulk) { listeners_->elastic_bulk->start(); }
}

void Collectors::stop() {
    if (listeners_->elastic_bulk) { listeners_->elastic_bulk->stop(); }
    if (listeners_->syslog_tls) { listeners_->syslog_tls->stop(); }
    if (listeners_->syslog_tcp) { listeners_->syslog_tcp->stop(); }
    if (listeners_->syslog_udp) { listeners_->syslog_udp->stop(); }
}

} // namespace canhgac::app
