#include "collector/listeners/elastic_api.hpp"

#include <atomic>
#include <stdexcept>
#include <utility>

#include "collector/listeners/elastic_startup.hpp"
#include "collector/listeners/elastic_submission.hpp"
#include "net/address.hpp"
#include "net/gzip.hpp"

namespace canhgac::collector {
namespace {

/// The media type without parameters, in lower case.
std::string media_type(std::string_view header) {
    std::string out(header.substr(0, header.find(';')));
    while (!out.empty() && out.back() == ' ') {
        out.pop_back();
    }
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') { c = static_cast<char>(c + 32); }
    }
    return out;
}

bool is_bulk_type(const std::string& type) {
    return type == "application/json" || type == "application/x-ndjson" ||
           type == "application/vnd.elasticsearch+json" || type == "application/vnd.elasticsearch+x-ndjson";
}

void check_exposure(const ElasticApiConfig& config) {
    if (net::is_loopback(net::parse_bind_address(config.server.address))) { return; }
    if (config.server.tls == nullptr) {
        throw std::invalid_argument(config.server.name + ": " + config.server.address +
                                    " is beyond loopback: that needs TLS");
    }
    if (config.tokens.empty() && !config.client_certificates_required) {
        throw std::invalid_argument(config.server.name + ": " + config.server.address +
                                    " is beyond loopback: that needs tokens or required client certificates");
    }
}

} // namespace

struct ElasticApi::Impl final : net::HttpHandler {
    Impl(net::IoThreads& threads, ElasticApiConfig settings, const ListenerServices& given)
        : config(std::move(settings)), services(given), ledger(given.ledger.listener(config.server.name)), io(threads) {
        check_exposure(config);
        server.emplace(io, config.server, config.http, *this, given.log);
        identity = {config.version, config.cluster_name, config.node_name, config.cluster_uuid,
                    config.server.address + ":" + std::to_string(server->port())};
    }

    std::optional<net::HttpResponse> check(const net::HttpRequest& head) override;
    void handle(std::shared_ptr<net::HttpExchange> exchange) override;
    void refused(const common::IpAddress& peer, net::RefusedConnection why) override;
    void request_refused(const common::IpAddress& peer, unsigned status) override;
    void decorate(net::HttpResponse& response) override {
        response.headers.emplace_back("X-Elastic-Product", "Elasticsearch");
    }

    [[nodiscard]] std::optional<std::string> identify(const net::HttpRequest& request) const;
    [[nodiscard]] net::HttpResponse refuse(const net::HttpRequest& request, Refused why, net::HttpResponse response);
    void take_bulk(std::shared_ptr<net::HttpExchange> exchange, std::string_view index);

    const ElasticApiConfig config;
    const ListenerServices services;
    ListenerLedger& ledger;
    net::IoThreads& io;
    ElasticIdentity identity;
    std::shared_ptr<std::atomic<bool>> stopping = std::make_shared<std::atomic<bool>>(false);
    std::optional<net::HttpServer> server;
};

/// The name of the peer's identity; empty when none is needed; nothing when it is needed and not proven.
std::optional<std::string> ElasticApi::Impl::identify(const net::HttpRequest& request) const {
    const std::string_view authorization = request.header("Authorization");
    if (!config.tokens.empty() && !authorization.empty()) { return authenticate(authorization, config.tokens); }
    if (!request.peer_subject.empty()) { return request.peer_subject; }
    if (config.tokens.empty()) { return std::string(); }
    return std::nullopt;
}

net::HttpResponse ElasticApi::Impl::refuse(const net::HttpRequest& request, Refused why, net::HttpResponse response) {
    ledger.refused(request.peer_address, why);
    return response;
}

std::optional<net::HttpResponse> ElasticApi::Impl::check(const net::HttpRequest& head) {
    if (!identify(head)) {
        net::HttpResponse response = elastic_error(401, "security_exception", "unable to authenticate the request");
        response.headers.emplace_back("WWW-Authenticate", R"(Basic realm="canhgac", charset="UTF-8")");
        return refuse(head, Refused::bad_credential, std::move(response));
    }
    std::string_view index;
    if (!is_bulk_path(head.path, index)) {
        if (answer_startup_call(head, identity)) { return std::nullopt; }
        return refuse(head, Refused::bad_request,
                      elastic_error(404, "resource_not_found_exception", "this server takes log events: POST /_bulk"));
    }
    if (head.method != "POST" && head.method != "PUT") {
        net::HttpResponse response = elastic_error(405, "method_not_allowed", "_bulk takes POST or PUT");
        response.headers.emplace_back("Allow", "POST, PUT");
        return refuse(head, Refused::bad_request, std::move(response));
    }
    const std::string type = media_type(head.header("Content-Type"));
    if (!is_bulk_type(type)) {
        return refuse(head, Refused::wrong_type,
                      elastic_error(406, "media_type_header_exception",
                                    "Content-Type [" + type +
                                        "] is not supported: application/x-ndjson or "
                                        "application/json"));
    }
    const std::string coding = media_type(head.header("Content-Encoding"));
    if (!coding.empty() && coding != "identity" && coding != "gzip" && coding != "x-gzip") {
        return refuse(head, Refused::wrong_type,
                      elastic_error(415, "unsupported_media_type",
                                    "Content-Encoding [" + coding + "] is not supported: gzip or none"));
    }
    return std::nullopt;
}

void ElasticApi::Impl::refused(const common::IpAddress& peer, net::RefusedConnection why) {
    ledger.refused(peer,
                   why == net::RefusedConnection::tls_failed ? Refused::tls_failed : Refused::too_many_connections);
}

void ElasticApi::Impl::request_refused(const common::IpAddress& peer, unsigned status) {
    Refused why = Refused::bad_request;
    if (status == 413) { why = Refused::too_large; }
    if (status == 408) { why = Refused::stalled; }
    if (status == 429) { why = Refused::too_many_connections; }
    ledger.refused(peer, why);
}

void ElasticApi::Impl::handle(std::shared_ptr<net::HttpExchange> exchange) {
    std::string_view index;
    if (is_bulk_path(exchange->request().path, index)) {
        take_bulk(std::move(exchange), index);
        return;
    }
    // check() let nothing else through.
    std::optional<net::HttpResponse> answer = answer_startup_call(exchange->request(), identity);
    if (answer) { exchange->respond(std::move(*answer)); }
}

void ElasticApi::Impl::take_bulk(std::shared_ptr<net::HttpExchange> exchange, std::string_view index) {
    const net::HttpRequest& request = exchange->request();
    const std::string coding = media_type(request.header("Content-Encoding"));
    const std::string name = identify(request).value_or(std::string());
    const common::IpAddress address = request.peer_address;
    std::string index_name(index);
    std::string body = exchange->take_body();
    if (coding == "gzip" || coding == "x-gzip") {
        net::GzipLimits limits;
        limits.max_bytes = config.http.max_body_bytes;
        common::Result<std::string, net::GzipError> plain = net::gunzip(body, limits);
        if (!plain) {
            const bool broken = plain.error() == net::GzipError::broken;
            exchange->respond(broken ? refuse(request, Refused::bad_request,
                                              elastic_error(400, "parse_exception", "the body is not valid gzip"))
                                     : refuse(request, Refused::too_large,
                                              elastic_error(413, "content_too_long_exception",
                                                            plain.error() == net::GzipError::bomb
                                                                ? "the body unpacks to suspiciously many bytes"
                                                                : "the body is too large once unpacked")));
            return;
        }
        body = std::move(*plain);
    }
    const event::PeerId peer = services.peers.intern(address, name);
    PeerCounters& counters = ledger.peer(peer);
    BulkRequest bulk = parse_bulk(std::move(body), peer, services.clock.now());
    if (bulk.batches.empty()) {
        exchange->respond(elastic_error(400, "parse_exception", "request body is required"));
        return;
    }
    const auto submission = std::make_shared<ElasticSubmission>(
        io.context(), services.sink, ledger,
        SubmissionLimits{config.hold_limit, config.hold_limit_part, config.retry_sink}, stopping);
    submission->start(std::move(exchange), std::move(bulk), counters, std::move(index_name));
}

ElasticApi::ElasticApi(net::IoThreads& io, ElasticApiConfig config, const ListenerServices& services)
    : impl_(std::make_unique<Impl>(io, std::move(config), services)) {}

ElasticApi::~ElasticApi() {
    stop();
}

void ElasticApi::start() {
    impl_->server->start();
}

std::uint16_t ElasticApi::port() const noexcept {
    return impl_->server->port();
}

void ElasticApi::stop() {
    impl_->stopping->store(true);
    impl_->server->stop();
}

} // namespace canhgac::collector
