/// What the libcurl clients share. Private to net/*.cpp.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include <curl/curl.h>

#include "net/http_client.hpp"

namespace canhgac::net::curl {

/// Holds the library for the life of a client; counted by libcurl (thread safe since 7.84).
class Library {
public:
    Library();
    ~Library();
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;
};

struct CloseHandle {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
using Handle = std::unique_ptr<CURL, CloseHandle>;
struct CloseList {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, CloseList>;

/// Throws std::bad_alloc.
[[nodiscard]] Handle make_handle();
void append(List& list, const std::string& line);

/// Forgets the options of the transfer before (the connection stays) and sets what every transfer has: no signals,
/// time limits, TLS 1.2+ with verification, cancellation.
void prepare(CURL* handle, std::chrono::milliseconds connect_timeout, std::chrono::milliseconds timeout,
             const std::string& ca_file, const std::atomic<bool>& cancelled);

[[nodiscard]] TransferErrc error_code(CURLcode code) noexcept;

} // namespace canhgac::net::curl
