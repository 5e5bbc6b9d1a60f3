/// The Elasticsearch API as log shippers call it: the start-up calls and `_bulk` (PROTOCOLS 3.0, 3.a).
/// One request, one fate: 200 with every item accepted after all of it is durable, or one error for the whole.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "collector/listeners/elastic_auth.hpp"
#include "collector/listeners/services.hpp"
#include "net/http_server.hpp"
#include "net/io_threads.hpp"

namespace canhgac::collector {

struct ElasticApiConfig {
    net::StreamServerConfig server; ///< name, address, port (usual: 9200), tls
    net::HttpLimits http;
    std::vector<ElasticToken> tokens; ///< empty = no authentication: loopback only, or client certificates required
    bool client_certificates_required = false; ///< as in server.tls; counts as authentication
    std::string version = "8.19.0";            ///< reported; a newer Beats in User-Agent sees its own version
    std::string cluster_name = "canhgac";
    std::string node_name = "canhgac-1";
    std::string cluster_uuid = "Y2FuaGdhYy1jbHVzdGVyMQ";
    std::chrono::milliseconds hold_limit{20'000};      ///< the queue is full before anything was taken: then 429
    std::chrono::milliseconds hold_limit_part{50'000}; ///< part of the request was taken already
    std::chrono::milliseconds retry_sink{5};
};

class ElasticApi {
public:
    /// Binds. Throws std::runtime_error or std::invalid_argument (beyond loopback without TLS or authentication).
    ElasticApi(net::IoThreads& io, ElasticApiConfig config, const ListenerServices& services);
    ~ElasticApi(); ///< stop()
    ElasticApi(const ElasticApi&) = delete;
    ElasticApi& operator=(const ElasticApi&) = delete;

    void start();
    [[nodiscard]] std::uint16_t port() const noexcept;
    /// Requests already read are answered first. Blocks; not from an I/O thread. A second call does nothing.
    void stop();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace canhgac::collector
