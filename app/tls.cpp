#include "app/tls.hpp"

namespace canhgac::app {

std::shared_ptr<const net::TlsContext> make_tls_context(const TlsConfig& tls, common::Nanos now) {
    net::TlsServerOptions options;
    options.certificate_file = tls.certificate;
    options.key_file = tls.key;
    options.ca_file = tls.client_ca;
    switch (tls.clients) {
    case TlsConfig::Clients::none:
        options.client_certificates = net::ClientCertificates::none;
        break;
    case TlsConfig::Clients::optional:
        options.client_certificates = net::ClientCertificates::optional;
        break;
    case TlsConfig::Clients::required:
        options.client_certificates = net::ClientCertificates::required;
        break;
    }
    return std::make_shared<const net::TlsContext>(options, now);
}

} // namespace canhgac::app
