/// Sends mail through an SMTP server (RFC 5321, STARTTLS RFC 3207, AUTH RFC 4954), by libcurl. Blocks; one thread a
/// client.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "net/http_client.hpp"

namespace canhgac::net {

struct SmtpClientSettings {
    enum class Security : std::uint8_t { none, starttls, tls };
    std::string host{};
    std::uint16_t port = 25;
    Security security = Security::starttls; ///< starttls: refused when the server does not offer it
    std::string user{};                     ///< empty = no AUTH
    std::string password{};
    std::string ca_file{}; ///< PEM; empty = the system's
    std::chrono::milliseconds connect_timeout{10'000};
    std::chrono::milliseconds timeout{20'000}; ///< of the whole exchange
};

struct SmtpReceipt {
    std::uint32_t accepted = 0; ///< recipients
    std::uint32_t refused = 0;
    std::string reply{}; ///< the server's last line, e.g. "250 2.0.0 OK queued as ..."
};

class SmtpClient {
public:
    explicit SmtpClient(SmtpClientSettings settings);
    ~SmtpClient();
    SmtpClient(SmtpClient&&) noexcept;
    SmtpClient& operator=(SmtpClient&&) noexcept;

    /// `message` has CRLF line ends; dots are stuffed here. Delivered when at least one recipient was accepted and the
    /// server took the data. Errors: refused (with its reply code) when it took none or rejected the data.
    [[nodiscard]] common::Result<SmtpReceipt, TransferError> send(const std::string& from,
                                                                  const std::vector<std::string>& to,
                                                                  std::string_view message,
                                                                  const std::atomic<bool>& cancelled);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace canhgac::net
