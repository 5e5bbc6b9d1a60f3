// Blocking clients for tests: TCP, UDP and TLS on loopback, five seconds of patience.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace canhgac::net::testing {

/// A TCP connection to 127.0.0.1. Fails by returning what it has, never by waiting for ever.
class TcpClient {
public:
    explicit TcpClient(std::uint16_t port);
    virtual ~TcpClient();
    TcpClient(const TcpClient&) = delete;
    TcpClient& operator=(const TcpClient&) = delete;

    [[nodiscard]] bool connected() const { return socket_ >= 0; }
    /// False when the other side is gone.
    virtual bool send(std::string_view bytes);
    /// Some bytes; empty at the end, after an error, or after the patience.
    virtual std::string receive();
    /// Until the other side closes.
    std::string receive_all();
    /// Until `what` has been seen (or the end).
    std::string receive_until(std::string_view what);
    /// True when the other side closes within the patience.
    bool closed_by_peer();
    void shutdown_send() const;
    /// Sends what fits without waiting; how many bytes went.
    [[nodiscard]] std::size_t send_some(std::string_view bytes) const;
    void close();

protected:
    int socket_ = -1;
};

struct TlsClientOptions {
    std::string ca_file;
    std::string certificate_file; ///< empty: no client certificate
    std::string key_file;
    int max_version = 0; ///< e.g. TLS1_1_VERSION; 0 = any
};

class TlsClient final : public TcpClient {
public:
    TlsClient(std::uint16_t port, const TlsClientOptions& options);
    ~TlsClient() override;
    [[nodiscard]] bool established() const;
    bool send(std::string_view bytes) override;
    std::string receive() override;
    /// Sends close_notify and waits for the answer; true when it came.
    bool shutdown_tls();

private:
    struct Native;
    std::unique_ptr<Native> native_;
};

class UdpClient {
public:
    explicit UdpClient(std::uint16_t port);
    ~UdpClient();
    UdpClient(const UdpClient&) = delete;
    UdpClient& operator=(const UdpClient&) = delete;
    void send(std::string_view datagram) const;

private:
    int socket_ = -1;
};

/// A new folder under the system's temporary one, removed with everything in it.
class TemporaryFolder {
public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

/// A certificate authority made for one test; files are written into `folder`.
class TestAuthority {
public:
    TestAuthority(const TemporaryFolder& folder, std::string name);
    ~TestAuthority();
    TestAuthority(const TestAuthority&) = delete;
    TestAuthority& operator=(const TestAuthority&) = delete;

    struct Files {
        std::string certificate;
        std::string key;
    };
    [[nodiscard]] const std::string& file() const { return file_; }
    /// A certificate for "CN=`common_name`,O=Canh Gac Test", valid from now + `from_seconds` to now + `until_seconds`.
    [[nodiscard]] Files issue(const std::string& common_name, long from_seconds = -3600,
                              long until_seconds = 3600) const;

private:
    struct Native;
    const TemporaryFolder& folder_;
    std::string name_;
    std::string file_;
    std::unique_ptr<Native> native_;
};

} // namespace canhgac::net::testing
