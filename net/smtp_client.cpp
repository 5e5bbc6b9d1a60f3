#include "net/smtp_client.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "net/curl_transfer.hpp"

namespace canhgac::net {
namespace {

struct Upload {
    std::string_view rest;
};

std::size_t give_message(char* into, std::size_t size, std::size_t count, void* from) {
    auto* const upload = static_cast<Upload*>(from);
    const std::size_t part = std::min(size * count, upload->rest.size());
    std::memcpy(into, upload->rest.data(), part);
    upload->rest.remove_prefix(part);
    return part;
}

/// The server's replies, line by line ("250-...", "250 ...").
struct Replies {
    std::string last;
    std::vector<int> codes; ///< of final lines
    std::size_t recipients = 0;
    std::uint32_t refused = 0; ///< recipients: the replies just before 354 (RFC 5321 section 3.3)

    /// The last one that is not the answer to QUIT; 0 = none.
    [[nodiscard]] int code() const noexcept {
        const auto last_one = std::find_if(codes.rbegin(), codes.rend(), [](int reply) { return reply != 221; });
        return last_one == codes.rend() ? 0 : *last_one;
    }
};

std::size_t take_reply(char* data, std::size_t size, std::size_t count, void* into) {
    auto* const replies = static_cast<Replies*>(into);
    std::string_view line(data, size * count);
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) {
        line.remove_suffix(1);
    }
    int code = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + std::min<std::size_t>(line.size(), 3), code);
    const bool is_final = error == std::errc{} && code >= 200 && (line.size() == 3 || line[3] == ' ');
    if (!is_final || end != line.data() + 3) { return size * count; }
    if (code == 354) {
        const std::size_t recipients = std::min(replies->recipients, replies->codes.size());
        replies->refused =
            static_cast<std::uint32_t>(std::count_if(replies->codes.end() - static_cast<std::ptrdiff_t>(recipients),
                                                     replies->codes.end(), [](int reply) { return reply >= 400; }));
    }
    replies->last = line.substr(0, 256);
    replies->codes.push_back(code);
    return size * count;
}

std::size_t drop(char*, std::size_t size, std::size_t count, void*) {
    return size * count;
}

std::string url_of(const SmtpClientSettings& settings) {
    const bool v6 = settings.host.find(':') != std::string::npos;
    std::string url = settings.security == SmtpClientSettings::Security::tls ? "smtps://" : "smtp://";
    url += v6 ? "[" + settings.host + "]" : settings.host;
    return url + ":" + std::to_string(settings.port);
}

} // namespace

struct SmtpClient::Impl {
    curl::Library library;
    SmtpClientSettings settings;
    std::string url;
    curl::Handle handle = curl::make_handle();

    void set_up(const std::atomic<bool>& cancelled) const {
        CURL* const curl = handle.get();
        curl::prepare(curl, settings.connect_timeout, settings.timeout, settings.ca_file, cancelled);
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
        curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
        const bool starttls = settings.security == SmtpClientSettings::Security::starttls;
        curl_easy_setopt(curl, CURLOPT_USE_SSL, static_cast<long>(starttls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
        if (!settings.user.empty()) {
            curl_easy_setopt(curl, CURLOPT_USERNAME, settings.user.c_str());
            curl_easy_setopt(curl, CURLOPT_PASSWORD, settings.password.c_str());
        }
        curl_easy_setopt(curl, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
    }
};

SmtpClient::SmtpClient(SmtpClientSettings settings) : impl_(std::make_unique<Impl>()) {
    impl_->settings = std::move(settings);
    impl_->url = url_of(impl_->settings);
}
SmtpClient::~SmtpClient() = default;
SmtpClient::SmtpClient(SmtpClient&&) noexcept = default;
SmtpClient& SmtpClient::operator=(SmtpClient&&) noexcept = default;

common::Result<SmtpReceipt, TransferError> SmtpClient::send(const std::string& from, const std::vector<std::string>& to,
                                                            std::string_view message,
                                                            const std::atomic<bool>& cancelled) {
    impl_->set_up(cancelled);
    CURL* const handle = impl_->handle.get();
    curl::List recipients;
    for (const auto& address : to) {
        curl::append(recipients, "<" + address + ">");
    }
    const std::string sender = "<" + from + ">";
    Upload upload{message};
    Replies replies;
    replies.recipients = to.size();
    curl_easy_setopt(handle, CURLOPT_MAIL_FROM, sender.c_str());
    curl_easy_setopt(handle, CURLOPT_MAIL_RCPT, recipients.get());
    curl_easy_setopt(handle, CURLOPT_READFUNCTION, give_message);
    curl_easy_setopt(handle, CURLOPT_READDATA, &upload);
    curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(message.size()));
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_reply);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, &replies);
    const CURLcode code = curl_easy_perform(handle);
    if (code == CURLE_OK) {
        const auto all = static_cast<std::uint32_t>(to.size());
        return SmtpReceipt{
            .accepted = all - replies.refused, .refused = replies.refused, .reply = std::move(replies.last)};
    }
    TransferError error{.code = curl::error_code(code), .reply = replies.code()};
    // An answer of 4xx or 5xx to a command is a refusal whatever libcurl calls it.
    if (error.code == TransferErrc::broken && error.reply >= 400) { error.code = TransferErrc::refused; }
    return common::fail(error);
}

} // namespace canhgac::net
