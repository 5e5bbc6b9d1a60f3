#include "alerting/channels/smtp.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "alerting/channels/mime.hpp"
#include "alerting/channels/secret.hpp"
#include "alerting/hash.hpp"
#include "net/http_client.hpp"
#include "net/smtp_client.hpp"

namespace canhgac::alerting {
namespace {

using net::SmtpClientSettings;
using net::TransferErrc;

constexpr int kPermanentReply = 500;

std::string domain_of(const std::string& address) {
    return address.substr(address.find('@') + 1);
}

SmtpClientSettings::Security security_of(SmtpSettings::Security security) noexcept {
    switch (security) {
    case SmtpSettings::Security::none:
        return SmtpClientSettings::Security::none;
    case SmtpSettings::Security::tls:
        return SmtpClientSettings::Security::tls;
    case SmtpSettings::Security::starttls:
        break;
    }
    return SmtpClientSettings::Security::starttls;
}

void check(const SmtpSettings& settings) {
    if (settings.host.empty()) { throw std::runtime_error("smtp: host is missing"); }
    if (settings.to.empty()) { throw std::runtime_error("smtp: no recipient"); }
    if (!is_mail_address(settings.from)) {
        throw std::runtime_error(fmt::format("smtp: '{}' is not a mail address", settings.from));
    }
    for (const auto& address : settings.to) {
        if (!is_mail_address(address)) {
            throw std::runtime_error(fmt::format("smtp: '{}' is not a mail address", address));
        }
    }
    if (settings.security == SmtpSettings::Security::none && !net::is_loopback_host(settings.host)) {
        throw std::runtime_error(
            fmt::format("smtp: '{}' is not this machine: security must be starttls or tls", settings.host));
    }
}

std::string part(const char* type, std::string_view content) {
    return fmt::format("Content-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}", type,
                       base64_lines(content));
}

Delivery failed(const net::TransferError& error) {
    Delivery out;
    out.detail = error.reply == 0 ? std::string(to_string(error.code))
                                  : fmt::format("{} ({})", to_string(error.code), error.reply);
    if (error.code == TransferErrc::refused) {
        out.outcome = error.reply >= kPermanentReply ? Delivery::Outcome::permanent : Delivery::Outcome::retry;
    } else if (error.code == TransferErrc::bad_request) {
        out.outcome = Delivery::Outcome::permanent;
    } else {
        out.outcome = Delivery::Outcome::unreachable; // a wrong password too: it is the channel's, not the notice's
    }
    return out;
}

class SmtpChannel final : public Channel {
public:
    SmtpChannel(SmtpSettings settings, const common::Clock& clock, SmtpClientSettings client)
        : settings_(std::move(settings)), clock_(clock), client_(std::move(client)) {}

    Delivery send(const Notice& notice, const std::atomic<bool>& cancelled) override {
        const std::string message = mail_message(notice, settings_, clock_.now());
        const auto sent = client_.send(settings_.from, settings_.to, message, cancelled);
        if (!sent) { return failed(sent.error()); }
        Delivery out{.outcome = Delivery::Outcome::delivered, .detail = sent->reply, .retry_after = {}};
        if (sent->refused > 0) {
            out.detail =
                fmt::format("{} of {} recipients refused; {}", sent->refused, settings_.to.size(), sent->reply);
        }
        return out;
    }

private:
    SmtpSettings settings_;
    const common::Clock& clock_;
    net::SmtpClient client_;
};

} // namespace

std::string mail_message(const Notice& notice, const SmtpSettings& settings, common::Nanos now) {
    const NoticeText text = notice_text(notice, settings.style);
    const std::string domain = domain_of(settings.from);
    // The thread of an alert hangs on a name of its own, which no message has: readers group by it all the same.
    const std::string thread = fmt::format("<{}.alert@{}>", notice.alert.id, domain);
    const std::string boundary = "canhgac-" + hash_parts({notice.key, "boundary"});
    std::string out;
    out += mail_header("Date", mail_date(now));
    out += fmt::format("From: {}\r\n", mailbox(settings.from_name, settings.from));
    out += "To: ";
    for (std::size_t i = 0; i < settings.to.size(); ++i) {
        out += (i == 0 ? "" : ",\r\n ") + settings.to[i];
    }
    out += "\r\n";
    out += mail_header("Subject", text.subject);
    out += fmt::format("Message-ID: <{}@{}>\r\n", notice.key, domain);
    out += fmt::format("In-Reply-To: {}\r\nReferences: {}\r\n", thread, thread);
    out += "Auto-Submitted: auto-generated\r\n";
    out += mail_header("X-CanhGac-Alert", notice.alert.id);
    out += mail_header("X-CanhGac-Idempotency-Key", notice.key);
    out += fmt::format("MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"{}\"\r\n\r\n", boundary);
    out += fmt::format("--{}\r\n{}", boundary, part("text/plain", text.text));
    out += fmt::format("--{}\r\n{}", boundary, part("text/html", text.html));
    out += fmt::format("--{}--\r\n", boundary);
    return out;
}

std::unique_ptr<Channel> make_smtp(SmtpSettings settings, const common::Clock& clock) {
    check(settings);
    SmtpClientSettings client{
        .host = settings.host,
        .port = settings.port,
        .security = security_of(settings.security),
        .user = settings.user,
        .password = {},
        .ca_file = settings.ca_file,
        .connect_timeout = std::min(settings.timeout, std::chrono::milliseconds(10'000)),
        .timeout = settings.timeout,
    };
    if (!settings.user.empty()) { client.password = read_secret_file(settings.password_file, "smtp password file"); }
    return std::make_unique<SmtpChannel>(std::move(settings), clock, std::move(client));
}

} // namespace canhgac::alerting
