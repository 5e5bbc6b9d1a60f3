#include "net/http_client.hpp"

#include <algorithm>
#include <charconv>

#include "common/ip.hpp"
#include "net/curl_transfer.hpp"

namespace canhgac::net {
namespace {

struct Body {
    std::string text;
    std::size_t limit = 0;
    const std::function<bool(std::string_view)>* stream = nullptr;
    CURL* handle = nullptr;
};

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* into) {
    auto* const body = static_cast<Body*>(into);
    long status = 0;
    if (*body->stream) { curl_easy_getinfo(body->handle, CURLINFO_RESPONSE_CODE, &status); }
    if (status >= 200 && status < 300) { return (*body->stream)({data, size * count}) ? size * count : 0; }
    const std::size_t room = body->limit - body->text.size();
    body->text.append(data, std::min(size * count, room));
    return size * count;
}

bool clean(std::string_view text) noexcept {
    return std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

struct CloseUrl {
    void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};

std::optional<std::string> url_part(CURLU* url, CURLUPart part, unsigned flags) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, flags) != CURLUE_OK || text == nullptr) { return std::nullopt; }
    std::string copy(text);
    curl_free(text);
    return copy;
}

} // namespace

std::string_view to_string(TransferErrc code) noexcept {
    switch (code) {
    case TransferErrc::bad_request:
        return "the request is not usable";
    case TransferErrc::resolve:
        return "host name not found";
    case TransferErrc::connect:
        return "no connection";
    case TransferErrc::tls:
        return "TLS handshake or certificate refused";
    case TransferErrc::login:
        return "user name or password refused";
    case TransferErrc::timeout:
        return "no answer in time";
    case TransferErrc::cancelled:
        return "cancelled";
    case TransferErrc::refused:
        return "refused by the server";
    case TransferErrc::broken:
        break;
    }
    return "connection broken";
}

std::optional<UrlParts> split_url(const std::string& url) {
    const std::unique_ptr<CURLU, CloseUrl> handle(curl_url());
    if (handle == nullptr || !clean(url) || curl_url_set(handle.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
        return std::nullopt;
    }
    auto scheme = url_part(handle.get(), CURLUPART_SCHEME, 0);
    auto host = url_part(handle.get(), CURLUPART_HOST, 0);
    const auto port = url_part(handle.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
    if (!scheme || !host || !port || (*scheme != "http" && *scheme != "https")) { return std::nullopt; }
    if (host->starts_with('[') && host->ends_with(']')) { *host = host->substr(1, host->size() - 2); }
    UrlParts parts{.scheme = std::move(*scheme), .host = std::move(*host), .port = 0};
    std::from_chars(port->data(), port->data() + port->size(), parts.port);
    return parts;
}

bool is_loopback_host(std::string_view host) noexcept {
    if (host == "localhost") { return true; }
    const auto address = common::parse_ip(host);
    if (!address) { return false; }
    const auto plain = common::unmapped(*address);
    if (!plain.is_v6) { return plain.bytes[0] == 127; }
    return std::all_of(plain.bytes.begin(), plain.bytes.end() - 1, [](auto byte) { return byte == 0; }) &&
           plain.bytes[15] == 1;
}

struct HttpClient::Impl {
    curl::Library library;
    HttpClientSettings settings;
    curl::Handle handle = curl::make_handle();
};

HttpClient::HttpClient(HttpClientSettings settings) : impl_(std::make_unique<Impl>()) {
    impl_->settings = std::move(settings);
}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

common::Result<ClientResponse, TransferError> HttpClient::send(const ClientRequest& request,
                                                               const std::atomic<bool>& cancelled) {
    curl::List headers;
    for (const auto& [name, value] : request.headers) {
        if (!clean(name) || !clean(value)) { return common::fail(TransferError{TransferErrc::bad_request}); }
        // "Name;" is how libcurl spells a header without a value.
        std::string line = name;
        (line += value.empty() ? ";" : ": ") += value;
        curl::append(headers, line);
    }
    curl::append(headers, "Expect:"); // no pause for 100-continue
    CURL* const handle = impl_->handle.get();
    const HttpClientSettings& settings = impl_->settings;
    curl::prepare(handle, settings.connect_timeout, settings.timeout, settings.ca_file, cancelled);
    if (request.on_body) { curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, 0L); }
    Body body{.text = {}, .limit = settings.max_response_bytes, .stream = &request.on_body, .handle = handle};
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(handle, CURLOPT_PROXY, settings.proxy.c_str());
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &body);
    if (!request.body.empty() || request.method == "POST") {
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
    }
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    const CURLcode code = curl_easy_perform(handle);
    if (code == CURLE_WRITE_ERROR && request.on_body) { return common::fail(TransferError{TransferErrc::cancelled}); }
    if (code != CURLE_OK) { return common::fail(TransferError{curl::error_code(code)}); }
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    curl_off_t retry_after = 0;
    curl_easy_getinfo(handle, CURLINFO_RETRY_AFTER, &retry_after);
    ClientResponse response{.status = static_cast<int>(status), .body = std::move(body.text), .retry_after = {}};
    if (retry_after > 0) { response.retry_after = std::chrono::seconds(retry_after); }
    return response;
}

} // namespace canhgac::net
