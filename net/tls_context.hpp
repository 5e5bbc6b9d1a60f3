/// TLS for servers: certificate, key and the authority of client certificates, checked when they are read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/clock.hpp"

namespace boost::asio::ssl {
class context;
} // namespace boost::asio::ssl

namespace canhgac::net {

/// What a server asks of its clients.
enum class ClientCertificates : std::uint8_t {
    none,     ///< not asked for
    optional, ///< asked for; one that is sent must be valid
    required, ///< no valid certificate, no connection
};

/// Files are PEM. `ca_file` is needed unless client certificates are `none`.
struct TlsServerOptions {
    std::string certificate_file; ///< leaf first, then its chain
    std::string key_file;
    std::string ca_file;
    ClientCertificates client_certificates = ClientCertificates::none;
};

/// Immutable once made; share it between listeners. TLS 1.2 or newer, no compression, no renegotiation, no resumption
/// (so that every connection shows its certificate).
class TlsContext {
public:
    /// Throws std::runtime_error whose message names the file and what is wrong with it: unreadable, not PEM, key and
    /// certificate do not fit, not yet valid, or expired (with the date).
    TlsContext(const TlsServerOptions& options, common::Nanos now);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    /// When the server's own certificate ends, for the metric and the alarm before it.
    [[nodiscard]] common::Nanos not_after() const noexcept;
    [[nodiscard]] boost::asio::ssl::context& native() const noexcept;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace canhgac::net
