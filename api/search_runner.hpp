/// POST /api/v1/search: events as lines of JSON, newest first, then one line {"stats":...} (or {"error":...} when the
/// store failed on the way).
#pragma once

#include <atomic>
#include <memory>

#include "api/request_reader.hpp"
#include "api/services.hpp"
#include "net/http_server.hpp"

namespace canhgac::api {

/// Runs one search to its end on this thread, which may wait for the client; ends soon after `cancelled` turns true.
void run_search(const Services& services, const SearchRequest& request,
                const std::shared_ptr<net::HttpExchange>& exchange, const std::atomic<bool>& cancelled);

} // namespace canhgac::api
