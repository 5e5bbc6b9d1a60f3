#include "net/curl_transfer.hpp"

#include <new>

namespace canhgac::net::curl {
namespace {

int report_progress(void* cancelled, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<const std::atomic<bool>*>(cancelled)->load() ? 1 : 0;
}

} // namespace

Library::Library() {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) { throw std::bad_alloc(); }
}

Library::~Library() {
    curl_global_cleanup();
}

Handle make_handle() {
    Handle handle(curl_easy_init());
    if (handle == nullptr) { throw std::bad_alloc(); }
    return handle;
}

void append(List& list, const std::string& line) {
    curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) { throw std::bad_alloc(); }
    static_cast<void>(list.release());
    list.reset(longer);
}

void prepare(CURL* handle, std::chrono::milliseconds connect_timeout, std::chrono::milliseconds timeout,
             const std::string& ca_file, const std::atomic<bool>& cancelled) {
    curl_easy_reset(handle);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect_timeout.count()));
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
    curl_easy_setopt(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
    if (!ca_file.empty()) { curl_easy_setopt(handle, CURLOPT_CAINFO, ca_file.c_str()); }
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, report_progress);
    // libcurl takes a void pointer; the callback only reads.
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, const_cast<std::atomic<bool>*>(&cancelled));
}

TransferErrc error_code(CURLcode code) noexcept {
    switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_BAD_FUNCTION_ARGUMENT:
        return TransferErrc::bad_request;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
        return TransferErrc::resolve;
    case CURLE_COULDNT_CONNECT:
        return TransferErrc::connect;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
        return TransferErrc::tls;
    case CURLE_LOGIN_DENIED:
        return TransferErrc::login;
    case CURLE_OPERATION_TIMEDOUT:
        return TransferErrc::timeout;
    case CURLE_ABORTED_BY_CALLBACK:
        return TransferErrc::cancelled;
    default:
        return TransferErrc::broken;
    }
}

} // namespace canhgac::net::curl
