#include "alerting/channels/webhook.hpp"

#include <array>
#include <sodium.h>
#include <stdexcept>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "alerting/alert_codec.hpp"
#include "alerting/channels/secret.hpp"
#include "net/http_client.hpp"

namespace canhgac::alerting {
namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds kConnectTimeout{5'000};

bool is_json(std::string_view text) {
    json::error_code error;
    static_cast<void>(json::parse(text, error));
    return !error;
}

void check(const WebhookSettings& settings) {
    const auto url = net::split_url(settings.url);
    if (!url) { throw std::runtime_error(fmt::format("webhook: '{}' is not an http(s) URL", settings.url)); }
    if (url->scheme == "http" && !settings.allow_plaintext && !net::is_loopback_host(url->host)) {
        throw std::runtime_error(fmt::format("webhook: '{}' leaves this machine without TLS", settings.url));
    }
}

class WebhookChannel final : public Channel {
public:
    WebhookChannel(WebhookSettings settings, const common::Clock& clock, std::string secret, std::string pattern)
        : settings_(std::move(settings)), clock_(clock), secret_(std::move(secret)), pattern_(std::move(pattern)),
          client_({.connect_timeout = std::min(settings_.timeout, kConnectTimeout),
                   .timeout = settings_.timeout,
                   .ca_file = settings_.ca_file,
                   .proxy = settings_.proxy}) {}

    Delivery send(const Notice& notice, const std::atomic<bool>& cancelled) override {
        const std::string body = pattern_.empty()
                                     ? default_webhook_body(notice, settings_.style)
                                     : fill_json_template(pattern_, template_values(notice, settings_.style));
        const std::string timestamp = std::to_string(clock_.now() / common::kSecond);
        net::ClientRequest request{.method = "POST",
                                   .url = settings_.url,
                                   .headers = {{"Content-Type", "application/json"},
                                               {"User-Agent", "CanhGac"},
                                               {"Idempotency-Key", notice.key},
                                               {"X-CanhGac-Timestamp", timestamp}},
                                   .body = body,
                                   .on_body = {}};
        if (!secret_.empty()) {
            request.headers.emplace_back("X-CanhGac-Signature", webhook_signature(secret_, timestamp, body));
        }
        const auto response = client_.send(request, cancelled);
        if (!response) {
            const bool hopeless = response.error().code == net::TransferErrc::bad_request;
            return {.outcome = hopeless ? Delivery::Outcome::permanent : Delivery::Outcome::unreachable,
                    .detail = std::string(to_string(response.error().code)),
                    .retry_after = {}};
        }
        return judge(*response);
    }

private:
    static Delivery judge(const net::ClientResponse& response) {
        Delivery out;
        out.detail = fmt::format("HTTP {}", response.status);
        if (response.status >= 200 && response.status < 300) {
            out.outcome = Delivery::Outcome::delivered;
            return out;
        }
        const bool later = response.status == 408 || response.status == 425 || response.status == 429;
        const bool client_error = response.status >= 400 && response.status < 500;
        out.outcome = client_error && !later ? Delivery::Outcome::permanent : Delivery::Outcome::retry;
        if (response.retry_after) { out.retry_after = response.retry_after->count() * common::kSecond; }
        return out;
    }

    WebhookSettings settings_;
    const common::Clock& clock_;
    std::string secret_;
    std::string pattern_;
    net::HttpClient client_;
};

} // namespace

std::string default_webhook_body(const Notice& notice, const NoticeStyle& style) {
    const NoticeText text = notice_text(notice, style);
    json::object object{{"kind", notice.kind},
                        {"key", notice.key},
                        {"created", common::format_rfc3339(notice.created)},
                        {"alert", json::parse(encode_alert(notice.alert))},
                        {"text", {{"subject", valid_utf8(text.subject)}, {"body", valid_utf8(text.text)}}}};
    return json::serialize(object);
}

std::string webhook_signature(std::string_view secret, std::string_view timestamp, std::string_view body) {
    constexpr auto bytes = [](std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); };
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, bytes(secret), secret.size());
    crypto_auth_hmacsha256_update(&state, bytes(timestamp), timestamp.size());
    crypto_auth_hmacsha256_update(&state, bytes("."), 1);
    crypto_auth_hmacsha256_update(&state, bytes(body), body.size());
    std::array<unsigned char, crypto_auth_hmacsha256_BYTES> mac{};
    crypto_auth_hmacsha256_final(&state, mac.data());
    std::array<char, 2 * crypto_auth_hmacsha256_BYTES + 1> hex{};
    sodium_bin2hex(hex.data(), hex.size(), mac.data(), mac.size());
    return fmt::format("sha256={}", hex.data());
}

std::unique_ptr<Channel> make_webhook(WebhookSettings settings, const common::Clock& clock) {
    check(settings);
    std::string secret;
    std::string pattern;
    if (!settings.secret_file.empty()) { secret = read_secret_file(settings.secret_file, "webhook secret file"); }
    if (!settings.template_file.empty()) {
        pattern = read_text_file(settings.template_file, "webhook template file");
        if (!is_json(fill_json_template(pattern, template_values(Notice{}, settings.style)))) {
            throw std::runtime_error(
                fmt::format("webhook template file '{}': not JSON once filled", settings.template_file));
        }
    }
    return std::make_unique<WebhookChannel>(std::move(settings), clock, std::move(secret), std::move(pattern));
}

} // namespace canhgac::alerting
