#include "net/tls_context.hpp"

#include <ctime>
#include <stdexcept>

#include <boost/asio/ssl/context.hpp>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace canhgac::net {
namespace {

namespace ssl = boost::asio::ssl;

[[noreturn]] void fail_file(const char* what, const std::string& file, const std::string& reason) {
    throw std::runtime_error(std::string(what) + " '" + file + "': " + reason);
}

void need_file(const char* what, const std::string& file) {
    if (file.empty()) { throw std::runtime_error(std::string("TLS needs a ") + what + " file"); }
}

common::Nanos to_nanos(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) { return 0; }
    return static_cast<common::Nanos>(timegm(&parts)) * common::kSecond;
}

std::string subject_of(X509* certificate) {
    char buffer[256];
    X509_NAME_oneline(X509_get_subject_name(certificate), buffer, sizeof buffer);
    return buffer;
}

/// Looks at the server's own certificate; returns its end.
common::Nanos check_dates(X509* certificate, const std::string& file, common::Nanos now) {
    if (certificate == nullptr) { fail_file("certificate", file, "holds no certificate"); }
    const common::Nanos from = to_nanos(X509_get0_notBefore(certificate));
    const common::Nanos until = to_nanos(X509_get0_notAfter(certificate));
    if (now < from) {
        fail_file("certificate", file,
                  "is not valid before " + common::format_rfc3339(from) + " (" + subject_of(certificate) + ")");
    }
    if (now > until) {
        fail_file("certificate", file,
                  "expired on " + common::format_rfc3339(until) + " (" + subject_of(certificate) + ")");
    }
    return until;
}

} // namespace

struct TlsContext::Impl {
    ssl::context context{ssl::context::tls_server};
    common::Nanos not_after = 0;
};

TlsContext::TlsContext(const TlsServerOptions& options, common::Nanos now) : impl_(std::make_unique<Impl>()) {
    need_file("certificate", options.certificate_file);
    need_file("key", options.key_file);
    ssl::context& context = impl_->context;
    SSL_CTX* native = context.native_handle();
    SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
    SSL_CTX_set_options(native, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                    SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(native, 0);

    boost::system::error_code error;
    context.use_certificate_chain_file(options.certificate_file, error);
    if (error) { fail_file("certificate", options.certificate_file, error.message()); }
    impl_->not_after = check_dates(SSL_CTX_get0_certificate(native), options.certificate_file, now);
    // Also says when the key does not belong to the certificate.
    context.use_private_key_file(options.key_file, ssl::context::pem, error);
    if (error) { fail_file("key", options.key_file, error.message()); }
    if (options.client_certificates == ClientCertificates::none) { return; }

    need_file("client authority (ca)", options.ca_file);
    context.load_verify_file(options.ca_file, error);
    if (error) { fail_file("client authority", options.ca_file, error.message()); }
    if (STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(options.ca_file.c_str())) {
        SSL_CTX_set_client_CA_list(native, names); // takes ownership
    }
    const bool required = options.client_certificates == ClientCertificates::required;
    context.set_verify_mode(ssl::verify_peer | (required ? ssl::verify_fail_if_no_peer_cert : 0), error);
    if (error) { fail_file("client authority", options.ca_file, error.message()); }
}

TlsContext::~TlsContext() = default;

common::Nanos TlsContext::not_after() const noexcept {
    return impl_->not_after;
}

boost::asio::ssl::context& TlsContext::native() const noexcept {
    return impl_->context;
}

} // namespace canhgac::net
