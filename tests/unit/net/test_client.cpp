#include "tests/unit/net/test_client.hpp"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <poll.h>
#include <stdexcept>
#include <unistd.h>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

namespace canhgac::net::testing {
namespace {

constexpr int kPatienceMs = 5'000;

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

bool wait(int socket, short events) {
    pollfd entry{socket, events, 0};
    return poll(&entry, 1, kPatienceMs) == 1;
}

void need(bool condition, const char* what) {
    if (!condition) { throw std::runtime_error(what); }
}

} // namespace

TcpClient::TcpClient(std::uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in address = loopback(port);
    if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) { close(); }
}

TcpClient::~TcpClient() {
    close();
}

void TcpClient::close() {
    if (socket_ >= 0) { ::close(std::exchange(socket_, -1)); }
}

bool TcpClient::send(std::string_view bytes) {
    while (!bytes.empty()) {
        if (!wait(socket_, POLLOUT)) { return false; }
        const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EAGAIN) { continue; }
        if (sent <= 0) { return false; }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

std::size_t TcpClient::send_some(std::string_view bytes) const {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
}

std::string TcpClient::receive() {
    std::string out(65'536, '\0');
    if (!wait(socket_, POLLIN)) { return {}; }
    const ssize_t got = recv(socket_, out.data(), out.size(), 0);
    out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return out;
}

std::string TcpClient::receive_all() {
    std::string out;
    for (std::string part = receive(); !part.empty(); part = receive()) {
        out += part;
    }
    return out;
}

std::string TcpClient::receive_until(std::string_view what) {
    std::string out;
    while (out.find(what) == std::string::npos) {
        const std::string part = receive();
        if (part.empty()) { break; }
        out += part;
    }
    return out;
}

bool TcpClient::closed_by_peer() {
    char byte = 0;
    while (wait(socket_, POLLIN)) {
        if (recv(socket_, &byte, 1, 0) <= 0) { return true; }
    }
    return false;
}

void TcpClient::shutdown_send() const {
    shutdown(socket_, SHUT_WR);
}

struct TlsClient::Native {
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL* ssl = nullptr;
    bool established = false;
    ~Native() {
        SSL_free(ssl);
        SSL_CTX_free(context);
    }
};

TlsClient::TlsClient(std::uint16_t port, const TlsClientOptions& options)
    : TcpClient(port), native_(std::make_unique<Native>()) {
    SSL_CTX* context = native_->context;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    need(SSL_CTX_load_verify_locations(context, options.ca_file.c_str(), nullptr) == 1, "client: ca");
    if (options.max_version != 0) {
        SSL_CTX_set_security_level(context, 0);
        SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(context, options.max_version);
    }
    if (!options.certificate_file.empty()) {
        need(SSL_CTX_use_certificate_chain_file(context, options.certificate_file.c_str()) == 1, "client: certificate");
        need(SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) == 1, "client: key");
    }
    const timeval patience{kPatienceMs / 1000, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    native_->ssl = SSL_new(context);
    SSL_set_fd(native_->ssl, socket_);
    native_->established = SSL_connect(native_->ssl) == 1;
    ERR_clear_error();
}

TlsClient::~TlsClient() = default;

bool TlsClient::established() const {
    return native_->established;
}

bool TlsClient::send(std::string_view bytes) {
    ERR_clear_error();
    return bytes.empty() || SSL_write(native_->ssl, bytes.data(), static_cast<int>(bytes.size())) > 0;
}

std::string TlsClient::receive() {
    std::string out(65'536, '\0');
    ERR_clear_error();
    const int got = SSL_read(native_->ssl, out.data(), static_cast<int>(out.size()));
    out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return out;
}

bool TlsClient::shutdown_tls() {
    ERR_clear_error();
    if (SSL_shutdown(native_->ssl) == 1) { return true; }
    return SSL_shutdown(native_->ssl) == 1;
}

UdpClient::UdpClient(std::uint16_t port) : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in address = loopback(port);
    need(connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "udp connect");
}

UdpClient::~UdpClient() {
    close(socket_);
}

void UdpClient::send(std::string_view datagram) const {
    need(::send(socket_, datagram.data(), datagram.size(), 0) == static_cast<ssize_t>(datagram.size()), "udp send");
}

TemporaryFolder::TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "canhgac-test-XXXXXX").string();
    need(mkdtemp(pattern.data()) != nullptr, "mkdtemp");
    path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

struct TestAuthority::Native {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    ~Native() {
        X509_free(certificate);
        EVP_PKEY_free(key);
    }
};

namespace {

void name_it(X509_NAME* name, const std::string& common_name) {
    const auto add = [name](const char* key, const std::string& value) {
        X509_NAME_add_entry_by_txt(name, key, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.c_str()), -1,
                                   -1, 0);
    };
    add("O", "Canh Gac Test");
    add("CN", common_name);
}

void write_pem(const std::string& file, X509* certificate, EVP_PKEY* key) {
    FILE* out = std::fopen(file.c_str(), "w");
    need(out != nullptr, "write pem");
    if (certificate != nullptr) { PEM_write_X509(out, certificate); }
    if (key != nullptr) { PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); }
    std::fclose(out);
}

void dates(X509* certificate, long from_seconds, long until_seconds) {
    X509_gmtime_adj(X509_getm_notBefore(certificate), from_seconds);
    X509_gmtime_adj(X509_getm_notAfter(certificate), until_seconds);
}

} // namespace

TestAuthority::TestAuthority(const TemporaryFolder& folder, std::string name)
    : folder_(folder), name_(std::move(name)), file_(folder.file(name_ + "-ca.pem")),
      native_(std::make_unique<Native>()) {
    X509* ca = native_->certificate;
    X509_set_version(ca, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(ca), 1);
    name_it(X509_get_subject_name(ca), name_);
    X509_set_issuer_name(ca, X509_get_subject_name(ca));
    dates(ca, -86'400, 86'400);
    X509_set_pubkey(ca, native_->key);
    X509_EXTENSION* basic = X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE");
    X509_add_ext(ca, basic, -1);
    X509_EXTENSION_free(basic);
    need(X509_sign(ca, native_->key, EVP_sha256()) != 0, "sign ca");
    write_pem(file_, ca, nullptr);
}

TestAuthority::~TestAuthority() = default;

TestAuthority::Files TestAuthority::issue(const std::string& common_name, long from_seconds, long until_seconds) const {
    Files files{folder_.file(name_ + "-" + common_name + ".crt"), folder_.file(name_ + "-" + common_name + ".key")};
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 2);
    name_it(X509_get_subject_name(certificate), common_name);
    X509_set_issuer_name(certificate, X509_get_subject_name(native_->certificate));
    dates(certificate, from_seconds, until_seconds);
    X509_set_pubkey(certificate, key);
    need(X509_sign(certificate, native_->key, EVP_sha256()) != 0, "sign");
    write_pem(files.certificate, certificate, nullptr);
    write_pem(files.key, nullptr, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return files;
}

} // namespace canhgac::net::testing
