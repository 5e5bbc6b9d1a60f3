#include "app/notices.hpp"

#include <utility>

#include "alerting/channels/smtp.hpp"
#include "alerting/channels/webhook.hpp"

namespace canhgac::app {

void add_channels(const Config::Alerting& alerting, alerting::Outbox& outbox, const common::Clock& clock) {
    alerting::NoticeStyle style;
    style.language = alerting.vietnamese ? alerting::Language::vietnamese : alerting::Language::english;
    style.console_url = alerting.console_url;
    if (alerting.smtp) {
        const SmtpConfig& smtp = *alerting.smtp;
        alerting::SmtpSettings settings;
        settings.host = smtp.host;
        settings.port = smtp.port;
        switch (smtp.security) {
        case SmtpConfig::Security::none:
            settings.security = alerting::SmtpSettings::Security::none;
            break;
        case SmtpConfig::Security::starttls:
            settings.security = alerting::SmtpSettings::Security::starttls;
            break;
        case SmtpConfig::Security::tls:
            settings.security = alerting::SmtpSettings::Security::tls;
            break;
        }
        settings.user = smtp.username;
        settings.password_file = smtp.password_file;
        settings.from = smtp.from;
        settings.to = smtp.to;
        settings.ca_file = smtp.ca_file;
        settings.style = style;
        outbox.add(alerting::make_smtp(std::move(settings), clock),
                   {.name = "smtp", .per_minute = static_cast<double>(smtp.per_minute)});
    }
    if (alerting.webhook) {
        alerting::WebhookSettings settings;
        settings.url = alerting.webhook->url;
        settings.secret_file = alerting.webhook->secret_file;
        settings.ca_file = alerting.webhook->ca_file;
        settings.style = style;
        outbox.add(alerting::make_webhook(std::move(settings), clock),
                   {.name = "webhook", .per_minute = static_cast<double>(alerting.webhook->per_minute)});
    }
}

} // namespace canhgac::app
